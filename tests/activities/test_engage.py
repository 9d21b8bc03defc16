"""Engage: what code is certain of is not left to the model, what it says stays in bounds."""

import asyncio
import json

import pytest
from asker_kit import Route, world_of
from hypothesis import given, settings
from hypothesis import strategies as st

from partita.activities.engage import (
    MOST_CONSTRAINTS,
    MOST_DOUBTS,
    answered,
    engage,
    hint,
    known,
    read_brief,
    refuse_taken_name,
)
from partita.core.analysis import KINDS, Brief, Doubt, Findings
from partita.core.naming import kebab
from partita.core.prompts.analysis import BRIEF_SCHEMA
from partita.core.schema import violations
from partita.core.start import Start
from partita.errors import BadInput

OUTLINE = ("shop/cart.py: Cart, add", "shop/api/__init__.py", "tests/test_cart.py")


def findings(*outline):
    return Findings(
        files=len(outline),
        languages=(),
        frameworks=(),
        packages=(),
        entry_points=(),
        manifests=(),
        test_command=None,
        test_files=(),
        documents=(),
        relevant=(),
        outline=outline,
        left_out=0,
    )


EMPTY, SHOP = findings(), findings(*OUTLINE)


def start(request, **more):
    return Start(request=request, seed="s", **more)


def brief(request="Change the shop", found=SHOP, *, options=(), **data):
    said = {"kind": "feature", "goal": "It is changed.", "name": "shop-change", **data}
    return read_brief(said, start(request, **dict(options)), found)


def test_the_brief_is_asked_of_the_planner_and_read():
    said = {"kind": "fix", "goal": "Sums are right.", "name": "Cart Sums", "target": "shop/"}
    route = Route([json.dumps(said)])
    got = asyncio.run(engage(world_of(route), start("Sums in the shop are wrong"), SHOP))
    assert got == Brief(kind="fix", name="cart-sums", goal="Sums are right.", target="shop")
    ((_, question),) = route.asked
    assert (question.name, question.role) == ("engage:1", "planner")
    assert "Sums in the shop are wrong" in question.messages[-1].text


def test_a_verb_that_settles_the_kind_overrules_the_model():
    assert brief("Fix the crash in shop/cart.py", kind="build").kind == "fix"
    assert brief("Something about the shop", kind="refactor").kind == "refactor"


def test_what_is_known_is_told_to_the_model():
    assert hint(start("Fix the cart"), SHOP).startswith(' (Known: kind is "fix"')
    assert hint(start("whatever", name="mine"), SHOP) == ' (Known: name is "mine".)'
    assert hint(start("Build a todo service"), EMPTY) == (
        ' (Known: kind is "build"; name is "todo-service" unless the request names it otherwise.)'
    )


def test_what_code_is_certain_of_is_not_asked():
    assert known(start("Something about the shop"), SHOP) == frozenset()
    assert known(start("Fix the cart", name="mine"), SHOP) == {"kind", "name"}
    assert known(start("Build a todo service"), EMPTY) == {"kind", "target"}
    route = Route([json.dumps({"goal": "Sums are right.", "name": "sums"})])
    got = asyncio.run(engage(world_of(route), start("Fix the sums in the shop"), SHOP))
    assert got.kind == "fix"
    asked = route.asked[0][1].messages[-1].text
    assert '"goal": ' in asked
    assert '"kind": ' not in asked


def test_a_kind_that_nobody_knows_is_asked_for_again():
    route = Route(
        [json.dumps({"goal": "g", "name": "n"}), json.dumps({"goal": "g", "kind": "fix"})]
    )
    got = asyncio.run(engage(world_of(route), start("Something about the shop"), SHOP))
    assert got.kind == "fix"
    assert "kind must be one of build, feature" in route.asked[1][1].messages[-1].text


def test_the_users_name_comes_before_the_models_and_a_name_is_always_kebab_case():
    assert brief(options={"name": "mine"}).name == "mine"
    assert brief(name="../../Evil\x1b[2J Näme").name == "evil-2j-name"
    assert brief("Build a todo service", EMPTY, name="").name == "todo-service"


def test_a_brief_without_any_name_is_a_complaint():
    assert brief("?", name="") == "name is missing: a short kebab-case name of the thing"


@pytest.mark.parametrize("target", ["../../etc", "/etc", "nowhere", "sho", ".git"])
def test_a_target_that_is_not_there_is_not_taken(target):
    assert brief(target=target).target in ("", "shop")


def test_a_target_is_an_existing_folder_the_one_named_in_the_request_or_where_the_user_is():
    assert brief(target="shop/api/").target == "shop/api"
    assert brief("Add a field to shop/api", target="nowhere").target == "shop/api"
    assert brief("Do it", options={"subfolder": "docs"}).target == "docs"


def test_constraints_and_doubts_are_bounded():
    doubts = [{"question": f"q{n}", "default": "yes"} for n in range(50)]
    got = brief(constraints=[str(n) for n in range(500)], doubts=doubts)
    assert (len(got.constraints), len(got.doubts)) == (MOST_CONSTRAINTS, MOST_DOUBTS)


def test_answers_reach_their_doubts_and_no_answer_leaves_the_default():
    asked = brief(
        doubts=[{"question": "a?", "default": "yes"}, {"question": "b?", "default": "no"}]
    )
    assert answered(asked, {"a?": "never", "b?": ""}).doubts == (
        Doubt(question="a?", default="yes", answer="never"),
        Doubt(question="b?", default="no", answer=None),
    )


def test_a_new_thing_does_not_take_the_place_of_one_that_is_there():
    new = Brief(kind="build", name="todo-app", goal="g")
    for taken in ("todo-app", "todo_app"):
        with pytest.raises(BadInput, match="collide") as e:
            refuse_taken_name(new, start("r"), frozenset({taken, "src"}))
        assert "--name" in e.value.remedy
    refuse_taken_name(new, start("r"), frozenset({"todo"}))
    refuse_taken_name(new, start("r", confirmed=True), frozenset({"todo-app"}))
    feature = Brief(kind="feature", name="todo-app", goal="g")
    refuse_taken_name(feature, start("r"), frozenset({"todo-app"}))


texts = st.text(st.characters(), max_size=30)


@settings(max_examples=100, deadline=None)
@given(
    texts,
    st.fixed_dictionaries(
        {"kind": st.sampled_from(KINDS), "goal": texts.filter(bool)},
        optional={
            "name": texts,
            "target": texts,
            "constraints": st.lists(texts, max_size=4),
            "doubts": st.lists(
                st.fixed_dictionaries({"question": texts, "default": texts}), max_size=4
            ),
        },
    ),
    st.sampled_from([EMPTY, SHOP]),
)
def test_whatever_fits_the_schema_is_a_brief_or_a_complaint(request_text, data, found):
    assert not violations(BRIEF_SCHEMA, data)
    got = read_brief(data, start(request_text), found)
    if isinstance(got, str):
        assert got
        return
    assert got.kind in KINDS
    assert got.name == kebab(got.name) != ""
    assert got.target == "" or any(p.startswith(got.target) for p in OUTLINE)
