"""Prompts: stable parts first, foreign text fenced, nothing said twice, nothing without bounds."""

import os
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita.core.analysis import Brief, Excerpt, Findings, Requirement
from partita.core.plan import Contract, Plan, Task, WantedFile
from partita.core.prompts import analysis, design
from partita.core.prompts import build as prompts
from partita.core.prompts.common import fitting, material

PLAN = Plan(
    name="x",
    architecture="two parts",
    constraints=("the standard library only", "R4: it is kept"),
    contracts=(Contract(id="c", kind="function", signature="def f()", path="a.py", symbol="f"),),
    tasks=(
        Task(id="a", objective="do a", touch=("a.py",), provides=("c",)),
        Task(id="b", objective="do b", touch=("b.py",), uses=("c",)),
        Task(id="lone", objective="do c", touch=("c.py",)),
    ),
)
WANTED = (WantedFile(path="a.py"),)


def prompt(task, mark="abc234", own=None, wanted=(), **more):
    return prompts.build(PLAN, PLAN.task(task), wanted, own or {}, {}, mark, **more)


def text(*args, **more):
    return prompt(*args, **more)[1].text


def fixing(**more):
    given_ = {"evidence": "E", "tried": (), "own": {}, "others": {}, **more}
    return prompts.fix(
        PLAN,
        PLAN.task("b"),
        given_["own"],
        given_["others"],
        given_["evidence"],
        given_["tried"],
        "abc234",
    )[1].text


def test_all_tasks_share_the_form_and_the_project():
    a, b = prompt("a"), prompt("b")
    assert a[0] == b[0]
    common = os.path.commonprefix([a[1].text, b[1].text])  # noqa: RUF071 - characters are meant
    assert "# Project" in common
    assert "Files: a: a.py; b: b.py; lone: c.py" in common
    assert "keep to what concerns your part:\n- the standard library only\n- R4: it is" in common


def test_a_fix_hears_of_the_constraints_too():
    assert "- the standard library only\n" in fixing()


def test_a_plan_without_constraints_says_nothing_of_them():
    bare = Plan(name="x", tasks=PLAN.tasks)
    said = prompts.build(bare, bare.task("a"), (), {}, {}, "abc234")[1].text
    assert "Asked of the whole" not in said


def test_a_task_sees_only_the_contracts_that_it_provides_or_uses():
    assert "c (function, a.py; you provide): def f()" in text("a")
    assert "c (function, a.py; you use): def f()" in text("b")
    assert "# Contracts" not in text("lone")


def test_of_a_contract_that_is_both_provided_and_used_one_line_is_shown():
    both = Task(id="a", objective="it", touch=("a.py",), provides=("c",), uses=("c",))
    said = prompts.contracts_part(PLAN, both)
    assert said.count("def f()") == 1
    assert "you provide" in said


def test_a_task_sees_the_contracts_that_its_own_speak_of():
    http = Contract(id="http", kind="endpoint", signature="POST /todos", note="as parse gives it")
    parse = Contract(id="parse", kind="function", signature="def parse(x)", path="p.py", note="n")
    plan = Plan(name="x", tasks=PLAN.tasks, contracts=(parse, *PLAN.contracts, http))
    said = prompts.contracts_part(plan, Task(id="a", objective="", touch=(), uses=("http",)))
    assert said == (
        "# Contracts\n- http (endpoint; you use): POST /todos - as parse gives it\n"
        "- parse (function, p.py; mentioned): def parse(x) - n\n\n"
    )


def test_the_mark_stands_last_and_nowhere_else():
    one, two = text("a", "abc234"), text("a", "xyz789")
    assert one.replace("abc234", "xyz789") == two
    assert "abc234" in one.splitlines()[-1]
    assert "abc234" not in "\n".join(one.splitlines()[:-1])


@given(st.text())
def test_material_cannot_close_its_own_fence(raw):
    fenced = material("x", raw)
    assert fenced.count("</material") == 1
    assert fenced.endswith("</material>")


def test_edits_are_taught_only_where_files_are_there_to_be_changed():
    assert "SEARCH" in text("a")
    assert "SEARCH" not in text("a", edits=False)
    assert "an existing file may also be sent whole" in text("a")
    assert 'op="delete"' not in text("a", edits=False)
    assert "sent whole" not in text("a", edits=False)
    assert "SEARCH" in fixing()


def test_who_may_not_ask_is_not_told_how_to():
    assert '<need path="pkg/other.py">why</need>' in text("a")
    assert "<need" not in text("a", wishes=False)
    assert "<need" not in fixing()


