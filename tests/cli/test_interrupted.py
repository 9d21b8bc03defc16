"""A run that is stopped at any moment goes on from there; nothing is paid twice or left behind."""

import json
import os
import re
import shutil
import signal
from collections import Counter
from dataclasses import dataclass

import answers
import pytest
from kit import Shell, gone
from moments import events, ledger, record, started, until

from partita.adapters.clock import SystemClock
from partita.adapters.store.sqlite import SqliteStore, open_readonly
from partita.core.budget import dollars
from partita.testing.stub_provider import StubProvider

pytestmark = pytest.mark.sandbox

BUILD = ("build", answers.REQUEST, "--depth", "quick")
SLOW_TEST = answers.TEST_CORE.replace(
    "        self.assert",
    "        import pathlib, time\n\n        pathlib.Path('running').touch()\n"
    "        time.sleep(0.8)\n        self.assert",
)


def hang(match):
    return answers.rule(match, "", behaviour="hang", times=1)


def settled(shell):
    return {e.question for e in ledger(shell) if e.state == "settled"}


def asked(shell, stub):
    """How often each question that has an answer in the record reached the provider."""
    with open_readonly(shell.folder / ".partita") as store:
        exchanges = store.transcript(store.find("last").id)
    sent = Counter(tuple(text for _, text in r.texts) for r in stub.requests)
    return {x["name"]: sent[tuple(m["text"] for m in x["request"]["messages"])] for x in exchanges}


def tree(shell):
    return shell.git("rev-parse", "HEAD^{tree}").strip()


def nothing_is_left(shell):
    state = shell.folder / ".partita"
    assert gone(str(shell.folder)) == []
    assert shell.branches() == ["main"]
    assert shell.git("status", "--porcelain") == ""
    assert shell.git("worktree", "list").count("\n") == 1
    assert list((state / "worktrees").glob("*")) == []
    assert not (state / "landing.json").exists()
    assert shell.git("fsck", "--strict", "--no-dangling") == ""
    assert (shell.folder / "notes.txt").read_text() == "mine\n"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The tree that the same answers lead to when nobody interferes."""
    trees = {}

    def run(*rules):
        key = json.dumps(rules)
        if key not in trees:
            top = tmp_path_factory.mktemp("undisturbed")
            (top / "work").mkdir()
            with StubProvider(list(rules)) as stub:
                shell = Shell(folder=top / "work", home=top, url=stub.url)
                shell.write("../gitconfig", "[user]\n\tname = U\n\temail = u@example.org\n")
                shell.git("init", "-q", "-b", "main")
                shell.write("notes.txt", "mine\n")
                shell.commit_all()
                done = shell.partita(*BUILD)
                assert done.code == 0, done.err
                trees[key] = tree(shell)
        return trees[key]

    return run


GOOD = [answers.analysis(), answers.plan(), answers.core(), answers.web()]
SLOW = [answers.analysis(), answers.plan(), answers.core(tests=SLOW_TEST), answers.web()]


@dataclass(frozen=True)
class Moment:
    """When to strike: what the provider does in the first run, and how the moment is seen."""

    hangs: tuple[str, ...]
    reached: object
    rules: tuple[dict, ...] = tuple(answers.good())


def seen(*wanted):
    return lambda shell, _: set(wanted) <= set(events(shell))


def requests(number):
    return lambda _, stub: len(stub.requests) == number


def runs_tests(shell, _):
    """The sandbox is up, and a test of the task is in the middle of its work."""
    return list((shell.folder / ".partita/worktrees").glob("*-core/running"))


CORE, WEB = "`core`: the greeting", "`web`: the page"
MOMENTS = {
    "the analysis is asked": Moment(("Analyse the request",), requests(1)),
    "two builds are asked at once": Moment((CORE, WEB), requests(4)),
    "one task is done and the other is asked": Moment((WEB,), seen(("task.passed", "core"))),
    "tests run": Moment((), runs_tests, tuple(SLOW)),
    "the whole is tested": Moment((), seen(("gate", "_result"))),
}


@pytest.mark.kill
@pytest.mark.parametrize("name", MOMENTS)
def test_a_killed_run_goes_on_and_pays_for_no_answer_twice(name, offering, undisturbed):
    moment = MOMENTS[name]
    shell, stub = offering(*map(hang, moment.hangs), *moment.rules)
    with started(shell, *BUILD) as process:
        until(lambda: moment.reached(shell, stub), name)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert gone(str(shell.folder)) == []
    before = settled(shell)
    shell.extra["PARTITA_CALLS_IN_FLIGHT"] = "1"  # tasks that go on have to wait for each other
    done = shell.partita("resume", "last")
    assert done.code == 0, done.err
    times = asked(shell, stub)
    assert {q: times[q] for q in before} == dict.fromkeys(before, 1)
    lost = [e.question for e in ledger(shell) if e.state == "unconfirmed"]
    assert len(lost) == len(moment.hangs)
    assert len(stub.requests) == len(times) + len(lost)
    assert tree(shell) == undisturbed(*moment.rules)
    nothing_is_left(shell)


DYING_GIT = """#!/bin/sh
# git, but Partita dies right before, and the next time right after, each step of a landing.
case "$*" in
*" update-ref -m partita: "*) step=swap ;;
*" read-tree -m -u -n "*) ;;
*" read-tree -m -u "*) step=files ;;
*" update-ref -z --stdin"*) step=branches ;;
esac
if [ "$step" ] && mkdir "{deaths}/$step-before" 2>/dev/null; then
    kill -9 "$PPID"
    exit 1
