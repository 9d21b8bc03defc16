"""More scope for a task that is at work: what is granted, at which cost, and what is refused."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import LAW

from partita.core.expansion import PATHS, expand
from partita.core.graph import built_order, circles, edges, provider_of, waits_order
from partita.core.plan import Contract, Plan, Task
from partita.core.problems import problems
from partita.core.repair import repair
from partita.core.scope import Blind, scope_of
from partita.core.state import Denied, Widened, widen

DONE = ("passed", "deferred")
WORLD = ("t0/a", "t1/a", "t1/b", "t2/a", "t3/b", "all.py", "t1", "lib/x", "lib", "new", "new/x")


def task(ident, *touch, **more):
    return Task(id=ident, objective="do it", touch=touch or (f"{ident}/**",), **more)


def plan(*tasks, contracts=()):
    made = tuple(Contract(id=c, kind="function", signature="") for c in contracts)
    return Plan(name="demo", tasks=tasks, contracts=made)


@st.composite
def sound_plans(draw):
    """Plans without problems, of tasks that share paths where they are in order."""
    ids = [f"t{i}" for i in range(draw(st.integers(2, 5)))]
    tasks = []
    for i, ident in enumerate(ids):
        some = st.lists(st.sampled_from(ids[:i] or ["none"]), unique=True, max_size=2 * min(i, 1))
        places = st.lists(st.sampled_from(["all.py", "t1/**", "lib/*"]), max_size=1).map(tuple)
        tasks.append(
            Task(
                id=ident,
                objective="",
                touch=(f"{ident}/**", *draw(places)),
                read=draw(places),
                forbid=draw(places) if draw(st.booleans()) else (),
                needs=tuple(draw(some)),
                uses=tuple(f"c-{o}" for o in draw(some)),
                provides=(f"c-{ident}",),
            )
        )
    if draw(st.booleans()):  # the first two use each other's contracts
        tasks[0] = task("t0", uses=("c-t1",), provides=("c-t0",))
        tasks[1] = task("t1", uses=("c-t0",), provides=("c-t1",))
    found = repair(plan(*tasks, contracts=[f"c-{i}" for i in ids]))
    return found.plan if not found.left else plan(*(task(i) for i in ids))


def doomed(found, phases):
    """The failed tasks and those that can't be done any more, one step after the other."""
    dead, providers = {i for i, p in phases.items() if p == "failed"}, provider_of(found)
    while True:
        more = {
            t.id
            for t in found.tasks
            if phases.get(t.id) not in DONE
            and not dead.isdisjoint((*t.needs, *(providers[c] for c in t.uses)))
        } - dead
        if not more:
            return dead
        dead |= more


def kinds(found, but):
    return {(p.kind, p.tasks) for p in problems(found) if but.isdisjoint(p.tasks)}


@LAW
@given(st.data())
def test_whatever_is_granted_nobody_writes_what_another_may_be_writing(data):
    """A run in which tasks ask, pass and fail in any order."""
    found, phases = data.draw(sound_plans()), {}
    for _ in range(25):
        providers = provider_of(found)
        for ident in doomed(found, phases):
            if phases.get(ident, "waiting") in ("waiting", "built"):
                phases[ident] = "failed"  # as a run does: it is skipped
        able = [
            t.id
            for t in found.tasks
            if phases.get(t.id, "waiting") == "waiting"
            and all(phases.get(n) in DONE for n in t.needs)
        ]
        busy = [i for i, p in phases.items() if p in ("building", "testing")]
        if not able and not busy:
            break
        ident = data.draw(st.sampled_from(able + busy))
        if ident in able:
            phases[ident] = "building"
        elif phases[ident] == "testing":
            phases[ident] = data.draw(st.sampled_from(["passed", "deferred", "failed"]))
        else:
            what = data.draw(st.sampled_from(["test", "fail", "want", "want"]))
            phases[ident] = {"test": "testing", "fail": "failed", "want": "asking"}[what]
            if what == "test" and not all(
                phases.get(providers[c]) in DONE for c in found.task(ident).uses
            ):
                phases[ident] = "built"
        if phases[ident] == "asking":
            paths = data.draw(st.lists(st.sampled_from(WORLD), min_size=1, max_size=3))
            answer = expand(found, phases, ident, paths)
            phases[ident] = "waiting"
            if isinstance(answer, Widened):
                wider = widen(found, answer)
                check(found, wider, phases, ident, paths)
                found = wider
        at_work = [i for i, p in phases.items() if p in ("building", "testing", "asking")]
        for a, b in combinations(at_work, 2):
            for path in WORLD:
                assert not (
                    scope_of(found.task(a)).may_write(path)
                    and scope_of(found.task(b)).may_write(path)
                )


