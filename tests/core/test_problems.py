"""Everything that is wrong with a plan, said at once."""

from dataclasses import replace
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from strategies import LAW, any_plans, valid_plans

from partita.core.graph import built_after, layers
from partita.core.plan import Contract, Plan, Task, WantedFile
from partita.core.problems import (
    Problem,
    ancestors,
    critical_path,
    problems,
    provider_of,
    waves,
)
from partita.core.scope import BadPattern, scope_of


def task(ident, *touch, **more):
    return Task(id=ident, objective="do it", touch=touch or (f"{ident}/**",), **more)


def plan(*tasks, contracts=()):
    made = tuple(Contract(id=c, kind="function", signature="") for c in contracts)
    return Plan(name="demo", tasks=tasks, contracts=made)


def kinds(found):
    return [p.kind for p in found]


@LAW
@given(valid_plans())
def test_a_sound_plan_has_no_problems(found):
    assert problems(found) == ()


@LAW
@given(any_plans())
def test_any_plan_is_judged_the_same_twice_and_each_problem_has_a_mend(found):
    wrong = problems(found)
    assert wrong == problems(found)
    assert all(p.text.endswith(".") and p.mend.endswith(".") for p in wrong)


@LAW
@given(any_plans())
def test_without_problems_tasks_that_run_at_once_never_write_the_same(found):
    """Break `built_after` or the overlap check, and this finds two writers."""
    if problems(found):
        return
    earlier = built_after(found)
    for a, b in combinations(found.tasks, 2):
        if a.id not in earlier[b.id] and b.id not in earlier[a.id]:
            for path in ("src/a.py", "src/x", "README.md", "tests/x", "src"):
                assert not (scope_of(a).may_write(path) and scope_of(b).may_write(path))


def test_an_overlap_is_named_with_a_path_and_a_mend():
    (found,) = problems(plan(task("a", "src/**"), task("b", "src/auth/*.py")))
    assert found == Problem(
        kind="overlap",
        text="`a` and `b` may both write `src/auth/a.py` at the same time.",
        tasks=("a", "b"),
        witness="src/auth/a.py",
        mend="Take `src/auth/a.py` out of one of them (or `forbid` it there), or let `b` need `a`.",
    )


def test_tasks_in_a_row_may_write_the_same():
    a, b, c = task("a", "src/**"), task("b", needs=("a",)), task("c", "src/x.py", needs=("b",))
    assert problems(plan(a, b, c)) == ()


def test_a_contract_does_not_put_tasks_in_a_row():
    provider = task("a", "src/**", provides=("api",))
    user = task("b", "src/x.py", uses=("api",))
    assert kinds(problems(plan(provider, user, contracts=["api"]))) == ["overlap"]


def test_a_task_behind_the_user_of_a_contract_runs_after_its_provider():
    provider = task("a", "src/**", provides=("api",))
    user = task("b", uses=("api",))
    behind = task("c", "src/x.py", needs=("b",))
    assert problems(plan(provider, user, behind, contracts=["api"])) == ()


def test_a_file_where_another_task_needs_a_folder_is_a_collision():
    (found,) = problems(plan(task("a", "src/auth"), task("b", "src/auth/login.py")))
    assert (found.kind, found.tasks, found.witness) == ("collision", ("a", "b"), "src/auth")


def test_reading_what_a_parallel_task_writes_is_a_hazard():
    reader, writer = task("a", read=("b/*.py",)), task("b")
    (found,) = problems(plan(reader, writer))
    assert (found.kind, found.tasks, found.witness) == ("hazard", ("a", "b"), "b/a.py")
    assert problems(plan(replace(reader, needs=("b",)), writer)) == ()
    assert problems(plan(replace(reader, forbid=("b/**",)), writer)) == ()


def test_reading_what_a_provider_writes_is_none():
    reader, writer = task("a", read=("b/**",), uses=("api",)), task("b", provides=("api",))
    assert problems(plan(reader, writer, contracts=["api"])) == ()


