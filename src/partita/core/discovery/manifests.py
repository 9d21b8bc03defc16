"""Manifests as typed facts: what a project depends on, what it starts, how it is tested."""

import ast
import configparser
import json
import re
import tomllib
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from posixpath import basename
from typing import Any

MAX_TEXT = 100_000  # characters; a longer manifest is not parsed
_MAX_LINE = 2_000
# tomllib takes quadratic time on a dotted key, and no dependency list has lines like that.
_MAX_DOTS = 300
_UNREADABLE = (
    ValueError,
    SyntaxError,
    configparser.Error,
    AttributeError,  # configparser's, for a continued line after a name without a value
    RecursionError,
    MemoryError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What one file declares; everything empty where it can't be read.

    `dependencies` are normalised names ("python:fastapi", "node:react"). `starts` say how the
    project is run ("todo = todo.cli:main"). `test` is a declared test command. `name` is what
    the package is imported or installed as, where that is not seen from the folders.
    """

    path: str
    dependencies: frozenset[str] = frozenset()
    starts: tuple[str, ...] = ()
    test: str | None = None
    name: str | None = None


def is_manifest(path: str) -> bool:
    """A file that `read` knows."""
    return _reader(path) is not None


def read(path: str, text: str) -> Manifest:
    """The facts in the manifest; never raises, whatever the text is."""
    reader = _reader(path)
    if reader is None or len(text) > MAX_TEXT:
        return Manifest(path=path)
    try:
        return reader(path, text.removeprefix("\ufeff"))
    except _UNREADABLE:
        return Manifest(path=path)


def _reader(path: str) -> Callable[[str, str], Manifest] | None:
    name = basename(path)
    if name in _READERS:
        return _READERS[name]
    if _REQUIREMENTS.fullmatch(name):
        return _requirements
    return _dockerfile if name.startswith("Dockerfile.") else None


# Small readers of untyped data


def _table(value: Any, *keys: str) -> dict[str, Any]:
    """The table under those keys, empty where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _texts(value: Any) -> Iterator[str]:
    """The strings of a list, or of the lists of a table."""
    if isinstance(value, dict):
        value = [item for part in value.values() if isinstance(part, list) for item in part]
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, str))


_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]{0,100})")


def _python(requirements: Iterable[str]) -> Iterator[str]:
    for line in requirements:
        if found := _REQUIREMENT.match(line):
            yield "python:" + re.sub(r"[-_.]+", "-", found.group(1)).strip("-").lower()


def _tagged(ecosystem: str, names: Iterable[str]) -> Iterator[str]:
    return (f"{ecosystem}:{name.lower()}" for name in names)


def _starts(scripts: dict[str, Any]) -> Iterator[str]:
    return (f"{name} = {target}" for name, target in scripts.items() if isinstance(target, str))


def _toml(text: str) -> dict[str, Any]:
    if any(line.count(".") > _MAX_DOTS for line in text.split("\n")):
        raise ValueError("a line with more dots than a manifest has")
    return tomllib.loads(text)


def _json(text: str) -> dict[str, Any]:
    return _table(json.loads(text))


def _ini(text: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    # Its option pattern takes quadratic time on a long line of blanks.
    parser.read_string("\n".join(s for s in text.split("\n") if len(s) <= _MAX_LINE))
    return parser


# Python

_PYTEST = "python -m pytest"
_UNITTEST = "python -m unittest discover"


def _pyproject(path: str, text: str) -> Manifest:
    data = _toml(text)
    project, tool = _table(data, "project"), _table(data, "tool")
    poetry = _table(tool, "poetry")
    requirements = [
        *_texts(project.get("dependencies")),
        *_texts(project.get("optional-dependencies")),
        *_texts(data.get("dependency-groups")),
        *_texts(_table(tool, "uv").get("dev-dependencies")),
        *_texts(_table(tool, "pdm").get("dev-dependencies")),
        *_table(poetry, "dependencies"),
        *_table(poetry, "dev-dependencies"),
        *(name for g in _table(poetry, "group").values() for name in _table(g, "dependencies")),
    ]
    scripts = {**_table(poetry, "scripts"), **_table(project, "scripts")}
    return Manifest(
        path=path,
        dependencies=frozenset(_python(requirements)) - {"python:python"},
        starts=(*_starts(scripts), *_starts(_table(project, "gui-scripts"))),
        test=_PYTEST if "pytest" in tool else None,
    )


_REQUIREMENTS = re.compile(r"([\w.-]{0,60}[-_.])?requirements([-_.][\w.-]{0,60})?\.(txt|in)")


def _requirements(path: str, text: str) -> Manifest:
    return Manifest(path=path, dependencies=frozenset(_python(text.split("\n"))))


def _setup_cfg(path: str, text: str) -> Manifest:
    ini = _ini(text)
    requirements = (ini.get("options", "install_requires", fallback="") or "").split("\n")
    if ini.has_section("options.extras_require"):
        for _, value in ini.items("options.extras_require"):
            requirements += (value or "").split("\n")
    scripts = ini.get("options.entry_points", "console_scripts", fallback="") or ""
    return Manifest(
        path=path,
        dependencies=frozenset(_python(requirements)),
        starts=tuple(" ".join(s.split()) for s in scripts.split("\n") if "=" in s),
        test=_PYTEST if ini.has_section("tool:pytest") else None,
    )


def _setup_py(path: str, text: str) -> Manifest:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    wanted = ("install_requires", "extras_require", "tests_require")
    values = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg in wanted
    ]
    requirements = (
        inner.value
        for value in values
        for outer in (value.values if isinstance(value, ast.Dict) else [value])
        for inner in (outer.elts if isinstance(outer, ast.List | ast.Tuple) else ())
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str)
    )
    return Manifest(path=path, dependencies=frozenset(_python(requirements)))


