"""Files in Markdown fences: taken where their end is certain, else given back to the model."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partita.core.reply.files import read_files
from partita.core.reply.value import FilesRead, Unreadable

N = "k7Q2x"
LAW = settings(max_examples=150, deadline=None)  # time depends on the machine, laws do not
BODIES = {
    "a.py": [
        "x = 1\n",
        'def f():\n    """Doc.\n\n    ```\n    x\n    ```\n    """\n',
        'T = """\n```\ncode\n```\n"""\n',
        "s = '''\n```python\nx\n```\n'''\n",
        "# a\n",
    ],
    "b.md": [
        "# T\n\n```sh\nmake\n```\n",
        "# T\n\n```\nplain\n```\nend\n",
        "text\n",
        "```py\nx\n```\n\n```\ny\n```\n",
    ],
    "c/d.sh": ["ls\n", "cat <<EOF\nx\nEOF\n"],
    "e.json": ['{"a": "```"}\n', "[]\n"],
}
LANGUAGES = {"py": "python", "md": "markdown", "sh": "sh", "json": "json"}


def language(path):
    return LANGUAGES[path.rsplit(".", 1)[1]]


STYLES = {
    "tags": lambda path, text: f'<file path="{path}" id="{N}">\n{text}</file {N}>\n',
    "loose": lambda path, text: f'<file path="{path}">\n{text}</file>\n',
    "heading": lambda path, text: f"### `{path}`\n\n```{language(path)}\n{text}```\n\n",
    "info": lambda path, text: f"```{language(path)} path={path}\n{text}```\n\n",
    "long": lambda path, text: f"````{language(path)} path={path}\n{text}````\n\n",
}


def texts(read):
    return {block.path: block.text for block in read.files}


def doubtful(reply, path="a.js", **kwargs):
    read = read_files(reply, nonce=N, **kwargs)
    said = read.why if isinstance(read, Unreadable) else "".join(read.problems)
    return f"`{path}`" in said and "<file>" in said and not getattr(read, "files", ())


@LAW
@given(
    st.lists(st.sampled_from(sorted(BODIES)), min_size=1, max_size=3, unique=True),
    st.sampled_from(sorted(STYLES)),
    st.data(),
)
def test_no_file_is_taken_for_whole_unless_it_is(paths, style, data):
    files = {path: data.draw(st.sampled_from(BODIES[path])) for path in paths}
    reply = "Sure.\n\n" + "".join(STYLES[style](path, text) for path, text in files.items())
    for cut in (len(reply), *data.draw(st.lists(st.integers(0, len(reply)), max_size=8))):
        for finish in ("stop", "length"):
            read = read_files(reply[:cut], nonce=N, finish=finish)
            if isinstance(read, FilesRead):
                assert texts(read).items() <= files.items()
                assert finish == "stop" or read.unfinished is not None
    whole = read_files(reply + "That is all.", nonce=N)
    if style in ("tags", "loose", "long"):
        assert isinstance(whole, FilesRead), whole
        assert texts(whole) == files


@pytest.mark.parametrize(
    "reply",
    [
        "`a.js`:\n```js\nconst t = `\n```\ncode\n```\n`;\n```\n",
        "`a.js`:\n```js\nconst t = `\n```\ncode();\n",
        "`a.js`:\n```js\n```\n",
        "`a.js`:\n```js\nf()\n```\n\nOutput:\n```\n1\n```\n",
    ],
)
def test_fences_that_may_be_the_files_own_put_its_end_in_doubt(reply):
    assert doubtful(reply)


@pytest.mark.parametrize(
    "tail",
    [
        "",
        "\n",
        "\nThat is all.",
        "Run it with:\n```sh\nnode a.js\n```\n",
        "\n```bash\nnode a.js\n```",
        "- note\n",
        "**Done**\n",
        "\n`b.js`:\n```js\ng()\n```\n",
    ],
)
def test_what_follows_a_file_may_be_prose_commands_and_files(tail):
    read = read_files(f"`a.js`:\n```js\nf()\n```\n{tail}", nonce=N)
    assert isinstance(read, FilesRead), read
    assert texts(read)["a.js"] == "f()\n"
    assert not read.problems


def test_the_last_file_of_a_cut_reply_is_whole_only_if_its_parser_says_so():
    reply = "`a.js`:\n```js\nf()\n```\n\n`b.py`:\n```python\ng()\n```\n"
    read = read_files(reply, nonce=N, finish="length")
    assert texts(read) == {"a.js": "f()\n", "b.py": "g()\n"}
    assert read.unfinished is not None
    assert doubtful("`a.js`:\n```js\nf()\n```\n", finish="length")
    broken = read_files("`b.py`:\n```python\ns = '''\n```\n", nonce=N)
    assert isinstance(broken, Unreadable)
    assert "line 1" in broken.why


@pytest.mark.parametrize(
    ("info", "path"),
    [
        ("python src/a.py", "src/a.py"),
        ("python a.py", "a.py"),
        ("src/a.js", "src/a.js"),
        ("js ./a.js", "./a.js".removeprefix("./")),
    ],
)
def test_a_bare_path_in_the_info_string_names_the_file(info, path):
    assert texts(read_files(f"```{info}\nf()\n```\n", nonce=N)) == {path: "f()\n"}


@pytest.mark.parametrize("info", ["asp.net", "python numbered lines", "js example", "node.js"])
def test_other_words_in_the_info_string_are_no_path(info):
    assert isinstance(read_files(f"```{info}\nf()\n```\n", nonce=N), Unreadable)


DIFF = "--- a/a.js\n+++ b/a.js\n@@ -1,2 +1,2 @@\n-f()\n+g()\n"


@pytest.mark.parametrize(
    "body",
    [
        DIFF,
        f"diff --git a/a.js b/a.js\n{DIFF}",
        "@@ -1 +1 @@\n-f()\n+g()\n",
        "*** Begin Patch\n*** Update File: a.js\n@@\n-f()\n+g()\n*** End Patch\n",
    ],
)
def test_a_diff_is_no_file(body):
    said = read_files(f'<file path="a.js" id="{N}">\n{body}</file {N}>\n', nonce=N)
    assert isinstance(said, Unreadable)
    assert "diff" in said.why
    assert isinstance(read_files(f"`a.js`:\n```js\n{body}```\n", nonce=N), Unreadable)
    assert isinstance(read_files(f"`a.js`:\n```diff\n{body}```\n", nonce=N), Unreadable)
    for path in ("a.diff", "fix.patch"):
        read = read_files(f'<file path="{path}" id="{N}">\n{body}</file {N}>\n', nonce=N)
        assert texts(read) == {path: body}


@pytest.mark.parametrize("language", ["diff", "output", "log", "pycon", "traceback"])
def test_what_a_program_prints_is_no_file(language):
    read = read_files(f"`a.js`:\n```{language}\nf()\n```\n", nonce=N)
    assert isinstance(read, Unreadable)


def test_the_channels_of_a_template_in_a_file_are_its_own():
    body = "<|channel|>analysis<|message|>x<|channel|>final<|message|>y\n"
    tagged = f'<file path="a.md" id="{N}">\n{body}</file {N}>\n'
    assert texts(read_files(tagged, nonce=N)) == {"a.md": body}
    final = f"<|channel|>analysis<|message|>hm<|end|><|channel|>final<|message|>{tagged}<|return|>"
    assert texts(read_files(final, nonce=N)) == {"a.md": body}
    thought = f"<|channel|>analysis<|message|>maybe {tagged}"
    assert isinstance(read_files(thought, nonce=N), Unreadable)


EDIT = "<<<<<<< SEARCH\n{}=======\n{}>>>>>>> REPLACE\n"
MARKERS = ("<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE")
lines = st.lists(
    st.sampled_from(
        [
            *("x = 1", "", "    y", "```", "</file>", "========", "======", "<<<<<<< HEAD"),
            *("> quote", ">>>>>>> branch", "= = =", "\x0c", "\u2028z", "tab\t"),
        ]
    )
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=8),
    max_size=5,
).map(lambda rows: "".join(f"{row}\n" for row in rows if row.strip() not in MARKERS))


@LAW
@given(st.lists(st.tuples(lines, lines), min_size=1, max_size=3), st.data())
def test_edits_are_read_as_written_and_no_cut_passes_for_the_whole(pairs, data):
    body = "".join(EDIT.format(search, replace) for search, replace in pairs)
    reply = f'<file path="a.x" id="{N}" op="edit">\n{body}</file {N}>\n'
    read = read_files(reply, nonce=N)
    assert isinstance(read, FilesRead), read
    assert [(edit.search, edit.replace) for edit in read.files[0].edits] == pairs
    cut = data.draw(st.integers(0, len(reply) - 2))
    for finish in ("stop", "length"):
        part = read_files(reply[:cut], nonce=N, finish=finish)
        assert isinstance(part, Unreadable) or not part.files


@pytest.mark.parametrize("name", ["Dockerfile", "Makefile", "Procfile", "LICENSE", "x/Justfile"])
def test_a_few_names_are_files_without_an_extension(name):
    assert texts(read_files(f"### `{name}`\n\n```\nx = 1\n```\n", nonce=N)) == {name: "x = 1\n"}


def test_a_first_comment_may_stand_behind_empty_lines():
    body = "\n# src/a.py\nx = 1\n"
    assert texts(read_files(f"```python\n{body}```\n", nonce=N)) == {"src/a.py": body}