@pytest.mark.parametrize(
    ("broken", "kind", "said"),
    [
        (plan(), "empty", "no tasks"),
        (plan(task("a"), task("a", "x")), "id", "2 tasks with the id `a`"),
        (plan(task("A_b", "x")), "id", "`A_b` is no task id"),
        (plan(task("", "x")), "id", "`` is no task id"),
        (plan(task("a" * 41)), "id", "is no task id"),
        (plan(task("a", "../x")), "pattern", "out of the tree"),
        (plan(task("a", read=("/etc",))), "pattern", "`read` of `a`"),
        (plan(task("a", forbid=("[",))), "pattern", "`forbid` of `a`"),
        (plan(task("a", needs=("a",))), "needs", "`a` needs itself"),
        (plan(task("a", needs=("x",))), "needs", "`x`, which is no task"),
        (plan(task("a", uses=("x",))), "contract", "uses `x`, which is no contract"),
        (plan(task("a", provides=("x",))), "contract", "provides `x`, which is no contract"),
        (plan(task("a"), contracts=["x"]), "contract", "provided by no task"),
        (
            plan(task("a", provides=("x",)), task("b", provides=("x",)), contracts=["x"]),
            "contract",
            "provided by `a` and `b`",
        ),
        (plan(task("a", ".git/**")), "scope", "may not write anything"),
        (plan(task("a", "x", forbid=("*",))), "scope", "may not write anything"),
        (plan(Task(id="a", objective="", touch=(), forbid=("x",))), "scope", "It only forbids"),
        (plan(task("a", files=(WantedFile(path="b.py"),))), "file", "outside its scope"),
        (plan(task("a", "**", files=(WantedFile(path="../b"),))), "file", "the segment `..`"),
    ],
)
def test_each_fault_is_found(broken, kind, said):
    (found,) = problems(broken)
    assert (found.kind, said in found.text) == (kind, True), found


def test_a_cycle_is_named_in_its_order_and_apart_from_others():
    found = problems(
        plan(
            task("a", needs=("b",)),
            task("b", uses=("api",)),
            task("c", needs=("a",), provides=("api",)),
            task("d", needs=("a",)),
            task("e", needs=("f",)),
            task("f", needs=("e",)),
            contracts=["api"],
        )
    )
    assert [p.tasks for p in found if p.kind == "cycle"] == [("a", "b", "c"), ("e", "f")]
    assert "`a`, which waits for `b`, which waits for `c`, which waits for `a`" in found[0].text


def test_everything_wrong_is_said_at_once():
    found = problems(
        plan(
            task("a", "src/**", needs=("nobody",)),
            task("b", "src/*.py", read=("..",)),
            task("c", "src/x", uses=("nothing",)),
            task("d", needs=("d",)),
        ),
        wanted=("src/x", "README.md"),
    )
    assert kinds(found) == ["pattern", "needs", "needs", "contract", "overlap"]


def test_a_wanted_file_must_be_owned():
    assert problems(plan(task("a")), wanted=("a/x",)) == ()
    (found,) = problems(plan(task("a")), wanted=("README.md",))
    assert (found.kind, found.witness) == ("file", "README.md")


def test_a_file_in_the_wrong_task_is_sent_to_its_owner():
    (found,) = problems(plan(task("a", files=(WantedFile(path="b/x"),)), task("b")))
    assert found.mend == "List it under `b`, which may write it."


def test_a_contract_must_lie_where_its_provider_may_write_or_already_be_there():
    made = Contract(id="api", kind="function", signature="", path="lib/api.py")
    found = Plan(name="demo", tasks=(task("a", provides=("api",)),), contracts=(made,))
    assert [p.witness for p in problems(found)] == ["lib/api.py"]
    assert problems(found, existing=frozenset({"lib/api.py"})) == ()


def test_a_folder_is_not_touched_as_if_it_were_a_file():
    (found,) = problems(plan(task("a", "src")), existing=frozenset({"src/x.py"}))
    assert (found.kind, found.mend) == ("folder", "Write `src/**` for what lies below it.")


