"""Design: a plan with slips is mended and run; a plan of the user's is never changed."""

import asyncio
import json
from dataclasses import replace

import pytest
from asker_kit import Route, world_of
from memory_repo import MemoryRepo
from test_engage import EMPTY

from partita.activities.design import SAID, design
from partita.core.analysis import Analysis, Assessment, Brief, Doubt
from partita.core.pace import Pace
from partita.core.scope import Blind
from partita.core.start import Start
from partita.errors import BadInput

ANALYSIS = Analysis(
    brief=Brief(kind="build", name="demo", goal="It runs."),
    findings=EMPTY,
    requirements=(),
    assessment=Assessment(go=True, maturity_now=1, maturity_wanted=2),
)


def task(ident, *touch, **more):
    return {"id": ident, "objective": "do it", "touch": list(touch), **more}


def world(*replies, **commits):
    made = world_of(Route([json.dumps(r) for r in replies]))
    made.repo = MemoryRepo(**commits)
    return made


def planned(*replies, **options):
    made = world(*replies)
    start = Start(request="do it", seed="s", **options)
    return made, asyncio.run(design(made, start, ANALYSIS))


def asked_of(plan_of, **options):
    """The questions of a design whose first reply is no plan."""
    made = world({"tasks": [{"id": "a"}]}, {"tasks": [task("a", "x")]})
    start = Start(request="do it", seed="s", **options)
    plan = asyncio.run(design(made, start, plan_of))
    return plan, ["\n".join(m.text for m in q.messages) for _, q in made.asker.asked]


def test_the_planner_hears_of_the_gaps_and_of_the_test_command_each_time():
    wide = replace(
        ANALYSIS,
        assessment=replace(ANALYSIS.assessment, gaps=("no login",)),
        findings=replace(EMPTY, test_command="make check"),
    )
    plan, questions = asked_of(wide)
    assert plan.test_command == "make check"
    assert len(questions) == 2
    for said in questions:
        assert "needs it:\n- no login\n" in said
        assert '"test_command": "make check",\n' in said
    _, questions = asked_of(wide, test_command="tox")
    assert all('"test_command": "tox",\n' in said for said in questions)


def test_a_task_hears_what_was_taken_where_nobody_answered():
    doubt = Doubt(question="Which port?", default="8080")
    plan, _ = asked_of(replace(ANALYSIS, brief=replace(ANALYSIS.brief, doubts=(doubt,))))
    assert plan.constraints == ("Which port? -> 8080",)


def needs(plan):
    return {t.id: t.needs for t in plan.tasks}


def notes(made):
    return [(key, data["text"]) for key, kind, data in made.told if kind == "note"]


SLIPS = {
    "tasks": [
        task("a", "x.py", needs=["a"]),
        task("b", "x.py", files=[{"path": "c/y.py"}]),
        task("c", "c/**"),
    ]
}


def test_a_planner_s_slips_are_mended_without_another_question():
    made, plan = planned(SLIPS)
    assert len(made.asker.asked) == 1
    assert needs(plan) == {"a": (), "b": ("a",), "c": ()}
    assert [f.path for f in plan.task("c").files] == ["c/y.py"]
    assert notes(made) == [
        ("mended:0", "the plan was mended: `a` no longer needs itself."),
        ("mended:1", "the plan was mended: `c/y.py` is written by `c`, whose scope holds it."),
        ("mended:2", "the plan was mended: `b` now needs `a`: both may write `x.py`."),
    ]


def test_a_plan_without_problems_is_taken_as_it_is():
    made, plan = planned({"tasks": [task("a", "x"), task("b", "y", needs=["a"])]})
    assert needs(plan) == {"a": (), "b": ("a",)}
    assert notes(made) == []


def test_what_can_not_be_mended_goes_back_with_all_that_is_wrong():
    broken = {"tasks": [task("a", "x", needs=["nobody"]), task("b", "x")]}
    made, plan = planned(broken, {"tasks": [task("a", "x")]})
    assert needs(plan) == {"a": ()}
    assert notes(made) == []
    said = made.asker.asked[1][1].messages[-1].text
    assert "`a` needs `nobody`, which is no task." in said
    assert "`a` and `b` may both write `x`" in said
    assert "other problems" not in said


