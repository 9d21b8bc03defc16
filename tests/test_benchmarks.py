"""The scripted answers of the benchmarks are plans that may run and files that are accepted."""

import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest

from partita.adapters.store import open_readonly
from partita.core.assignment import Assignment, from_code
from partita.core.budget import Usage
from partita.core.nonce import nonce
from partita.core.plan import Plan
from partita.core.planfile import read_plan
from partita.core.problems import problems
from partita.core.prompts.analysis import QUICK_SCHEMA
from partita.core.question import Answer
from partita.core.schema import violations
from partita.core.worker import Patch, conversation
from partita.present.progress import Progress, line

FOLDER = str(Path(__file__).parent.parent / "benchmarks")
NAMES = ("alone", "arena", "events", "figures", "overhead", "scripted", "thousand_git")


@pytest.fixture
def benchmarks(monkeypatch):
    """The modules as the program finds them: beside it."""
    monkeypatch.syspath_prepend(FOLDER)
    yield SimpleNamespace(**{name: import_module(name) for name in NAMES})
    for name in (*NAMES, "todo_apis", "todo_parts"):
        sys.modules.pop(name, None)


def test_every_scripted_answer_is_accepted_as_it_is(benchmarks):
    scripted = benchmarks.scripted
    for script in (scripted.FASTAPI, scripted.PLAIN, scripted.FOUR):
        if script.analysis:
            assert violations(QUICK_SCHEMA, script.analysis) == ()
        plan = read_plan(script.plan)
        assert isinstance(plan, Plan), plan
        assert problems(plan) == ()
        for task in plan.tasks:
            given = {f.path: t for f in task.files if (t := from_code(plan, f)) is not None}
            job = Assignment(
                plan=plan,
                task=task,
                name=f"build:{task.id}",
                seed="s",
                prompt=(),
                own={},
                required=frozenset(f.path for f in task.files) - set(given),
                given=given,
            )
            talk = conversation(job)
            next(talk)
            text = scripted.reply(script.files[task.id])
            text = text.replace("{nonce}", nonce("s", job.name))
            usage = Usage(input=1, output=1)
            answer = Answer(text=text, finish="stop", usage=usage, model="stub")
            with pytest.raises(StopIteration) as done:
                talk.send(answer)
            assert isinstance(done.value.value, Patch), done.value.value
            assert done.value.value.notes == ()


def test_seconds_that_overlap_are_counted_once(benchmarks):
    figures = benchmarks.figures
    assert figures.covered([]) == 0
    assert figures.covered([(5, 6), (0, 2), (1, 3), (1, 2)]) == 4


def test_the_common_prefix_ends_where_the_texts_part(benchmarks):
    figures = benchmarks.figures
    assert figures.common_prefix(["abcd", "abd", "abce"]) == "ab"
    assert figures.common_prefix(["ab", "abc"]) == "ab"


def test_the_shares_of_a_run_are_all_of_it(benchmarks):
    def asked(start, end):
        return benchmarks.arena.Request(start=start, end=end, in_flight=1, messages=())

    ran = benchmarks.arena.Ran(
        code=0,
        began=0.0,
        ended=10.0,
        events=[{"type": "gate", "at": 6.0, "seconds": 2.0}],
        requests=[asked(1.0, 2.0), asked(3.0, 5.0), asked(3.5, 4.5)],
        err="",
    )
    shares = benchmarks.overhead.shares(ran)
    assert (shares.before, shares.model, shares.tests, shares.after) == (1, 3, 1, 4)
    assert shares.own + shares.model + shares.tests == ran.seconds


def test_no_schedule_is_quicker_than_the_ideal(benchmarks):
    alone = benchmarks.alone
    both = [alone.seconds_of(f"{kind}:{alone.task_name(0)}") for kind in ("build", "test")]
    assert alone.ideal(1, 64) == sum(both)
    assert alone.ideal(100, 1) == pytest.approx(64 * alone.ideal(100, 64), rel=0.5)


@pytest.mark.slow
def test_the_engine_alone_does_its_tasks_and_measures_them(benchmarks, tmp_path):
    alone = benchmarks.alone
    went = alone.run(alone.Job(folder=str(tmp_path), tasks=2, slots=2), seconds=60)
    assert went["calls"] == 4
    assert went["wall"] >= alone.ideal(2, 2)
    assert went["first_call"] >= went["began"]
    assert went["cpu"] > 0


@pytest.mark.slow
def test_the_whole_journey_is_measured_to_its_landing(benchmarks):
    section = benchmarks.thousand_git.measure(2)[0]
    assert section.rows[0].what.startswith("own processor time")


def test_the_long_log_is_what_a_run_would_tell(benchmarks, monkeypatch, tmp_path):
    events = benchmarks.events
    monkeypatch.setattr(events, "COUNT", 1_100)
    events.fill(tmp_path)
    with open_readonly(tmp_path) as store:
        log = store.events(events.RUN)
    progress = Progress()
    progress.take(log)
    assert len(log) == events.COUNT
    assert len(progress.lanes) == events.TASKS
    assert "passed" in {lane.state for lane in progress.lanes.values()}
    assert all(line(event) for event in log if event.type in ("gate", "task.fix"))
