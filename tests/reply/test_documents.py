"""JSON out of replies: tolerant in reading, strict in accepting, never wrong in silence."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita.core.reply.documents import read_json, strict_documents
from partita.core.reply.value import JsonRead, Unreadable

TASKS = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "tasks": {"type": "array", "items": {"type": "object", "required": ["id"]}},
    },
    "required": ["name", "tasks"],
    "additionalProperties": False,
}
GOOD = {"name": "a", "tasks": [{"id": "x"}]}
TEXT = json.dumps(GOOD)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
documents = st.dictionaries(st.text(), values, max_size=4) | st.lists(values, max_size=4)


def value_of(read):
    assert isinstance(read, JsonRead), read
    assert not read.truncated
    return read.value


@pytest.mark.parametrize(
    ("reply", "rung"),
    [
        (TEXT, "whole"),
        (f"  \n{TEXT}\n", "whole"),
        (f"\ufeff{TEXT}", "whole"),
        (f"\u200b{TEXT}\x00", "whole"),
        (json.dumps(GOOD, indent=4), "whole"),
        (f"```json\n{TEXT}\n```", "found"),
        (f"```\n{TEXT}\n```", "found"),
        (f"~~~JSON\n{TEXT}\n~~~", "found"),
        (f"```json\n{TEXT}", "found"),
        (f"Here it is:\n\n{TEXT}\n\nAnything else?", "found"),
        (f"Use {{braces}} and [brackets] like [this](x):\n{TEXT}", "found"),
        (f"As in [1], `f(){{ return x; }}`:\n{TEXT}\nsee [2]", "found"),
        (f"<think>maybe {{'name': 1}}?</think>{TEXT}", "found"),
        (f"<THINKING>hm</THINKING>\n{TEXT}", "found"),
        (f'so {{"name": "draft", "tasks": []}}\n</think>\n{TEXT}', "found"),
        (
            f"<|channel|>analysis<|message|>{{}}<|end|><|channel|>final<|message|>{TEXT}<|return|>",
            "found",
        ),
        (f"<answer>{TEXT}</answer>", "found"),
        (f"<json>\n<![CDATA[{TEXT}]]>\n</json>", "found"),
        (json.dumps(TEXT), "found"),
        (f'{{"name": "draft", "tasks": []}}\nBetter:\n{TEXT}', "found"),
        (f'{TEXT}\n\nFor comparison, a bad one: {{"name": 1}}', "found"),
        ('{"name": "a", "tasks": [{"id": "x"},],}', "mended"),
        ("{'name': 'a', 'tasks': [{'id': 'x'}]}", "mended"),
        ("{name: 'a', tasks: [{id: 'x'}]}", "mended"),
        ("{“name”: “a”, “tasks”: [{“id”: “x”}]}", "mended"),
        ('{"name": "a", "tasks": ({"id": "x"},)}', "mended"),
        ('{"name": "a", // the name\n"tasks": [{"id": "x"}] /* all */ # yes\n}', "mended"),
        ('{"name"：“a”，"tasks":[{"id":"x"}]}', "mended"),  # noqa: RUF001 - full-width
        ('```json\n{"name": "a", "tasks": [{"id": "x"}],}\n```\nDone.', "mended"),
        ("name: a\ntasks:\n  - id: x\n", "yaml"),
        ("```yaml\nname: a\ntasks: [{id: x}]\n```", "yaml"),
        ("Sure:\n```yml\nname: a\ntasks:\n- id: x\n```\nDone.", "yaml"),
    ],
)
def test_a_document_is_found_however_it_is_wrapped(reply, rung):
    read = read_json(reply, TASKS)
    assert value_of(read) == GOOD
    assert read.rung == rung


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        ('{"a": True, "b": None, "c": False,}', {"a": True, "b": None, "c": False}),
        ('{"a": "one\ntwo\ttabs",}', {"a": "one\ntwo\ttabs"}),
        (
            '{"a": "x = [1, 2]  # {not} a comment // here",}',
            {"a": "x = [1, 2]  # {not} a comment // here"},
        ),
        ('{"a": "```py\\nx\\n```",}', {"a": "```py\nx\n```"}),
        ('{"a": "print(1)\\n\\n",}', {"a": "print(1)\n\n"}),
        ('{"a": "\\d+\\.\\w",}', {"a": "\\d+\\.\\w"}),
        ('{"a": "it\\\'s",}', {"a": "it's"}),
        ('{"a": "\\u00e9\\ud83d\\ude00\\u0041",}', {"a": "é😀A"}),
        ("{'a': \"it's\", 'b': 'say \"hi\"'}", {"a": "it's", "b": 'say "hi"'}),
        ("{'a': 'it\\'s'}", {"a": "it's"}),
        ('{"a": “he said "no" twice”}', {"a": 'he said "no" twice'}),
        ('{"a": [+1, .5, 5., 1_000, -2e3,]}', {"a": [1, 0.5, 5.0, 1000, -2000.0]}),
        ('{"a": ((1, 2), (3,), ())}', {"a": [[1, 2], [3], []]}),
        ('{"a-b": 1, c_d: 2, $e: 3,}', {"a-b": 1, "c_d": 2, "$e": 3}),
        ('{"url": "http://x/#y", /* c */}', {"url": "http://x/#y"}),
        ("[1, 2, 3,]", [1, 2, 3]),
    ],
)
def test_slips_are_mended_without_touching_what_was_said(reply, value):
    read = read_json(reply, None)
    assert value_of(read) == value
    assert read.rung == "mended"
    assert read.problems


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "   ",
        "I am sorry, I can't do that.",
        "<think>so the answer is {}",
        '<think>{"name": "a", "tasks": []}',
        '{"code": "s.split(",")"}',
        '{"css": "color: "#fff""\n}',
        '{"a": "x" // "y"\n}',
        '{"a": "b "], "c": 1}',
        '["a", "b "], "c"]',
        "[1,,2]",
        "[,1]",
        '{"a": "x" "y"}',
        '{"a": {1, 2}}',
        '{"a": (1)}',
        '{"a": NaN}',
        '{"a": -Infinity}',
        '{"a": 1e999}',
        '{"a": 1,000}',
        '{"a": 007}',
        '{"a": 1.2.3}',
        '{"a": 12 apples}',
        '{"a": undefined}',
        '{"a": yes}',
        '{"a": "\\x41",}',
        '{"a": "\\u12",}',
        '{"a": "line\\\nline",}',
        '{"a": "\\ud800"}',
        '{"a": ' + "9" * 5000 + ",}",
        '{"a": [1, 2}',
        "{a b: 1}",
        '{{"a": 1}}',
        "```yaml\na: 1",
        "```yaml\na: &x [1]\nb: *x\n```",
        "```yaml\n2024-01-01: x\n1: y\n```",
        "```yaml\na: !!binary aGk=\n```",
        '{x, {"b": 1}, y}',
        "As Smith showed [1], it can't be done.",
        "<name>a</name><tasks></tasks>",
    ],
)
def test_what_would_have_to_be_guessed_is_refused(reply):
    read = read_json(reply, None)
    assert isinstance(read, Unreadable), read
    assert read.why


def test_a_refusal_lists_what_the_schema_misses():
    read = read_json('{"name": 1, "extra": 2, "tasks": [{"id": 1}, {}]}', TASKS)
    assert isinstance(read, Unreadable)
    assert "the top level: unknown key `extra`" in read.why
    assert "name: want a string" in read.why
    assert "tasks[1]: missing `id`" in read.why


def test_valid_json_of_the_wrong_shape_is_not_read_in_another_way():
    assert isinstance(read_json("[]", TASKS), Unreadable)
    assert isinstance(read_json('"name: a"', TASKS), Unreadable)
    assert value_of(read_json("42", None)) == 42


def test_the_last_document_that_fits_wins():
    reply = f'{{"name": "one", "tasks": []}} {TEXT} {{"tasks": "none"}}'
    assert value_of(read_json(reply, TASKS)) == GOOD


def test_a_broken_last_word_is_not_replaced_by_a_draft():
    reply = f'{TEXT}\n\nFinal:\n{{"name": "a "b", "c" d", "tasks": []}}'
    assert isinstance(read_json(reply, TASKS), Unreadable)


def test_the_inside_of_a_broken_document_is_no_document():
    reply = '{"why": "a "b", "c" d", "inner": {"name": "a", "tasks": []}}'
    assert isinstance(read_json(reply, TASKS), Unreadable)


def test_yaml_keeps_words_as_words():
    read = read_json("name: no\ntasks: [{id: 2024-01-01}, {id: on}]", TASKS)
    assert value_of(read) == {"name": "no", "tasks": [{"id": "2024-01-01"}, {"id": "on"}]}


def test_prose_with_a_colon_is_no_yaml():
    loose = {"type": "object"}
    assert isinstance(read_json("Note: I can't do that.", loose), Unreadable)


def test_a_cut_yaml_is_never_taken():
    assert isinstance(read_json("name: a\ntasks: []\n", TASKS, finish="length"), Unreadable)


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        (
            '{"name": "a", "tasks": [{"id": "x"}, {"id": "y", "n": 1',
            {"name": "a", "tasks": [{"id": "x"}]},
        ),
        (
            '{"name": "a", "tasks": [{"id": "x"}, {"id": "y"}',
            {"name": "a", "tasks": [{"id": "x"}, {"id": "y"}]},
        ),
        ('{"name": "a", "tasks": [{"id": "x", "l": [1, 2', {"name": "a", "tasks": []}),
        ('{"name": "a", "ta', {"name": "a"}),
        ('{"name": "a", "more": {"b": 1, "c": [1, 23', {"name": "a", "more": {"b": 1, "c": [1]}}),
        ('{"name": "a", "tasks": 12', {"name": "a"}),
        ("{'name': 'a', 'tasks': [{'id': 'x'}, {", {"name": "a", "tasks": [{"id": "x"}]}),
        ('Draft: {"name": "d", "tasks": []}\nFinal: {"name": "a", ', {"name": "a"}),
        ('```json\n{"name": "a",', {"name": "a"}),
    ],
)
@pytest.mark.parametrize("finish", ["stop", "length"])
def test_a_cut_document_gives_only_its_finished_parts_and_says_so(reply, value, finish):
    read = read_json(reply, TASKS, finish=finish)
    assert isinstance(read, JsonRead)
    assert read.truncated
    assert read.rung == "salvaged"
    assert read.value == value


def test_a_reply_cut_in_the_words_after_a_document_is_not_whole():
    read = read_json(f"{TEXT}\nNow a better", TASKS, finish="length")
    assert isinstance(read, JsonRead)
    assert read.truncated
    assert value_of(read_json(f"```json\n{TEXT}\n```", TASKS, finish="length")) == GOOD


def test_strict_documents_are_only_valid_ones():
    assert strict_documents(f"a {TEXT} b") == (GOOD,)
    assert strict_documents('{"a": 1,}') == ()
    assert strict_documents('{"a": 1} {"b": 2,}') == ()
    assert strict_documents('{"a": 1} {"b"') == ()


@pytest.mark.parametrize(
    "reply",
    [
        "[" * 1_000_000,
        "{" * 1_000_000,
        '{"a":' * 200_000,
        "[1," * 300_000,
        '{"' * 300_000,
        ("[" * 99 + "x") * 10_000,
        "\n[1 2" * 200_000,
        "{'s " * 250_000,
        "[1]" * 300_000,
        '{"a":1}\n' * 100_000,
        "<think>" * 100_000,
        "<|message|>" * 90_000,
        "{/*" * 300_000,
        "{#\n" * 300_000,
        '{"\\' * 200_000,
        "```yaml\n" * 120_000,
        '["' + "\\" * 1_000_000,
        "[" + "1" * 1_000_000,
        "[" * 101 + "]" * 101,
        "- " * 100_000,
    ],
    ids=lambda reply: reply[:8],
)
def test_heaps_of_a_megabyte_are_refused_in_time(reply):
    read = read_json(reply, TASKS)
    assert isinstance(read, Unreadable) or read.truncated


def test_a_megabyte_with_a_trailing_comma_is_read_unaltered():
    files = [{"id": f"t{n}", "code": f'def f():\n    return "{n}"\n'} for n in range(20_000)]
    text = json.dumps({"name": "big", "tasks": files})
    assert len(text) > 1_000_000
    assert value_of(read_json(text[:-1] + ",}", TASKS))["tasks"] == files


@given(documents)
def test_valid_json_is_returned_untouched(value):
    assert value_of(read_json(json.dumps(value), None)) == value
    fenced = f"Here:\n```json\n{json.dumps(value, indent=1, ensure_ascii=False)}\n```\n"
    assert value_of(read_json(fenced, None)) == value


@given(documents.filter(bool))
def test_a_trailing_comma_changes_nothing_else(value):
    text = json.dumps(value, ensure_ascii=False)
    assert value_of(read_json(f"{text[:-1]},{text[-1]}", None)) == value


@given(st.dictionaries(st.text(), values, min_size=1, max_size=4))
def test_python_literals_read_back(value):
    read = read_json(repr(value), None)
    if isinstance(read, JsonRead):
        assert read.value == value


@given(documents, st.data(), st.sampled_from(["stop", "length"]))
def test_no_cut_of_a_document_ever_passes_for_the_whole(value, data, finish):
    text = json.dumps(
        value, ensure_ascii=data.draw(st.booleans()), indent=data.draw(st.none() | st.just(1))
    )
    cut = data.draw(st.integers(0, len(text) - 1))
    read = read_json("Here:\n" * data.draw(st.integers(0, 1)) + text[:cut], None, finish=finish)
    assert isinstance(read, Unreadable) or read.truncated


def test_every_cut_of_a_rich_document_is_seen():
    value = {
        "name": "a \"q\" {b} [c] // d # e \\ \u2028 'f' 😀",
        "tasks": [
            {"id": "x", "touch": ["a/**", "b"], "n": -1.5e3, "ok": True},
            {"id": "y", "z": {}},
        ],
        "code": "```py\nprint({'a': [1]})\n```\n<think>",
    }
    for text in (json.dumps(value), json.dumps(value, indent=2, ensure_ascii=False)):
        for cut in range(len(text)):
            for wrap in ("{}", "Sure!\n```json\n{}", "<think>x</think>{}"):
                read = read_json(wrap.replace("{}", text[:cut], 1), None)
                assert isinstance(read, Unreadable) or read.truncated, text[:cut]


@given(documents, st.data())
def test_a_salvaged_list_holds_only_items_that_were_whole(value, data):
    text = json.dumps({"items": [value, value, value]})
    cut = data.draw(st.integers(1, len(text) - 1))
    read = read_json(text[:cut], None)
    assert isinstance(read, JsonRead)
    items = read.value.get("items", [])
    assert items == [value] * len(items)


@given(st.text(alphabet=st.sampled_from("{}[]()\"'“”,:#/*\\ \n\tabtrue01-.`<>|")))
def test_bracket_soup_never_crashes(text):
    for schema in (None, TASKS):
        assert isinstance(read_json(text, schema), JsonRead | Unreadable)


@given(st.text())
def test_any_text_gets_an_answer_that_can_be_stored(text):
    read = read_json(text, None)
    if isinstance(read, JsonRead):
        json.dumps(read.value, allow_nan=False, ensure_ascii=False).encode()
    else:
        assert isinstance(read, Unreadable)


def test_a_number_too_large_for_a_float_is_refused_even_when_valid():
    assert math.isinf(json.loads("1e999"))
    assert isinstance(read_json("1e999", None), Unreadable)
