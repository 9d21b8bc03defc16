"""The shape of a project: its packages, entry points, tests, documents and test command."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import basename, dirname

from partita.core.discovery.frameworks import frameworks
from partita.core.discovery.languages import (
    count,
    extension,
    in_test_folder,
    is_document,
    is_test,
)
from partita.core.discovery.manifests import Manifest
from partita.core.discovery.words import listed

MAX_LISTED = 200  # entries of a list that is shown to people and models
MAX_TESTS = 2_000
_MAX_ENTRY = 200  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """See the fields of the same names of `Findings`."""

    languages: tuple[tuple[str, int], ...]
    frameworks: tuple[str, ...]
    packages: tuple[str, ...]
    entry_points: tuple[str, ...]
    manifests: tuple[str, ...]
    test_command: str | None
    test_files: tuple[str, ...]
    documents: tuple[str, ...]


def survey(
    paths: Sequence[str],
    texts: Mapping[str, str],
    imports: Mapping[str, Sequence[str]],
    manifests: Sequence[Manifest],
) -> Survey:
    """What the project's own paths show, and the texts and imports of those that were read."""
    ordered = sorted(manifests, key=lambda m: (m.path.count("/"), m.path))
    tests = tuple(p for p in paths if is_test(p))
    modules = {name.partition(".")[0] for names in imports.values() for name in names}
    return Survey(
        languages=count(paths),
        frameworks=frameworks(ordered, modules),
        packages=_packages(paths, ordered)[:MAX_LISTED],
        entry_points=_entry_points(paths, texts, ordered)[:MAX_LISTED],
        manifests=tuple(m.path for m in ordered)[:MAX_LISTED],
        test_command=_test_command(ordered, tests, paths, texts, imports),
        test_files=tests[:MAX_TESTS],
        documents=tuple(p for p in paths if is_document(p))[:MAX_LISTED],
    )


# Packages

_NO_MODULES = listed("setup conftest noxfile tasks fabfile manage __init__ __main__")
_NO_PACKAGES = listed("docs doc examples example scripts script tools benchmarks migrations src")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w{0,80}\Z")


def _packages(paths: Sequence[str], manifests: Sequence[Manifest]) -> tuple[str, ...]:
    """Importable names at each project root and its `src`, then names that manifests give."""
    homes = {dirname(m.path) for m in manifests if basename(m.path) in _PYTHON_ROOTS} | {""}
    roots = homes | {f"{home}/src".lstrip("/") for home in homes}
    found: dict[str, None] = {}
    for path in paths:
        if extension(path) == "py" and not is_test(path) and not in_test_folder(path):
            found.update((name, None) for name in _importable(path, roots))
    found.update((m.name, None) for m in manifests if m.name)
    return tuple(_shown(name) for name in found)


_PYTHON_ROOTS = listed("pyproject.toml setup.py setup.cfg")


def _importable(path: str, roots: Collection[str]) -> Iterator[str]:
    folder, name = dirname(path), basename(path)
    stem = name.removesuffix(".py")
    if folder in roots and stem not in _NO_MODULES and _IDENTIFIER.match(stem):
        yield stem
    package = basename(folder)
    at_root = dirname(folder) in roots and folder != ""
    in_src = basename(dirname(folder)) == "src"  # there a package needs no __init__.py
    named = _IDENTIFIER.match(package) and package not in _NO_PACKAGES
    if at_root and named and (name == "__init__.py" or in_src):
        yield package


# Entry points

_STARTERS = listed("main.py app.py manage.py cli.py server.py run.py wsgi.py asgi.py __main__.py")
_GUARD = re.compile(
    r"""^if[ \t(]{1,4}__name__[ \t]{0,4}==[ \t]{0,4}["']__main__["']""", re.MULTILINE
)
_OTHER_STARTERS = re.compile(r"(\A|/)(main\.go|src/main\.rs|src/bin/[\w-]+\.rs|Program\.cs)\Z")