def test_the_answer_to_a_request_says_how_to_go_on():
    assert "Your request" not in text("a")
    assert "Your request" not in text("a", kept=True)
    said = text("a", said="Granted: z.py.", kept=True)
    assert "# Your request for more files\nGranted: z.py.\n" in said
    assert "or the single word NOTHING" in said
    said = text("a", said="Granted: z.py.", kept=True, wanted=WANTED)
    assert "Send now: a.py" in said
    assert "Send what is named under `Send now`, and what else must change." in said
    assert "NOTHING" not in said
    said = text("a", said="Granted: z.py.", wanted=WANTED)
    assert "none was kept of your earlier reply" in said
    assert "NOTHING" not in said


def test_of_a_requirement_that_is_handed_on_a_task_takes_its_part():
    wish = Task(id="w", objective="it", touch=("w.py",), criteria=("ok", "R12: It adds"))
    plain = Task(id="v", objective="it", touch=("v.py",), criteria=("R2D2 sings", "as R1: says"))
    two = Plan(name="x", tasks=(wish, plain))
    assert prompts.task_part(two, wish, ()) == (
        "# Your task\n`w`: it\nYou may write: w.py\nDone when:\n- ok\n- R12: It adds\n"
        "Of a requirement (R1) only what concerns your files and contracts is your part.\n\n"
    )
    assert "is your part" not in prompts.task_part(two, plain, ())
    assert "is your part" not in prompts.task_part(Plan(name="x", tasks=(wish,)), wish, ())


def test_a_literal_that_only_the_code_gives_may_be_set_and_no_check_weakened():
    said = fixing()
    assert "never weaken a check" in said
    assert "may be set to the value that the code gives" in said
    assert "the test could not know the value" in said
    assert "may be set to" not in text("a")


def test_a_complaint_offers_to_leave_complete_files_as_they_are():
    assert "NOTHING" not in prompts.complain(["x is bad"], "abc234")
    offered = prompts.complain(["x can't be had"], "abc234", 2, complete=True)
    assert offered.startswith("Your reply number 2 can't be taken as it is:\n- x can't be had\n")
    assert "as they are, reply with the single word NOTHING.\n" in offered
    assert offered.splitlines()[-1].startswith("The id is abc234")


def test_the_list_of_all_files_has_bounds():
    tasks = tuple(Task(id=f"t{n}", objective="it", touch=(f"src/{n}.py",)) for n in range(5_000))
    wide = Plan(name="x", tasks=tasks, constraints=("y" * 1_000,) * 9)
    said = prompts.project_part(wide)
    assert len(said) < prompts.LISTED + prompts.KEPT + 1_000
    shown = said.count(".py")
    assert f"t{shown - 1}: src/{shown - 1}.py; ({5_000 - shown} more)" in said
    assert said.count("y" * 1_000) == 3
    assert "- (6 more)\n" in said
    assert "more)" not in prompts.project_part(PLAN)


STORE = Contract(
    id="store", kind="class", signature="class Store", path="src/todo/store.py", symbol="todo.Store"
)


@pytest.mark.parametrize(
    ("evidence", "touched"),
    [
        ('File "src/todo/store.py", line 3', True),
        ("ModuleNotFoundError: No module named 'todo.store'", True),
        ("AttributeError: 'Store' object has no attribute 'add'", True),
        ("Restore of Stores failed in my/src/todo/store.pyc", False),
        ("assert 1 == 2", False),
    ],
)
def test_a_failure_concerns_a_contract_whose_file_module_or_symbol_it_names(evidence, touched):
    assert prompts.concerned(STORE, evidence) is touched


def test_a_contract_without_a_place_concerns_no_failure():
    shape = Contract(id="todo", kind="schema", signature="{id, title}")
    assert not prompts.concerned(shape, "todo failed: {id, title}")
    top = Contract(id="app", kind="function", signature="def app()", path="app.py")
    assert not prompts.concerned(top, "my app failed")
    assert prompts.concerned(top, "app.py:3: in run")


# --- the planner's ------------------------------------------------------------------------------

FOUND = Findings(
    files=1,
    languages=(("Python", 1),),
    frameworks=(),
    packages=(),
    entry_points=(),
    manifests=(),
    test_command=None,
    test_files=(),
    documents=(),
    relevant=(Excerpt(path="a.py", text="SECRET_OF_A = 1\n"),),
    outline=("a.py: f",),
    left_out=0,
)
BRIEF = Brief(kind="fix", name="x", goal="It works.")


def test_a_plan_is_asked_for_again_without_the_excerpts():
    first = design.design("do it", FOUND, BRIEF, ())[1].text
    again = design.design("do it", FOUND, BRIEF, (), excerpts=False)[1].text
    assert "SECRET_OF_A" in first
    assert "SECRET_OF_A" not in again
    assert "a.py: f" in again
    assert again.endswith(first[-len(design.RULES) :])


def planning(found=FOUND, **more):
    return design.design("do it", found, BRIEF, (), **more)[1].text


