"""What a run does next, held to a naive reference and to its laws over any outcomes."""

import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from random import Random
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import LAW, any_plans, valid_plans

from partita.core.graph import partners, provider_of, waits_for
from partita.core.pace import Seconds
from partita.core.plan import Contract, Plan, Task
from partita.core.problems import problems
from partita.core.schedule import Finish, Schedule, Skip, StartBuild, StartTest
from partita.core.state import (
    BuildStarted,
    Built,
    Deferred,
    Denied,
    Failed,
    Passed,
    RunState,
    TestStarted,
    Wants,
    Widened,
    widen,
)

DONE = {"passed", "deferred"}
RUNNING = {"building", "testing"}


# --- the reference: everything worked out anew from the state ------------------------------------


def provided(plan, task):
    providers = provider_of(plan)
    return [providers[c] for c in task.uses if providers.get(c, task.id) != task.id]


def naive_under_test(plan, ident):
    circle = {ident, *partners(plan)[ident]}
    used = {p for t in plan.tasks if t.id in circle for p in provided(plan, t)}
    return {t.id: t.id not in circle for t in plan.tasks if t.id in (used | circle) - {ident}}


def naive_skips(state):
    dead = {t.id for t in state.plan.tasks if state.phase(t.id) == "failed"}
    found, before = set(), None
    while found != before:
        before = set(found)
        for task in state.plan.tasks:
            waits = task.id not in dead and state.phase(task.id) in ("waiting", "built")
            if waits and dead & {*task.needs, *provided(state.plan, task)}:
                dead.add(task.id)
                found.add(task.id)
    return found


def naive_testable(state, task):
    if all(state.phase(p) in DONE for p in provided(state.plan, task)):
        return True
    return bool(partners(state.plan)[task.id]) and all(
        state.phase(p) in (DONE if outside else DONE | {"built", "testing"})
        for p, outside in naive_under_test(state.plan, task.id).items()
    )


def naive_chains(plan, weights):
    """Per task, the longest chains that start with its build and with its test; 0 on a cycle."""
    waits = waits_for(plan)
    placed = set()
    while new := {i for i in waits if i not in placed and placed.issuperset(waits[i])}:
        placed |= new
    build, test = {}, {}

    def chain(ident):
        if ident in placed and ident not in test:
            behind = [0.0]
            for other in plan.tasks:
                if other.id != ident and ident in other.needs:
                    chain(other.id)
                    behind.append(build.get(other.id, 0.0))
                if ident in waits[other.id] and ident in provided(plan, other):
                    chain(other.id)
                    behind.append(test.get(other.id, 0.0))
            seconds = weights.get(ident, Seconds(build=1.0, test=1.0))
            test[ident] = seconds.test + max(behind)
            build[ident] = seconds.build + test[ident]

    for ident in waits:
        chain(ident)
    return build, test


def naive(state, slots, weights):
    """Today's commands; of a skip only its task."""
    skips = naive_skips(state)
    build, test = naive_chains(state.plan, weights)
    tests, builds, running, asking = [], [], 0, 0
    for task in state.plan.tasks:
        phase = state.phase(task.id)
        running += phase in RUNNING
        asking += phase == "asking"
        if task.id in skips:
            continue
        if phase == "built" and naive_testable(state, task):
            tests.append(task.id)
        if phase == "waiting" and all(state.phase(n) in DONE for n in task.needs):
            builds.append(task.id)
    if not (running or tests or builds or asking):
        return [*sorted(skips), Finish(all(state.phase(t.id) in DONE for t in state.plan.tasks))]
    tests.sort(key=lambda i: (-test.get(i, 0.0), i))
    builds.sort(key=lambda i: (-build.get(i, 0.0), i))
    starts = [*map(StartTest, tests), *map(StartBuild, builds)]
    return [*sorted(skips), *starts[: slots - running]]


def bare(commands):
    return [c.task if isinstance(c, Skip) else c for c in commands]


