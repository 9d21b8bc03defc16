"""A repaired plan: what is mended, what is left alone, and that nothing is lost by it."""

from dataclasses import replace
from itertools import combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import LAW, any_plans, valid_plans

from partita.core.graph import (
    built_order,
    circles,
    critical_path,
    edges,
    waits_order,
)
from partita.core.plan import Contract, Plan, Task, WantedFile
from partita.core.problem import DropNeeds, MoveFile, OrderTasks
from partita.core.problems import problems
from partita.core.repair import repair

PATTERNS = ("src/**", "src/a.py", "src/b.py", "src/*.py", "lib/{a,b}.py", "lib/b.py", "x.py")
REPAIRABLE = {"overlap", "hazard", "more"}


def task(ident, *touch, **more):
    return Task(id=ident, objective="do it", touch=touch or (f"{ident}/**",), **more)


def plan(*tasks, contracts=()):
    made = tuple(Contract(id=c, kind="function", signature="") for c in contracts)
    return Plan(name="demo", tasks=tasks, contracts=made)


def needs(found):
    return {t.id: t.needs for t in found.tasks}


def kinds(found):
    return [p.kind for p in found]


@st.composite
def clashing_plans(draw, most=6, *, around=False):
    """Plans of which only clashes are wrong; with `around`, they may wait in circles, too."""
    ids = [f"t{i}" for i in range(draw(st.integers(2, most)))]
    patterns = st.lists(st.sampled_from(PATTERNS), max_size=2, unique=True).map(tuple)
    tasks = []
    for i, ident in enumerate(ids):
        others = [o for o in ids if o != ident] if around else ids[:i]
        some = st.lists(st.sampled_from(others), unique=True, max_size=2) if others else st.just([])
        tasks.append(
            Task(
                id=ident,
                objective="",
                touch=(f"{ident}/**", *draw(patterns)),
                read=draw(patterns),
                forbid=draw(patterns),
                needs=tuple(draw(some)),
                uses=tuple(f"c-{o}" for o in draw(some)),
                provides=(f"c-{ident}",),
            )
        )
    return plan(*draw(st.permutations(tasks)), contracts=[f"c-{i}" for i in ids])


def pairs(found):
    return [(a.id, b.id) for a, b in permutations(found.tasks, 2)]


@LAW
@given(valid_plans())
def test_a_plan_without_problems_is_left_as_it_is(found):
    repaired = repair(found)
    assert repaired.plan is found
    assert (repaired.done, repaired.left) == ((), ())


@LAW
@given(any_plans() | clashing_plans() | clashing_plans(around=True))
def test_what_is_left_is_what_is_wrong_and_nothing_is_mended_twice(found):
    repaired = repair(found)
    assert problems(repaired.plan) == repaired.left
    again = repair(repaired.plan)
    assert again.plan == repaired.plan
    assert again.done == ()
    assert repair(found) == repaired


@LAW
@given(any_plans() | clashing_plans(around=True))
def test_only_needs_and_the_place_of_files_change_and_each_change_is_said(found):
    repaired = repair(found)
    assert [replace(t, needs=(), files=()) for t in repaired.plan.tasks] == [
        replace(t, needs=(), files=()) for t in found.tasks
    ]
    assert {f.path for t in repaired.plan.tasks for f in t.files} == {
        f.path for t in found.tasks for f in t.files
    }
    assert replace(repaired.plan, tasks=()) == replace(found, tasks=())
    assert bool(repaired.done) == (repaired.plan != found)
    assert all(line.endswith(".") for line in repaired.done)


@LAW
@given(clashing_plans())
def test_clashes_alone_are_all_mended(found):
    assert {p.kind for p in problems(found)} <= REPAIRABLE
    repaired = repair(found)
    assert repaired.left == ()
    before, after = waits_order(found), waits_order(repaired.plan)
    built, built_now = built_order(found), built_order(repaired.plan)
    for a, b in pairs(found):
        assert after.before(a, b) or not before.before(a, b)
        assert built_now.before(a, b) or not built.before(a, b)