def check(found, wider, phases, ident, paths):
    dead = doomed(found, phases)
    assert all(scope_of(wider.task(ident)).may_write(p) for p in paths)
    assert [t for t in wider.tasks if t.id != ident] == [t for t in found.tasks if t.id != ident]
    assert kinds(wider, dead) <= kinds(found, dead)
    assert sorted(map(sorted, circles(edges(wider)))) == sorted(map(sorted, circles(edges(found))))
    for old, new in (
        (waits_order(found), waits_order(wider)),
        (built_order(found), built_order(wider)),
    ):
        for a in found.tasks:
            for b in found.tasks:
                assert new.before(a.id, b.id) or not old.before(a.id, b.id)
    assert set(found.task(ident).needs) <= set(wider.task(ident).needs)
    assert dead.isdisjoint(set(wider.task(ident).needs) - set(found.task(ident).needs))


def ask(found, *paths, who="a", there=None, blind=None, **phases):
    more = {} if blind is None else {"blind": blind}
    return expand(found, {who: "asking", **phases}, who, paths, there=there, **more)


def granted(*touch, needs=(), who="a"):
    return Widened(task=who, touch=touch, needs=needs)


def test_what_nobody_owns_is_granted_literally():
    assert ask(plan(task("a"), task("b")), "c/[x].py", "!y") == granted(r"c/\[x\].py", r"\!y")


def test_what_it_may_write_already_costs_nothing():
    assert ask(plan(task("a"), task("b")), "a/x", "z", "z") == granted("z")
    assert ask(plan(task("a"), task("b")), "a/x") == granted()


@pytest.mark.parametrize(
    "phase", ["waiting", "building", "asking", "built", "testing", "passed", "deferred"]
)
def test_what_another_may_write_is_had_after_it(phase):
    found = plan(task("a"), task("b"))
    assert ask(found, "b/x", b=phase) == granted("b/x", needs=("b",))
    assert ask(found, "b/x") == granted("b/x", needs=("b",))


def test_a_failed_task_and_those_behind_it_are_in_nobody_s_way():
    found = plan(task("a"), task("b"), task("c", needs=("b",)), task("d", needs=("c",)))
    assert ask(found, "b/x", "c/x", b="failed") == granted("b/x", "c/x")
    assert ask(found, "c/x", "d/x", b="failed", c="passed") == granted(
        "c/x", "d/x", needs=("c", "d")
    )
    uses = plan(
        task("a"), task("b", provides=("api",)), task("c", uses=("api",)), contracts=["api"]
    )
    assert ask(uses, "c/x", b="failed", c="built") == granted("c/x")
    for phase in ("building", "testing"):
        assert ask(uses, "c/x", b="failed", c=phase) == Denied(
            task="a", why="`c/x` belongs to `c`, which is at work and can't pass any more."
        )


def test_what_is_in_order_already_is_shared_as_it_is():
    found = plan(
        task("b"), task("a", needs=("b",)), task("c", needs=("a",)), task("d", needs=("c",))
    )
    assert ask(found, "b/x", "c/x", "d/x", b="passed") == granted("b/x", "c/x", "d/x")


def test_what_a_task_that_waits_for_this_one_may_write_is_refused():
    """It could never be had: each would wait for the other."""
    found = plan(
        task("a", provides=("api",)),
        task("b", uses=("api",)),
        task("c", uses=("api",), provides=("x", "y")),
        contracts=["api", "x", "y"],
    )
    assert ask(found, "z", "b/x", "c/x") == Denied(
        task="a",
        why="`b/x` belongs to `b`, which waits for `a`: leave the edit to `b`, and say in your "
        "file what it lacks; `c/x` belongs to `c`, which waits for `a`: build on its contract "
        "`x` or `y` as it stands.",
    )
    assert ask(found, "b/x", b="failed") == granted("b/x")


def test_partners_can_not_wait_for_each_other():
    found = plan(
        task("a", uses=("of-b",), provides=("of-a",)),
        task("b", uses=("of-a",), provides=("of-b",)),
        task("c", uses=("of-b",)),
        contracts=["of-a", "of-b"],
    )
    for path in ("b/x", "c/x"):
        assert isinstance(ask(found, path), Denied)
        assert isinstance(ask(found, path, b="passed", c="passed"), Denied)


def test_a_provider_is_waited_for_when_its_files_are_wanted():
    found = plan(task("a", uses=("api",)), task("b", provides=("api",)), contracts=["api"])
    assert ask(found, "b/x", b="building") == granted("b/x", needs=("b",))