# --- driving -------------------------------------------------------------------------------------


def follow(schedule, command):
    match command:
        case Skip(task=task, why=why):
            schedule.apply(Failed(task=task, why=why))
        case StartBuild(task=task):
            schedule.apply(BuildStarted(task=task))
        case StartTest(task=task):
            schedule.apply(TestStarted(task=task))


def ended(schedule, task, outcome):
    """The running task's next event: it fails, waits for another's part, or does well."""
    if outcome == "fail":
        return Failed(task=task, why="it broke")
    if schedule.state.phase(task) == "building":
        return Built(task=task, commit="c")
    if outcome == "defer":
        return Deferred(task=task, commit="c", why="another's file")
    return Passed(task=task, commit="c")


def distinct(plan):
    """The plan without second tasks of an id."""
    tasks = {}
    for task in plan.tasks:
        tasks.setdefault(task.id, task)
    return replace(plan, tasks=tuple(tasks.values()))


@st.composite
def tangled(draw):
    """Plans whose tasks need and use each other to and fro, themselves, and what is not there."""
    count = draw(st.integers(1, 6))
    ids = [f"t{i}" for i in range(count)]
    contracts = [f"c{i}" for i in range(count)]
    chance = draw(st.sampled_from([1, 2]))
    tasks = []
    for i, ident in enumerate(ids):
        needs = st.lists(st.sampled_from([*ids[:i], *ids[:i], *ids, "none"]), max_size=chance)
        uses = st.lists(st.sampled_from([*contracts, "other"]), max_size=2)
        more = draw(st.just(()) | st.just(("c0",)))
        tasks.append(
            Task(
                id=ident,
                objective="",
                touch=(f"{ident}/**",),
                needs=tuple(draw(needs)) if draw(st.booleans()) else (),
                uses=tuple(draw(uses)),
                provides=(f"c{i}", *more),
            )
        )
    return Plan(name="p", tasks=tuple(draw(st.permutations(tasks))))


plans = tangled() | valid_plans() | any_plans().map(distinct)
seconds = st.builds(Seconds, build=st.sampled_from([1.0, 2.0, 9.0]), test=st.sampled_from([0, 1.0]))


def ending(draw, schedule, running):
    """An event that may happen to what runs or asks."""
    state = schedule.state
    task = draw(st.sampled_from(running))
    if state.phase(task) == "asking":
        names = st.sampled_from([*state.tasks, "none"])
        return draw(
            st.just(Denied(task=task, why="no"))
            | st.just(Failed(task=task, why="too much"))
            | st.builds(
                Widened,
                task=st.just(task),
                touch=st.sampled_from([(), ("more.py",)]),
                needs=st.lists(names, max_size=1).map(tuple),
            )
        )
    if state.phase(task) == "building" and draw(st.sampled_from([False, False, True])):
        return Wants(task=task, paths=("more.py",), why="", commit=draw(st.sampled_from(["", "w"])))
    return ended(schedule, task, draw(st.sampled_from(["pass", "pass", "pass", "defer", "fail"])))


@LAW
@given(
    plans,
    st.integers(1, 4),
    st.dictionaries(st.sampled_from(["t0", "t1", "a"]), seconds),
    st.data(),
)
def test_it_commands_what_the_naive_reference_does_on_any_plan_and_any_events(
    plan, slots, weights, data
):
    schedule = Schedule(state=RunState(plan=plan), slots=slots, weights=weights)
    state = schedule.state
    for _ in range(6 * len(plan.tasks) + 6):
        commands = schedule.decide()
        assert bare(commands) == naive(state, slots, weights)
        assert commands == schedule.decide()
        known = RunState(plan=state.plan, phases=dict(state.phases))
        anew = Schedule(state=known, slots=slots, weights=weights)
        assert bare(anew.decide()) == bare(commands)
        for task in state.tasks:
            assert list(schedule.under_test(task).items()) == list(
                naive_under_test(state.plan, task).items()
            )
        if commands and isinstance(commands[-1], Finish):
            return
        followed = [c for c in commands if data.draw(st.sampled_from([True, True, True, False]))]
        for command in followed:
            follow(schedule, command)
        busy = [t for t in state.tasks if state.phase(t) in (*RUNNING, "asking")]
        if busy and (not followed or data.draw(st.booleans())):
            schedule.apply(ending(data.draw, schedule, busy))