@LAW
@given(clashing_plans(around=True))
def test_what_is_left_lies_in_circles_and_nobody_waits_for_less(found):
    repaired = repair(found)
    together = {frozenset(p) for c in circles(edges(found)) for p in combinations(c, 2)}
    for problem in repaired.left:
        if problem.kind in REPAIRABLE:
            assert frozenset(problem.tasks) in together
        else:
            assert problem.kind == "cycle"
    assert sorted(map(sorted, circles(edges(found)))) == sorted(
        map(sorted, circles(edges(repaired.plan)))
    )
    now = edges(repaired.plan)
    assert all(set(others) <= set(now[ident]) for ident, others in edges(found).items())


@LAW
@given(clashing_plans())
def test_each_need_that_is_added_is_needed(found):
    mended = repair(found).plan
    for t in mended.tasks:
        for need in set(t.needs) - set(found.task(t.id).needs):
            less = replace(t, needs=tuple(n for n in t.needs if n != need))
            tasks = tuple(less if o.id == t.id else o for o in mended.tasks)
            assert problems(replace(mended, tasks=tasks))


@LAW
@given(clashing_plans(), st.integers(0, 10**6), st.integers(0, 6))
def test_tasks_that_clash_with_nobody_change_nothing(found, seconds, place):
    stranger = task("stranger", "far/away.py")
    tasks = (*found.tasks[:place], stranger, *found.tasks[place:])
    mended = repair(replace(found, tasks=tasks), weights={"stranger": seconds})
    assert needs(mended.plan) == {**needs(repair(found).plan), "stranger": ()}


@LAW
@given(clashing_plans(), st.data())
def test_one_clash_is_ordered_along_the_cheaper_side(found, data):
    """The other side never makes the shorter longest chain."""
    weights = {t.id: data.draw(st.floats(0.01, 100)) for t in found.tasks}
    ordered = repair(found, weights=weights).plan
    base = replace(
        ordered,
        tasks=tuple(replace(t, touch=(f"{t.id}/**",), read=()) for t in ordered.tasks),
    )
    order = built_order(base)
    free = [(a, b) for a, b in pairs(base) if not order.apart(a, b)]
    if not free:
        return
    a, b = data.draw(st.sampled_from(free))
    both = tuple(
        replace(t, touch=(*t.touch, "both.py")) if t.id in (a, b) else t for t in base.tasks
    )
    repaired = repair(replace(base, tasks=both), weights=weights)
    assert repaired.left == ()

    def longest(tried):
        return sum(weights[i] for i in critical_path(tried, weights))

    for first, then in ((a, b), (b, a)):
        other = replace(
            base,
            tasks=tuple(
                replace(t, needs=(*t.needs, first)) if t.id == then else t for t in base.tasks
            ),
        )
        if not any(p.kind == "cycle" for p in problems(other)):
            assert longest(repaired.plan) <= longest(other) + 0.01


@LAW
@given(clashing_plans(around=True))
def test_a_suggested_mend_takes_its_problem_away_and_brings_no_other(found):
    """For orders; needs that are dropped may show what their circle hid."""
    wrong = problems(found)
    for problem in wrong:
        if isinstance(problem.fix, OrderTasks):
            first, then = problem.fix.first, problem.fix.then
            tasks = (
                replace(t, needs=(*t.needs, first)) if t.id == then else t for t in found.tasks
            )
            now = problems(replace(found, tasks=tuple(tasks)))
            said = {(p.kind, p.tasks) for p in now}
            assert (problem.kind, problem.tasks) not in said
            assert said <= {(p.kind, p.tasks) for p in wrong}


# Each mend by an example


def test_two_writers_are_put_in_order_by_position_when_all_else_is_equal():
    repaired = repair(plan(task("a", "src/**"), task("b", "src/x.py")))
    assert needs(repaired.plan) == {"a": (), "b": ("a",)}
    assert repaired.done == ("`b` now needs `a`: both may write `src/x.py`.",)
    assert repaired.left == ()