def _entry_points(
    paths: Sequence[str], texts: Mapping[str, str], manifests: Sequence[Manifest]
) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for manifest in manifests:
        found.update((_shown(start), None) for start in manifest.starts)
    for path in paths:
        name = basename(path)
        guarded = name in _STARTERS and bool(_GUARD.search(texts.get(path, "")))
        if guarded or name == "__main__.py" or _OTHER_STARTERS.search(path):
            found[_shown(path)] = None
    return tuple(found)


def _shown(text: str) -> str:
    """One bounded line: it is the repository's text and goes into reports and prompts."""
    return "".join(c if c.isprintable() else " " for c in text).strip()[:_MAX_ENTRY]


# The test command


def _test_command(
    manifests: Sequence[Manifest],
    tests: Sequence[str],
    paths: Sequence[str],
    texts: Mapping[str, str],
    imports: Mapping[str, Sequence[str]],
) -> str | None:
    """What would run the tests, the most specific evidence first; None where there is none.

    A Python runner is preferred to `make test`: it can be asked for a report of each test.
    """
    python_tests = [p for p in tests if extension(p) == "py"]
    if any(m.test == _PYTEST for m in manifests) or _uses_pytest(
        manifests, python_tests, paths, imports
    ):
        return _PYTEST
    if python_tests:
        return _by_python_tests(python_tests, paths, texts, imports)
    at_root = (m.test for m in manifests if m.test and "/" not in m.path)
    return next(at_root, None) or _by_language(tests, {basename(p) for p in paths})


_PYTEST = "python -m pytest"


def _uses_pytest(
    manifests: Sequence[Manifest],
    tests: Sequence[str],
    paths: Sequence[str],
    imports: Mapping[str, Sequence[str]],
) -> bool:
    if any("python:pytest" in m.dependencies for m in manifests):
        return True
    helpers = [p for p in paths if basename(p) == "conftest.py"]
    return bool(helpers) or any("pytest" in imports.get(p, ()) for p in tests)


_TEST_FUNCTION = re.compile(r"^(async )?def test_?\w*\(", re.MULTILINE)


def _by_python_tests(
    tests: Sequence[str],
    paths: Sequence[str],
    texts: Mapping[str, str],
    imports: Mapping[str, Sequence[str]],
) -> str:
    """Of tests that never name pytest: unittest where all that were read are written for it."""
    if any(_TEST_FUNCTION.search(texts.get(p, "")) for p in tests):
        return _PYTEST
    modules = {m.partition(".")[0] for p in tests for m in imports.get(p, ())}
    if "django" in modules and "manage.py" in paths:
        return "python manage.py test"
    if "unittest" not in modules:
        return _PYTEST
    return _unittest(tests, frozenset(paths))


def _unittest(tests: Iterable[str], paths: frozenset[str]) -> str:
    """`discover` looks into packages only, so a bare folder of tests must be named."""
    command = "python -m unittest discover"
    folders = sorted({p.split("/")[0] if "/" in p else "" for p in tests})
    if len(folders) == 1 and folders[0] and f"{folders[0]}/__init__.py" not in paths:
        command += f" -s {folders[0]}" if re.fullmatch(r"[\w.-]+", folders[0]) else ""
    if all(basename(p).endswith("_test.py") for p in tests):
        command += ' -p "*_test.py"'
    return command


def _by_language(tests: Sequence[str], names: Collection[str]) -> str | None:
    if "go.mod" in names and any(p.endswith("_test.go") for p in tests):
        return "go test ./..."
    if "Cargo.toml" in names:
        return "cargo test"
    if any(p.endswith("_spec.rb") for p in tests):
        return "bundle exec rspec"
    if any(p.endswith(".php") for p in tests):
        return "vendor/bin/phpunit"
    if any(p.endswith((".csproj", ".sln")) for p in names):
        return "dotnet test"
    return None