def test_too_many_tasks_and_too_intricate_scopes_are_refused_in_bounded_time():
    assert kinds(problems(plan(*(task(f"t{i}") for i in range(1_001))))) == ["size"]
    hostile = [task(f"t{i}", "**/*a" + f"*{i}b" * 20, "**/*?" + "a*" * 40) for i in range(30)]
    assert "intricate" in kinds(problems(plan(*hostile)))
    forbidden = "**/*a" + "?" * 30
    barred = [replace(task(f"t{i}", f"{i}" + "[ab]" * 60), forbid=(forbidden,)) for i in range(60)]
    assert set(kinds(problems(plan(*barred)))) == {"intricate"}
    crowd = [task(f"t{i}", "src/**") for i in range(40)]
    assert len(problems(plan(*crowd))) <= 201


def test_a_plan_of_many_small_tasks_is_compared():
    assert problems(plan(*(task(f"t{i}", f"tests/test_{i}.py") for i in range(120)))) == ()


@LAW
@given(valid_plans())
def test_waves_hold_each_task_once_behind_what_it_needs(found):
    placed = {ident: n for n, wave in enumerate(waves(found)) for ident in wave}
    assert sorted(placed) == sorted(t.id for t in found.tasks)
    for each in found.tasks:
        assert placed[each.id] == max((placed[n] + 1 for n in each.needs), default=0)


@LAW
@given(any_plans())
def test_waves_and_paths_end_on_any_plan(found):
    assert {i for wave in waves(found) for i in wave} == {t.id for t in found.tasks}
    assert set(critical_path(found, {})) <= {t.id for t in found.tasks}


@LAW
@given(valid_plans())
def test_ancestors_are_closed_and_know_providers(found):
    before, providers = ancestors(found), provider_of(found)
    for each in found.tasks:
        direct = {*each.needs, *(providers[c] for c in each.uses)}
        assert before[each.id] == direct.union(*(before[d] for d in direct))
        assert built_after(found)[each.id] <= before[each.id]


@LAW
@given(valid_plans())
def test_the_critical_path_is_a_chain_that_no_other_chain_outlasts(found):
    seconds = {t.id: float(len(t.files)) for t in found.tasks}
    path, before = critical_path(found, seconds), ancestors(found)
    assert all(a in before[b] for a, b in pairwise(path))
    assert sum(seconds[i] for i in path) >= max(seconds.values())


def test_the_critical_path_goes_by_time():
    found = plan(task("a"), task("b"), task("c", needs=("a", "b")), task("d", needs=("a",)))
    assert critical_path(found, {"a": 1, "b": 2, "c": 1, "d": 1}) == ("b", "c")
    assert critical_path(found, {"a": 1, "b": 2, "c": 1, "d": 9}) == ("a", "d")


def test_layers_leave_out_what_waits_for_itself():
    assert layers({"a": (), "b": ("c",), "c": ("b",), "d": ("a",)}) == (("a",), ("d",))


def test_a_comparison_that_is_given_up_is_a_problem_and_no_pass():
    many = tuple(f"x/*{i}*a*{i}*" for i in range(60))
    found = problems(plan(task("a", *many), task("b", *(f"{p}b" for p in many))))
    assert kinds(found) in (["intricate"], ["overlap"])
    with pytest.raises(BadPattern):
        scope_of(task("a", "?" * 1_000)).overlaps(scope_of(task("b", "*a" * 500 + "b")))


def test_a_shared_data_shape_needs_no_provider():
    shape = Contract(id="todo", kind="schema", signature='{"id": int}')
    task = Task(id="a", objective="a", touch=("a.py",), uses=("todo",))
    assert problems(Plan(name="p", tasks=(task,), contracts=(shape,))) == ()


def test_a_function_needs_a_provider():
    function = Contract(id="f", kind="function", signature="def f()", path="a.py", symbol="f")
    task = Task(id="a", objective="a", touch=("a.py",), uses=("f",))
    (found,) = problems(Plan(name="p", tasks=(task,), contracts=(function,)))
    assert "provided by no task" in found.text
