"""Validity: whatever a task's work depends on is in its key, and changes are named."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import LAW, any_plans, texts, valid_plans

from partita.core.assignment import from_code
from partita.core.contract import check_contracts
from partita.core.fingerprint import request_json
from partita.core.owners import owner
from partita.core.plan import Contract, Plan, Task, WantedFile
from partita.core.prompts import build as prompts
from partita.core.question import Message, Question
from partita.core.validity import (
    Comparison,
    Done,
    Facts,
    Paid,
    Parts,
    changes,
    compare,
    part_key,
    ripple,
    same_question,
)

OF_PLAN = ("name", "architecture", "constraints", "dependencies", "test_command", "run_command")
OF_TASK = ("objective", "touch", "read", "forbid", "needs", "uses", "provides", "criteria", "files")
OF_CONTRACT = ("kind", "signature", "path", "symbol", "note")
word = st.sampled_from(["", "a.py", "def f(x)", "symbol", "c0 c1 c2", "dir0/**", "R1: it is kept"])
paths = st.sampled_from(["a.py", "dir0/**", "dir1/secret/**", "own2.py"])
names = st.sampled_from([f"t{i}" for i in range(4)] + [f"c{i}" for i in range(4)])


@st.composite
def rich_plans(draw):
    """Plans whose contracts speak of each other."""
    plan = draw(valid_plans(most=4))
    contracts = tuple(replace(c, note=draw(word), symbol=draw(word)) for c in plan.contracts)
    constraints = draw(st.lists(word, max_size=2).map(tuple))
    return replace(plan, contracts=contracts, constraints=constraints)


@st.composite
def changed(draw, plan):
    """The plan with one thing about it changed, perhaps to what it was."""
    kind = draw(st.sampled_from(["plan", "task", "contract", "order"]))
    if kind == "order":
        return replace(plan, tasks=tuple(draw(st.permutations(plan.tasks))))
    if kind == "contract" and plan.contracts:
        at = draw(st.integers(0, len(plan.contracts) - 1))
        one = replace(plan.contracts[at], **{draw(st.sampled_from(OF_CONTRACT)): draw(word)})
        rest = (*plan.contracts[:at], one, *plan.contracts[at + 1 :])
        return replace(plan, contracts=draw(st.permutations(rest).map(tuple)))
    if kind == "task":
        at = draw(st.integers(0, len(plan.tasks) - 1))
        field = draw(st.sampled_from(OF_TASK))
        patterns = st.lists(paths, max_size=2).map(tuple)
        some = {
            **dict.fromkeys(("touch", "read", "forbid"), patterns),
            "objective": texts,
            "needs": st.lists(names, max_size=2).map(tuple),
            "uses": st.lists(names, max_size=2).map(tuple),
            "provides": st.lists(names, max_size=2).map(tuple),
            "files": st.lists(st.builds(WantedFile, path=word, note=word), max_size=2).map(tuple),
        }
        value = draw(some.get(field, st.lists(word, max_size=2).map(tuple)))
        one = replace(plan.tasks[at], **{field: value})
        return replace(plan, tasks=(*plan.tasks[:at], one, *plan.tasks[at + 1 :]))
    field = draw(st.sampled_from(OF_PLAN))
    listed = field in ("constraints", "dependencies")
    return replace(plan, **{field: draw(st.lists(word, max_size=2).map(tuple) if listed else word)})


def seen_by(plan, task):
    """Whatever a task's work is made of that stands in its plan."""
    evidence = "File a.py, in symbol: def f(x)"
    return (
        prompts.build(plan, task, task.files, {}, {}, "abc234"),
        prompts.fix(plan, task, {}, {}, evidence, (), "abc234"),
        [from_code(plan, f) for f in task.files],
        check_contracts(plan, task, {"a.py": "x = 1\n"}),
        [owner(plan, path) for path in ("a.py", "dir0/a.py", "dir1/secret/x", "own2.py")],
        [c.path for c in plan.contracts if c.id in task.uses and prompts.concerned(c, evidence)],
        (task.files, task.touch, task.read, task.forbid, task.needs),
        (plan.dependencies, plan.test_command, plan.base),
    )


@LAW
@given(rich_plans())
def test_an_unchanged_plan_has_unchanged_keys(plan):
    again = replace(plan, tasks=tuple(replace(t) for t in plan.tasks))
    keys = {t.id: part_key(again, t.id) for t in plan.tasks}
    assert keys == {t.id: Parts(plan).key(t.id) for t in plan.tasks}
    assert len(set(keys.values())) == len(keys)
    assert compare(plan, again) == Comparison(kept=tuple(t.id for t in plan.tasks))