def run(plan, draw, slots, outcomes):
    """Run to the end; gives the last state, its Finish, and the tasks that broke themselves."""
    schedule, broke = Schedule(state=RunState(plan=plan), slots=slots), set()
    for _ in range(4 * len(plan.tasks) + 2):
        for command in schedule.decide():
            if isinstance(command, Finish):
                return schedule.state, command, broke
            follow(schedule, command)
        running = [t.id for t in plan.tasks if schedule.state.phase(t.id) in RUNNING]
        assert 0 < len(running) <= slots
        task = draw(st.sampled_from(running))
        outcome = draw(st.sampled_from(outcomes))
        if outcome == "fail":
            broke.add(task)
        schedule.apply(ended(schedule, task, outcome))
    pytest.fail("never finished")


def descendants(plan, ident):
    """All that need the task or use its contracts, near or far."""
    found, todo = set(), [ident]
    while todo:
        at = todo.pop()
        for task in plan.tasks:
            if at in (*task.needs, *provided(plan, task)) and task.id not in found:
                found.add(task.id)
                todo.append(task.id)
    return found


@LAW
@given(valid_plans(), st.data(), st.integers(1, 4))
def test_a_failure_blocks_exactly_its_descendants_and_is_named_in_their_reasons(plan, data, slots):
    state, finish, broke = run(plan, data.draw, slots, ["pass", "pass", "pass", "defer", "fail"])
    behind = {ident: descendants(plan, ident) for ident in broke}
    for task in plan.tasks:
        causes = {ident for ident in broke if task.id in behind[ident]}
        if task.id in broke:
            assert state.reasons[task.id] == "it broke"
        elif causes:
            assert state.phase(task.id) == "failed"
            assert state.reasons[task.id].split("`")[1] in causes
        else:
            assert state.phase(task.id) in DONE
    assert finish.ok == (not broke)


@LAW
@given(tangled(), st.data(), st.integers(1, 3))
def test_what_no_failure_lies_before_is_done_also_where_tasks_use_each_other(plan, data, slots):
    state, finish, broke = run(plan, data.draw, slots, ["pass", "pass", "fail"])
    behind = set().union(broke, *(descendants(plan, ident) for ident in broke))
    failed = {t for t in state.tasks if state.phase(t) == "failed"}
    assert broke <= failed <= behind
    assert finish.ok == all(state.phase(t) in DONE for t in state.tasks)
    stuck = {t for t in state.tasks if state.phase(t) not in DONE | {"failed"}}
    if not problems(plan):
        assert not stuck


@LAW
@given(valid_plans(), st.data())
def test_a_run_in_which_nothing_fails_does_every_task(plan, data):
    state, finish, _ = run(plan, data.draw, 2, ["pass", "defer"])
    assert finish.ok
    assert all(state.phase(t.id) in DONE for t in plan.tasks)


# --- single decisions ----------------------------------------------------------------------------


def task(ident, **more):
    return Task(id=ident, objective="", touch=(f"{ident}/**",), **more)


def made(*tasks, phases=None, slots=4, weights=None):
    contracts = tuple(
        Contract(id=c, kind="function", signature="") for t in tasks for c in t.provides
    )
    plan = Plan(name="p", tasks=tasks, contracts=contracts)
    return Schedule(
        state=RunState(plan=plan, phases=phases or {}), slots=slots, weights=weights or {}
    )


def decided(*tasks, **more):
    return made(*tasks, **more).decide()


