"""From wherever a run was left there is a way on, and what is said of it names that way."""

import json
import os
import shutil
import signal
import sqlite3
from collections import Counter

import answers
import pytest
from moments import events, record, started, until

from partita.adapters.git.intent import Intent, IntentFile

pytestmark = pytest.mark.sandbox

QUICK = ("--depth", "quick")
BUILD = ("build", answers.REQUEST, *QUICK)


def refused(shell, *args):
    done = shell.partita(*args)
    assert done.code == 2, done.out + done.err
    return done.err


def cut_short_before_it_was_written_down(shell, *, settled):
    """As a kill leaves it right after the branch was moved; `settled`: the files had followed."""
    with sqlite3.connect(shell.folder / ".partita/partita.db") as db:
        db.execute("UPDATE partita_runs SET status = 'running', exit = NULL, result = NULL")
        db.execute("DELETE FROM partita_events WHERE type = 'landing'")
    if not settled:
        base, tip = (shell.git("rev-parse", name).strip() for name in ("HEAD~1", "HEAD"))
        shell.git("read-tree", "--reset", "-u", base)
        intent = Intent(branch="main", expected=base, commit=tip, why="partita: r", follow=True)
        IntentFile(shell.folder / ".partita/landing.json").write(intent)
    assert record(shell).result is None


@pytest.mark.parametrize("settled", [False, True])
def test_what_landed_unnoticed_is_not_given_up(repo, settled):
    assert repo.partita(*BUILD).code == 0
    commit = repo.git("rev-parse", "HEAD").strip()
    cut_short_before_it_was_written_down(repo, settled=settled)
    told = json.loads(repo.partita("gc", "--all", "--keep", "0", "--json", "--dry-run").out)
    assert (told["given_up"], record(repo).status) == ([], "running")
    done = repo.partita("gc", "--all", "--keep", "0", "--json")
    assert (done.code, json.loads(done.out)["given_up"]) == (0, []), done.err
    now = record(repo)
    assert (now.status, now.exit, now.result["commit"]) == ("landed", 0, commit)
    assert repo.git("status", "--porcelain") == ""
    assert (repo.folder / "hello/core.py").exists()
    assert "has landed" in refused(repo, "retry", "core")
    done = repo.partita("undo")
    assert done.code == 0, done.err
    assert not (repo.folder / "hello/core.py").exists()


def test_a_landing_that_was_cut_short_is_taken_back_at_once(repo):
    assert repo.partita(*BUILD).code == 0
    cut_short_before_it_was_written_down(repo, settled=False)
    done = repo.partita("undo")
    assert done.code == 0, done.err
    assert repo.git("status", "--porcelain") == ""
    assert repo.git("log", "--format=%s").startswith("Revert the work")
    assert (record(repo).status, record(repo).exit) == ("undone", 0)
    for args in (["resume"], ["retry", "core"]):
        said = refused(repo, *args)
        assert "was taken back" in said
        assert f"partita fork {record(repo).id} --from" in said
        assert "partita undo" not in said


def test_a_retry_of_what_landed_unnoticed_finishes_it_and_no_more(repo, provider):
    assert repo.partita(*BUILD).code == 0
    commit, asked = repo.git("rev-parse", "HEAD"), len(provider.requests)
    cut_short_before_it_was_written_down(repo, settled=True)
    done = repo.partita("retry", "core")
    assert (done.code, "nothing else was changed" in done.err) == (0, True), done.err
    assert (repo.git("rev-parse", "HEAD"), len(provider.requests)) == (commit, asked)
    assert record(repo).status == "landed"