@LAW
@given(st.data(), rich_plans())
def test_what_a_task_is_shown_is_in_its_key(data, plan):
    other = data.draw(changed(plan))
    for task in plan.tasks:
        if seen_by(plan, task) != seen_by(other, other.task(task.id)):
            assert part_key(plan, task.id) != part_key(other, task.id)


@LAW
@given(st.data(), rich_plans())
def test_what_a_task_never_sees_of_another_is_not_in_its_key(data, plan):
    at = data.draw(st.integers(0, len(plan.tasks) - 1))
    theirs = plan.tasks[at]
    one = replace(
        theirs,
        objective=f"{theirs.objective}!",
        criteria=(*theirs.criteria, "more"),
        read=(*theirs.read, "more/**"),
        files=(),
    )
    other = replace(plan, tasks=(*plan.tasks[:at], one, *plan.tasks[at + 1 :]))
    after = {theirs.id}
    for _ in plan.tasks:
        after |= {t.id for t in plan.tasks if after & set(t.needs)}
    for task in plan.tasks:
        same = part_key(plan, task.id) == part_key(other, task.id)
        assert same == (task.id not in after)


@LAW
@given(st.data(), rich_plans())
def test_what_stays_has_its_key_and_what_is_done_again_has_another(data, plan):
    other = data.draw(changed(data.draw(changed(plan))))
    found = compare(plan, other)
    stays = {*found.kept, *found.tested}
    places = [*found.kept, *found.tested, *found.again, *found.new]
    assert sorted(places) == sorted(t.id for t in other.tasks)
    for task in other.tasks:
        assert (task.id in stays) == (part_key(plan, task.id) == part_key(other, task.id))
    for task in found.kept:
        assert not {*other.task(task).needs} & {*found.again, *found.tested, *found.new}


@LAW
@given(any_plans())
def test_even_a_plan_that_can_not_run_has_keys(plan):
    for task in plan.tasks:
        assert part_key(plan, task.id) == part_key(plan, task.id)
    assert compare(plan, plan).again == {}


def test_a_long_chain_has_keys_too():
    chain = [
        Task(id=f"t{i}", objective="", touch=(f"{i}.py",), needs=(f"t{i - 1}",) if i else ())
        for i in range(3000)
    ]
    plan = Plan(name="x", tasks=tuple(chain))
    parts = Parts(plan)
    assert len({parts.key("t2999"), parts.key("t0"), parts.key("t1500")}) == 3


PLAN = Plan(
    name="x",
    contracts=(Contract(id="c", kind="function", signature="def f()", path="a.py", symbol="f"),),
    tasks=(
        Task(id="a", objective="do a", touch=("a.py",), provides=("c",)),
        Task(id="b", objective="do b", touch=("b.py",), uses=("c",)),
        Task(id="d", objective="do d", touch=("d.py",), needs=("a",)),
        Task(id="e", objective="do e", touch=("e.py",), needs=("b",)),
        Task(id="f", objective="do f", touch=("f.py",)),
    ),
)


def with_task(plan, ident, **more):
    return replace(
        plan, tasks=tuple(replace(t, **more) if t.id == ident else t for t in plan.tasks)
    )


def test_who_needs_a_task_that_is_done_again_is_too_and_who_uses_it_is_tested():
    found = compare(PLAN, with_task(PLAN, "a", objective="do it better"))
    assert found == Comparison(
        kept=("f",),
        again={"a": "other: its objective", "d": "it needs a, which is done again"},
        tested={
            "b": "it uses a, which is done again",
            "e": "it needs b, which is tested again",
        },
    )


def test_what_is_done_again_on_purpose_has_the_same_consequences():
    found = ripple(PLAN, {"a": "asked anew"})
    assert (set(found.again), set(found.tested), found.kept) == ({"a", "d"}, {"b", "e"}, ("f",))
    assert found.again["a"] == "asked anew"


def test_a_scope_that_grows_is_seen_by_all_and_the_reason_says_so():
    found = compare(PLAN, with_task(PLAN, "f", touch=("f.py", "g.py")))
    assert found.again["f"] == "other: its scope"
    assert found.again["b"] == "other: the scopes of the plan's tasks"
    assert found.kept == ()


def test_a_contract_that_is_only_spoken_of_is_in_the_key():
    def speaking(note):
        (c,) = PLAN.contracts
        row = Contract(id="row", kind="schema", signature="Row", note=note)
        return replace(PLAN, contracts=(replace(c, note="gives a row"), row))

    found = compare(speaking("two columns"), speaking("three columns"))
    assert found.again["b"] == "other: the contracts that it is shown"
    assert "f" in found.kept