def test_the_task_with_more_behind_it_goes_first():
    found = plan(task("a", "x"), task("b", "x"), task("c", needs=("b",)))
    assert needs(repair(found).plan) == {"a": ("b",), "b": (), "c": ("b",)}
    slow = repair(found, weights={"a": 1, "b": 1, "c": 0.001})
    assert needs(slow.plan)["a"] == ("b",)


def test_the_task_with_more_before_it_goes_last_by_weight():
    found = plan(
        task("long"), task("a", "x", needs=("long",)), task("b", "x"), task("c", needs=("b",))
    )
    heavy = {"long": 9, "c": 1}
    assert needs(repair(found, weights=heavy).plan)["a"] == ("long", "b")
    found = plan(task("s"), task("a", "x", needs=("s",)), task("b", "x"), task("t", needs=("a",)))
    assert needs(repair(found, weights={"s": 1, "t": 5}).plan)["b"] == ("a",)
    assert needs(repair(found, weights={"s": 5, "t": 1}).plan)["a"] == ("s", "b")


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1.0, 1e308, 0.0])
def test_weights_that_make_no_sense_do_no_harm(seconds):
    found = plan(task("c", "x", needs=("a",)), task("b", "x"), task("a", "x"))
    for weights in ({"a": seconds, "c": seconds}, dict.fromkeys("abc", seconds)):
        repaired = repair(found, weights=weights)
        assert repaired.left == ()
        assert repaired.plan.task("a").needs in ((), ("b",))


def test_a_weight_that_is_missing_is_a_second():
    found = plan(task("s"), task("t"), task("b", "x", needs=("t",)), task("a", "x", needs=("s",)))
    assert needs(repair(found, weights={"t": 1.5}).plan)["b"] == ("t", "a")
    assert needs(repair(found, weights={"t": 0.5}).plan)["a"] == ("s", "b")


def test_the_longest_of_what_follows_counts():
    long, short = task("long", needs=("a",)), task("short", needs=("a",))
    rest = (task("c", needs=("b",)), task("b", "x"), task("a", "x"))
    for tail in ((long, short), (short, long)):
        mended = repair(plan(*tail, *rest), weights={"long": 9, "c": 5}).plan
        assert needs(mended)["b"] == ("a",)


def test_a_reader_comes_after_the_writer():
    repaired = repair(plan(task("a", read=("b/x.py",)), task("b")))
    assert needs(repaired.plan) == {"a": ("b",), "b": ()}
    assert repaired.done == ("`a` now needs `b`: it reads `b/x.py`, which `b` may write.",)


def test_a_reader_that_the_writer_waits_for_is_left_in_front():
    found = plan(
        task("a", read=("c/**",)), task("b", read=("a/**",), needs=("a",)), task("c", needs=("b",))
    )
    assert repair(found).plan is found
    both = repair(plan(task("a", read=("b/**",)), task("b", read=("a/**",))))
    assert needs(both.plan) == {"a": (), "b": ("a",)}
    assert both.done == ("`b` now needs `a`: it may write `b/a`, which `a` reads.",)


def test_of_readers_in_a_ring_one_gives_way():
    found = plan(
        task("a", read=("b/x",)),
        task("b", read=("c/x",)),
        task("c", read=("a/x",)),
        task("d", read=("a/x",)),
    )
    repaired = repair(found)
    assert repaired.left == ()
    assert needs(repaired.plan)["d"] == ("a",)


def test_many_writers_of_one_file_form_a_row():
    ids = [f"t{7 * i % 500:03}" for i in range(500)]  # the row is one of positions, not of names
    repaired = repair(plan(*(task(ident, "x.py", f"own/{ident}") for ident in ids)))
    assert repaired.left == ()
    assert [t.needs for t in repaired.plan.tasks] == [(), *((ident,) for ident in ids[:-1])]
    assert len(repaired.done) == 499