def _pipfile(path: str, text: str) -> Manifest:
    data = _toml(text)
    names = [*_table(data, "packages"), *_table(data, "dev-packages")]
    return Manifest(path=path, dependencies=frozenset(_python(names)))


def _tox_ini(path: str, text: str) -> Manifest:
    ini = _ini(text)
    commands = " ".join(
        ini.get(s, "commands", fallback="") or "" for s in ini.sections() if s.startswith("testenv")
    ).split()
    test = None
    if ini.has_section("pytest") or "pytest" in commands:
        test = _PYTEST
    elif "unittest" in commands:
        test = _UNITTEST
    return Manifest(path=path, test=test)


def _pytest_ini(path: str, _text: str) -> Manifest:
    return Manifest(path=path, test=_PYTEST)  # its presence is enough, even when it is empty


# Others


def _package_json(path: str, text: str) -> Manifest:
    data = _json(text)
    kinds = ("dependencies", "devDependencies", "peerDependencies")
    scripts, binary, name = _table(data, "scripts"), data.get("bin"), data.get("name")
    name = name if isinstance(name, str) else None
    starts = list(_starts(binary)) if isinstance(binary, dict) else []
    if isinstance(binary, str):
        starts.append(f"{name or 'bin'} = {binary}")
    if isinstance(start := scripts.get("start"), str):
        starts.append(f"npm start = {start}")
    test = scripts.get("test")
    declared = isinstance(test, str) and test.strip() and "no test specified" not in test
    return Manifest(
        path=path,
        dependencies=frozenset(_tagged("node", (n for k in kinds for n in _table(data, k)))),
        starts=tuple(starts),
        test="npm test" if declared else None,
        name=name,
    )


def _go_mod(path: str, text: str) -> Manifest:
    lines = [line.split("//")[0].split() for line in text.split("\n")]
    name = next((w[1] for w in lines if w[:1] == ["module"] and len(w) > 1), None)
    flat = (w[1:] if w[:1] == ["require"] else w for w in lines)
    modules = {w[0] for w in flat if len(w) > 1 and w[1].startswith("v")}
    bare = (re.sub(r"/v\d{1,4}\Z", "", m) for m in modules)
    return Manifest(path=path, dependencies=frozenset(_tagged("go", bare)), name=name)


def _cargo(path: str, text: str) -> Manifest:
    data = _toml(text)
    names = [
        *_table(data, "dependencies"),
        *_table(data, "dev-dependencies"),
        *_table(data, "workspace", "dependencies"),
    ]
    name = _table(data, "package").get("name")
    return Manifest(
        path=path,
        dependencies=frozenset(_tagged("rust", names)),
        name=name if isinstance(name, str) else None,
    )


_GEM = re.compile(r"""^[ \t]{0,20}gem[ \t(]{1,4}["']([\w-]{1,80})["']""", re.MULTILINE)
_ARTIFACT = re.compile(r"<artifactId>([\w.-]{1,100})</artifactId>")
_COORDINATE = re.compile(r"""["'][\w.-]{1,100}:([\w.-]{1,100})(?::[\w.+$-]{1,60})?["']""")


def _gemfile(path: str, text: str) -> Manifest:
    return Manifest(path=path, dependencies=frozenset(_tagged("ruby", _GEM.findall(text))))


def _composer(path: str, text: str) -> Manifest:
    data = _json(text)
    names = [*_table(data, "require"), *_table(data, "require-dev")]
    return Manifest(path=path, dependencies=frozenset(_tagged("php", names)))


def _pom(path: str, text: str) -> Manifest:
    names = _tagged("java", _ARTIFACT.findall(text))
    return Manifest(path=path, dependencies=frozenset(names), test="mvn -q test")


def _gradle(path: str, text: str) -> Manifest:
    names = _tagged("java", _COORDINATE.findall(text))
    return Manifest(path=path, dependencies=frozenset(names), test="gradle test")


def _makefile(path: str, text: str) -> Manifest:
    declared = re.search(r"^test[ \t]{0,8}::?(?!=)", text, re.MULTILINE)
    return Manifest(path=path, test="make test" if declared else None)


_RUNS = re.compile(
    r"^[ \t]{0,8}(CMD|ENTRYPOINT)[ \t]{1,8}(\S.{0,300})", re.MULTILINE | re.IGNORECASE
)


def _dockerfile(path: str, text: str) -> Manifest:
    found = _RUNS.findall(text)
    return Manifest(path=path, starts=tuple(f"{w.upper()} {rest.strip()}" for w, rest in found))


_READERS: dict[str, Callable[[str, str], Manifest]] = {
    "pyproject.toml": _pyproject,
    "setup.cfg": _setup_cfg,
    "setup.py": _setup_py,
    "Pipfile": _pipfile,
    "tox.ini": _tox_ini,
    "pytest.ini": _pytest_ini,
    ".pytest.ini": _pytest_ini,
    "package.json": _package_json,
    "go.mod": _go_mod,
    "Cargo.toml": _cargo,
    "Gemfile": _gemfile,
    "composer.json": _composer,
    "pom.xml": _pom,
    "build.gradle": _gradle,
    "build.gradle.kts": _gradle,
    "Makefile": _makefile,
    "makefile": _makefile,
    "GNUmakefile": _makefile,
    "Dockerfile": _dockerfile,
    "Containerfile": _dockerfile,
}
