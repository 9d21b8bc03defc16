"""`partita gc` removes what earlier runs left, and nothing that anyone still needs."""

import json
import os
import signal
import sqlite3
import subprocess
import time

import answers
import pytest
from moments import events, ledger, record, started, until

from partita.adapters.clock import SystemClock
from partita.adapters.git.leftovers import GitLeftovers
from partita.adapters.shelf import FolderShelf
from partita.adapters.store import PostgresStore, SqliteStore
from partita.adapters.store.sweeping import SqliteSweep
from partita.cli.gc import Broom, _sweep
from partita.core.retention import DAY, UNUSED, YOUNG, Bounds, blobs_in
from partita.engine.retention import Workflows
from partita.errors import RunInProgress
from partita.ports.store import RunRecord
from partita.wiring import lock, open_repo

FAILED, LANDED, RESTING, NEWEST = (f"202611{day:02}-120000-00aa" for day in (1, 2, 3, 4))
STRANGER = "20251101-120000-00ff"
ALL = (FAILED, LANDED, RESTING, NEWEST)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A repository in which four runs were, and what a fifth left that nobody remembers."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    folder = tmp_path / "work"
    git(tmp_path, "init", "-q", "-b", "main", str(folder))
    monkeypatch.chdir(folder)
    git(folder, "-c", "user.name=U", "-c", "user.email=u@e", "commit", "--allow-empty", "-qm", "a")
    with SqliteStore(folder / ".partita", SystemClock()) as store:
        for age, run, status, code in (
            (400, FAILED, "not accepted", 1),
            (300, LANDED, "landed", 0),
            (200, RESTING, "interrupted", None),
            (1, NEWEST, "not landed", 1),
        ):
            left_by(store, folder, run, status, code, time.time() - age * DAY)
        left_in_git(folder, STRANGER)
        aged(folder)
    return folder