def test_a_run_whose_answers_were_removed_is_not_quietly_paid_again(offering):
    shell, stub = offering(
        answers.analysis(),
        answers.plan(),
        answers.core(answers.BROKEN, times=1),
        answers.core(),
        answers.web(),
    )
    shell.write("spec.md", answers.REQUEST)
    shell.extra["PARTITA_ROUNDS"] = "0"
    assert shell.partita("build", "spec.md", *QUICK).code == 1
    shell.extra["PARTITA_ANSWER_CACHE"] = "false"
    run, asked = record(shell).id, len(stub.requests)
    assert shell.partita("gc", "--keep", "0").code == 0
    shell.write("spec.md", answers.REQUEST + " in blue")
    for args in (["retry", "core"], ["resume", "--accept-changes"]):
        said = refused(shell, *args)
        assert "its answers were removed by gc" in said
        assert "start another: partita build" in said
        assert f"paid again: partita fork {run}" in said
    assert "was removed by gc" in refused(shell, "replay")
    assert len(stub.requests) == asked
    done = shell.partita("fork", run, "--from", "engage")
    assert done.code == 0, done.err
    assert "removed by gc: all is asked and paid for again" in done.err
    assert len(stub.requests) == asked + 4
    assert "swept" not in record(shell).options


def prune(shell):
    """Remove all that Partita has in git, as somebody who tidies up does."""
    shutil.rmtree(shell.folder / ".partita/worktrees", ignore_errors=True)
    shell.git("worktree", "prune")
    for branch in shell.branches():
        if branch.startswith("partita/"):
            shell.git("branch", "-D", branch)
    shell.git("reflog", "expire", "--expire=now", "--all")
    shell.git("gc", "--prune=now", "-q")


@pytest.mark.kill
def test_commits_that_are_gone_are_made_again_from_the_answers(offering):
    shell, stub = offering(*answers.good(), latency=0.2)
    with started(shell, *BUILD) as process:
        until(lambda: ("task.testing", "core") in events(shell), "the core is tested")
        until(lambda: ("task.built", "web") in events(shell), "the page is built")
        os.killpg(process.pid, signal.SIGKILL)
    said = refused(shell, "replay")
    assert "no recording" in said
    assert f"partita resume {record(shell).id}" in said
    prune(shell)
    said = refused(shell, "resume")
    assert "commits that its record names are gone" in said
    assert f"partita resume {record(shell).id} --accept-changes" in said
    done = shell.partita("resume", "--accept-changes")
    assert (done.code, record(shell).status) == (0, "landed"), done.err
    sent = Counter(tuple(text for _, text in r.texts) for r in stub.requests)
    assert set(sent.values()) == {1}


def test_a_retry_makes_again_what_is_gone(offering):
    shell, stub = offering(
        answers.analysis(),
        answers.plan(),
        answers.core(answers.BROKEN, times=1),
        answers.core(),
        answers.web(),
    )
    shell.extra["PARTITA_ROUNDS"] = "0"
    assert shell.partita(*BUILD).code == 1
    prune(shell)
    asked = len(stub.requests)
    done = shell.partita("retry", "core")
    assert (done.code, "made again" in done.err) == (0, True), done.err
    assert len(stub.requests) == asked + 1


def test_a_rejected_plan_is_no_dead_end(repo):
    assert repo.partita(*BUILD, "--approve").code == 3
    run = record(repo).id
    way = f"partita fork {run} --from design"
    assert repo.partita("reject").code == 0
    done = repo.partita("resume")
    assert (done.code, way in done.err) == (4, True), done.err
    for args in (["resume"], ["retry", "core"]):
        said = refused(repo, *args)
        assert "rejected" in said
        assert way in said
    done = repo.partita("fork", run, "--from", "design")
    assert (done.code, record(repo).status) == (3, "waiting"), done.err


@pytest.mark.kill
def test_a_replay_of_what_had_no_result_says_so(offering):
    shell, _ = offering(*answers.good(), latency=0.1)
    with started(shell, *BUILD) as process:
        until(lambda: ("task.building", "core") in events(shell), "the core is built")
        until(lambda: ("task.testing", "web") in events(shell), "the page is tested")
        process.send_signal(signal.SIGINT)
        process.wait(20)
    assert record(shell).status == "interrupted"
    done = shell.partita("replay")
    assert done.code == 1, done.err
    assert "nothing to compare with" in done.err
    assert "another result" not in done.err