def test_a_reply_that_is_no_plan_goes_back_too():
    made, plan = planned({"tasks": [{"id": "a"}]}, {"tasks": [task("a", "x")]})
    assert needs(plan) == {"a": ()}
    assert "missing `objective`" in made.asker.asked[1][1].messages[-1].text


def test_very_many_problems_are_said_in_short():
    wild = {"tasks": [task(f"t{i}", "x", needs=[f"no-{i}"]) for i in range(SAID + 5)]}
    made, _ = planned(wild, {"tasks": [task("a", "x")]})
    said = made.asker.asked[1][1].messages[-1].text
    assert "`t49` needs `no-49`" in said
    assert "`t50`" not in said
    assert "There are 206 other problems." in said
    many = {"tasks": [task(f"t{i}", "x") for i in range(SAID + 5)]}
    made, _ = planned(many)
    assert len(notes(made)) == SAID + 1
    assert notes(made)[-1] == ("mended:50", "the plan was mended: 4 more mends of this kind.")


def test_the_side_is_chosen_by_what_the_tasks_are_expected_to_take():
    tasks = [
        task("s", "s", files=[{"path": "s", "lines": 20}]),
        task("a", "a", "x", needs=["s"]),
        task("b", "b", "x"),
        task("t", "t", needs=["b"], files=[{"path": "t", "lines": 500}]),
    ]
    assert needs(planned({"tasks": tasks})[1])["a"] == ("s", "b")
    tasks[0]["files"][0]["lines"], tasks[3]["files"][0]["lines"] = 500, 20
    assert needs(planned({"tasks": tasks})[1])["a"] == ("s", "b")
    tasks[1]["needs"], tasks[3]["needs"] = ["s"], ["a"]
    tasks[0]["files"][0]["lines"], tasks[3]["files"][0]["lines"] = 20, 500
    assert needs(planned({"tasks": tasks})[1])["b"] == ("a",)
    assert needs(planned({"tasks": tasks}, pace=Pace(build=4.0))[1])["b"] == ("a",)


def test_what_the_file_system_is_blind_to_counts():
    tasks = {"tasks": [task("a", "X"), task("b", "x")]}
    assert needs(planned(tasks)[1])["b"] == ()
    assert needs(planned(tasks, blind=Blind(case=True))[1])["b"] == ("a",)


def refused(plan):
    with pytest.raises(BadInput) as e:
        planned(plan=plan)
    return e.value


def test_a_plan_file_is_refused_with_the_mends_that_can_be_had():
    error = refused({"name": "demo", **SLIPS})
    assert "the plan file can't run as it is:\n" in str(error)
    assert "`a` and `b` may both write `x.py`" in str(error)
    assert error.remedy == (
        "`partita check plan FILE --repair OUT` makes these mends:\n"
        "- `a` no longer needs itself.\n"
        "- `c/y.py` is written by `c`, whose scope holds it.\n"
        "- `b` now needs `a`: both may write `x.py`."
    )


def test_a_plan_file_that_can_be_mended_in_part_says_so():
    tasks = [task("a", "x", needs=["nobody"]), task("b", "x")]
    assert refused({"name": "demo", "tasks": tasks}).remedy == (
        "`partita check plan FILE --repair OUT` makes these mends; the rest is yours to mend:\n"
        "- `b` now needs `a`: both may write `x`."
    )
    assert refused({"name": "demo", "tasks": tasks[:1]}).remedy == ""
    assert "missing `tasks`" in str(refused({"name": "demo"}))


def test_a_sound_plan_file_is_run_as_it_is():
    made, plan = planned(plan={"name": "demo", "tasks": [task("a", "x"), task("b", "y")]})
    assert needs(plan) == {"a": (), "b": ()}
    assert made.asker.asked == []
