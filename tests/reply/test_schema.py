"""Violations are sentences with a path, few, and always in the same order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita.core.schema import schema_flaw, violations

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


@pytest.mark.parametrize(
    ("schema", "word"),
    [
        ([], "object"),
        (None, "object"),
        ("x", "object"),
        ({"type": 5}, "type"),
        ({"type": "text"}, "type"),
        ({"properties": []}, "properties"),
        ({"pattern": "("}, "pattern"),
        ({"properties": {"a": {"pattern": "[z-a]"}}}, "pattern"),
        ({"$ref": "http://x/y.json"}, "http://x/y.json"),
        ({"items": [{"$ref": "file:///etc/passwd"}]}, "passwd"),
        ({"properties": {"a": {"$ref": "#/$defs/b"}}}, "#/$defs/b"),
        ({"$dynamicRef": "other"}, "other"),
        ({"enum": list(range(20_000))}, "parts"),
    ],
)
def test_a_schema_that_cannot_be_used_is_named(schema, word):
    assert word in schema_flaw(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {},
        ID,
        {"$defs": {"a/b": {"type": "string"}}, "items": {"$ref": "#/$defs/a~1b"}},
        {"allOf": [{"$ref": "#/allOf/1"}, {"type": "string"}]},
        {"properties": {"child": {"$ref": "#"}}},
        {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "string"}]},
    ],
)
def test_a_schema_that_refers_to_itself_is_fine(schema):
    assert schema_flaw(schema) == ""


def test_the_dialect_that_a_schema_names_is_spoken():
    old = {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "string"}]}
    assert violations(old, [1]) == ("[0]: want a string",)
    assert violations(old, ["a", 1]) == ()


def test_what_is_nested_too_deep_to_be_compared_is_not_accepted():
    value = {}
    for _ in range(450):
        value = {"child": value}
    said = violations({"properties": {"child": {"$ref": "#"}}}, value)
    assert said
    assert "deep" in said[0]