def test_a_contract_lets_both_be_built_at_once_but_tested_in_order():
    tasks = (task("a", provides=("api",)), task("b", uses=("api",)))
    assert decided(*tasks) == (StartBuild("a"), StartBuild("b"))
    assert decided(*tasks, phases={"a": "built", "b": "built"}) == (StartTest("a"),)
    assert decided(*tasks, phases={"a": "deferred", "b": "built"}) == (StartTest("b"),)


def test_tests_go_before_builds_and_running_tasks_take_their_slots():
    tasks = (task("a"), task("b"), task("c"), task("d", needs=("a",)))
    phases = {"b": "built", "c": "testing"}
    assert decided(*tasks, phases=phases, slots=2) == (StartTest("b"),)
    assert decided(*tasks, phases=phases, slots=3) == (StartTest("b"), StartBuild("a"))
    assert decided(*tasks, phases=phases, slots=1) == ()


def test_what_has_the_longest_way_behind_it_goes_first():
    tasks = (task("a"), task("b"), task("c", needs=("b",)), task("d"))
    assert decided(*tasks, slots=1) == (StartBuild("b"),)
    long = {"d": Seconds(build=4.0, test=0.5)}
    assert decided(*tasks, slots=1, weights=long) == (StartBuild("d"),)
    short = {"d": Seconds(build=3.0, test=0.5)}
    assert decided(*tasks, slots=1, weights=short) == (StartBuild("b"),)
    assert decided(*tasks) == (StartBuild("b"), StartBuild("a"), StartBuild("d"))


def test_behind_a_provider_are_the_tests_of_its_users_but_not_their_builds():
    tasks = (task("a", provides=("api",)), task("b", uses=("api",)), task("c"))
    weights = {"b": Seconds(build=9.0, test=3.0), "c": Seconds(build=3.5, test=1.0)}
    assert decided(*tasks, weights=weights)[1:] == (StartBuild("a"), StartBuild("c"))
    weights = {"b": Seconds(build=9.0, test=2.0), "c": Seconds(build=3.5, test=1.0)}
    assert decided(*tasks, weights=weights)[1:] == (StartBuild("c"), StartBuild("a"))


def test_what_waits_for_a_failure_is_skipped_near_and_far_and_then_it_is_over():
    tasks = (
        task("e", uses=("ui",)),
        task("d", needs=("c",), provides=("ui",)),
        task("c", uses=("api",)),
        task("b", needs=("a",), provides=("api",)),
        task("a"),
        task("f", uses=("own",)),
        task("own", provides=("own",)),
    )
    phases = {"a": "failed", "c": "built", "own": "failed", "e": "built"}
    assert decided(*tasks, phases=phases, slots=1) == (
        Skip("b", "`a` failed, and `b` needs it"),
        Skip("c", "`a` failed, and `c` uses the contract `api` of `b`, which waits for it"),
        Skip("d", "`a` failed, and `d` needs `c`, which waits for it"),
        Skip("e", "`a` failed, and `e` uses the contract `ui` of `d`, which waits for it"),
        Skip("f", "`own` failed, and `f` uses its contract `own`"),
        Finish(ok=False),
    )


def test_a_task_at_work_when_its_provider_fails_is_skipped_once_it_is_built():
    schedule = made(task("a", provides=("api",)), task("b", uses=("api",)), task("c", needs=("b",)))
    for ident in "ab":
        schedule.apply(BuildStarted(task=ident))
    schedule.apply(Failed(task="a", why="it broke"))
    assert schedule.decide() == ()
    schedule.apply(Built(task="b", commit="x"))
    why = "`a` failed, and `b` uses its contract `api`"
    assert schedule.decide()[0] == Skip("b", why)
    assert [c.task for c in schedule.decide()[:2]] == ["b", "c"]
    schedule.apply(Failed(task="b", why=why))
    far = Skip("c", "`a` failed, and `c` needs `b`, which waits for it")
    assert schedule.decide() == (far, Finish(ok=False))


