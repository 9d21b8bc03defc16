"""A cut file and its continuation: one file again, or a clear no."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita.core.reply.files import join, read_continuation
from partita.core.reply.value import FilesRead, Unfinished, Unreadable

N = "k7Q2x"
LINES = [f"line_{n} = {n * 7}  # number {n}\n" for n in range(60)]
TEXT = "".join(LINES)
CLOSE = f"</file {N}>\n"
OPEN = f'<file path="a.py" id="{N}">\n'


def go_on(reply, head, path="a.py", **kwargs):
    return read_continuation(reply, nonce=N, unfinished=Unfinished(path=path, text=head), **kwargs)


def whole(reply, head, path="a.py"):
    read = go_on(reply, head, path)
    assert isinstance(read, FilesRead), read
    assert read.unfinished is None
    assert [block.path for block in read.files] == [path]
    return read.files[0].text


@given(st.integers(0, len(TEXT)), st.integers(0, 20))
def test_joining_undoes_any_repetition_of_up_to_twenty_lines(cut, repeated):
    starts = [n for n in range(len(TEXT) + 1) if n == 0 or TEXT[n - 1] == "\n"]
    before = [start for start in starts if start <= cut]
    begin = before[max(0, len(before) - 1 - repeated)]
    assert join(TEXT[:cut], TEXT[begin:]) == TEXT


@given(st.integers(0, len(TEXT)))
def test_joining_an_exact_continuation_is_concatenation(cut):
    assert join(TEXT[:cut], TEXT[cut:]) == TEXT


def test_lines_that_say_nothing_are_no_overlap():
    assert join("f(\n    }\n", "    }\n}\n") == "f(\n    }\n    }\n}\n"
    assert join("a\n\n", "\nb\n") == "a\n\n\nb\n"


def test_a_cut_in_the_indentation_is_not_doubled():
    assert join("def f():\n    ", "    return 1\n") == "def f():\n    return 1\n"
    assert join("def f():\n    ", "return 1\n") == "def f():\n    return 1\n"


def test_blank_lines_before_a_repetition_are_no_content():
    assert join("alpha\nbeta\n", "\nalpha\nbeta\ngamma\n") == "alpha\nbeta\ngamma\n"


@given(st.text(), st.text())
def test_joining_keeps_the_head_and_ends_like_the_tail(head, tail):
    both = join(head, tail)
    assert both.startswith(head)
    assert len(both) <= len(head) + len(tail)


HEAD, TAIL = TEXT[:500], TEXT[500:]
REPEATED = "".join(TEXT[:500].splitlines(keepends=True)[-3:]) + TAIL


@pytest.mark.parametrize(
    "reply",
    [
        TAIL + CLOSE,
        REPEATED + CLOSE,
        OPEN + REPEATED + CLOSE,
        f"Sure, going on:\n\n{OPEN}{REPEATED}{CLOSE}",
        OPEN + TEXT + CLOSE,
        TEXT + CLOSE,
        f"```python\n{REPEATED}```\n{CLOSE}",
        f"```python\n{REPEATED}```",
        f"{REPEATED}```\n",
        f"{OPEN}```python\n{REPEATED}```\n{CLOSE}",
        f"<think>hm</think>{REPEATED}{CLOSE}",
        f"{REPEATED}</file>\n",
    ],
)
def test_however_it_goes_on_the_file_becomes_whole(reply):
    assert whole(reply, HEAD) == TEXT


@pytest.mark.parametrize("at", range(1, len(CLOSE) - 1))
def test_a_cut_inside_the_closing_tag_leaves_nothing_of_it(at):
    assert whole(CLOSE[at:], TEXT + CLOSE[:at]) == TEXT
    if at >= 3:
        assert whole(CLOSE, TEXT + CLOSE[:at]) == TEXT


def test_a_continuation_cut_again_is_unfinished_with_more_text():
    for reply in (REPEATED[:-50], OPEN + REPEATED[:-50], "```python\n" + REPEATED[:-50]):
        read = go_on(reply, HEAD, finish="length")
        assert isinstance(read, FilesRead)
        assert read.files == ()
        assert read.unfinished == Unfinished(path="a.py", text=TEXT[:-50])


def test_a_continuation_that_just_stops_is_not_the_end():
    for reply in (TAIL, "I'm sorry, I can't go on.", ""):
        read = go_on(reply, HEAD)
        assert isinstance(read, Unreadable)
        assert "`a.py`" in read.why


def test_further_files_follow_and_may_be_cut_themselves():
    more = f'<file path="b" id="{N}">\nb\n</file {N}>\n<file path="c" id="{N}">\nhalf'
    read = go_on(TAIL + CLOSE + more, HEAD, finish="length")
    assert isinstance(read, FilesRead)
    assert {block.path: block.text for block in read.files} == {"a.py": TEXT, "b": "b\n"}
    assert read.unfinished == Unfinished(path="c", text="half")
    done = go_on(TAIL + CLOSE, HEAD, finish="length")
    assert isinstance(done, FilesRead)
    assert done.unfinished == Unfinished(path="", text="")


def test_another_file_instead_is_no_continuation():
    read = go_on(f'<file path="b" id="{N}">\nb\n</file {N}>\n', HEAD)
    assert isinstance(read, Unreadable)


def test_after_a_cut_between_blocks_more_files_are_read():
    read = go_on(OPEN + TEXT + CLOSE, "", path="")
    assert isinstance(read, FilesRead)
    assert read.files[0].text == TEXT


def test_a_fence_open_since_the_first_half_comes_off_the_whole():
    assert whole(f"{TAIL}```\n{CLOSE}", f"```python\n{HEAD}") == TEXT


def test_edits_and_the_executable_bit_survive_a_cut():
    head = "<<<<<<< SEARCH\nold line\n=======\nnew"
    tail = " line\n>>>>>>> REPLACE\n" + CLOSE
    cut = Unfinished(path="a.py", text=head, op="edit", executable=True)
    read = read_continuation(tail, nonce=N, unfinished=cut)
    assert isinstance(read, FilesRead)
    assert read.files[0].edits[0].replace == "new line\n"
    assert read.files[0].executable


def test_the_fences_of_markdown_are_its_own():
    head, tail = "# Guide\n\nRun `make`:\n", "```sh\nmake all\n```\n"
    assert whole(tail + CLOSE, head, path="a.md") == head + tail


@given(st.text(), st.text(), st.sampled_from(["stop", "length"]))
def test_any_continuation_gets_an_answer(reply, head, finish):
    assert isinstance(go_on(reply, head, finish=finish), FilesRead | Unreadable)
