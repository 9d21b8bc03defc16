"""Values written in the ways of models, whole and cut: read back equal, cut as cut, or refused."""
# ruff: noqa: RUF001 - curly quotes are one of the ways

import json

import pytest
import yaml
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from partita.core.reply.documents import read_json
from partita.core.reply.value import JsonRead, Unreadable

LAW = settings(max_examples=600, deadline=None)  # time depends on the machine, laws do not
CODE = [
    'def f(x):\n    return f"{x!r}" + \'a\' if x["k"] else {}  # no\n',
    "const f = (a) => { return `x ${a} y`; } // {\n/* [ */\n",
    "#!/bin/sh\necho \"$HOME\" | grep '^[a-z]*$' && cat <<'EOF'\n}\nEOF\n",
    "SELECT \"a\" FROM t WHERE b = 'it''s' -- c\n",
    '<div class="x">{{ y }}</div><!-- ] -->\n',
    '```yaml\na: [1]\n```\n```json\n{"b": 2}\n```\n',
    "<think>\nno\n</think>\n<|message|>\n",
    "a = \"\"\"x\"\"\"\nb = '''y'''\n",
    "C:\\new\\x41\\table \\u00e9 \\'",
    "“smart” ‘quotes’ «x» „y“",
    "\u2028\ufeff\u200b\x00\x1b[0m\r\n\t",
    ", } ] : { [ \" ' , }",
    "...",
    "no",
    "010",
    "1e3",
    "",
]
texts = st.sampled_from(CODE) | st.text(st.characters(exclude_categories=["Cs"]), max_size=15)
scalars = st.none() | st.booleans() | st.integers() | texts
scalars |= st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)
documents = st.dictionaries(texts, values, min_size=1, max_size=4) | st.lists(
    values, min_size=2, max_size=4
)


def literal(text, quote):
    """As JavaScript and Python write it between such quotes."""
    inner = json.dumps(text, ensure_ascii=quote == "'")[1:-1].replace('\\"', '"')
    opener = "‘" if quote == "’" else quote
    return opener + inner.replace(quote, "\\" + quote) + quote


