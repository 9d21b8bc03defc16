"""Prompts: stable parts first, foreign text fenced, nothing said twice."""

import os

from hypothesis import given
from hypothesis import strategies as st

from partita.core.plan import Contract, Plan, Task
from partita.core.prompts import build as prompts
from partita.core.prompts.common import material

PLAN = Plan(
    name="x",
    architecture="two parts",
    contracts=(Contract(id="c", kind="function", signature="def f()", path="a.py", symbol="f"),),
    tasks=(
        Task(id="a", objective="do a", touch=("a.py",), provides=("c",)),
        Task(id="b", objective="do b", touch=("b.py",), uses=("c",)),
        Task(id="lone", objective="do c", touch=("c.py",)),
    ),
)


def prompt(task, mark="abc234", own=None):
    return prompts.build(PLAN, PLAN.task(task), (), own or {}, {}, mark)


def test_all_tasks_share_the_form_and_the_project():
    a, b = prompt("a"), prompt("b")
    assert a[0] == b[0]
    common = os.path.commonprefix([a[1].text, b[1].text])  # noqa: RUF071 - characters are meant
    assert "# Project" in common
    assert "Files: a: a.py; b: b.py; lone: c.py" in common


def test_a_task_sees_only_the_contracts_that_it_provides_or_uses():
    assert "c (function, a.py; you provide): def f()" in prompt("a")[1].text
    assert "c (function, a.py; you use): def f()" in prompt("b")[1].text
    assert "# Contracts" not in prompts.build(PLAN, PLAN.task("lone"), (), {}, {}, "abc234")[1].text


def test_the_mark_stands_last_and_nowhere_else():
    one, two = prompt("a", "abc234"), prompt("a", "xyz789")
    assert one[1].text.replace("abc234", "xyz789") == two[1].text
    assert "abc234" in one[1].text.splitlines()[-1]
    assert "abc234" not in "\n".join(one[1].text.splitlines()[:-1])


@given(st.text())
def test_material_cannot_close_its_own_fence(text):
    fenced = material("x", text)
    assert fenced.count("</material") == 1
    assert fenced.endswith("</material>")
