"""What a run does next, held to its laws over any outcomes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import LAW, any_plans, valid_plans

from partita.core.plan import Contract, Plan, Task
from partita.core.problems import ancestors, problems, provider_of
from partita.core.schedule import Finish, Skip, StartBuild, StartTest, decide, under_test
from partita.core.state import (
    BuildStarted,
    Built,
    Deferred,
    Failed,
    Passed,
    RunState,
    TestStarted,
    apply,
)

DONE = {"passed", "deferred"}


def started(state, command):
    match command:
        case Skip(task=task, why=why):
            return apply(state, Failed(task=task, why=why))
        case StartBuild(task=task):
            return apply(state, BuildStarted(task=task))
        case StartTest(task=task):
            return apply(state, TestStarted(task=task))
    raise AssertionError(command)


def ended(state, task, outcome):
    """The running task's next event: it fails, waits for another's part, or does well."""
    if outcome == "fail":
        return apply(state, Failed(task=task, why="it broke"))
    if state.phase(task) == "building":
        return apply(state, Built(task=task, commit="c"))
    if outcome == "defer":
        return apply(state, Deferred(task=task, commit="c", why="another's file"))
    return apply(state, Passed(task=task, commit="c"))


def check(state, command):
    """A command keeps the dependencies."""
    plan = state.plan
    if isinstance(command, Finish):
        return
    task = plan.task(command.task)
    providers = {provider_of(plan)[c] for c in task.uses} - {task.id}
    match command:
        case StartBuild():
            assert state.phase(task.id) == "waiting"
            assert all(state.phase(n) in DONE for n in task.needs)
        case StartTest():
            assert state.phase(task.id) == "built"
            assert all(state.phase(p) in DONE for p in providers)
        case Skip():
            assert state.phase(task.id) in {"waiting", "built"}
            assert any(state.phase(i) == "failed" for i in ancestors(plan)[task.id])


def run(plan, draw, slots, outcomes):
    """Run to the end; gives the last state, its Finish, and the tasks that broke themselves."""
    state, broke = RunState(plan=plan), set()
    for _ in range(4 * len(plan.tasks) + 2):
        commands = decide(state, slots=slots)
        assert commands == decide(state, slots=slots)
        assert len(set(commands)) == len(commands)
        assert len({c.task for c in commands if not isinstance(c, Finish)}) == len(
            [c for c in commands if not isinstance(c, Finish)]
        )
        before = state
        for command in commands:
            check(before if not isinstance(command, Skip) else state, command)
            if isinstance(command, Finish):
                assert command is commands[-1]
                return state, command, broke
            state = started(state, command)
        running = [t.id for t in plan.tasks if state.phase(t.id) in {"building", "testing"}]
        assert 0 < len(running) <= slots
        task = draw(st.sampled_from(running))
        outcome = draw(st.sampled_from(outcomes))
        if outcome == "fail":
            broke.add(task)
        state = ended(state, task, outcome)
    pytest.fail("never finished")


@LAW
@given(valid_plans(), st.data(), st.integers(1, 4))
def test_a_run_always_ends_keeps_its_slots_and_a_failure_blocks_exactly_its_descendants(
    plan, data, slots
):
    state, finish, broke = run(plan, data.draw, slots, ["pass", "pass", "pass", "defer", "fail"])
    before = ancestors(plan)
    for task in plan.tasks:
        blocked = task.id in broke or bool(before[task.id] & broke)
        assert state.phase(task.id) == "failed" if blocked else state.phase(task.id) in DONE
    assert finish.ok == (not broke)


@LAW
@given(valid_plans(), st.data())
def test_a_run_in_which_nothing_fails_does_every_task(plan, data):
    state, finish, _ = run(plan, data.draw, 2, ["pass", "defer"])
    assert finish.ok
    assert all(state.phase(t.id) in DONE for t in plan.tasks)


@LAW
@given(any_plans())
def test_a_run_of_a_broken_plan_ends_without_success(plan):
    """A cycle or an unknown need leaves tasks waiting: that is no success, and no endless wait."""
    plan = replace(plan, tasks=tuple({t.id: t for t in plan.tasks}.values()))
    state = RunState(plan=plan)
    for _ in range(4 * len(plan.tasks) + 2):
        commands = decide(state, slots=1)
        if isinstance(commands[-1], Finish):
            assert commands[-1].ok == all(state.phase(t.id) in DONE for t in plan.tasks)
            return
        state = started(state, commands[-1])
        state = ended(state, commands[-1].task, "pass")
    pytest.fail("never finished")


def task(ident, **more):
    return Task(id=ident, objective="", touch=(f"{ident}/**",), **more)


def state(*tasks, phases=None):
    contracts = tuple(
        Contract(id=c, kind="function", signature="") for t in tasks for c in t.provides
    )
    return RunState(plan=Plan(name="p", tasks=tasks, contracts=contracts), phases=phases or {})


def test_a_contract_lets_both_be_built_at_once_but_tested_in_order():
    tasks = (task("a", provides=("api",)), task("b", uses=("api",)))
    assert decide(state(*tasks), slots=4) == (StartBuild("a"), StartBuild("b"))
    built = state(*tasks, phases={"a": "built", "b": "built"})
    assert decide(built, slots=4) == (StartTest("a"),)
    passed = state(*tasks, phases={"a": "deferred", "b": "built"})
    assert decide(passed, slots=4) == (StartTest("b"),)


def test_tests_go_before_builds_and_running_tasks_take_their_slots():
    tasks = (task("a"), task("b"), task("c"))
    phases = {"b": "built", "c": "testing"}
    assert decide(state(*tasks, phases=phases), slots=2) == (StartTest("b"),)
    assert decide(state(*tasks, phases=phases), slots=3) == (StartTest("b"), StartBuild("a"))
    assert decide(state(*tasks, phases=phases), slots=1) == ()


def test_the_task_with_the_longest_way_behind_it_goes_first():
    tasks = (task("a"), task("b"), task("c", needs=("b",)), task("d"))
    assert decide(state(*tasks), slots=1) == (StartBuild("b"),)
    assert decide(state(*tasks), slots=1, weights={"d": 9.0}) == (StartBuild("d"),)
    assert decide(state(*tasks), slots=4) == (StartBuild("b"), StartBuild("a"), StartBuild("d"))


def test_what_waits_for_a_failure_is_skipped_near_and_far_and_then_it_is_over():
    tasks = (
        task("d", needs=("c",)),
        task("c", uses=("api",)),
        task("b", needs=("a",), provides=("api",)),
        task("a"),
    )
    assert decide(state(*tasks, phases={"a": "failed", "c": "built"}), slots=1) == (
        Skip("b", "`a` failed, and `b` needs it"),
        Skip("c", "`b` failed, and `c` uses its contract `api`"),
        Skip("d", "`c` failed, and `d` needs it"),
        Finish(ok=False),
    )


def test_a_run_without_slots_is_refused():
    with pytest.raises(ValueError, match="slot"):
        decide(state(task("a")), slots=0)


def mutual(*, needs: tuple[str, ...] = ()) -> Plan:
    """`a` and `b` use each other's contracts."""
    contracts = tuple(
        Contract(id=i, kind="function", signature="f()", path=f"{i}.py", symbol="f") for i in "ab"
    )
    tasks = (
        Task(id="a", objective="a", touch=("a.py",), provides=("a",), uses=("b",)),
        Task(id="b", objective="b", touch=("b.py",), provides=("b",), uses=("a",), needs=needs),
    )
    return Plan(name="p", tasks=tasks, contracts=contracts)