fi
if [ "$step" ] && mkdir "{deaths}/$step-after" 2>/dev/null; then
    {git} "$@"
    kill -9 "$PPID"
    exit 1
fi
exec {git} "$@"
"""
DEATHS = {
    f"{step}-{when}" for step in ("swap", "files", "branches") for when in ("before", "after")
}


@pytest.mark.kill
def test_a_run_that_dies_at_every_step_of_its_landing_lands_once(offering, undisturbed, tmp_path):
    shell, stub = offering(*GOOD)
    shell.write("mine.txt", "not committed\n")
    deaths = tmp_path / "deaths"
    deaths.mkdir()
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(DYING_GIT.format(deaths=deaths, git=shutil.which("git")))
    fake.chmod(0o755)
    shell.extra["PATH"] = f"{fake.parent}:{os.environ['PATH']}"
    codes = [shell.partita(*BUILD).code]
    while codes[-1] == -signal.SIGKILL:
        codes.append(shell.partita("resume", "last").code)
    assert codes == [-signal.SIGKILL] * len(DEATHS) + [0]
    assert {p.name for p in deaths.iterdir()} == DEATHS
    assert len(stub.requests) == 4
    assert (shell.folder / "mine.txt").read_text() == "not committed\n"
    (shell.folder / "mine.txt").unlink()
    assert shell.git("rev-list", "--count", "HEAD").strip() == "2"
    assert tree(shell) == undisturbed(*GOOD)
    nothing_is_left(shell)


def test_a_run_whose_end_was_not_written_down_is_found_to_be_over(offering):
    shell, stub = offering(*GOOD)
    assert shell.partita(*BUILD).code == 0
    with SqliteStore(shell.folder / ".partita", SystemClock()) as store:
        store.update(store.find("last").id, status="running")  # as a kill in this moment leaves it
    done = shell.partita("resume", "last")
    assert (done.code, len(stub.requests)) == (0, 4), done.err
    assert "Landed on main." in done.out
    assert record(shell).status == "landed"


def press_ctrl_c(shell, process):
    os.killpg(process.pid, signal.SIGINT)


def cancel_elsewhere(shell, process):
    assert shell.partita("cancel", "last").code == 0


STOPS = {
    "Ctrl-C while calls are in flight": (press_ctrl_c, MOMENTS["two builds are asked at once"]),
    "Ctrl-C while tests run": (press_ctrl_c, MOMENTS["tests run"]),
    "cancel while a call is in flight": (cancel_elsewhere, MOMENTS["the analysis is asked"]),
    "cancel while tests run": (cancel_elsewhere, MOMENTS["tests run"]),
}


@pytest.mark.parametrize("name", STOPS)
def test_a_stopped_run_says_how_to_go_on_and_goes_on(name, offering, undisturbed):
    stop, moment = STOPS[name]
    shell, stub = offering(*map(hang, moment.hangs), *moment.rules)
    with started(shell, *BUILD) as process:
        until(lambda: moment.reached(shell, stub), name)
        stop(shell, process)
        _, err = process.communicate(timeout=10)
    run = record(shell)
    assert (process.returncode, run.status, run.exit) == (4, "interrupted", 4), err
    assert f"partita resume {run.id}" in err
    assert "Traceback" not in err
    assert gone(str(shell.folder)) == []
    before = settled(shell)
    done = shell.partita("resume", "last")
    assert done.code == 0, done.err
    times = asked(shell, stub)
    assert {q: times[q] for q in before} == dict.fromkeys(before, 1)
    assert tree(shell) == undisturbed(*moment.rules)
    nothing_is_left(shell)


CONFIG = """
model = "priced"
[models.priced]
wire = "openai"
base_url = "{url}"
input_price = 1
output_price = 4
"""


def bill(stub):
    """What the stub's replies cost at the prices above, in nano-dollars."""
    total = 0
    for request in stub.requests:
        sent = "\n".join(text for _, text in request.texts)
        reply = stub.rules[request.rule].reply
        if marks := re.findall(r'id="([0-9a-z]{4,10})"', sent):
            reply = reply.replace("{nonce}", marks[-1])
        total += len(sent) // 4 * 1_000 + (len(reply) // 4 + 1) * 4_000
    return total