def git(folder, *args):
    done = subprocess.run(["git", *args], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def left_by(store, folder, run, status, code, at):
    store.create(RunRecord(id=run, request=run, options={}, created=at))
    store.append(run, "k", "started", {})
    store.put(f"key-{run}", run, "q", {}, {"text": run})
    store.update(run, status=status, exit_code=code)
    shelf = FolderShelf(folder / ".partita" / "runs" / run, str)
    for name in ("accomplishment.md", "evidence/core-1.txt", "transcript/run.jsonl"):
        shelf.put(name, f"{run} {name}")
    left_in_git(folder, run)


def left_in_git(folder, run):
    git(folder, "branch", f"partita/{run}/core")
    git(folder, "update-ref", f"refs/partita/{run}/0", "HEAD")
    git(folder, "worktree", "add", "-q", "--detach", f".partita/worktrees/{run}-core")


def aged(folder):
    """All blobs as old as if no row were about to name them."""
    then = time.time() - 2 * YOUNG
    for path in (folder / ".partita" / "blobs").glob("*/*"):
        os.utime(path, (then, then))


def left(folder):
    """What there is of each run."""
    names = git(folder, "for-each-ref", "--format=%(refname)", "refs/heads/partita", "refs/partita")
    runs = folder / ".partita" / "runs"
    with SqliteStore(folder / ".partita", SystemClock()) as store:
        found = {
            run: (
                ("record", bool(store.events(run))),
                ("answer", store.get(f"key-{run}", run=NEWEST) is not None),
                ("report", (runs / run / "accomplishment.md").exists()),
                (
                    "bulk",
                    (runs / run / "transcript").exists() or (runs / run / "evidence").exists(),
                ),
                ("branch", f"refs/heads/partita/{run}/" in names),
                ("ref", f"refs/partita/{run}/" in names),
                ("worktree", (folder / ".partita" / "worktrees" / f"{run}-core").exists()),
            )
            for run in (*ALL, STRANGER)
        }
    return {run: {what for what, there in parts if there} for run, parts in found.items()}


WHOLE = {"record", "answer", "report", "bulk", "branch", "ref", "worktree"}
ONLY_REPORTS = {
    FAILED: {"report"},
    LANDED: {"report"},
    RESTING: {"report"},
    NEWEST: {"report"},
    STRANGER: set(),
}
STRANGE = {"branch", "ref", "worktree"}


def swept(**bounds):
    return _sweep(Bounds(**bounds), really=True)


def test_within_the_bounds_only_what_nobody_can_use_goes(place):
    found = swept()
    assert left(place) == {
        FAILED: WHOLE - {"worktree"},
        LANDED: {"record", "answer", "report", "bulk"},
        RESTING: WHOLE,
        NEWEST: WHOLE - {"worktree"},
        STRANGER: STRANGE,
    }
    assert found.runs == ()
    assert found.unknown == (STRANGER,)
    assert found.branches == (f"partita/{LANDED}/core",)


@pytest.mark.parametrize("bounds", [{"keep": 1}, {"older": 150 * DAY}])
def test_beyond_the_bounds_reports_and_what_can_be_resumed_stay(place, bounds):
    found = swept(**bounds)
    assert left(place) == {
        FAILED: {"report"},
        LANDED: {"report"},
        RESTING: WHOLE,
        NEWEST: WHOLE - {"worktree"},
        STRANGER: STRANGE,
    }
    assert found.runs == (LANDED, FAILED)
    assert found.blobs == 2


def test_branches_go_when_asked_for(place):
    swept(branches=True)
    assert {run for run, parts in left(place).items() if "branch" in parts} == {RESTING, STRANGER}


def test_all_spares_neither_what_could_be_resumed_nor_strangers(place):
    found = swept(keep=0, resumable=True)
    assert left(place) == ONLY_REPORTS
    assert found.given_up == (RESTING,)
    with SqliteStore(place / ".partita", SystemClock()) as store:
        assert store.find(RESTING).status == "stopped"
        assert store.find(LANDED).status == "landed"
    assert git(place, "branch", "--format=%(refname:short)") == "main\n"


def test_a_run_that_another_was_forked_from_keeps_its_answers(place):
    with SqliteStore(place / ".partita", SystemClock()) as store:
        store.update(RESTING, status="interrupted", options={"forked_from": FAILED})
    swept(keep=0)
    found = left(place)
    assert found[FAILED] >= {"record", "answer"}
    assert found[RESTING] == WHOLE
    assert found[LANDED] == {"report"}


def test_a_dry_run_says_the_same_and_changes_nothing(place):
    before = left(place)
    said = _sweep(Bounds(keep=0, resumable=True), really=False).facts()
    assert left(place) == before
    done = swept(keep=0, resumable=True).facts()
    counted = ("freed_bytes", "database_bytes_before", "database_bytes_after", "dry_run")
    assert {k: v for k, v in said.items() if k not in counted} == {
        k: v for k, v in done.items() if k not in counted
    }
    assert done["freed_bytes"] > 0


def test_a_second_time_there_is_nothing_to_remove(place):
    swept(keep=0)
    before = left(place)
    again = swept(keep=0)
    assert left(place) == before
    assert again.words()[0] == "there is nothing to remove"


class Crash(Exception):
    pass


CRASHES = [
    (Broom, "give_up"),
    (Workflows, "delete"),
    (SqliteSweep, "forget"),
    (SqliteSweep, "throw"),
    (Broom, "documents"),
    (GitLeftovers, "find"),
    (Broom, "git"),
    (Broom, "environments"),
    (SqliteSweep, "shrink"),
]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("owner", "name"), CRASHES)
def test_interrupted_anywhere_the_next_one_finishes_it(place, monkeypatch, owner, name, after):
    real = getattr(owner, name)

    def dies(*args, **options):
        if after:
            real(*args, **options)
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, dies)
        with pytest.raises(Crash):
            swept(keep=0, resumable=True)
    swept(keep=0, resumable=True)
    assert left(place) == ONLY_REPORTS
    assert not list((place / ".partita" / "blobs").glob("*/*"))
    with sqlite3.connect(place / ".partita" / "partita.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_nothing_is_removed_beside_a_run_that_is_at_work(place):
    before = left(place)
    with lock(open_repo()).take(NEWEST), pytest.raises(RunInProgress, match=NEWEST):
        swept(keep=0, resumable=True)
    assert left(place) == before


def test_young_blobs_are_spared(place):
    with SqliteStore(place / ".partita", SystemClock()) as store:
        young = store.keep(b"named in a moment")
    assert swept(keep=0).blobs == 3
    with SqliteStore(place / ".partita", SystemClock()) as store:
        assert store.load(young) == b"named in a moment"


def test_environments_go_after_a_month_without_use(place, tmp_path):
    cache = tmp_path / "home" / "partita" / "environments"
    now = time.time()
    for name, age in (("a" * 24, UNUSED + DAY), ("b" * 24, UNUSED - DAY), ("downloads", 9e7)):
        (cache / name).mkdir(parents=True)
        for part in ("partita-environment.json", "pyvenv.cfg"):
            (cache / name / part).write_text("{}")
            os.utime(cache / name / part, (now - age, now - age))
        os.utime(cache / name, (now - age, now - age))
    found = swept()
    assert found.environments == 1
    assert sorted(p.name for p in cache.iterdir() if p.is_dir()) == ["b" * 24, "downloads"]


def test_a_branch_that_is_checked_out_is_named_and_stays(place):
    git(place, "switch", "-q", f"partita/{LANDED}/core")
    found = swept()
    assert found.busy == (f"partita/{LANDED}/core",)
    assert git(place, "branch", "--show-current").strip() == f"partita/{LANDED}/core"


def test_a_shared_database_is_cleaned_up_with_its_remote(
    place, tmp_path, database_url, monkeypatch
):
    remote = tmp_path / "remote.git"
    git(tmp_path, "init", "-q", "--bare", str(remote))
    git(place, "remote", "add", "origin", str(remote))
    git(place, "push", "-q", "origin", "refs/heads/partita/*:refs/heads/partita/*")
    monkeypatch.setenv("PARTITA_DATABASE", database_url)
    old = time.time() - 100 * DAY
    with PostgresStore(database_url, SystemClock(), project="remote") as store:
        for run, status, code in (
            (FAILED, "not accepted", 1),
            (LANDED, "landed", 0),
            (RESTING, "running", None),
            (NEWEST, "interrupted", None),
        ):
            store.create(RunRecord(id=run, request=run, options={}, created=old))
            store.put(f"key-{run}", run, "q", {}, {"text": run})
            store.put_document(run, "evidence/core-1.txt", "long")
            store.update(run, status=status, exit_code=code)
        with store._db.write() as tx:
            tx.execute("UPDATE partita_blobs SET at = now() - interval '1 day'")
        found = swept(keep=0, resumable=True)
        assert set(found.runs) == {FAILED, LANDED, NEWEST}
        assert found.blobs == 3
        assert [store.get(f"key-{run}", run="x") is not None for run in ALL] == [0, 0, 1, 0]
        assert list(store.documents(RESTING)) == ["evidence/core-1.txt"]
        assert list(store.documents(LANDED)) == []
    far = git(place, "ls-remote", str(remote))
    assert {run for run in (*ALL, STRANGER) if run in far} == {RESTING, STRANGER}


# Through the command, on real runs


def workflows_in(folder):
    with sqlite3.connect(folder / ".partita" / "partita.db") as db:
        return db.execute("SELECT count(*) FROM workflow_status").fetchone()[0]


def plans_of_workflows(folder):
    """The blobs that the engine alone names."""
    with sqlite3.connect(folder / ".partita" / "partita.db") as db:
        texts = [text for (text,) in db.execute("SELECT inputs FROM workflow_input")]
    found = set().union(*(blobs_in(text) for text in texts))
    assert found
    return found


def test_what_a_landed_run_left_goes_and_it_can_still_be_shown_and_undone(repo):
    assert repo.partita("build", answers.REQUEST, "--depth", "quick").code == 0
    run, paid = record(repo), ledger(repo)
    folder = repo.folder / ".partita"
    aged(repo.folder)
    count = workflows_in(repo.folder)
    told = json.loads(repo.partita("gc", "--keep", "0", "--dry-run", "--json").out)
    assert told["workflows"] == count == workflows_in(repo.folder) > 0
    done = repo.partita("gc", "--keep", "0", "--json")
    assert done.code == 0, done.err
    facts = json.loads(done.out)
    assert facts["runs"] == [run.id]
    assert facts["freed_bytes"] > 0
    assert facts["database_bytes_after"] < facts["database_bytes_before"]
    assert workflows_in(repo.folder) == 0
    assert events(repo) == []
    assert ledger(repo) == paid
    assert not list((folder / "blobs").glob("*/*"))
    shown = repo.partita("show", "last")
    assert shown.code == 0
    assert shown.out.startswith("# hello: landed")
    parts = repo.partita("show", "last", "--part", "log")
    assert "partita gc" in parts.out
    assert repo.partita("undo", "last").code == 0
    assert repo.partita("status").code == 0


@pytest.mark.kill
def test_a_killed_run_is_left_alone_and_goes_on_without_paying_again(offering):
    shell, _ = offering(*answers.good(), latency=0.3)
    with started(shell, "build", answers.REQUEST, "--depth", "quick") as process:
        until(lambda: ("task.built", "core") in events(shell), "the core is built")
        os.killpg(process.pid, signal.SIGSTOP)  # at work for as long as the clean-up looks
        refused = shell.partita("gc", "--keep", "0", "--all")
        assert refused.code == 2
        assert "is at work in this repository" in refused.err
        os.killpg(process.pid, signal.SIGKILL)
    aged(shell.folder)
    before = ledger(shell)
    done = shell.partita("gc", "--keep", "0")
    assert done.code == 0, done.err
    assert ledger(shell) == before
    with SqliteStore(shell.folder / ".partita", SystemClock()) as store:
        for key in plans_of_workflows(shell.folder):
            store.load(key)
    resumed = shell.partita("resume", "last")
    assert resumed.code == 0, resumed.err
    questions = [e.question for e in ledger(shell) if e.state == "settled"]
    assert len(questions) == len(set(questions))