def test_a_reader_is_waited_for_but_where_it_is_in_order_anyway():
    found = plan(task("a"), task("b", read=("lib/*",)), task("c", read=("lib/x",), needs=("a",)))
    assert ask(found, "lib/x") == granted("lib/x", needs=("b",))
    uses = plan(
        task("a", provides=("api",)), task("b", read=("lib/x",), uses=("api",)), contracts=["api"]
    )
    assert ask(uses, "lib/x") == granted("lib/x")


def test_a_file_where_another_needs_a_folder_is_waited_for():
    assert ask(plan(task("a"), task("b", "lib/x.py")), "lib") == granted("lib", needs=("b",))
    assert ask(plan(task("a"), task("b", "lib")), "lib/x") == granted("lib/x", needs=("b",))


def test_what_the_other_may_not_write_is_free():
    assert ask(plan(task("a"), task("b", "lib/**", forbid=("lib/x",))), "lib/x") == granted("lib/x")


def test_what_the_file_system_is_blind_to_counts():
    found = plan(task("a"), task("b", "Lib/x"))
    assert ask(found, "lib/X") == granted("lib/X")
    assert ask(found, "lib/X", blind=Blind(case=True)) == granted("lib/X", needs=("b",))


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        ((), "no path was asked for"),
        (("../x",), "`../x` can't be written: it has the segment `..`"),
        ((".git/config",), "it holds git's own folder"),
        (("secret/key",), "`secret/key` is forbidden to `a`"),
        (("src",), "`src` is a folder; ask for the files"),
        (("src/deep",), "`src/deep` is a folder"),
        (("link",), "`link` is a symbolic link"),
        (("link/x",), "`link/x` can't be written: `link` is a symbolic link"),
        (("sub/a/b",), "`sub/a/b` can't be written: `sub` is a submodule"),
        (("src/deep/x.py/y",), "`src/deep/x.py/y` can't be written: `src/deep/x.py` is a file"),
        (("own/x",), "`own` and `own/x` can't be a file and a folder at once"),
        (("n/x", "n"), "can't be a file and a folder at once"),
        (("good", "../x", "secret/a"), "`secret/a` is forbidden"),
        (tuple(f"x{i}" for i in range(PATHS + 1)), "21 paths were asked for, and 20 are the most"),
    ],
)
def test_what_can_not_be_written_or_is_forbidden_is_refused(paths, said):
    found = plan(task("a", "a/**", "own", forbid=("secret/**",)))
    there = {"src/deep/x.py": "file", "link": "link", "sub": "submodule", "a/b": "file"}
    answer = ask(found, *paths, there=there)
    assert isinstance(answer, Denied)
    assert said in answer.why
    assert answer.why.endswith(".")


def test_as_many_paths_as_are_allowed_are_granted_and_files_that_are_there_too():
    many = tuple(f"x{i}" for i in range(PATHS))
    assert ask(plan(task("a")), *many, *many, there={"x1": "file"}) == granted(*many)


def test_needs_on_nothing_and_on_itself_change_no_answer():
    found = plan(task("a", needs=("a", "nobody")), task("b"))
    assert ask(found, "b/x") == granted("b/x", needs=("b",))


def test_patterns_that_can_not_be_compared_are_no_leave():
    hard = task("b", "**/*a" + "*b?c" * 60 + "/**", forbid=("**/*a" + "?" * 40 + "/*" * 20,))
    answer = ask(plan(task("a"), hard), "/".join("ab" * 60 for _ in range(8)))
    assert isinstance(answer, (Denied, Widened))
    if isinstance(answer, Widened):
        assert not scope_of(hard).may_write(answer.touch[0]) or answer.needs == ("b",)


def test_what_a_later_task_has_sent_already_is_not_written_by_an_earlier_one():
    """It asked for more and was put behind: what it sent is kept, and would not merge."""
    found = plan(task("a"), task("b", needs=("a",)))
    wish = (found, {"a": "asking"}, "a", ("b/x",))
    assert expand(*wish) == granted("b/x")
    answer = expand(*wish, begun={"b"})
    assert isinstance(answer, Denied)
    assert answer.why.startswith("`b/x` belongs to `b`, which waits for `a`: leave the edit to `b`")


@pytest.mark.parametrize(
    ("kind", "why"), [("large", "too large to be shown"), ("binary", "no text")]
)
def test_a_file_that_can_not_be_shown_is_refused(kind, why):
    answer = ask(plan(task("a")), "x", there={"x": kind})
    assert answer == Denied(task="a", why=f"`x` can't be changed here: it is {why}.")