def test_of_several_causes_the_first_in_the_tasks_own_order_is_named():
    tasks = (task("a"), task("b", provides=("x", "y")), task("c", needs=("b", "a")))
    schedule = made(*tasks, phases={"a": "failed", "b": "failed"})
    assert schedule.decide()[0] == Skip("c", "`b` failed, and `c` needs it")
    users = (task("b", provides=("x", "y")), task("c", uses=("y", "x")))
    schedule = made(*users, phases={"b": "failed"})
    assert schedule.decide()[0] == Skip("c", "`b` failed, and `c` uses its contract `y`")


def test_a_task_far_behind_a_failure_names_the_way_that_was_found_first():
    tasks = (task("a"), task("b", needs=("a",)), task("c", needs=("a",)))
    schedule = made(*tasks, task("d", needs=("c", "b")))
    schedule.apply(BuildStarted(task="a"))
    schedule.apply(Failed(task="a", why="it broke"))
    assert schedule.decide()[2] == Skip("d", "`a` failed, and `d` needs `b`, which waits for it")


@pytest.mark.parametrize("slots", [0, -1])
def test_a_run_without_slots_is_refused(slots):
    with pytest.raises(ValueError, match="at least one slot"):
        made(task("a"), slots=slots)


def test_a_plan_without_tasks_is_done():
    assert decided() == (Finish(ok=True),)


def test_of_tasks_with_one_id_the_first_counts():
    schedule = made(task("a"), task("a", needs=("none",)))
    assert schedule.decide() == (StartBuild("a"),)


@pytest.mark.parametrize(
    ("phase", "event", "said"),
    [
        ("waiting", Built(task="a", commit="c"), "Built can't happen to `a`, which is waiting"),
        ("waiting", Passed(task="a", commit="c"), "which is waiting"),
        ("waiting", TestStarted(task="a"), "which is waiting"),
        ("building", BuildStarted(task="a"), "which is not ready for it"),
        ("built", BuildStarted(task="a"), "which is built"),
        ("built", Wants(task="a", paths=(), why="", commit=""), "which is built"),
        ("building", Widened(task="a", touch=(), needs=()), "which is building"),
        ("waiting", Denied(task="a", why=""), "which is waiting"),
        ("building", Deferred(task="a", commit="c", why=""), "which is building"),
        ("passed", Failed(task="a", why=""), "which is passed"),
        ("failed", Failed(task="a", why=""), "which is failed"),
        ("waiting", Failed(task="x", why=""), "`x`, which the plan does not hold"),
        ("waiting", BuildStarted(task="b"), "`b`, which is not ready for it"),
        ("waiting", BuildStarted(task="x"), "`x`, which is not ready for it"),
    ],
)
def test_an_event_that_can_not_happen_is_refused_and_changes_nothing(phase, event, said):
    schedule = made(task("a"), task("b", needs=("a",)), phases={"a": phase})
    before = schedule.decide(), dict(schedule.state.phases)
    with pytest.raises(ValueError, match=said):
        schedule.apply(event)
    assert (schedule.decide(), dict(schedule.state.phases)) == before


# --- more scope ----------------------------------------------------------------------------------


def asking(*, commit="w", slots=1, others=()):
    schedule = made(task("a"), task("b"), *others, slots=slots)
    schedule.apply(BuildStarted(task="a"))
    schedule.apply(Wants(task="a", paths=("b/x.py",), why="it is needed", commit=commit))
    return schedule


def test_a_task_that_asks_gives_its_slot_back_and_the_run_waits_for_its_answer():
    schedule = asking()
    assert schedule.decide() == (StartBuild("b"),)
    schedule.apply(BuildStarted(task="b"))
    schedule.apply(Failed(task="b", why="it broke"))
    assert schedule.decide() == ()
    schedule.apply(Denied(task="a", why="no"))
    assert schedule.decide() == (StartBuild("a"),)
    assert schedule.state.reasons["a"] == "no"
    assert schedule.state.commits == {"a": "w"}