def test_a_contract_in_the_file_of_a_used_one_can_show_that_file_and_is_in_the_key():
    def beside(symbol):
        more = Contract(id="z", kind="function", signature="", path="a.py", symbol=symbol)
        return replace(PLAN, contracts=(*PLAN.contracts, more))

    found = compare(beside("g"), beside("h"))
    assert set(found.again) == {"b", "e"}
    assert found.again["b"] == "other: the contracts that it is shown"


def test_tasks_come_and_go():
    rest = tuple(t for t in PLAN.tasks if t.id != "f")
    new = replace(PLAN, tasks=(*rest, Task(id="g", objective="", touch=("f.py",))))
    found = compare(PLAN, new)
    assert (found.new, found.gone) == (("g",), ("f",))
    assert set(found.again) == {"a", "b", "d", "e"}  # each is told who may write what


def test_a_question_is_the_same_of_any_model_and_not_under_another_name_or_salt():
    asked = Question(
        name="a:1", role="coder", messages=(Message(role="user", text="x"),), max_output=9
    )
    first = same_question("a:1", request_json("one", asked))
    assert first == same_question("a:1", request_json("two", replace(asked, max_output=1)))
    assert first != same_question("a:2", request_json("one", asked))
    assert first != same_question("a:1", request_json("one", replace(asked, salt="s")))


FACTS = Facts(
    request="build it\n",
    models={"coder": ("m",), "planner": ("m",)},
    version="1",
    settings={"depth": "quick", "rounds": 3, "test_command": None},
)
DONE = Done(
    plan=PLAN,
    answers=(
        Paid(activity="analyse", task=None, cost=1_000_000_000),
        Paid(activity="provision:1", task=None, cost=1_000_000_000),
        Paid(activity="build", task="a", cost=2_000_000_000),
        Paid(activity="test", task="f", cost=0),
    ),
)


def test_nothing_is_named_where_nothing_changed():
    assert changes(FACTS, FACTS, DONE) == ()
    assert changes(FACTS, replace(FACTS, plan=PLAN), DONE) == ()  # the very plan that was made


CHANGED = {
    "request": ({"request": "build it\nwell\n"}, "had 1 line, now 2", "2 answers ($2.00) for", "2"),
    "plan": (
        {"plan": with_task(PLAN, "a", objective="z")},
        "the plan is another",
        "b, e, f, with 1 answer",
        "a (other: its objective); d (it needs a, which is done again); the tests of b (it uses",
    ),
    "model": (
        {"models": {"coder": ("m",), "planner": ("n", "m")}},
        "the planner is n, m (it was m)",
        "4 answers ($4.00)",
        "nothing",
    ),
    "version": ({"version": "2"}, "is 2 (the run was started by 1)", "4 answers", "costs nothing"),
    "setting": (
        {"settings": {"rounds": 5, "depth": "quick"}},
        "`rounds` is 5 (it was 3)",
        "4 answers ($4.00)",
        "tests of all tasks",
    ),
}


@pytest.mark.parametrize("kind", CHANGED)
def test_a_change_says_what_differs_what_stays_and_what_is_done_again(kind):
    more, what, valid, again = CHANGED[kind]
    (found,) = changes(FACTS, replace(FACTS, **more), DONE)
    assert found.kind == kind
    assert what in found.what
    assert valid in found.valid
    assert again in found.again
    assert found.anew == (kind != "model")


def test_a_run_of_a_plan_file_does_not_depend_on_the_words_of_its_request():
    of_file = replace(FACTS, plan=PLAN)
    (found,) = changes(of_file, replace(of_file, request="other"), DONE)
    assert found.again == "nothing"
    assert "4 answers ($4.00)" in found.valid


def test_a_plan_file_before_there_was_a_plan_costs_no_task():
    (found,) = changes(FACTS, replace(FACTS, plan=PLAN), Done(answers=DONE.answers[:1]))
    assert "takes the place of analysis" in found.what
    assert found.again.startswith("nothing")


def test_another_depth_asks_the_analysis_again():
    deeper = replace(FACTS, settings={**FACTS.settings, "depth": "thorough"})
    (found,) = changes(FACTS, deeper, DONE)
    assert "the analysis, which has 2 answers ($2.00)" in found.again


def test_another_test_command_asks_again_for_what_is_told_of_it():
    done = replace(DONE, answers=(*DONE.answers, Paid(activity="design", task=None, cost=0)))
    other = {"settings": {**FACTS.settings, "test_command": "make test"}}
    (found,) = changes(FACTS, replace(FACTS, **other), done)
    assert found.valid == "2 answers ($2.00)"
    assert "the plan and all tasks, which are told of it and have 3 answers ($2.00)" in found.again
    of_file = replace(FACTS, plan=PLAN)
    (found,) = changes(of_file, replace(of_file, **other), done)
    assert "5 answers" in found.valid
    assert found.again.startswith("the tests of all tasks")