def test_a_need_that_a_contract_makes_idle_is_dropped_where_it_closes_a_circle():
    found = plan(
        task("a", needs=("b",), uses=("of-b",), provides=("of-a",)),
        task("b", uses=("of-a",), provides=("of-b",)),
        contracts=["of-a", "of-b"],
    )
    (problem,) = problems(found)
    assert problem.fix == DropNeeds(needs=(("a", "b"),))
    assert problem.mend == "`a` uses a contract of `b`: remove `b` from its `needs`."
    repaired = repair(found)
    assert needs(repaired.plan) == {"a": (), "b": ()}
    assert repaired.left == ()
    (said,) = repaired.done
    assert said == (
        "`a` no longer needs `b`: the contracts that it uses give what it needs of `b`, and they "
        "wait for each other."
    )


def test_a_need_beside_a_contract_stays_where_it_closes_no_circle():
    found = plan(
        task("a", needs=("b",), uses=("of-b",)), task("b", provides=("of-b",)), contracts=["of-b"]
    )
    assert repair(found).plan is found


def test_a_circle_with_a_need_that_no_contract_covers_is_left_whole():
    found = plan(
        task("a", needs=("b",), uses=("of-b",), provides=("of-a",)),
        task("b", needs=("a",), provides=("of-b",)),
        contracts=["of-a", "of-b"],
    )
    repaired = repair(found)
    assert repaired.plan is found
    assert [(p.kind, p.fix) for p in repaired.left] == [("cycle", None)]


def test_what_a_circle_hid_is_mended_where_it_can_be():
    ring = (
        task("a", needs=("b",), uses=("of-b",), provides=("of-a",)),
        task("b", "x", uses=("of-a",), provides=("of-b",)),
    )
    behind = task("c", "x", needs=("a",))
    repaired = repair(plan(*ring, behind, contracts=["of-a", "of-b"]))
    assert repaired.left == ()
    assert needs(repaired.plan) == {"a": (), "b": (), "c": ("a", "b")}
    both = (replace(ring[0], touch=("x",)), ring[1])
    assert kinds(repair(plan(*both, contracts=["of-a", "of-b"])).left) == ["overlap"]


def test_a_task_does_not_need_itself():
    repaired = repair(plan(task("a", needs=("a",)), task("b", needs=("b", "a", "b"))))
    assert needs(repaired.plan) == {"a": (), "b": ("a",)}
    assert repaired.done == ("`a` no longer needs itself.", "`b` no longer needs itself.")


def test_a_wanted_file_goes_to_the_one_task_that_may_write_it():
    file = WantedFile(path="b/x.py", importance="critical", lines=7)
    found = plan(task("a", files=(file, WantedFile(path="a/y"))), task("b"))
    (problem,) = problems(found)
    assert problem.fix == MoveFile(path="b/x.py", source="a", target="b")
    repaired = repair(found)
    assert [t.files for t in repaired.plan.tasks] == [(WantedFile(path="a/y"),), (file,)]
    assert repaired.done == ("`b/x.py` is written by `b`, whose scope holds it.",)
    twice = plan(task("a", files=(file, file)), task("b", files=(replace(file, lines=1),)))
    assert [t.files for t in repair(twice).plan.tasks] == [(), (replace(file, lines=1),)]


def test_a_file_that_several_or_none_may_write_stays_with_its_task():
    file = WantedFile(path="b/x.py")
    several = plan(task("a", files=(file,)), task("b"), task("c", "b/*.py", needs=("b",)))
    nobody = plan(task("a", files=(file,)))
    for found in (several, nobody):
        repaired = repair(found)
        assert repaired.plan is found
        assert [(p.kind, p.fix) for p in repaired.left] == [("file", None)]


def test_what_only_its_author_can_know_is_left():
    found = plan(
        task("a", "src/auth", needs=("nobody",)),
        task("b", "src/auth/login.py", uses=("nothing",)),
        task("c", "../x"),
    )
    repaired = repair(found)
    assert repaired.plan is found
    assert kinds(repaired.left) == ["pattern", "needs", "contract", "collision"]


