"""Files out of replies: no path is invented, nothing cut is taken for whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita.core.reply.files import read_files
from partita.core.reply.value import Edit, FileBlock, FilesRead, Unfinished, Unreadable

N = "k7Q2x"
X, Y, Z = "x\n", "y\n", "<need path='no'>x</need>\n"


def tagged(path, text, attributes=""):
    return f'<file path="{path}" id="{N}"{attributes}>\n{text}</file {N}>\n'


def good(reply, **kwargs):
    read = read_files(reply, nonce=N, **kwargs)
    assert isinstance(read, FilesRead), read
    return read


def texts(read):
    return {block.path: block.text for block in read.files}


def why(reply, **kwargs):
    read = read_files(reply, nonce=N, **kwargs)
    assert isinstance(read, Unreadable), read
    return read.why


def test_tagged_files_are_read_amid_prose():
    crlf = "hi\r\n"
    read = good(f"Sure!\n\n{tagged('./a.py', X)}\nand\n{tagged('b/c.txt', crlf)}Bye")
    assert texts(read) == {"a.py": X, "b/c.txt": crlf}
    assert read.rung == "tags"
    assert read.unfinished is None
    assert not read.problems


def test_attributes_say_what_is_to_be_done():
    read = good(
        tagged("run.sh", "#!/bin/sh\n", ' executable="true"')
        + f'<file path="gone.py" id="{N}" op="delete"/>\n'
        + f"<file id='{N}' op=delete path=also.py></file {N}>\n"
        + f'<file path="pkg/__init__.py" id="{N}"/>\n'
        + f'<file path="e.txt" id="{N}"></file {N}>\n'
    )
    assert read.files == (
        FileBlock(path="run.sh", op="write", text="#!/bin/sh\n", executable=True),
        FileBlock(path="gone.py", op="delete"),
        FileBlock(path="also.py", op="delete"),
        FileBlock(path="pkg/__init__.py", op="write"),
        FileBlock(path="e.txt", op="write"),
    )


def test_edits_are_read_from_search_replace_blocks():
    body = (
        "<<<<<<< SEARCH\nold\n=======\nnew\nlines\n>>>>>>> REPLACE\n"
        "\n<<<<<<< SEARCH\ngone\n=======\n>>>>>>> REPLACE\n"
    )
    edits = (Edit(search="old\n", replace="new\nlines\n"), Edit(search="gone\n", replace=""))
    for reply in (
        tagged("a.py", body, ' op="edit"'),
        tagged("a.py", f"```python\n{body}```\n", ' op="edit"'),
        tagged("a.py", body),
    ):
        assert good(reply).files == (FileBlock(path="a.py", op="edit", edits=edits),)


@pytest.mark.parametrize(
    "body",
    [
        "just code\n",
        "<<<<<<< SEARCH\na\n=======\nb\n",
        "<<<<<<< SEARCH\na\n>>>>>>> REPLACE\n",
        "<<<<<<< SEARCH\na\n=======\nb\n=======\nc\n>>>>>>> REPLACE\n",
        "<<<<<<< SEARCH\na\n<<<<<<< SEARCH\n=======\nb\n>>>>>>> REPLACE\n",
        ">>>>>>> REPLACE\n",
    ],
)
def test_a_malformed_edit_is_a_problem_that_names_its_file(body):
    assert "`a.py`" in why(tagged("a.py", body, ' op="edit"'))


def test_a_fence_around_the_whole_content_is_taken_off_except_in_markdown():
    fenced = "```python\nx = 1\n```\n"
    read = good(tagged("a.py", fenced) + tagged("a.md", fenced) + tagged("README", fenced))
    assert texts(read) == {"a.py": "x = 1\n", "a.md": fenced, "README": fenced}
    assert read.notes
    inner = '"""\n```\nx\n```\n"""\n'
    assert texts(good(tagged("a.py", inner))) == {"a.py": inner}
    two = "```\na\n```\nx\n```\nb\n```\n"
    assert texts(good(tagged("a.py", f"```\n{two}```\n"))) == {"a.py": two}


def test_a_fence_around_the_whole_reply_is_no_part_of_it():
    assert texts(good(f"```xml\n{tagged('a.py', X)}```")) == {"a.py": "x\n"}


def test_the_last_of_two_versions_wins_and_is_noted():
    read = good(tagged("a", "1\n") + tagged("b", "b\n") + tagged("./a", "2\n"))
    assert texts(read) == {"a": "2\n", "b": "b\n"}
    assert any("`a` came twice" in note for note in read.notes)
    assert not good(tagged("a", "1\n") * 2).notes


def test_edits_of_one_file_add_up_but_not_with_a_whole_file():
    edit = "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n"
    read = good(tagged("a", edit, ' op="edit"') + tagged("a", edit.replace("b", "c"), ' op="edit"'))
    assert [len(block.edits) for block in read.files] == [2]
    assert "both" in why(tagged("a", "x\n") + tagged("a", edit, ' op="edit"'))


def test_wishes_for_more_scope_are_gathered_outside_blocks():
    need = '<need path="./core/x.py">the type\nlives there</need>'
    read = good(f'{need}\n{tagged("a", Z)}<need path="y"/>{need}')
    assert read.requests == (("core/x.py", "the type lives there"), ("y", ""))
    alone = good(f"I need more: {need}")
    assert alone.files == ()
    assert alone.requests == (("core/x.py", "the type lives there"),)


def test_thinking_is_no_content_but_content_may_show_thinking():
    draft = tagged("a", "draft\n")
    body = "<think>\nx\n</think>\n"
    assert texts(good(f"<think>{draft}</think>\n{tagged('b', body)}")) == {"b": body}
    assert texts(good(f"let me see\n</think>\n{tagged('b', X)}")) == {"b": "x\n"}
    assert texts(good(tagged("b", "x\n</think>\n"))) == {"b": "x\n</think>\n"}
    assert "thinking" in why(f"<think>{draft}")
    final = f"<|channel|>final<|message|>{tagged('c', X)}<|return|>"
    harmony = f"<|channel|>analysis<|message|>{draft}{final}"
    assert texts(good(harmony)) == {"c": "x\n"}


@pytest.mark.parametrize(
    "close", ["</file>", "</file >", "</file kx>", "</FILE>".lower(), '</file id="zz">']
)
def test_a_close_without_the_right_id_counts_only_when_it_can_be_no_other(close):
    head = f'<file path="a" id="{N}">\nx\n'
    read = good(f"{head}{close}\n")
    assert texts(read) == {"a": "x\n"}
    assert read.notes
    assert texts(good(f"{head}{close}\n\n{tagged('b', Y)}")) == {"a": "x\n", "b": "y\n"}
    doubtful = good(f"{head}{close}\nmore\n{close}\n")
    assert doubtful.files == ()
    assert doubtful.unfinished == Unfinished(path="a", text=f"x\n{close}\nmore\n{close}\n")
    cut = good(f"{head}{close}\n", finish="length")
    assert cut.files == ()
    assert cut.unfinished is not None


def test_a_block_never_closed_before_the_next_is_a_problem_not_a_file():
    read = good(f'<file path="a" id="{N}">\nx\n\n{tagged("b", Y)}')
    assert texts(read) == {"b": "y\n"}
    assert any("`a` was never closed" in problem for problem in read.problems)


def test_a_tag_without_the_id_beside_tags_with_it_is_not_read():
    read = good(f'{tagged("a", X)}<file path="evil">\ny\n</file>\n')
    assert texts(read) == {"a": "x\n"}
    assert any("`evil`" in problem for problem in read.problems)


def test_content_after_an_empty_tag_is_a_problem():
    assert "/>" in why(f'<file path="a" id="{N}"/>\nx = 1\n</file {N}>\n')


def test_without_any_id_tags_must_balance():
    nested = '<file path="inner">\nz\n</file>\n'
    read = good(f'<file path="a">\nx\n</file>\n<file path="b">\n{nested}</file>\n')
    assert texts(read) == {"a": "x\n", "b": nested}
    assert read.rung == "loose tags"
    unclosed = good(f'<file path="a">\nx\n{nested}')
    assert texts(unclosed) == {"inner": "z\n"}
    assert any("`a`" in problem for problem in unclosed.problems)
    assert "`a`" in why('<file path="a">\nx\n</file>\nmore\n</file>\n')
    assert good('<file path="a" op="delete">\n<file path="b" op="delete">\n</file>\n').files == (
        FileBlock(path="a", op="delete"),
        FileBlock(path="b", op="delete"),
    )


def test_without_an_id_a_cut_reply_may_have_ended_a_block_too_soon():
    for tail, whole in (("", {"a": X}), ("\nstill a\n", {})):
        read = good(f'<file path="a">\nx\n</file>{tail}', finish="length")
        assert texts(read) == whole
        assert read.unfinished == Unfinished(path="", text="")


def test_an_id_of_the_models_own_serves_as_well():
    read = good('<file path="a" id="zz9">\nx\n</file>\n</file zz9>\n')
    assert texts(read) == {"a": "x\n</file>\n"}
    assert read.rung == "loose tags"
    assert read.notes


def test_a_cut_block_is_kept_apart():
    read = good(
        f'{tagged("a", X)}<file path="b" id="{N}" executable="true">\nhalf a li', finish="length"
    )
    assert texts(read) == {"a": "x\n"}
    assert read.unfinished == Unfinished(path="b", text="half a li", executable=True)
    assert good('<file path="b">\nhalf', finish="length").unfinished == Unfinished(
        path="b", text="half"
    )


@pytest.mark.parametrize(
    "tail", ["", "\n", "And now", '<file path="b', f'<file path="b" id="{N[:2]}']
)
def test_a_reply_cut_between_blocks_is_still_unfinished(tail):
    read = good(tagged("a", "x\n") + tail, finish="length")
    assert texts(read) == {"a": "x\n"}
    assert read.unfinished == Unfinished(path="", text="")


def test_a_reply_that_ends_inside_a_tag_is_unfinished_whatever_it_says():
    assert good(tagged("a", "x\n") + '<file path="b').unfinished == Unfinished(path="", text="")


@pytest.mark.parametrize(
    "reply",
    [
        "```python path=src/a.py\nx = 1\n```",
        '```python path="src/a.py"\nx = 1\n```',
        '```python title="src/a.py"\nx = 1\n```',
        "```python {file=src/a.py}\nx = 1\n```",
        "```python:src/a.py\nx = 1\n```",
        "```python:./src/a.py\nx = 1\n```",
        "### `src/a.py`\n```python\nx = 1\n```",
        "### 1. `src/a.py`\n```python\nx = 1\n```".replace("1. ", ""),
        "1. `src/a.py`:\n```python\nx = 1\n```",
        "**src/a.py**\n\n```python\nx = 1\n```",
        "**`src/a.py`**:\n\n```python\nx = 1\n```",
        "**File: src/a.py**\n```\nx = 1\n```",
        "`src/a.py`:\n```python\nx = 1\n```",
        "src/a.py\n```python\nx = 1\n```",
        "File: src/a.py\n~~~python\nx = 1\n~~~",
        "````python path=src/a.py\nx = 1\n````",
        "````\n`src/a.py`\n```python\nx = 1\n```\n````",
    ],
)
def test_a_fence_that_names_its_path_is_a_file(reply):
    read = good(f"Hello.\n\n{reply}\n\nDone.\n" if "````\n`" not in reply else reply)
    assert texts(read) == {"src/a.py": "x = 1\n"}
    assert read.rung == "fences"


@pytest.mark.parametrize(
    ("first", "path"),
    [
        ("# src/a.py", "src/a.py"),
        ("// src/a.ts", "src/a.ts"),
        ("/* a.css */", "a.css"),
        ("<!-- web/a.html -->", "web/a.html"),
        ("-- a.sql", "a.sql"),
        ("# File: Dockerfile", "Dockerfile"),
        ("#!/usr/bin/env python\n# tools/x.py", "tools/x.py"),
    ],
)
def test_a_first_line_comment_names_the_file(first, path):
    assert texts(good(f"```\n{first}\nbody\n```")) == {path: f"{first}\nbody\n"}


@pytest.mark.parametrize(
    "reply",
    [
        "```python\nx = 1\n```",
        "Here is the code for the store:\n```python\nx = 1\n```",
        "### Usage\n```python\nx = 1\n```",
        "```python\n# A comment, e.g. about a.py\nx = 1\n```",
        "`a.py`\n```bash\npython a.py\n```",
        "```python http://x/y.py\nx\n```",
        "in `a.py` or `b.py`:\n```python\nx\n```",
    ],
)
def test_no_path_is_ever_invented(reply):
    assert "name no path" in why(reply)


def test_the_only_fence_is_the_only_file_asked_for():
    read = good("Here:\n```python\nx = 1\n```\nDone", only="a.py")
    assert texts(read) == {"a.py": "x = 1\n"}
    assert read.rung == "single"
    assert texts(good("Here:\n```python\nx\n```\n```sh\npython a.py\n```", only="a.py")) == {
        "a.py": "x\n"
    }
    assert "path" in why("```python\nx\n```\nor\n```python\ny\n```", only="a.py")
    assert good("```python\nx = ", only="a.py").unfinished == Unfinished(path="a.py", text="x = ")


def test_a_markdown_file_runs_to_the_last_fence_before_the_next_path():
    guide = "# Guide\n```sh\nmake\n```\nand\n```\nplain\n```\nend\n"
    reply = f"`docs/g.md`:\n```markdown\n{guide}```\n\n`a.py`:\n```python\nx\n```\n"
    assert texts(good(reply)) == {"docs/g.md": guide, "a.py": "x\n"}


def test_an_open_fence_is_unfinished():
    read = good("`a.py`:\n```python\nx\n```\n`b.py`:\n```python\ny = ")
    assert texts(read) == {"a.py": "x\n"}
    assert read.unfinished == Unfinished(path="b.py", text="y = ")
    assert good("`a.py`:\n```python\nx\n```\n", finish="length").unfinished == Unfinished(
        path="", text=""
    )


def test_json_files_are_taken_only_from_valid_json():
    body = (
        '{"files": [{"path": "a.py", "content": "x = \\"1\\"\\n"}, {"path": "b", "content": ""}]}'
    )
    for reply in (body, f"Sure:\n```json\n{body}\n```"):
        read = good(reply)
        assert texts(read) == {"a.py": 'x = "1"\n', "b": ""}
        assert read.rung == "json"
    assert isinstance(read_files(body[:-1] + ",}", nonce=N), Unreadable)
    assert isinstance(read_files(body[:-3], nonce=N), Unreadable)
    assert isinstance(read_files(body, nonce=N, finish="length"), Unreadable)


@pytest.mark.parametrize(
    ("reply", "kwargs", "word"),
    [
        ("", {}, "empty"),
        (" \n", {}, "empty"),
        ("I'm sorry, but I cannot help with that.", {}, "apologises"),
        ("I am unable to write this file.", {}, "apologises"),
        ("First I would make a module, then test it.", {}, "prose"),
        ("Let me first think about", {"finish": "length"}, "cut"),
        (f'<file id="{N}">\nx\n</file {N}>', {}, "no path"),
        (f'<file path="a" id="{N}" op="chmod">\nx\n</file {N}>', {}, "chmod"),
        ('Use `<file path="a">` tags.', {}, "prose"),
    ],
)
def test_a_reply_without_files_says_what_it_is_instead(reply, kwargs, word):
    assert word in why(reply, **kwargs)


hostile = st.lists(
    st.sampled_from(
        [
            "</file>",
            '<file path="x">',
            '<file path="x" id="other">',
            "</file other>",
            "```",
            "```python",
            "<think>",
            "</think>",
            "=======",
            '<need path="x">y</need>',
            '{"files": []}',
            "<|message|>",
            "",
            "    x = 1",
            "\r",
            "\x0b\x0c\u2028",
        ]
    )
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    max_size=12,
).map(lambda lines: "".join(f"{line}\n" for line in lines))


@given(st.lists(hostile, min_size=1, max_size=4), st.booleans())
def test_any_content_survives_the_tags_byte_for_byte(contents, chatty):
    files = {f"f{n}.md": text for n, text in enumerate(contents)}
    between = "Next:\n\n" if chatty else ""
    read = good(between.join(tagged(path, text) for path, text in files.items()))
    assert texts(read) == files
    assert read.unfinished is None
    assert not read.problems


@given(hostile, hostile, st.data())
def test_no_cut_reply_gives_a_file_that_is_not_whole(one, two, data):
    files = {"a.md": one, "b.md": two}
    reply = "".join(tagged(path, text) for path, text in files.items())
    read = read_files(reply[: data.draw(st.integers(0, len(reply) - 2))], nonce=N, finish="length")
    if isinstance(read, FilesRead):
        assert read.unfinished is not None
        assert all(files[block.path] == block.text for block in read.files)


@given(st.text(), st.sampled_from(["stop", "length", "refused"]), st.none() | st.just("a.py"))
def test_any_text_gets_an_answer(text, finish, only):
    assert isinstance(read_files(text, nonce=N, finish=finish, only=only), FilesRead | Unreadable)


@given(
    st.lists(
        st.sampled_from(
            [
                *('<file path="a">', f'<file path="b" id="{N}">', "</file>", f"</file {N}>", "x"),
                *('<file path="c" op="delete">', '<file path="d"/>', "<need path='x'>", "`a.py`:"),
                *("<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE", '{"files": [', "<file path='"),
                *("```", "```py:a.py", "<think>"),
            ]
        )
    ),
    st.sampled_from(["stop", "length"]),
)
def test_tag_soup_never_crashes(lines, finish):
    assert isinstance(read_files("\n".join(lines), nonce=N, finish=finish), FilesRead | Unreadable)


@pytest.mark.parametrize(
    "reply",
    [
        '<file path="a">\n' * 60_000,
        f'<file path="a" id="{N}">\n' * 40_000,
        "</file>\n" * 120_000,
        "<file " * 160_000,
        '<file path="' + "a" * 1_000_000,
        "<need path='x'>" * 60_000,
        "```a\n" * 200_000,
        "```\n" * 250_000,
        "`a.md`\n```md\n" * 70_000,
        "``````" * 160_000,
        " " * 1_000_000,
        "\n" * 1_000_000,
        f'<file path="a" id="{N}">\n' + " " * 1_000_000,
        f'<file path="a" id="{N}">\n' + "</file>\n" * 100_000,
        "<|channel|>final" * 60_000,
        "<|end|>" * 140_000,
        "<think></think>" * 60_000,
        "# a.py\n" * 140_000,
    ],
    ids=lambda reply: reply[:12].strip() or "blank",
)
def test_a_megabyte_of_noise_is_read_in_time(reply):
    for finish in ("stop", "length"):
        read_files(reply, nonce=N, finish=finish)
