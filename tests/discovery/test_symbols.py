"""The names that a file defines, in any language and in any state."""

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita.core.discovery.symbols import MAX_DEFS, MAX_LINE, symbols

PYTHON = '''"""Storing todo items.

Second paragraph.

Third.
"""
import sqlite3
from dataclasses import dataclass
from .models import Item
from ..shared import clock as c
from app.errors import *
if True:
    import json

LIMIT = 3
rate: int = 4

@dataclass
class Store(Base, metaclass=Meta):
    """Keeps items."""
    path: str

    def add(self, title: str, *, done: bool = False) -> Item:
        """Not shown."""
        def inner(): ...

    async def all(self): ...

async def main(argv: list[str] | None = None) -> int:
    """Starts it."""
'''


def test_python_gives_signatures_docstrings_and_absolute_imports():
    found = symbols("src/app/store.py", PYTHON)
    assert found.defs == (
        "LIMIT",
        "class Store(Base)",
        "    def add(self, title: str, *, done: bool=False) -> Item",
        "    async def all(self)",
        "async def main(argv: list[str] | None=None) -> int",
    )
    assert found.prose == "Storing todo items. Keeps items. Starts it."
    assert found.imports == (
        "sqlite3",
        "dataclasses",
        "dataclasses.dataclass",
        "src.app.models",
        "src.app.models.Item",
        "src.shared",
        "src.shared.clock",
        "app.errors",
        "json",
    )


@pytest.mark.parametrize(
    ("path", "line", "module"),
    [
        ("a.py", "from . import b", "b"),
        ("pkg/a.py", "from . import b", "pkg.b"),
        ("pkg/__init__.py", "from .b import c", "pkg.b"),
        ("pkg/a.py", "from ..b import c", "b"),
        ("pkg/a.py", "from .......b import c", "b"),
    ],
)
def test_relative_imports_are_taken_from_the_files_folder(path, line, module):
    assert module in symbols(path, line).imports


def test_python_that_does_not_parse_still_shows_its_definitions():
    found = symbols("a.py", "class A(B):\n    def go(self, x):\n        return (\nasync def f():\n")
    assert found.defs == ("class A(B)", "    def go(self, x)", "async def f()")


def test_odd_escapes_in_someone_elses_code_warn_nobody():
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        symbols("a.py", 'x = "\\d"\ndef f(): ...\n')
    assert heard == []


TYPESCRIPT = """import x from './x'
export class Store<T> extends Base {
  add() {}
}
export default async function load(id: string): Promise<Item> {
export const LIMIT = 3
const go = async (a) => {}
export interface Item {
export type Id = string;
if (x) {}
let y = 3
"""
IMPORTS = """import a from './a'
import '../b.css'
const c = require("./c")
export { d } from './d'
const e = await import('./e')
"""


@pytest.mark.parametrize(
    ("path", "text", "defs"),
    [
        (
            "a.ts",
            TYPESCRIPT,
            (
                "export class Store<T> extends Base",
                "export default async function load(id: string): Promise<Item>",
                "export const LIMIT",
                "const go = async (",
                "export interface Item",
                "export type Id = string",
            ),
        ),
        (
            "a.js",
            "module.exports.add = 1\nexports.sub = 2\n",
            ("module.exports.add", "exports.sub"),
        ),
        (
            "a.go",
            "func (s *Store) Add(t string) error {\nfunc main() {\ntype Store struct {\n",
            ("func (s *Store) Add(t string) error", "func main()", "type Store struct"),
        ),
        (
            "a.rs",
            "pub async fn add(t: &str) -> S {\npub(crate) struct S {\nimpl S {\n  fn x(&self) {\n",
            (
                "pub async fn add(t: &str) -> S",
                "pub(crate) struct S",
                "impl S",
                "    fn x(&self)",
            ),
        ),
        (
            "A.java",
            "public class Store extends Base {\n  private int add(String t) {\n    return go(t);\n",
            ("public class Store extends Base", "    private int add(String t)"),
        ),
        (
            "a.c",
            "int main(int argc, char **argv) {\n  go(1);\n",
            ("int main(int argc, char **argv)",),
        ),
        ("a.rb", "class Store\n  def add(t)\n", ("class Store", "    def add(t)")),
        (
            "a.php",
            "<?php\nclass Store {\n  public function add($t) {\n",
            ("class Store", "    public function add($t)"),
        ),
        ("a.sh", "#!/bin/sh\nbuild() {\nfunction deploy {\n", ("build()", "function deploy")),
        (
            "a.sql",
            "create table if not exists items (\nCREATE UNIQUE INDEX by_title ON items\n",
            ("create table if not exists items", "CREATE UNIQUE INDEX by_title"),
        ),
        ("Makefile", "test: all\n\tpytest\nX := 1\n", ("test",)),
        ("a.txt", "class A", ()),
    ],
)
def test_other_languages_give_their_definition_lines(path, text, defs):
    assert symbols(path, text).defs == defs


def test_quoted_imports_are_given_as_they_stand():
    assert symbols("x.ts", IMPORTS).imports == ("./a", "../b.css", "./c", "./d", "./e")
    assert symbols("x.c", '#include "a.h"\n#include <stdio.h>\n').imports == ("a.h",)


def test_a_leading_comment_is_the_prose_of_code():
    assert symbols("a.go", "// Package a stores items.\n// Safely.\npackage a\n// no\n").prose == (
        "Package a stores items. Safely."
    )


def test_headings_outside_fences_are_the_symbols_of_a_document():
    text = "# Title #\nFirst words.\n\nUsage\n-----\n```\n# a comment\n```\n## Install\n"
    found = symbols("README.md", text)
    assert found.defs == ("# Title", "# Usage", "## Install")
    assert found.prose == "First words."


@given(
    st.sampled_from(["a.py", "a.ts", "a.go", "a.java", "a.md", "a.sql", "x/y.c", "Makefile", "a"]),
    st.one_of(
        st.text(),
        st.text(alphabet="def class():\n import'\"#/*{}.\\x", max_size=300),
        st.sampled_from(["def f(", "class A:", "import ('", "# ", "```\n", "\x00", "\ud800"]).map(
            lambda s: s * 50
        ),
    ),
)
def test_no_text_is_too_odd_and_all_is_bounded(path, text):
    found = symbols(path, text)
    assert len(found.defs) <= MAX_DEFS
    assert all(len(d) <= MAX_LINE and d.isprintable() for d in found.defs)
    assert symbols(path, text) == found


@pytest.mark.parametrize(
    "text",
    [
        "(" * 190_000,
        "-" * 190_000 + "1",
        "a" + ".b" * 90_000,
        "a" + "+a" * 90_000,
        "not " * 40_000 + "a",
        "lambda:" * 20_000 + "1",
        "a" + "()" * 90_000,
        "{" * 190_000,
        "def f(x=" + "[" * 150 + "]" * 150 + "): ...",
        "".join(" " * n + "class A:\n" for n in range(500)),
        "x = " + "1" * 100_000,
        "from " + "." * 100_000 + " import a",
    ],
)
def test_code_made_to_break_a_parser_breaks_nothing(text):
    symbols("a.py", text)


@pytest.mark.parametrize(
    "path", ["a.java", "a.ts", "a.sql", "a.html", "a.rs", "a.md", "a.py", "a.c"]
)
@pytest.mark.parametrize(
    "piece",
    ["public ", "export ", "a ", "a<", "create ", "<h1 ", "(", "' ", "import ", "=-", " * "],
)
def test_lines_made_to_slow_a_pattern_down_are_read_through(path, piece):
    symbols(path, (piece * 300 + "\n") * 50)
