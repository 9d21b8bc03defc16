"""What a Python tree asks to have installed, read from its manifests as data; nothing is run."""

import configparser
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MOST = 400  # specifications; more than this is no honest manifest
GROUPS = frozenset({"test", "tests", "testing", "dev", "develop"})

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?"
_EXTRAS = r"\[[A-Za-z0-9._, -]{0,200}\]"
_VERSION = r"(?:===|==|~=|!=|<=|>=|<|>)[ ]?[A-Za-z0-9.*+!_-]{1,60}"
_SPEC = re.compile(
    rf"(?P<name>{_NAME})[ ]?(?P<extras>{_EXTRAS})?[ ]?"
    rf"(?P<versions>\(?{_VERSION}(?:[ ]?,[ ]?{_VERSION}){{0,9}}\)?)?"
    r"[ ]?(?:;[ ]?(?P<marker>[A-Za-z0-9_.<>=!~'\"() ,-]{1,300}))?"
)
_SPACE = re.compile(r"\s+")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_ENTRY = re.compile(
    r"(?:requirements|requirements[-_.](?:dev|develop|tests?|testing)"
    r"|(?:dev|tests?)[-_]requirements|requirements/(?:base|main|dev|tests?|testing))\.(?:txt|in)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """What is to be installed, sorted, and one note for each thing that was refused or skipped."""

    specs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def wanted(files: Mapping[str, str], extra: Sequence[str] = ()) -> Requirements:
    """What the manifests among `files` (path to text) and `extra` ask for.

    Only names with versions, extras and markers are taken. Whatever would reach outside the
    package index (options, editable installs, URLs, local paths) is noted instead.
    """
    found = _Found()
    for line in extra:
        found.add(line, "the plan")
    for path in sorted(files):
        if _ENTRY.fullmatch(path) and not _compiled(path, files):
            _requirements_file(path, files, found, set())
    for path, read in (("pyproject.toml", _pyproject), ("setup.cfg", _setup_cfg)):
        if path in files:
            read(files[path], found)
    if "setup.py" in files and not {"pyproject.toml", "setup.cfg"} & files.keys():
        found.note("setup.py is a program and was not run: its requirements are unknown")
    specs = sorted(found.specs)
    if len(specs) > MOST:
        found.note(f"{len(specs) - MOST} requirements beyond the first {MOST} were left out")
    return Requirements(specs=tuple(specs[:MOST]), notes=tuple(found.notes[:50]))


def specification(line: str) -> str | None:
    """The requirement in canonical form; None for anything but a name, versions, a marker."""
    match = _SPEC.fullmatch(_SPACE.sub(" ", line.strip())) if len(line) < 1000 else None  # noqa: PLR2004
    if match is None:
        return None
    extras = (match["extras"] or "").replace(" ", "").lower()
    versions = (match["versions"] or "").strip("()").replace(" ", "")
    marker = f"; {match['marker'].strip()}" if match["marker"] else ""
    return f"{project(match['name'])}{extras}{versions}{marker}"


def project(name: str) -> str:
    """A distribution's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def asks_for(specs: Sequence[str], name: str) -> bool:
    """Is the distribution among the requirements?"""
    wanted_name = project(name)
    return any((m := _SPEC.fullmatch(s)) and project(m["name"]) == wanted_name for s in specs)


_PYTEST_CONFIG = {
    "pyproject.toml": "[tool.pytest",
    "setup.cfg": "[tool:pytest]",
    "tox.ini": "[pytest]",
}
_PYTEST_CODE = re.compile(
    r"^(?:[ \t]*(?:import|from)[ \t]+_?pytest\b|(?:async[ \t]+)?def[ \t]+test_)", re.MULTILINE
)


def is_test(path: str) -> bool:
    """Is it a file of tests, by the names that pytest and unittest look for?"""
    *folders, name = path.split("/")
    if not name.endswith(".py"):
        return False
    named = name in ("test.py", "tests.py", "conftest.py")
    named = named or name.startswith("test_") or name.endswith("_test.py")
    return named or any(f in ("test", "tests") for f in folders)


def needs_pytest(files: Mapping[str, str]) -> bool:
    """Do these files (path to text) only make sense under pytest?

    They do when it is configured or imported, or when a test module holds bare functions,
    which unittest would pass over in silence.
    """
    if "pytest.ini" in files or any(p.rpartition("/")[2] == "conftest.py" for p in files):
        return True
    if any(mark in files.get(path, "") for path, mark in _PYTEST_CONFIG.items()):
        return True
    return any(is_test(p) and _PYTEST_CODE.search(text) for p, text in files.items())


@dataclass(slots=True)
class _Found:
    """What was read so far."""

    specs: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def add(self, line: object, source: str) -> None:
        spec = specification(line) if isinstance(line, str) else None
        if spec is not None:
            self.specs.add(spec)
            return
        shown = _without_credentials(str(line))[:120]
        self.note(f"{source}: `{shown}` is no plain requirement and was not installed")


def _without_credentials(text: str) -> str:
    return re.sub(r"//[^/@\s]{1,400}@", "//***@", text[:1000])


def _compiled(path: str, files: Mapping[str, str]) -> bool:
    """A `.in` file whose pinned `.txt` is there too."""
    return path.endswith(".in") and path[:-3] + ".txt" in files


def _lines(text: str) -> Iterator[str]:
    joined = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\\\n", " ")
    for line in joined.split("\n"):
        bare = _COMMENT.sub("", line).strip()
        if bare:
            yield bare


def _requirements_file(path: str, files: Mapping[str, str], found: _Found, seen: set[str]) -> None:
    seen.add(path)
    for line in _lines(files[path]):
        option, _, rest = line.replace("=", " ", 1).partition(" ")
        if option in ("-r", "--requirement"):
            folder = path.rpartition("/")[0]
            other = _inside(folder, rest.strip())
            if other not in files:
                found.note(f"{path}: `{line[:120]}` is not in the tree's root and was not read")
            elif other not in seen and len(seen) < MOST:
                _requirements_file(other, files, found, seen)
        elif " --hash" in line:
            found.add(line.partition(" --hash")[0], path)
            found.note(f"{path}: hashes are not checked")
        else:
            found.add(line, path)


def _inside(folder: str, name: str) -> str:
    """`name` as seen from `folder`; "" when it leaves the tree."""
    parts: list[str] = folder.split("/") if folder else []
    for part in name.split("/"):
        if part == "..":
            if not parts:
                return ""
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "" if name.startswith("/") else "/".join(parts)


def _pyproject(text: str, found: _Found) -> None:
    source = "pyproject.toml"
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError):
        found.note(f"{source} is not valid TOML and was not read")
        return
    head = _table(data, "project")
    for line in _list(head, "dependencies"):
        found.add(line, source)
    extras = {k: v for k, v in _table(head, "optional-dependencies").items() if isinstance(v, list)}
    groups = {k: v for k, v in _table(data, "dependency-groups").items() if isinstance(v, list)}
    own = project(str(head.get("name", "")))
    for table in (extras, groups):
        for name in sorted(table):
            if name.lower() in GROUPS:
                _group(name, table, own, extras, found)
    _poetry(_table(_table(data, "tool"), "poetry"), found)