def test_a_spent_budget_stops_the_run_and_a_larger_one_goes_on_with_it(offering, tmp_path):
    shell, stub = offering(*GOOD)
    (tmp_path / "own.toml").write_text(CONFIG.format(url=stub.url))
    shell.extra["PARTITA_CONFIG"] = str(tmp_path / "own.toml")
    first = shell.partita(*BUILD, "--budget", "0.00001")
    assert (first.code, len(stub.requests)) == (4, 0), first.err
    assert "budget is left" in first.err
    assert "--budget" in first.err
    again = shell.partita("resume", "last")
    assert (again.code, len(stub.requests)) == (4, 0), again.err
    more = shell.partita("resume", "last", "--budget", "0.05")
    assert (more.code, len(stub.requests)) == (4, 2), more.err
    assert f"{dollars(50_000_000 - bill(stub))} of the $0.0500 budget is left" in more.err
    done = shell.partita("resume", "last", "--budget", "5")
    assert (done.code, len(stub.requests)) == (0, 4), done.err
    lines = ledger(shell)
    assert {e.state for e in lines} == {"settled"}
    assert sum(e.cost for e in lines) == bill(stub)
    shown = json.loads(shell.partita("show", "last", "--json").out)
    assert (shown["spent_nano_dollars"], shown["held_nano_dollars"]) == (bill(stub), 0)
    nothing_is_left(shell)


def test_how_a_run_ended_is_told_also_where_its_files_can_not_be_written(repo):
    assert repo.partita(*BUILD, "--approve").code == 3
    ledger_file = repo.folder / ".partita/runs" / record(repo).id / "ledger.csv"
    ledger_file.unlink()
    ledger_file.mkdir()
    assert repo.partita("reject").code == 0
    done = repo.partita("resume")
    assert (done.code, "the plan was rejected" in done.err) == (4, True), done.err
    assert "the ledger and the recording can't be written as files" in done.err
