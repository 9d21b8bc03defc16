"""The kill harness in its short form, and that it sees what it looks for."""

import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest

from partita.core.budget import Usage
from partita.core.plan import Plan
from partita.core.planfile import read_plan
from partita.core.problems import problems
from partita.ports.store import Entry, Event

ROOT = Path(__file__).parents[2]
FAULTS = ("paid_twice", "work_lost", "differing_trees", "leftovers", "ledger_off", "broken")


@pytest.fixture
def kill(monkeypatch):
    """The harness's modules, as `python -m benchmarks.kill` finds them."""
    monkeypatch.syspath_prepend(ROOT)
    names = ("judge", "provider", "record", "script")
    yield SimpleNamespace(**{name: import_module(f"benchmarks.kill.{name}") for name in names})
    for name in [n for n in sys.modules if n.split(".")[0] == "benchmarks"]:
        del sys.modules[name]


def harness(folder, *arguments):
    """Its exit code, and the last line as a mapping; what it keeps is in the folder."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.kill", *arguments],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    print(done.stderr)
    last = done.stdout.splitlines()[-1]
    return done.returncode, dict(re.findall(r"(\w+)=(\S+)", last))


@pytest.mark.kill
@pytest.mark.sandbox
@pytest.mark.slow
def test_runs_that_are_killed_again_and_again_end_as_if_nothing_had_happened(tmp_path):
    code, line = harness(tmp_path, "--rounds", "8", "--seed", "4", "--tasks", "4", "--most", "8")
    assert {name: line[name] for name in FAULTS} == dict.fromkeys(FAULTS, "0")
    assert (code, line["kills"]) == (0, "8")


@pytest.mark.parametrize("tasks", [1, 4, 12])
def test_the_scripted_plan_may_run(kill, tasks):
    plan = read_plan(kill.script.plan(tasks))
    assert isinstance(plan, Plan), plan
    assert problems(plan) == ()
    assert len(plan.tasks) == tasks


QUESTION = "build:p01:1"


def entry(**changes):
    values = {
        "id": 1,
        "run": "r",
        "question": QUESTION,
        "model": "stub",
        "role": "coder",
        "task": "p01",
        "activity": "build",
        "held": 100_000,
        "cost": 18_000,
        "usage": Usage(input=10, output=2),
        "state": "settled",
        "at": 1.0,
    }
    return Entry(**{**values, **changes})


def record(kill, **changes):
    values = {
        "run": "r",
        "status": "landed",
        "exit": 0,
        "answers": {"k": QUESTION},
        "entries": (entry(),),
        "events": (passed("p01"),),
    }
    return kill.record.Record(**{**values, **changes})


def passed(task, seq=1):
    return Event(seq=seq, at=1.0, run="r", type="task.passed", data={"task": task})


def asked(kill, start, end=None):
    return kill.provider.Asked(key="k", start=start, end=end, input=10, output=2)


def killed(kill, at, found):
    return kill.judge.Kill(at=at, seen=at + 0.1, record=found)


def test_a_run_like_it_should_be_has_no_fault(kill):
    before = record(kill, answers={}, entries=(entry(state="held", cost=0),), events=())
    lost = entry(id=2, state="unconfirmed", cost=100_000, usage=None)
    found = kill.judge.of_records(
        [killed(kill, 2.0, before)],
        [asked(kill, 1.0), asked(kill, 3.0, 4.0)],
        record(kill, entries=(entry(), lost)),
        1,
    )
    assert not found.any, found


def test_an_answer_that_is_on_record_must_not_be_asked_for_again(kill):
    kills = [killed(kill, 2.0, record(kill))]
    requests = [asked(kill, 1.0, 1.5), asked(kill, 3.0, 4.0)]
    assert len(kill.judge.paid_twice(kills, requests)) == 1
    assert kill.judge.paid_twice(kills, requests[:1]) == []


def test_a_question_must_not_come_twice_without_a_kill_between(kill):
    requests = [asked(kill, 1.0, 1.5), asked(kill, 3.0, 4.0)]
    assert len(kill.judge.paid_twice([], requests)) == 1
    kills = [killed(kill, 5.0, None)]
    assert len(kill.judge.paid_twice(kills, requests)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"answers": {}},
        {"entries": ()},
        {"events": ()},
        {"events": (passed("p01", seq=2),)},
    ],
)
def test_what_was_on_record_must_stay(kill, changes):
    kills = [killed(kill, 2.0, record(kill))]
    assert kill.judge.work_lost(kills, record(kill)) == []
    assert kill.judge.work_lost(kills, record(kill, **changes)) != []


@pytest.mark.parametrize(
    "entries",
    [
        (),
        (entry(), entry(id=2)),
        (entry(cost=1),),
        (entry(usage=None),),
        (entry(usage=Usage(input=9, output=2)),),
        (entry(), entry(id=2, state="held")),
        (entry(), entry(id=2, state="unconfirmed", cost=1)),
    ],
)
def test_the_ledger_must_be_what_the_provider_counted(kill, entries):
    requests = [asked(kill, 1.0, 2.0)]
    assert kill.judge.ledger_off(requests, record(kill)) == []
    assert kill.judge.ledger_off(requests, record(kill, entries=entries)) != []


def test_a_request_that_was_lost_must_stay_in_the_ledger(kill):
    requests = [asked(kill, 1.0), asked(kill, 3.0, 4.0)]
    assert kill.judge.ledger_off(requests, record(kill)) != []
