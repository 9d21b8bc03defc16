"""Everything that is wrong with a plan, said at once."""

from dataclasses import replace
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from strategies import LAW, any_plans, valid_plans

from partita.core.graph import built_order, layers, waits_for
from partita.core.plan import Contract, Plan, Task, WantedFile
from partita.core.problem import DropNeeds, MoveFile, OrderTasks, Problem, TakeOut
from partita.core.problems import MOST, TASKS, problems
from partita.core.scope import BadPattern, Blind, scope_of


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
    """Break `built_order` or the overlap check, and this finds two writers."""
    if problems(found):
        return
    order = built_order(found)
    for a, b in combinations(found.tasks, 2):
        if not order.apart(a.id, b.id):
            for path in ("src/a.py", "src/x", "README.md", "tests/x", "src"):
                assert not (scope_of(a).may_write(path) and scope_of(b).may_write(path))


def test_an_overlap_is_named_with_a_path_and_a_mend():
    (found,) = problems(plan(task("a", "src/**"), task("b", "src/auth/x.py")))
    assert found == Problem(
        kind="overlap",
        text="`a` and `b` may both write `src/auth/x.py` at the same time.",
        tasks=("a", "b"),
        witness="src/auth/x.py",
        mend="Take `src/auth/x.py` out of `a` (or `forbid` it there), or let `b` need `a`.",
        fix=OrderTasks(first="a", then="b"),
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
    assert found == Problem(
        kind="collision",
        text="`a` touches `src/auth` and `b` touches `src/auth/login.py`: one needs a folder "
        "where the other has a file, `src/auth`.",
        tasks=("a", "b"),
        witness="src/auth",
        mend="Rename one of them.",
    )


def test_reading_what_a_parallel_task_writes_is_a_hazard():
    reader, writer = task("a", read=("b/x.py",)), task("b")
    (found,) = problems(plan(reader, writer))
    assert found == Problem(
        kind="hazard",
        text="`a` reads `b/x.py`, which `b` may be writing at the same time.",
        tasks=("a", "b"),
        witness="b/x.py",
        mend="Narrow the `read` of `a`, let it use a contract that `b` provides, or let `a` "
        "need `b`.",
        fix=OrderTasks(first="b", then="a"),
    )
    assert problems(plan(replace(reader, needs=("b",)), writer)) == ()
    unwritten = replace(reader, forbid=("b/**",))  # what it never writes it may still be shown
    assert [p.kind for p in problems(plan(unwritten, writer))] == ["hazard"]


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
        (plan(task("a", ".git/x")), "scope", "may not write anything"),
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


def test_what_is_wrong_is_said_behind_what_is_right():
    files = tuple(WantedFile(path=p) for p in ("a/x", "b.py", "a/y", "c.py"))
    shape, lost = (Contract(id=k, kind=k, signature="") for k in ("schema", "function"))
    found = problems(Plan(name="x", tasks=(task("a", files=files),), contracts=(shape, lost)))
    assert [(p.kind, p.tasks, p.witness) for p in found] == [
        ("contract", (), None),
        ("file", ("a",), "b.py"),
        ("file", ("a",), "c.py"),
    ]


def test_a_contract_that_is_wrong_names_the_tasks_to_mend():
    made = Contract(id="api", kind="function", signature="", path="lib/api.py")
    first, second = task("a", provides=("api",)), task("b", provides=("api",), uses=("x",))
    found = problems(Plan(name="x", tasks=(first, second), contracts=(made,)))
    assert [p.tasks for p in found] == [("b",), ("a", "b")]
    (found,) = problems(Plan(name="x", tasks=(first,), contracts=(made,)))
    assert (found.tasks, found.witness) == (("a",), "lib/api.py")


def test_a_task_that_forbids_nothing_is_not_said_to():
    (found,) = problems(plan(Task(id="a", objective="", touch=())))
    assert found.text == "`a` may not write anything: its `touch` is empty."


def test_a_wanted_file_must_be_owned():
    assert problems(plan(task("a")), wanted=("a/x",)) == ()
    (found,) = problems(plan(task("a")), wanted=("README.md",))
    assert (found.kind, found.witness) == ("file", "README.md")
    assert found.text == "`README.md` is wanted, and no task may write it."


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
    assert kinds(problems(plan(*(task(f"t{i}") for i in range(TASKS + 1))))) == ["size"]
    hostile = [task(f"t{i}", "**/*a" + f"*{i}b" * 20, "**/*?" + "a*" * 40) for i in range(30)]
    assert "intricate" in kinds(problems(plan(*hostile)))
    forbidden = "**/*a" + "?" * 30
    barred = [replace(task(f"t{i}", f"{i}" + "[ab]" * 60), forbid=(forbidden,)) for i in range(60)]
    assert set(kinds(problems(plan(*barred)))) == {"intricate"}
    crowd = [task(f"t{i}", "src/**") for i in range(40)]
    assert len(problems(plan(*crowd))) <= 201


def test_a_plan_of_many_small_tasks_is_compared():
    assert problems(plan(*(task(f"t{i}", f"tests/test_{i}.py") for i in range(120)))) == ()


def test_a_comparison_that_is_given_up_is_a_problem_and_no_pass():
    many = tuple(f"x/*{i}*a*{i}*" for i in range(60))
    found = problems(plan(task("a", *many), task("b", *(f"{p}b" for p in many))))
    assert kinds(found) in (["intricate"], ["intricate", "more"], ["overlap"])
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


# Mends


@pytest.mark.parametrize(
    ("a", "b", "less"),
    [
        ("src/**", "src/x.py", ("a", "src/x.py")),
        ("src/x.py", "src/**", ("b", "src/x.py")),
        ("src/x.py", "src/x.py", ("b", "src/x.py")),
        ("src/**", "src/auth/**", ("a", "src/auth/**")),
        ("src/*/login/**", "src/auth/**", ("a", "src/auth/**")),
        ("*.py", "x*", ("a", "x*")),
        ("x*", "*.py", ("b", "x*")),
        ("src/l*", "src/l", ("a", "src/l")),
    ],
)
def test_the_narrower_pattern_is_to_be_taken_out_of_the_wider_scope(a, b, less):
    (found,) = problems(plan(task("a", a), task("b", b)))
    assert found.mend.startswith(f"Take `{less[1]}` out of `{less[0]}` (or `forbid` it there), or")
    mutual = plan(
        task("a", a, uses=("c-b",), provides=("c-a",)),
        task("b", b, uses=("c-a",), provides=("c-b",)),
        contracts=["c-a", "c-b"],
    )
    (found,) = problems(mutual)
    assert found.fix == TakeOut(task=less[0], pattern=less[1])
    assert found.mend.endswith("; neither can wait for the other.")


def test_a_reader_of_a_partner_s_files_reads_less():
    mutual = plan(
        task("a", uses=("c-b",), provides=("c-a",), read=("b/x.py",)),
        task("b", uses=("c-a",), provides=("c-b",)),
        contracts=["c-a", "c-b"],
    )
    (found,) = problems(mutual)
    assert found.fix == TakeOut(task="a", pattern="b/**")
    assert found.mend == "Narrow the `read` of `a`; neither can wait for the other."


def test_a_need_on_itself_is_dropped_and_one_on_nobody_is_a_question():
    itself, nobody = problems(plan(task("a", needs=("a", "nobody", "a"))))
    assert itself.fix == DropNeeds(needs=(("a", "a"),))
    assert nobody.fix is None


def test_the_owners_of_a_file_are_named_and_one_alone_gets_it():
    file = WantedFile(path="b/x.py")
    wants, b = task("a", files=(file,)), task("b")
    (found,) = problems(plan(wants, b))
    assert found.fix == MoveFile(path="b/x.py", source="a", target="b")
    (found,) = problems(plan(wants, b, task("c", "?/x.py", needs=("b", "a"))))
    assert (found.fix, found.mend) == (None, "List it under `b` or `c`, which may write it.")
    for pattern in ("b/x*", "b/**/x.py", "b/{x,y}.py"):
        (found,) = problems(plan(wants, task("b", pattern)))
        assert found.fix == MoveFile(path="b/x.py", source="a", target="b")
    (found,) = problems(plan(wants, replace(b, forbid=("b/*.py",))))
    assert (found.fix, found.mend) == (None, "Add it to the `touch` of `a`.")
    forbidden = task("a", "a/x", "b/**", forbid=("b/x.py",), files=(file,), needs=("b",))
    (found,) = problems(plan(forbidden, b))
    assert found.fix == MoveFile(path="b/x.py", source="a", target="b")


def test_idle_needs_are_named_with_the_whole_circle():
    found = plan(
        task("a", needs=("b", "c"), uses=("c-b", "c-c"), provides=("c-a",)),
        task("b", uses=("c-a",), provides=("c-b",)),
        task("c", needs=("a", "x"), uses=("c-a",), provides=("c-c",)),
        task("x"),
        contracts=["c-a", "c-b", "c-c"],
    )
    (cycle,) = problems(found)
    assert cycle.fix == DropNeeds(needs=(("a", "b"), ("a", "c"), ("c", "a")))
    assert cycle.mend == (
        "`a` uses a contract of `b`: remove `b` from its `needs`; `a` uses a contract of `c`: "
        "remove `c` from its `needs`; `c` uses a contract of `a`: remove `a` from its `needs`."
    )


def test_of_each_circle_the_shortest_ring_is_named_and_then_those_beside_it():
    found = plan(
        task("a", needs=("b", "c")),
        task("b", needs=("d",)),
        task("c", needs=("a",)),
        task("d", needs=("e",)),
        task("e", needs=("d", "a")),
    )
    cycles = problems(found)
    assert [p.tasks for p in cycles] == [("a", "c"), ("d", "e")]
    assert (
        cycles[0].text
        == "These tasks wait for each other: `a`, which waits for `c`, which waits for `a`."
    )
    assert cycles[0].mend == "Remove one of these `needs` or `uses`, or join the tasks."
    assert cycles[0].fix is None


@LAW
@given(any_plans())
def test_every_circle_is_named_by_a_ring_of_its_own(found):
    waits = waits_for(found)
    named = [p.tasks for p in problems(found) if p.kind == "cycle"]
    for ring in named:
        assert all(after in waits[before] for before, after in pairwise((*ring, ring[0])))
    flat = [i for ring in named for i in ring]
    assert len(flat) == len(set(flat))
    rest = {i: [o for o in others if o not in flat] for i, others in waits.items() if i not in flat}
    assert {i for layer in layers(rest) for i in layer} == set(rest)


def test_a_long_ring_and_many_rings_are_said_briefly():
    count = 30
    ring = plan(*(task(f"t{i}", needs=(f"t{(i + 1) % count}",)) for i in range(count)))
    (found,) = problems(ring)
    assert found.tasks == tuple(f"t{i}" for i in range(count))
    assert found.text.count("which waits for") == 10
    assert "`t8`, which waits for 21 others, which waits for `t0`" in found.text
    two = [task(f"{x}{i}", needs=(f"{'ba'[x == 'b']}{i}",)) for i in range(MOST + 7) for x in "ab"]
    found = problems(plan(*two))
    assert kinds(found) == ["cycle"] * MOST + ["more"]
    assert found[-1].text == "14 other tasks wait for each other, too."


def test_many_clashes_are_counted_beyond_those_that_are_listed():
    crowd = plan(*(task(f"t{i}", "x") for i in range(30)))
    found = problems(crowd)
    assert kinds(found) == ["overlap"] * 200 + ["more"]
    assert found[-1].text == "235 other pairs of tasks clash, too."
    assert kinds(problems(replace(crowd, tasks=crowd.tasks[:20]))) == ["overlap"] * 190
    found = problems(plan(*(task(f"t{i}", "x") for i in range(200))))
    assert kinds(found) == ["overlap"] * 200 + ["more"]
    assert found[-1].text == (
        "At least 9,800 other pairs may clash, too: there are too many to compare."
    )


def test_what_the_file_system_is_blind_to_counts():
    found = plan(
        task("a", "README.md"), task("b", "readme.md", read=("Src/x",)), task("c", "src/x")
    )
    assert problems(found) == ()
    assert kinds(problems(found, blind=Blind(case=True))) == ["overlap", "hazard"]


def test_a_contract_of_very_many_providers_names_some():
    crowd = plan(*(task(f"t{i}", provides=("x",)) for i in range(30)), contracts=["x"])
    (found,) = problems(crowd)
    assert found.text.endswith(
        "by `t0` and `t1` and `t2` and `t3` and `t4` and `t5` and `t6` and "
        "`t7` and `t8` and 20 others and `t29`."
    )
    assert len(found.tasks) == 30
    (found,) = problems(replace(crowd, tasks=crowd.tasks[:10]))
    assert found.text.endswith("`t7` and `t8` and `t9`.")


def test_needs_are_idle_only_where_all_of_their_circle_are():
    found = plan(
        task("a", needs=("b", "d")),
        task("b", needs=("a",)),
        task("d", needs=("e",), uses=("c-e",), provides=("c-d",)),
        task("e", needs=("b",), uses=("c-d",), provides=("c-e",)),
        contracts=["c-d", "c-e"],
    )
    assert [(p.tasks, p.fix) for p in problems(found)] == [(("a", "b"), None), (("d", "e"), None)]


@pytest.mark.parametrize(
    "scope",
    [
        {"touch": ("a/x", "b"), "forbid": ("a/x",)},
        {"touch": ("a/x", "b"), "forbid": ("a/*",)},
        {"touch": ("a/[x]", "b")},
        {"touch": ("a/{x}",)},
    ],
)
def test_a_file_is_not_its_task_s_for_being_spelled_like_a_pattern(scope):
    path = next(p for p in scope["touch"])
    (found,) = problems(plan(Task(id="a", objective="", files=(WantedFile(path=path),), **scope)))
    assert (found.kind, found.witness, found.fix) == ("file", path, None)
    own = Task(id="a", objective="", touch=("a/y", r"a/\[x\]", "c/*"))
    files = tuple(WantedFile(path=p) for p in ("a/y", "a/[x]", "c/d"))
    assert problems(plan(replace(own, files=files))) == ()


def test_a_contract_can_not_lie_where_nobody_may_write():
    made = Contract(id="api", kind="function", signature="", path=".git/x")
    found = Plan(name="x", tasks=(task("a", ".git/x", "a", provides=("api",)),), contracts=(made,))
    assert [(p.kind, p.witness) for p in problems(found)] == [("contract", ".git/x")]


def test_a_folder_is_known_in_any_spelling():
    existing = frozenset({"app[1]/x.py", "src/y.py"})
    for touch, path in ((r"app\[1\]", "app[1]"), ("./src", "src"), ("src//.", None)):
        found = problems(plan(task("a", touch)), existing=existing)
        assert [p.witness for p in found] == [path] * (path is not None)


def test_patterns_that_are_too_many_together_are_said():
    many = tuple(f"*{i}*" + "[a-z]*" * 30 for i in range(3_000))
    (found,) = problems(plan(task("a", *many)))
    assert (found.kind, "`touch` of `a`" in found.text) == ("pattern", True)