def test_a_test_command_that_is_known_is_given():
    assert '"test_command": "python -m unittest" or "python -m pytest",\n"run_' in planning()
    known = planning(test_command='make "check"')
    assert '"test_command": "make \\"check\\"",\n"run_command"' in known
    assert '"python -m unittest"' not in known


def test_gaps_reach_the_planner_within_bounds():
    assert "# Gaps" not in planning()
    said = planning(gaps=("no login", "no backup"), excerpts=False)
    assert "only where a requirement needs it:\n- no login\n- no backup\n\n# Wanted" in said
    wide = planning(gaps=("x" * 300,) * 9)
    assert wide.count("x" * 300) == 3
    assert "- (6 more)\n" in wide


def test_a_planner_is_told_to_name_all_that_a_task_leans_on():
    assert "also those that a contract in it names" in planning()


def shown(*outline, relevant=FOUND.relevant, show="texts"):
    found = replace(FOUND, outline=outline, relevant=relevant)
    return analysis.findings_part(found, show=show)


def test_the_list_of_files_says_whether_it_is_all_of_them():
    assert "\nother files, most relevant first:\nb.py\n" in shown("b.py")
    assert "\nfiles, most relevant first:\nb.py\n" in shown("b.py", relevant=())
    assert "\nfiles, most relevant first:\na.py\nb.py\n" in shown("b.py", show="paths")
    assert "\nother files, most relevant first:\nb.py\n" in shown("b.py", show="symbols")
    assert "files, most" not in shown()


def test_symbols_stand_for_code_and_documents_are_shown():
    relevant = (
        Excerpt(path="a.py", text="def f(x):\n    return SECRET_OF_A\n"),
        Excerpt(path="SPEC.md", text="It must be blue.\n"),
        Excerpt(path="b.py", text="def g(): ...\n", whole=False),
    )
    said = shown(relevant=relevant, show="symbols")
    assert '<material of="a.py, outline only">\ndef f(x)\n' in said
    assert "SECRET_OF_A" not in said
    assert '<material of="SPEC.md">\nIt must be blue.\n' in said
    assert '<material of="b.py, outline only">\ndef g(): ...\n' in said
    assert "# Relevant files" not in shown(relevant=relevant, show="paths")
    assert "SECRET_OF_A" in shown(relevant=relevant)


def test_who_says_what_is_wanted_sees_symbols_and_who_plans_sees_texts():
    long = Excerpt(path="a.py", text="def f(x):\n    return SECRET_OF_A\n")
    found = replace(FOUND, relevant=(long,))
    engaged = analysis.engage("do it", found, "")[1].text
    assert "def f(x)" in engaged
    assert "SECRET_OF_A" not in engaged
    for messages in (
        analysis.plan("do it", found, BRIEF),
        analysis.quick("do it", found, ""),
        analysis.explain("do it", found),
    ):
        assert "SECRET_OF_A" in messages[1].text
    assert "SECRET_OF_A" not in analysis.assess("do it", found, BRIEF, ())[1].text


def asked(messages):
    return re.findall(r'^{?"(\w+)":', messages[1].text.partition("# Wanted")[2], re.MULTILINE)


def test_what_is_known_is_not_asked():
    every = ["kind", "name", "goal", "target", "constraints", "doubts"]
    assert asked(analysis.engage("do it", FOUND, "")) == every
    assert asked(analysis.engage("do it", FOUND, "", {"kind", "target"})) == [
        "name",
        "goal",
        "constraints",
        "doubts",
    ]
    assert asked(analysis.quick("do it", FOUND, "", {"kind"}))[:2] == ["name", "goal"]


def test_no_figure_of_the_maturity_is_put_into_the_reviewers_mouth():
    said = analysis.assess("do it", FOUND, BRIEF, ())[1].text
    assert '"maturity_wanted": a number (1 idea, ' in said
    assert "maturity_now" not in said
    assert "maturity_now" not in analysis.ASSESSMENT_SCHEMA["properties"]


@pytest.mark.parametrize(
    ("room", "said"),
    [(5, ["ab", "cde"]), (4, ["ab", "(1 more)"]), (2, ["ab", "(1 more)"]), (1, ["(2 more)"])],
)
def test_what_fits_is_said_and_what_does_not_is_counted(room, said):
    assert fitting(["ab", "cde"], room) == said


def test_requirements_are_listed_with_their_numbers():
    wish = Requirement(id="R1", text="It adds", priority="must", criteria=("1", "2"))
    bare = Requirement(id="R2", text="It lists", priority="could")
    assert analysis.requirements_part((wish, bare)) == (
        "# Requirements\n- R1 (must) It adds [1; 2]\n- R2 (could) It lists\n\n"
    )