def _group(
    name: str, table: Mapping[str, Any], own: str, extras: Mapping[str, Any], found: _Found
) -> None:
    """One named list of requirements and the lists it includes."""
    todo, seen = [(name, table)], set()
    while todo:
        name, table = todo.pop()
        if (name, id(table)) in seen:
            continue
        seen.add((name, id(table)))
        for line in table.get(name, ()):
            if isinstance(line, dict) and isinstance(line.get("include-group"), str):
                todo.append((line["include-group"], table))
                continue
            match = _SPEC.fullmatch(line) if isinstance(line, str) else None
            if match and own and project(match["name"]) == own:
                # `self[test]`: the project's own extras, spelled as a requirement on itself
                named = (match["extras"] or "[]")[1:-1].split(",")
                todo.extend((extra.strip(), extras) for extra in named)
                continue
            found.add(line, "pyproject.toml")


def _poetry(poetry: Mapping[str, Any], found: _Found) -> None:
    tables = [_table(poetry, "dependencies"), _table(poetry, "dev-dependencies")]
    groups = _table(poetry, "group")
    tables += [_table(_table(groups, g), "dependencies") for g in sorted(groups) if g in GROUPS]
    for table in tables:
        for name, value in table.items():
            if name.lower() == "python":
                continue
            version = value.get("version") if isinstance(value, dict) else value
            plain = isinstance(version, str) and not (
                isinstance(value, dict) and {"git", "path", "url"} & value.keys()
            )
            found.add(f"{name}{_range(str(version))}" if plain else f"{name} = {value}", "poetry")


def _range(version: str) -> str:
    """Poetry's `^1.2`, `~1.2`, `1.2` and `*` in the standard's words."""
    version = version.strip()
    if version in ("", "*"):
        return ""
    mark, number = (version[0], version[1:].strip()) if version[0] in "^~" else ("", version)
    if mark == "~" and number.startswith("="):
        return version
    parts = number.split(".")
    if not all(p.isdigit() for p in parts):
        return version if version[0] in "<>=!~" else f"=={version}"
    if not mark:
        return f"=={number}"
    first = next((i for i, p in enumerate(parts) if int(p)), len(parts) - 1)
    keep = first if mark == "^" else min(1, len(parts) - 1)
    above = [*parts[:keep], str(int(parts[keep]) + 1)]
    return f">={number},<{'.'.join(above)}"


def _setup_cfg(text: str, found: _Found) -> None:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        found.note("setup.cfg could not be read")
        return
    literal = [parser.get("options", "install_requires", fallback="")]
    if parser.has_section("options.extras_require"):
        literal += [v for k, v in parser.items("options.extras_require") if k in GROUPS]
    for block in literal:
        for line in _lines(block):
            found.add(line, "setup.cfg")


def _table(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def _list(data: Mapping[str, Any], key: str) -> Sequence[Any]:
    value = data.get(key)
    return value if isinstance(value, list) else ()
