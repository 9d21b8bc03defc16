"""What counts as left out, as empty talk, and as broken syntax."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita.core.reply.lint import elided, is_placeholder, parses


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("a.py", "# ... rest unchanged"),
        ("a.py", "# ... rest of the code remains the same ..."),
        ("a.py", "    # existing code here"),
        ("a.py", "# Rest of the class remains unchanged"),
        ("a.py", "# (rest of the file unchanged)"),
        ("a.py", "# [... other methods ...]"),
        ("a.py", "# ... existing imports ..."),
        ("a.py", "# … remaining methods as before"),
        ("a.py", "# implementation omitted for brevity"),
        ("a.py", "# keep the rest of the file unchanged"),
        ("a.py", "# Your code here"),
        ("a.py", "# ..."),
        ("a.py", "... rest of the code ..."),
        ("a.py", "[rest unchanged]"),
        ("a.js", "// ... rest of the file"),
        ("a.js", "// ...existing code..."),
        ("a.js", "  // ... (previous code)"),
        ("a.js", "/* ... rest of component ... */"),
        ("a.js", "// ..."),
        ("a.tsx", "{/* ... existing markup ... */}"),
        ("a.tsx", "...existing code..."),
        ("a.html", "<!-- ... rest of the page ... -->"),
        ("a.html", "<!-- existing code here -->"),
        ("a.sql", "-- ... remaining tables unchanged"),
        ("a.ini", "; ... rest unchanged"),
        ("a.txt", "[unchanged]"),
        ("a.txt", "[... rest of file unchanged ...]"),
        ("README.md", "[... existing content ...]"),
        ("README.md", "<!-- rest unchanged -->"),
        ("a.go", "// The rest of the function stays the same"),
    ],
)
def test_a_line_that_stands_for_code_is_found(path, line):
    text = f"first = 1\n{line}\nlast = 2\n"
    said = elided(text, path)
    assert said is not None
    assert said.startswith(f"line 2 of {path}")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.pyi", "class A(Protocol):\n    def f(self) -> int: ...\n    ...\n"),
        ("a.py", "def f(x: tuple[int, ...]) -> None:\n    ...\n"),
        ("a.py", "x = a[..., 0]\n"),
        ("a.py", 'TEXT = """\n# ... rest unchanged\n"""\n'),
        ("a.py", "# the rest of the line is a comment\nx = 1\n"),
        ("a.py", "# existing code paths must not change\nx = 1\n"),
        ("a.py", "# same as above\nx = 1\n"),
        ("a.py", "# unchanged\nassert x\n"),
        ("a.py", "# for example\n# ...\n# and so on\nx = 1\n"),
        ("a.py", "x = 1  # ... rest unchanged fields are read lazily\n"),
        ("a.py", "# Existing users keep their rows.\nx = 1\n"),
        ("a.py", "# remaining fields are the same\nx = 1\n"),
        ("a.py", ">>> for x in y:\n...     print(x)\n"),
        ("a.js", "const a = {\n  ...rest,\n  ...existing,\n};\n"),
        ("a.js", "f(\n  ...rest\n);\n"),
        ("a.js", "const { a, ...other } = props;\n"),
        ("a.ts", "function f(\n  ...args: string[]\n) {}\n"),
        ("a.js", "// Loading ...\n"),
        ("a.js", "// wait for the other code to finish\n"),
        ("a.css", "/* code */\n"),
        ("a.yml", "---\na: 1\n...\n"),
        ("a.yml", "# ...\na: 1\n"),
        ("README.md", "# Existing code here\n\nWait ... and the rest follows.\n"),
        ("README.md", "* the rest of the code is unchanged\n"),
        ("README.md", "```js\n// ... rest of the file\n```\n"),
        ("a.sh", "echo '...'\n"),
        ("a.c", "int printf(const char *fmt, ...);\n"),
        ("a.rs", "let x = 0..10; // ..\n"),
        ("a.py", ""),
    ],
)
def test_honest_dots_and_remarks_are_left_alone(path, text):
    assert elided(text, path) is None


