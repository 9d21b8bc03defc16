"""What was printed is kept within a bound and can't command a terminal."""

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from partita.adapters.sandbox.capture import HEAD, TAIL, Capture, clean


def captured(*chunks):
    capture = Capture()
    for chunk in chunks:
        capture.feed(chunk)
    return capture


@given(st.binary(max_size=400))
@example(b"\x1b]0;never ended")
@example(b"\x1b\x1b[31m[31m")
@example("\u202edesrever \x9b31m".encode())
def test_no_control_character_is_left(data):
    kept = {c for c in clean(data) if unicodedata.category(c) == "Cc"}
    assert kept <= {"\n", "\t"}


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf"])))
def test_plain_text_is_left_as_it_is(text):
    assert clean(text.encode()) == text


def test_colours_titles_and_links_disappear_with_their_parameters():
    assert clean(b"\x1b[1;31mred\x1b[0m") == "red"
    assert clean(b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x07") == "link"
    assert clean(b"10%\r20%\r\n") == "10%\n20%\n"


def test_an_escape_that_never_ends_hides_only_itself():
    assert clean(b"\x1b]0;" + b"x" * 1000 + b"\nFAILED") == "]0;" + "x" * 1000 + "\nFAILED"


def test_a_million_escapes_are_no_harder_than_text():
    assert clean(b"\x1b[" * 500_000) == "[" * 500_000
    assert clean(b"\x1b]" * 500_000) == "]" * 500_000


@given(st.lists(st.binary(max_size=50_000), max_size=12))
def test_head_and_tail_are_kept_and_memory_is_bounded(chunks):
    capture = captured(*chunks)
    whole = b"".join(chunks)
    assert capture.total == len(whole)
    assert len(capture._head) + len(capture._tail) <= HEAD + 2 * TAIL + 50_000
    if len(whole) <= HEAD + TAIL:
        assert capture.text() == clean(whole)


def test_what_is_left_out_is_counted_on_a_line_of_its_own():
    text = captured(b"a" * HEAD, b"b" * 1000, b"c" * TAIL).text()
    assert text == "a" * HEAD + "\n[... 1000 bytes left out ...]\n" + "c" * TAIL