def test_a_grant_changes_the_plan_and_orders_the_task():
    schedule = asking(slots=2, commit="")
    schedule.apply(Widened(task="a", touch=("a/**", "b/x.py"), needs=("b",)))
    assert schedule.state.commits == {}
    changed = schedule.state.plan.task("a")
    assert (changed.touch, changed.needs) == (("a/**", "b/x.py"), ("b",))
    assert schedule.state.tasks["a"] == changed
    assert schedule.state.plan.task("b") == task("b")
    assert schedule.decide() == (StartBuild("b"),)
    for event in (
        BuildStarted(task="b"),
        Built(task="b", commit="x"),
        TestStarted(task="b"),
        Passed(task="b", commit="y"),
    ):
        schedule.apply(event)
    assert schedule.decide() == (StartBuild("a"),)
    schedule.apply(BuildStarted(task="a"))
    assert schedule.state.rounds == {"a": 2, "b": 1}


def test_a_grant_of_paths_alone_lets_the_task_go_on_at_once():
    schedule = asking()
    schedule.apply(Widened(task="a", touch=("c.py",), needs=()))
    assert schedule.decide() == (StartBuild("a"),)
    assert schedule.state.plan.task("a").touch == ("a/**", "c.py")


def test_a_task_ordered_after_a_skipped_one_hears_of_the_failure_behind_it():
    schedule = asking(others=(task("c", needs=("b",)),))
    schedule.apply(BuildStarted(task="b"))
    schedule.apply(Failed(task="b", why="it broke"))
    (skip,) = schedule.decide()
    schedule.apply(Failed(task="c", why=skip.why))
    schedule.apply(Widened(task="a", touch=("c/x.py",), needs=("c",)))
    why = "`b` failed, and `a` needs `c`, which waits for it"
    assert schedule.decide() == (Skip("a", why), Finish(ok=False))


def test_widening_adds_to_what_is_there_and_says_nothing_twice():
    plan = Plan(name="p", tasks=(task("a", needs=("b",)), task("b"), task("c")))
    wide = widen(plan, Widened(task="a", touch=("a/**", "x"), needs=("c", "b")))
    assert wide.task("a") == replace(plan.task("a"), touch=("a/**", "x"), needs=("b", "c"))
    assert wide.tasks[1:] == plan.tasks[1:]


def test_a_task_ordered_after_one_that_failed_is_skipped():
    schedule = asking()
    schedule.apply(BuildStarted(task="b"))
    schedule.apply(Failed(task="b", why="it broke"))
    schedule.apply(Widened(task="a", touch=("b/x.py",), needs=("b",)))
    assert schedule.decide() == (Skip("a", "`b` failed, and `a` needs it"), Finish(ok=False))


def test_commits_reasons_and_what_was_first_built_are_kept():
    schedule = made(task("a"), task("b"))
    state = schedule.state
    for ident in "ab":
        schedule.apply(BuildStarted(task=ident))
        schedule.apply(Built(task=ident, commit=f"{ident}1"))
        schedule.apply(TestStarted(task=ident))
    state.reasons["a"] = "denied before"
    schedule.apply(Passed(task="a", commit="a2"))
    schedule.apply(Deferred(task="b", commit="b2", why="another's file"))
    assert state.built == {"a": "a1", "b": "b1"}
    assert state.commits == {"a": "a2", "b": "b2"}
    assert state.reasons == {"b": "another's file"}
    assert schedule.decide() == (Finish(ok=True),)


# --- tasks that use each other -------------------------------------------------------------------


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
    schedule = Schedule(state=RunState(plan=plan), slots=2)
    assert schedule.decide() == (StartBuild("a"), StartBuild("b"))
    for ident in "ab":
        schedule.apply(BuildStarted(task=ident))
    schedule.apply(Built(task="a", commit="x"))
    assert schedule.decide() == ()
    schedule.apply(Built(task="b", commit="y"))
    assert schedule.decide() == (StartTest("a"), StartTest("b"))
    for ident in "ab":
        schedule.apply(TestStarted(task=ident))
    for ident in "ab":
        schedule.apply(Passed(task=ident, commit="x"))
    assert schedule.decide() == (Finish(ok=True),)