@pytest.mark.parametrize(
    "text",
    [
        "pass",
        "# TODO\n",
        "# TODO: write this\npass\n",
        '"""Placeholder."""\n',
        '"""TODO: implement."""\n\npass\n',
        '"""The store."""\n\npass  # later\n',
        '"""The store."""\n...\n',
        "// TODO: implement\n",
        "/* placeholder */\n",
        "<!-- coming soon -->\n",
        "TODO\n",
        "placeholder\n",
        "raise NotImplementedError('later')\n",
        "# Copyright\n# Licence\n",
        "#!/bin/sh\n# fill me\n",
        "<your code here>\n",
    ],
)
def test_a_file_that_says_nothing_is_a_placeholder(text):
    assert is_placeholder(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n \n",
        '"""Rooms of the house."""\n',
        "x = 1\n",
        "def f():\n    pass\n",
        "# TODO: more\nx = 1\n",
        "{}\n",
        "hello\n",
        "pass the salt\n",
        "__all__ = ['pass']\n",
        "#!/bin/sh\necho hi\n",
        "class A(Protocol):\n    def f(self) -> int: ...\n",
        "'use strict';\nexport {};\n",
    ],
)
def test_a_file_with_content_is_none_and_so_is_an_empty_one(text):
    assert not is_placeholder(text)


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("a.py", "x = 1\ndef f(:\n", "line 2"),
        ("a.py", "def f():\nreturn 1\n", "line 2"),
        ("a.py", "return 1\n", "line 1"),
        ("a.py", "x = '\0'\n", "null"),
        ("a.py", "x = '\ud800'\n", "surrogate"),
        ("src/b.pyi", "def f(: ...\n", "line 1"),
        ("a.json", '{"a": 1,\n}\n', "line 2"),
        ("a.json", "", "line 1"),
        ("a.toml", "a = 1\nb = \n", "line 2"),
        ("a.yaml", "a: b: c\n", "line 1"),
        ("a.yml", "a: [1\nb: 2\n", "line"),
    ],
)
def test_broken_syntax_is_named_with_its_line(path, text, line):
    said = parses(path, text)
    assert said is not None
    assert said.startswith(f"{path}: ")
    assert line in said


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "x = '\\d'\nassert (x, 'always true')\nx is 1\n"),
        ("a.py", ""),
        ("a.json", '\ufeff{"a": 1}'),
        ("tsconfig.json", '{ // comment\n "a": 1, }'),
        ("a.toml", "a = 1\r\nb = 2\r\n"),
        ("a.yaml", "a: &x 1\nb: *x\nc: !Ref d\n---\ne: 1\n"),
        ("templates/a.yaml", "a: {{ .Values.b }}\n"),
        ("a.js", "function ("),
        ("Makefile", "\tx"),
        ("a.py.txt", "def ("),
    ],
)
def test_what_is_right_or_unknown_passes(path, text):
    assert parses(path, text) is None


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "(" * 100_000),
        ("a.py", "-" * 100_000 + "1"),
        ("a.py", "x" + ".a" * 100_000),
        ("a.py", "+".join(["1"] * 100_000)),
        ("a.py", "not " * 50_000 + "x"),
        ("a.py", "if x:\n" + "\n".join(" " * i + "if x:" for i in range(1, 300))),
        ("a.json", "[" * 100_000),
        ("a.toml", "a = " + "[" * 100_000),
        ("a.yaml", "[" * 50_000),
        ("a.yaml", "- " * 50_000),
    ],
)
def test_deep_nesting_is_an_answer_not_a_crash(path, text):
    said = parses(path, text)
    assert said is None or said.startswith(path)


@given(st.text(), st.sampled_from(["a.py", "a.js", "a.md", "a.json", "a.toml", "a.yaml", "x"]))
def test_any_text_gets_an_answer(text, path):
    assert elided(text, path) is None or text
    assert parses(path, text) is None or True
    assert is_placeholder(text) in (True, False)