def test_the_rest_is_mended_beside_what_can_not_be():
    found = plan(task("a", "x", needs=("nobody",)), task("b", "x"), task("c", "x", "../x"))
    repaired = repair(found)
    assert needs(repaired.plan) == {"a": ("nobody",), "b": ("a",), "c": ()}
    assert kinds(repaired.left) == ["pattern", "needs"]


@pytest.mark.parametrize(
    "found", [plan(), plan(task("a", "x"), task("a", "x")), plan(task("A", "x"), task("b", "x"))]
)
def test_a_plan_whose_names_are_broken_is_left_as_it_is(found):
    repaired = repair(found)
    assert repaired.plan is found
    assert repaired.left == problems(found) != ()


def test_wanted_and_existing_paths_are_judged_as_by_problems():
    found = plan(task("a", "x"), task("b", "x"))
    repaired = repair(found, wanted=("y",), existing=frozenset({"x/z"}))
    assert kinds(repaired.left) == ["folder", "folder", "file"]
    assert needs(repaired.plan)["b"] == ("a",)


def test_a_wanted_file_that_no_task_lists_is_left_where_all_else_is_well():
    found = plan(task("a", "x"))
    assert repair(found, wanted=("y",)).left == problems(found, wanted=("y",)) != ()


def test_a_reader_that_waits_by_a_contract_for_a_later_reader_needs_no_more():
    found = plan(
        task("w", "src/x"),
        task("a", read=("src/x",), provides=("api",)),
        task("b", read=("src/x",), uses=("api",)),
        task("c", "c/x", "src/x", uses=("api",)),
        contracts=["api"],
    )
    assert needs(repair(found).plan) == {"w": (), "a": ("w",), "b": ("c",), "c": ("w",)}


def test_tasks_that_use_each_other_take_as_long_as_the_longer_of_them():
    found = plan(
        task("p", uses=("of-q",), provides=("of-p",)),
        task("q", uses=("of-p",), provides=("of-q",)),
        task("b", "x", needs=("p",)),
        task("s"),
        task("a", "x", needs=("s",)),
        contracts=["of-p", "of-q"],
    )
    for p, q in ((1, 9), (9, 1)):
        mended = repair(found, weights={"p": p, "q": q, "s": 5}).plan
        assert needs(mended)["b"] == ("p", "a")
    assert needs(repair(found, weights={"p": 1, "q": 1, "s": 5}).plan)["a"] == ("s", "b")


def test_a_writer_that_is_one_of_several_wishes_is_still_first():
    """Two readers in a ring say nothing of a third."""
    found = plan(
        task("c", read=("d/x",)), task("d"), task("a", read=("b/x",)), task("b", read=("a/x",))
    )
    assert needs(repair(found).plan) == {"c": ("d",), "d": (), "a": (), "b": ("a",)}


def test_a_row_of_very_many_leaves_out_only_those_that_can_not_wait():
    tasks = [task(f"t{i:03}", "x.py", f"own/{i}") for i in range(460)]
    tasks[400] = replace(tasks[400], uses=("of-b",), provides=("of-a",))
    tasks[401] = replace(tasks[401], uses=("of-a",), provides=("of-b",))
    repaired = repair(plan(*tasks, contracts=["of-a", "of-b"]))
    assert [p.tasks for p in repaired.left] == [("t400", "t401")]


def test_a_reader_that_waits_by_a_contract_for_another_reader_needs_no_writer():
    found = plan(
        task("w", "src/x"),
        task("a", read=("src/x",), provides=("api",)),
        task("b", read=("src/x",), uses=("api",)),
        contracts=["api"],
    )
    assert needs(repair(found).plan) == {"w": (), "a": ("w",), "b": ()}


def test_a_need_on_itself_keeps_no_circle():
    found = plan(
        task("a", needs=("a", "b"), uses=("of-b",), provides=("of-a",)),
        task("b", uses=("of-a",), provides=("of-b",)),
        contracts=["of-a", "of-b"],
    )
    repaired = repair(found)
    assert needs(repaired.plan) == {"a": (), "b": ()}
    assert (repaired.left, len(repaired.done)) == ((), 2)
