"""Violations are sentences with a path, few, and always in the same order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita.core.schema import violations

ID = {"type": "object", "required": ["id"], "properties": {"touch": {"type": "array"}}}


@pytest.mark.parametrize(
    ("schema", "value", "said"),
    [
        (
            {"properties": {"tasks": {"items": ID}}},
            {"tasks": [{"id": 1, "touch": "x"}]},
            "tasks[0].touch: want a list",
        ),
        ({"items": ID}, [{}], "[0]: missing `id`"),
        ({"type": "object"}, [], "the top level: want an object"),
        ({"type": ["string", "null"]}, 1, "the top level: want a string or null"),
        ({"enum": ["a", "b"]}, "c", "the top level: want one of 'a', 'b'"),
        ({"const": 2}, 1, "the top level: want 2"),
        (
            {"additionalProperties": False, "properties": {"a": {}}},
            {"b": 1, "a": 1},
            "the top level: unknown key `b`",
        ),
        ({"minItems": 2}, [1], "the top level: want at least 2 items"),
        ({"maxItems": 1}, [1, 2], "the top level: want at most 1 item"),
        ({"minLength": 1}, "", "the top level: want at least 1 character"),
        ({"maxLength": 1}, "ab", "the top level: want at most 1 character"),
        ({"minimum": 1}, 0, "the top level: want 1 or more"),
        ({"maximum": 1}, 2, "the top level: want 1 or less"),
        ({"pattern": "^a"}, "b", "the top level: want text that matches ^a"),
        ({"uniqueItems": True}, [1, 1], "the top level: want every item once"),
        (
            {"properties": {"a b": {"type": "integer"}}},
            {"a b": True},
            "['a b']: want a whole number",
        ),
        (
            {"anyOf": [{"type": "object", "required": ["x"]}, {"type": "null"}]},
            {},
            "the top level: missing `x`",
        ),
    ],
)
def test_each_rule_has_its_sentence(schema, value, said):
    assert violations(schema, value) == (said,)


def test_nothing_is_said_of_what_fits():
    assert violations(ID, {"id": 1}) == ()
    assert violations({}, None) == ()


def test_at_most_twenty_are_said_in_the_order_of_the_document():
    said = violations({"items": {"type": "string"}}, list(range(500)))
    assert said == tuple(f"[{n}]: want a string" for n in range(20))


def test_a_huge_value_is_not_quoted():
    assert all(len(each) < 300 for each in violations({"not": {}}, "x" * 100_000))


@given(st.permutations(["a", "b", "c", "d"]))
def test_the_order_of_keys_does_not_matter(keys):
    schema = {"properties": {key: {"type": "string"} for key in "abcd"}}
    assert violations(schema, dict.fromkeys(keys, 1)) == tuple(
        f"{k}: want a string" for k in "abcd"
    )
