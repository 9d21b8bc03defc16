"""No reply hangs a reader, crashes it, or makes it recurse without bound."""

import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partita.core.reply.documents import read_json
from partita.core.reply.edits import apply_edits, read_edits
from partita.core.reply.files import read_continuation, read_files
from partita.core.reply.review import read_review
from partita.core.reply.value import Edit, FilesRead, JsonRead, Unfinished, Unreadable

N = "k7Q2x"
SCHEMA = {"type": "object", "properties": {"a": {}}, "required": ["a"]}
TIMES = 20_000
BOUND = 15.0  # seconds for all readings of one text on a busy machine; most take 0.2

PIECES = [
    *("[", "{", "(", '{"a":', '[{"a":', "{'a': (", "({", "(1,\n", "```", "```\n", "`", "~~~\n"),
    *("<file", f"<file path='a' id='{N}'>\n", "</file>\n", f"</file {N}>\n", "<need path='x'>"),
    *("<think>", "</think>", "<reasoning>", "<|channel|>analysis<|message|>", "<|message|>"),
    *('"', "'", "\\", "“", "„", '"""', "'''", '{"a": "x" ', '{"a": "', "[1] ", "[1]\n", "x[0] "),
    *('{"a":1}\n', '{"a":1} ', "{a ", "//", "/*", "#", "# ...\n", '{"a": 1 "b": 2', "{\n// x\n"),
    *("\ufeff", "\u200b ", "{&quot;", '{\\"', "```yaml\n", "```yaml\na: 1\n```\n", "- ", "a: "),
    *("a:\n ", "]]>", "<![CDATA[", "\x1b[0m", "{}", "{},", "f({", 'Final: {"a": 1}\n'),
    *('such as {"a": 1}. ', '{"a": 1}}', '{"a" b}\n', '{"a": b\n}\n', '```json\n{"a": b}\n```\n'),
    *("<<<<<<< SEARCH\n", "=======\n", "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n"),
    *("`a.md`\n```md\n", "`a.py`:\n```python\nx\n```\n", "\r\n", " ", "a=1\n", "{-", "1", "0x"),
    *(
        '{"a":"he said "no" ok"}\n',
        '"a": ',
        '{"\\u12',
        "{'a':'it's ",
        "[`",
        "{a:",
        "*** Begin Patch\n",
    ),
]


def readings(text):
    """Every way to read it."""
    yield read_json(text, None)
    yield read_json(text, SCHEMA, finish="length")
    yield read_files(text, nonce=N)
    yield read_files(text, nonce=N, finish="length", only="a.py")
    yield read_continuation(text, nonce=N, unfinished=Unfinished(path="a.py", text=text[:9_000]))
    edits = read_edits(text)
    yield edits if isinstance(edits, Unreadable) else apply_edits("a\n", edits)
    yield read_review(text)


@pytest.mark.slow
@pytest.mark.parametrize("piece", PIECES)
def test_what_is_repeated_twenty_thousand_times_is_answered(piece):
    for before, after in (("", ""), ('{"a": "', '"}')):
        text = before + piece * min(TIMES, 150_000 // len(piece)) + after
        start = time.monotonic()
        assert len(list(readings(text))) == 7
        assert time.monotonic() - start < BOUND


soup = st.lists(
    st.sampled_from([*PIECES, "}", "]", ")", ",", ":", "\n", "true", "None", "a", "*/", "-->"])
    | st.text(max_size=4),
    max_size=30,
).map("".join)


@pytest.mark.slow
@settings(max_examples=1_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(soup)
def test_soup_of_markup_always_gets_an_answer_that_can_be_stored(text):
    for read in readings(text):
        if isinstance(read, JsonRead):
            json.dumps(read.value, allow_nan=False, ensure_ascii=False).encode()
        elif isinstance(read, Unreadable):
            assert read.why
        elif isinstance(read, FilesRead):
            assert all(block.path for block in read.files)


def test_deep_documents_of_every_style_are_answered():
    for opener in ("[", "{'a':", "[(", '{"a": [', "｛［"):  # noqa: RUF001
        for reply in (opener * 100_000, f"```json\n{opener * 3_000}\n```"):
            read = read_json(reply, SCHEMA)
            assert isinstance(read, Unreadable) or read.truncated


def test_a_heap_of_edits_on_a_long_file_is_refused_in_time():
    original = "".join(f"line {n}\n" for n in range(60_000))
    edits = [Edit(search=f"line {n}\n", replace=f"row {n}\n") for n in range(2_000)]
    said = apply_edits(original, edits)
    assert isinstance(said, Unreadable)
    assert "whole file" in said.why
    some = apply_edits(original, edits[:100])
    assert isinstance(some, str)
    assert some.startswith("row 0\n")
    assert some.count("row") == 100