def test_tasks_that_use_each_other_are_tested_once_both_are_built():
    plan = mutual()
    assert problems(plan) == ()
    state = RunState(plan=plan)
    assert decide(state, slots=2) == (StartBuild("a"), StartBuild("b"))
    for task in "ab":
        state = apply(state, BuildStarted(task=task))
    state = apply(state, Built(task="a", commit="x"))
    assert decide(state, slots=2) == ()
    state = apply(state, Built(task="b", commit="y"))
    assert decide(state, slots=2) == (StartTest("a"), StartTest("b"))
    state = apply(state, Passed(task="a", commit="x"))
    state = apply(state, Passed(task="b", commit="y"))
    assert decide(state, slots=2) == (Finish(ok=True),)


def test_what_partners_use_lies_under_the_tests_of_both():
    plan = mutual()
    third = Task(id="c", objective="c", touch=("c.py",), provides=("c",))
    contract = Contract(id="c", kind="function", signature="f()", path="c.py", symbol="f")
    b = replace(plan.task("b"), uses=("a", "c"))
    plan = replace(plan, tasks=(plan.task("a"), b, third), contracts=(*plan.contracts, contract))
    assert problems(plan) == ()
    assert under_test(plan, "a") == {"b": False, "c": True}
    state = RunState(plan=plan, phases={"a": "built", "b": "built", "c": "testing"})
    assert decide(state, slots=3) == ()
    state = apply(state, Passed(task="c", commit="z"))
    assert decide(state, slots=3) == (StartTest("a"), StartTest("b"))


def test_use_and_need_to_and_fro_would_wait_for_ever_and_is_a_problem():
    assert [p.kind for p in problems(mutual(needs=("a",)))] == ["cycle"]