def test_partners_of_one_that_failed_wait_for_what_they_use_to_pass():
    ring = (
        task("a", provides=("a",), uses=("b",)),
        task("b", provides=("b",), uses=("c",)),
        task("c", provides=("c",), uses=("a",)),
    )
    schedule = made(*ring, phases={"a": "testing", "b": "built", "c": "testing"})
    assert schedule.decide() == (StartTest("b"),)
    schedule.apply(Failed(task="a", why="it broke"))
    assert schedule.decide() == ()
    schedule.apply(Passed(task="c", commit="x"))
    assert schedule.decide() == (StartTest("b"),)


def test_what_partners_use_lies_under_the_tests_of_both():
    plan = mutual()
    third = Task(id="c", objective="c", touch=("c.py",), provides=("c",))
    contract = Contract(id="c", kind="function", signature="f()", path="c.py", symbol="f")
    b = replace(plan.task("b"), uses=("a", "c"))
    plan = replace(plan, tasks=(plan.task("a"), b, third), contracts=(*plan.contracts, contract))
    assert problems(plan) == ()
    phases = {"a": "built", "b": "built", "c": "testing"}
    schedule = Schedule(state=RunState(plan=plan, phases=phases), slots=3)
    assert schedule.under_test("a") == {"b": False, "c": True}
    assert schedule.under_test("c") == {}
    assert schedule.decide() == ()
    schedule.apply(Passed(task="c", commit="z"))
    assert schedule.decide() == (StartTest("a"), StartTest("b"))
    resumed = Schedule(state=RunState(plan=plan, phases=phases | {"c": "passed"}), slots=3)
    assert resumed.decide() == (StartTest("a"), StartTest("b"))


def test_use_and_need_to_and_fro_would_wait_for_ever_and_is_a_problem():
    assert "cycle" in [p.kind for p in problems(mutual(needs=("a",)))]


# --- whole runs, simulated -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def simulation():
    """The benchmark's simulation, as the program finds it."""
    folder = str(Path(__file__).parents[2] / "benchmarks")
    sys.path.insert(0, folder)
    try:
        yield import_module("schedule")
    finally:
        sys.path.remove(folder)
        for name in ("schedule", "figures"):
            sys.modules.pop(name, None)


@LAW
@given(seed=st.integers(0, 10_000), contracts=st.sampled_from([0.0, 0.4, 1.0]))
def test_every_simulated_run_keeps_its_slots_and_grahams_bound(simulation, seed, contracts):
    case = simulation.case(seed, spread=1.0, most=60, contracts=contracts)
    least, longest = simulation.bounds(case)
    for weights in (case.took, simulation.guessed(case.took, Random(seed)), {}):
        ran = simulation.simulate(case, weights)
        assert ran.done == len(case.plan.tasks)
        assert ran.most <= case.slots
        assert least * (1 - 1e-9) <= ran.makespan <= longest * (1 + 1e-9)


@pytest.mark.parametrize("spread", [0.5, 1.0])
def test_runs_come_near_the_lower_bound_and_leave_barrier_waves_behind(simulation, spread):
    known, wrong, waves = [], [], []
    for seed in range(45):
        case = simulation.case(seed, spread=spread, most=600)
        least, _ = simulation.bounds(case)
        ran = simulation.simulate(case, case.took).makespan
        guesses = simulation.guessed(case.took, Random(-1 - seed))
        known.append(ran / least)
        wrong.append(simulation.simulate(case, guesses).makespan / least)
        waves.append(ran / simulation.in_waves(case))
    assert mean(known) <= 1.02
    assert mean(wrong) <= 1.06
    assert mean(waves) <= 0.80