def commented(value):
    """As a person writes a configuration: comments on each line, trailing commas."""
    if isinstance(value, dict) and value:
        rows = "".join(
            f"  {json.dumps(key)}: {commented(each)}, // the {n}th\n  # and so on\n"
            for n, (key, each) in enumerate(value.items())
        )
        return "{\n" + rows + "}"
    if isinstance(value, list) and value:
        return "[/* items */" + "".join(f"{commented(each)},\n" for each in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def loose(value, quote="'"):
    """As JavaScript allows it: single quotes, bare keys, trailing commas."""
    if isinstance(value, dict) and value:
        rows = (
            f"{key if key.isidentifier() and key.isascii() else literal(key, quote)}: "
            f"{loose(each, quote)},"
            for key, each in value.items()
        )
        return "{" + "\n".join(rows) + "}"
    if isinstance(value, list) and value:
        return "[" + "".join(f"{loose(each, quote)}, " for each in value) + "]"
    return literal(value, quote) if isinstance(value, str) else json.dumps(value)


def raw(value):
    """Valid but for line breaks and tabs that stand raw in strings."""
    return json.dumps(value, ensure_ascii=False).replace("\\n", "\n").replace("\\t", "\t")


STYLES = {
    "plain": json.dumps,
    "wide": lambda value: json.dumps(value, indent=2, ensure_ascii=False),
    "python": repr,
    "tuples": lambda value: repr(tuples(value)),
    "commented": commented,
    "loose": loose,
    "smart": lambda value: loose(value, "’"),
}
WRAPS = {
    "bare": "{}",
    "fence": "Here you are:\n\n```json\n{}\n```\nDone; it has [1] what you asked.",
    "prose": "The result:\n{}\nSee f(x) and a[0].",
    "think": "<think>first [1] and {a}</think>\n{}",
    "answer": "<answer>\n{}\n</answer>",
}


def tuples(value):
    if isinstance(value, dict):
        return {key: tuples(each) for key, each in value.items()}
    return tuple(map(tuples, value)) if isinstance(value, list) else value


def same(left, right):
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def wrapped(wrap, text):
    return WRAPS[wrap].replace("{}", text, 1)


@LAW
@given(documents, st.sampled_from(sorted(STYLES)), st.sampled_from(sorted(WRAPS)))
def test_what_is_written_in_a_models_way_reads_back_equal_or_not_at_all(value, style, wrap):
    read = read_json(wrapped(wrap, STYLES[style](value)), None)
    if isinstance(read, JsonRead):
        assert not read.truncated
        assert same(read.value, value)
    if style in ("plain", "wide"):
        assert isinstance(read, JsonRead), read


@pytest.mark.parametrize("style", ["plain", "wide", "commented", "loose"])
@pytest.mark.parametrize("code", CODE, ids=range(len(CODE)))
def test_code_in_strings_is_read_in_every_style(style, code):
    value = {"path": "a", "code": code, "n": [1, {"x": code}]}
    for wrap in WRAPS:
        read = read_json(wrapped(wrap, STYLES[style](value)), None)
        assert isinstance(read, JsonRead), read
        assert same(read.value, value)


@pytest.mark.parametrize("code", CODE, ids=range(len(CODE)))
def test_code_with_raw_line_breaks_is_read(code):
    if "\\" not in code:
        value = {"path": "a", "code": code}
        read = read_json(raw(value), None)
        assert isinstance(read, JsonRead), read
        assert same(read.value, value)


@LAW
@given(documents, st.sampled_from(sorted(STYLES)), st.data())
def test_no_cut_in_any_style_passes_for_the_whole(value, style, data):
    text = STYLES[style](value)
    head = data.draw(st.sampled_from(["", "Sure:\n", "```json\n", "<think>x</think>", "<answer>"]))
    cut = head + text[: data.draw(st.integers(0, len(text) - 1))]
    tail = data.draw(st.sampled_from(["", "\n", "\n```\n", "\n```\nThat is all.", "</answer>"]))
    for finish in ("stop", "length"):
        read = read_json(cut, None, finish=finish)
        assert isinstance(read, Unreadable) or read.truncated
        read = read_json(cut + tail, None, finish=finish)
        assert isinstance(read, Unreadable) or read.truncated or same(read.value, value)


RICH = {
    "name": 'it\'s "a" {b} [c] // d # e \\ \u2028 😀',
    "items": [{"id": 1, "ok": True, "f": -1.5e3}, {"id": 2, "no": None}, ["x", ["y"]]],
    "code": CODE[0] + CODE[5],
    "end": "}\n]",
}


@pytest.mark.parametrize("style", sorted(STYLES))
def test_every_cut_of_a_rich_document_is_seen_in_every_style(style):
    text = STYLES[style](RICH)
    for cut in range(len(text)):
        for head in ("", "Sure!\n```json\n", "I first thought of {a} and [1].\n"):
            read = read_json(head + text[:cut], None)
            assert isinstance(read, Unreadable) or read.truncated, text[:cut]
            if isinstance(read, JsonRead):
                assert holds_only_parts(read.value, json.loads(json.dumps(RICH)))


def holds_only_parts(part, whole):
    """Whether `part` holds finished members of `whole`, and its lists whole items only."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and holds_only_parts(part[key], whole[key]) for key in part)
    if isinstance(part, list) and isinstance(whole, list):
        return same(part, whole[: len(part)])
    return same(part, whole)


@pytest.mark.parametrize("finish", ["stop", "length"])
def test_a_cut_in_bytes_is_seen_too(finish):
    data = json.dumps(RICH, ensure_ascii=False).encode()
    for cut in range(len(data)):
        read = read_json(data[:cut].decode(errors="replace"), None, finish=finish)
        assert isinstance(read, Unreadable) or read.truncated


@LAW
@given(st.dictionaries(texts, values, min_size=1, max_size=4))
@example({"a": "no", "b": "010", "c": "1e3", "d": None})
def test_yaml_in_a_fence_reads_back_equal_or_not_at_all(value):
    text = yaml.safe_dump(value, allow_unicode=True)
    assume(same(yaml.safe_load(text), value))  # PyYAML itself loses some line breaks
    read = read_json(f"Here:\n```yaml\n{text}```\nDone.", None)
    if isinstance(read, JsonRead):
        assert same(read.value, value)


def test_plain_yaml_is_read():
    value = {"name": "demo", "tags": ["a", "b"], "meta": {"n": 1, "x": [True, None, 1.5]}}
    for style in (False, None):
        text = yaml.safe_dump(value, default_flow_style=style)
        read = read_json(f"```yaml\n{text}```", None)
        assert isinstance(read, JsonRead), read
        assert (read.rung, read.value) == ("yaml", value)


@pytest.mark.parametrize("depth", [100, 500])
def test_valid_depth_is_read_as_it_is(depth):
    text = "[" * depth + "]" * depth
    for reply, rung in ((text, "whole"), (f"Here:\n{text}", "found")):
        read = read_json(reply, None)
        assert isinstance(read, JsonRead), read
        assert (read.rung, read.value) == (rung, json.loads(text))


@pytest.mark.parametrize("depth", [501, 5_000, 200_000])
@pytest.mark.parametrize("opener", ["[", '{"a":', "[{'a': ("])
def test_what_is_nested_deeper_is_refused_not_a_crash(depth, opener):
    closer = {"[": "]", '{"a":': "1}", "[{'a': (": ")}]"}[opener]
    for reply in (opener * depth, opener * depth + closer * depth, "x: " + opener * depth):
        read = read_json(reply, None)
        assert isinstance(read, Unreadable) or read.truncated
