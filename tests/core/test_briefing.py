"""What a plan carries of the analysis: constraints for all, requirements for those they are for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import LAW

from partita.core.analysis import Brief, Doubt, Requirement
from partita.core.briefing import DOUBT, MANY, MOST, carry, numbered
from partita.core.plan import Plan, Task

ADD = Requirement(id="R1", text="Todos are added", priority="must", criteria=("201", "an id"))
LIST = Requirement(id="R2", text="Todos are listed", priority="should")
SHARE = Requirement(id="R3", text="Todos are shared", priority="wont", criteria=("never",))
KEEP = Requirement(id="R4", text="Todos are kept", priority="could", criteria=("in SQLite",))
ALL = (ADD, LIST, SHARE, KEEP)
FULL = {"R1": "R1: Todos are added [201; an id]", "R2": "R2: Todos are listed"}


def brief(*constraints, doubts=()):
    return Brief(
        kind="build", name="todo", goal="Todos.", constraints=constraints, doubts=tuple(doubts)
    )


def plan(*criteria):
    tasks = (
        Task(id=f"t{n}", objective="it", touch=(f"{n}.py",), criteria=tuple(c))
        for n, c in enumerate(criteria)
    )
    return Plan(name="todo", tasks=tuple(tasks), constraints=("the planner's",))


def carried(*criteria, wishes=ALL, told=(), doubts=()):
    made = carry(plan(*criteria), brief(*told, doubts=doubts), wishes)
    return [t.criteria for t in made.tasks], made.constraints


def test_a_number_stands_for_the_text_and_its_criteria():
    tasks, constraints = carried(["R1", "prints OK"], ["R2", "R4"])
    assert tasks == [
        (FULL["R1"], "prints OK"),
        (FULL["R2"], "R4: Todos are kept [in SQLite]"),
    ]
    assert constraints == ()


@pytest.mark.parametrize(
    ("criterion", "numbers", "rest"),
    [
        ("R1", ("R1",), ""),
        ("R1, R2 and R12.", ("R1", "R2", "R12"), ""),
        ("R1/R2: prints  OK", ("R1", "R2"), "prints OK"),
        ("(R1) prints OK", ("R1",), "prints OK"),
        ("R1 - prints R2", ("R1",), "prints R2"),
        ("R1 R1 & R1", ("R1",), ""),
        ("prints  R1", (), "prints  R1"),
        ("and R1", (), "and R1"),
        ("R1x prints", (), "R1x prints"),
        ("R1,R2;x", (), "R1,R2;x"),
        ("", (), ""),
    ],
)
def test_the_numbers_that_a_criterion_begins_with_are_found(criterion, numbers, rest):
    assert numbered(criterion) == (numbers, rest)


@LAW
@given(st.text("R12 ,:and.x-", max_size=30))
def test_a_criterion_loses_nothing_but_its_numbers(criterion):
    numbers, rest = numbered(criterion)
    assert all(n in criterion for n in numbers)
    assert criterion.split()[len(criterion.split()) - len(rest.split()) :] == rest.split()
    if not numbers:
        assert rest == criterion


def test_what_is_said_beside_a_number_is_kept():
    assert carried(["R1: as JSON"], ["R2", "R4"])[0][0] == (FULL["R1"], "as JSON")


def test_a_requirement_that_two_tasks_share_is_carried_by_both_and_once_by_each():
    tasks, _ = carried(["R1", "R1", "R4"], ["R1", "R2"])
    assert tasks[0].count(FULL["R1"]) == 1
    assert tasks[1][0] == FULL["R1"]


def test_numbers_that_nobody_knows_are_no_requirements():
    tasks, _ = carried(["R9", "R9: is red", "R1, R9: is blue"], ["R1 R2 R4"])
    assert tasks[0] == ("R9: is red", "R1, R9: is blue")


def test_what_is_not_to_be_met_is_carried_by_nobody():
    tasks, constraints = carried(["R3", "R3, R1"], ["R2", "R4"])
    assert tasks[0] == (FULL["R1"],)
    assert constraints == ()
    assert not any("shared" in c for c in carried(["x"], ["y"])[1])
    assert not any("shared" in c for c in carried(["x"])[0][0])


def test_what_no_task_names_belongs_to_the_only_one():
    tasks, constraints = carried(["R2", "prints OK"], told=("no network",))
    assert tasks == [(FULL["R2"], "prints OK", FULL["R1"], "R4: Todos are kept [in SQLite]")]
    assert constraints == ("no network",)


def test_of_several_tasks_all_hear_of_it_in_short():
    tasks, constraints = carried(["R2"], ["prints OK"], told=("no network",))
    assert tasks == [(FULL["R2"],), ("prints OK",)]
    assert constraints == ("no network", "R1: Todos are added", "R4: Todos are kept")


def test_answers_stand_after_the_constraints_and_defaults_where_nobody_answered():
    doubts = (
        Doubt(question="Which port?", default="8080"),
        Doubt(question="Is it kept?", default="no", answer="in SQLite"),
    )
    for criteria in (["x"], ["y"]), (["x"],):
        _, constraints = carried(*criteria, told=("no network",), doubts=doubts)
        assert constraints[:3] == (
            "no network",
            "Which port? -> 8080",
            "Is it kept? -> in SQLite",
        )
        assert len(constraints) == (6 if len(criteria) == 2 else 3)


def test_a_question_and_its_answer_have_bounds():
    for size in (DOUBT, DOUBT + 1):
        doubt = Doubt(question="q" * size, default="a" * size)
        cut = (DOUBT - 1, "…") if size > DOUBT else (DOUBT, "")
        expected = f"{'q' * cut[0]}{cut[1]} -> {'a' * cut[0]}{cut[1]}"
        assert carried(["R1 R2 R4"], ["y"], doubts=(doubt,))[1] == (expected,)


def test_what_is_carried_has_bounds():
    long = Requirement(id="R1", text="x" * 9_000, priority="must")
    tasks, constraints = carried(["R1"], ["y"], wishes=(long,), told=["z" * 9_000] * 90)
    assert tasks[0] == ("R1: " + "x" * (MOST - 1) + "…",)
    assert constraints == ("z" * (MOST - 1) + "…",) * MANY
    exact = Requirement(id="R1", text="x" * MOST, priority="must")
    assert carried(["R1"], ["y"], wishes=(exact,))[0][0] == ("R1: " + "x" * MOST,)


def test_a_plan_without_tasks_is_left_to_its_judges():
    assert carry(Plan(name="x", tasks=()), brief("a"), ALL).tasks == ()
