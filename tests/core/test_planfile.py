"""The plan file: what is written is read again, and models' versions are understood."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from strategies import LAW, any_plans, valid_plans

from partita.core.plan import Contract, Plan, WantedFile
from partita.core.planfile import PLAN_SCHEMA, read_plan, slug, to_json
from partita.core.problems import ID, TASKS, problems
from partita.core.scope import matches, scope_of


def read(*tasks, existing=(), **more):
    found = read_plan({"name": "demo", "tasks": list(tasks), **more}, existing=frozenset(existing))
    assert isinstance(found, Plan), found
    return found


def task(ident="a", touch=("a/**",), **more):
    return {"id": ident, "objective": "do it", "touch": list(touch), **more}


@LAW
@given(valid_plans())
def test_a_plan_that_was_written_is_read_as_it_was(plan):
    text = json.dumps(to_json(plan))
    assert read_plan(json.loads(text)) == plan


@LAW
@given(any_plans())
def test_reading_settles_after_one_round(plan):
    once = read_plan(to_json(plan))
    assert isinstance(once, Plan)
    assert read_plan(to_json(once)) == once


def test_the_published_schema_is_a_schema():
    Draft202012Validator.check_schema(PLAN_SCHEMA)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "tasks", "id", "objective", "touch", "files", "path", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@LAW
@given(json_values)
def test_any_json_is_read_as_a_plan_or_as_problems(value):
    found = read_plan(value)
    if isinstance(found, Plan):
        problems(found)
    else:
        assert found
        assert all(p.kind == "form" and p.text and p.mend for p in found)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "want an object"),
        ({"name": "x"}, "missing `tasks`"),
        ({"name": "x", "tasks": [{"id": "a"}]}, "tasks[0]: missing `objective`, `touch`"),
        ({"name": "x", "tasks": [task(needs="a")]}, "tasks[0].needs: want a list"),
        ({"name": "x", "tasks": [task(touch=[3])]}, "tasks[0].touch[0]: want a string"),
        ({"name": "x", "tasks": [task()], "version": 2}, "version"),
    ],
)
def test_what_does_not_fit_the_schema_is_said(data, said):
    found = read_plan(data)
    assert isinstance(found, tuple)
    assert any(said in p.text for p in found), found


def test_only_what_is_needed_must_be_there_and_nulls_count_as_missing():
    plan = read(task(read=None, files=None), contracts=None, test_command=None, base=None, extra=1)
    assert plan == read(task())
    assert (plan.base, plan.contracts, plan.tasks[0].read) == ("", (), ())


def test_what_a_contract_leaves_out_is_empty():
    plan = read(task(), contracts=[{"id": "x"}])
    assert plan.contracts == (Contract(id="x", kind="other", signature=""),)


def test_the_base_given_takes_the_place_of_the_file_s():
    data = {"name": "demo", "tasks": [task()], "base": "old"}
    for base, wanted in (("new", "new"), ("", "old")):
        plan = read_plan(data, base=base)
        assert isinstance(plan, Plan)
        assert plan.base == wanted


def test_ids_are_brought_into_form_and_references_with_them():
    plan = read(
        task("Todo Store!", provides=["Store.API"]),
        task("todo-store", ["b/**"], needs=["Todo Store!"], uses=["store api"]),
        task("Übung", ["c/**"], needs=["todo-store", "TODO_STORE", "nobody"]),
        contracts=[{"id": "Store.API"}],
    )
    assert [t.id for t in plan.tasks] == ["todo-store-2", "todo-store", "ubung"]
    assert plan.tasks[1].needs == ("todo-store-2",)
    assert plan.tasks[2].needs == ("todo-store", "todo-store", "nobody")
    assert plan.contracts[0].id == "store-api"
    assert plan.tasks[0].provides == plan.tasks[1].uses == ("store-api",)


def test_two_tasks_with_one_id_become_two():
    plan = read(task("a"), task("a", ["b/**"]), task("A", ["c/**"]))
    assert [t.id for t in plan.tasks] == ["a", "a-2", "a-3"]
    assert problems(plan) == ()


@LAW
@given(st.text(max_size=60))
def test_every_text_gives_an_id(text):
    assert ID.fullmatch(slug(text))
    assert slug(slug(text)) == slug(text)


def test_an_existing_path_is_taken_literally():
    existing = ["app/[id]/page.tsx", "app/[id]/x/y.ts", "docs/a.md"]
    plan = read(
        task(
            touch=["./app/[id]/page.tsx", "app/[id]/new.tsx", "src/[ab].py", "docs", "docs/"],
            read=["app/[id]"],
        ),
        existing=existing,
    )
    scope = scope_of(plan.tasks[0])
    assert scope.touch == (
        r"app/\[id\]/page.tsx",
        r"app/\[id\]/new.tsx",
        "src/[ab].py",
        "docs/**",
    )
    assert scope.may_write("app/[id]/page.tsx")
    assert not scope.may_write("app/i/page.tsx")
    assert matches(scope.read[0], "app/[id]/x/y.ts")
    assert read_plan(to_json(plan), existing=frozenset(existing)) == plan


def test_a_path_below_an_existing_folder_is_taken_literally_however_it_is_spelt():
    plan = read(task(touch=["[id]/new.tsx", ".//[id]/more.tsx", "././x"]), existing=["[id]/a.tsx"])
    assert plan.tasks[0].touch == (r"\[id\]/new.tsx", r"\[id\]/more.tsx", "x")


def test_a_wanted_path_is_taken_literally():
    plan = read(task(touch=["app/[slug]/p.tsx"], files=[{"path": "./app/[slug]/p.tsx"}]))
    assert plan.tasks[0].touch == (r"app/\[slug\]/p.tsx",)
    assert plan.tasks[0].files == (WantedFile(path="app/[slug]/p.tsx"),)
    assert problems(plan) == ()


@pytest.mark.parametrize("touch", [{"touch": []}, {"touch": None}, {}])
def test_a_task_that_only_lists_files_touches_those(touch):
    plan = read(
        {"id": "a", "objective": "x", "files": [{"path": "[x].py"}, {"path": "y"}], **touch}
    )
    assert plan.tasks[0].touch == (r"\[x\].py", "y")


def test_patterns_that_can_not_be_used_are_kept_for_the_list_of_problems():
    plan = read(task(touch=["../x", "a\\b"], files=[{"path": "/etc/passwd"}]))
    assert plan.tasks[0].touch == ("../x", "a\\b")
    assert {p.kind for p in problems(plan)} == {"pattern"}


def test_a_plan_file_holds_as_much_as_can_be_checked_and_no_more():
    assert len(read(task("a", [f"f{i}" for i in range(10_000)])).tasks[0].touch) == 10_000
    many = [task(f"t{i}", [f"f{i}"]) for i in range(1_001)]
    contracts = [{"id": f"c{i}", "kind": "schema"} for i in range(1_001)]
    found = read(*many, contracts=contracts)
    assert (len(found.tasks), len(found.contracts)) == (1_001, 1_001)
    assert problems(found) == ()
    tasks = PLAN_SCHEMA["properties"]["tasks"]
    assert (tasks["maxItems"], PLAN_SCHEMA["properties"]["contracts"]["maxItems"]) == (TASKS, TASKS)
    for key in ("needs", "uses", "provides"):
        assert tasks["items"]["properties"][key]["maxItems"] == TASKS
    for touch in (["x"] * 10_001, ["x"] * 10_000):
        value = read_plan({"name": "x", "tasks": [task(touch=touch)]})
        assert isinstance(value, Plan) == (len(touch) == 10_000)
