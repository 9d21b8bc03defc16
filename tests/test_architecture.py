"""The layout's own promises: a pure core, few public names, files of a size that can be read."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import partita

SRC = Path(partita.__file__).parent
PURE = {
    "ast",
    "collections",
    "configparser",
    "contextlib",
    "dataclasses",
    "decimal",
    "difflib",
    "enum",
    "fnmatch",
    "functools",
    "hashlib",
    "heapq",
    "hmac",
    "io",
    "itertools",
    "json",
    "keyword",
    "math",
    "operator",
    "posixpath",
    "re",
    "string",
    "textwrap",
    "tokenize",
    "tomllib",
    "types",
    "typing",
    "unicodedata",
    "urllib",
    "warnings",
    "bisect",
    "datetime",  # the calendar; asking it for the time is banned by the linter
}
PARSERS = {"jsonschema": "schema.py", "yaml": "yaml_text.py"}
LONGEST_FILE = 400


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_the_core_imports_only_pure_things():
    for path in (SRC / "core").rglob("*.py"):
        for name in imports(path):
            top = name.split(".")[0]
            if top in ("partita", "__future__"):
                continue
            if top in PARSERS:
                assert path.name == PARSERS[top], f"{top} belongs to {PARSERS[top]}, not {path}"
                continue
            assert top in PURE, f"{path.relative_to(SRC)} imports {name}"


def test_every_module_opens_with_a_sentence():
    for path in SRC.rglob("*.py"):
        text = ast.get_docstring(ast.parse(path.read_text()))
        assert text, f"{path.relative_to(SRC)} has no docstring"


def test_the_map_of_the_core_names_every_room_in_it():
    said = set(
        re.findall(
            r"[a-z_]+/?", ast.get_docstring(ast.parse((SRC / "core/__init__.py").read_text()))
        )
    )
    here = {f.stem if f.is_file() else f"{f.name}/" for f in (SRC / "core").iterdir()}
    assert here - {"__init__", "__pycache__/"} <= said


def test_files_stay_readable():
    for path in SRC.rglob("*.py"):
        name = path.relative_to(SRC).as_posix()
        lines = len(path.read_text().splitlines())
        assert lines <= LONGEST_FILE, f"{name}: {lines} lines"


def test_public_names_are_exactly_these():
    assert sorted(partita.__all__) == ["PartitaError", "__version__"]


def test_help_imports_nothing_heavy():
    """Start-up of `--help` stays near a bare interpreter's."""
    code = (
        "import sys; from partita.cli.main import run; run(['--help']);"
        "heavy = {'dbos', 'openai', 'anthropic', 'sqlalchemy', 'rich', 'pydantic', 'jsonschema'};"
        "sys.exit(repr(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
