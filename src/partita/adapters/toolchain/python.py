"""The toolchain for Python: environments from pip's world, tests by pytest or unittest."""

import asyncio
import contextlib
import os
import re
import secrets
import shlex
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from partita.adapters.toolchain import junit
from partita.adapters.toolchain.environment import (
    PATH,
    Environments,
    Interpreter,
    interpreter,
    own_interpreter,
    read_regular,
    site_packages,
)
from partita.core.evidence import files_of, normalise, shorten
from partita.core.requirements import (
    Requirements,
    asks_for,
    is_test,
    needs_pytest,
    specification,
    wanted,
)
from partita.core.verdict import Case, TestRun
from partita.ports.sandbox import Command, Environment, Limits, Outcome, Sandbox

INSIDE = "/w"  # where the sandbox shows the tree
REPORT = ".partita-report-"
OUTPUT, DETAIL, DETAILED = 16_000, 8_000, 50  # characters, characters, cases that keep theirs
MANIFEST, SOURCE, TOGETHER = 2**20, 2**18, 2**24  # bytes that are read of the tree
FILES, ENTRIES = 600, 40_000  # files read, files looked at
DAY = 86_400

_MANIFEST = re.compile(r"pyproject\.toml|setup\.(?:cfg|py)|tox\.ini|pytest\.ini|.*requirements.*")
_PYTHON = re.compile(r"(?:\S*/)?(?:python(?:3(?:\.\d+)?)?|py)")
_PYTEST = re.compile(r"(?:\S*/)?(?:pytest|py\.test)")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*", re.DOTALL)
_RUNNERS = frozenset({"uv", "poetry", "pdm", "pipenv", "hatch", "rye"})
_SHELL = frozenset({"&&", "||", "|", ";", ">", "<", ">>", "2>&1", "&"})
_IGNORED = frozenset({"node_modules", "venv", "env", "__pycache__", "site-packages"})
_PYTEST_ARGS = (
    *("-q", "-rN", "-p", "no:cacheprovider"),
    "--tb=short",
    "--color=no",
    *("-o", "console_output_style=classic"),
    *("-o", "junit_family=xunit1"),  # the one that names the file of a test
    *("-o", "verbosity_assertions=2"),  # shortened values would differ with the paths in them
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to run the tests: `shown` is the command as people would type it."""

    kind: str  # "pytest" | "unittest" | "other"
    shown: str
    argv: tuple[str, ...]  # what follows the runner; for "other", the whole command
    flags: tuple[str, ...] = ()  # of the interpreter
    env: tuple[tuple[str, str], ...] = ()
    refused: str = ""  # why it can't be run


class PythonToolchain:
    """Python targets. `installer_env` is what pip or uv is given, and nothing else is.

    `cache` keeps the environments. `python` is an interpreter to make them from; without it,
    the one that this process' own environment was made from.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        cache: Path,
        *,
        installer_env: Mapping[str, str],
        python: Path | None = None,
        limits: Limits | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._sandbox = sandbox
        self._environments = Environments(sandbox, cache, installer_env)
        self._python = python
        self._base: Interpreter | None = None
        self._limits = limits or Limits()
        self._now = now

    def handles(self, paths: Sequence[str]) -> bool:
        """Is any of these a Python file, or a manifest of a Python project?"""
        names = (p.rpartition("/")[2] for p in paths)
        return any(
            n.endswith(".py")
            or n in ("pyproject.toml", "setup.cfg")
            or (n.startswith("requirements") and n.endswith(".txt"))
            for n in names
        )

    async def prepare(self, tree: Path, dependencies: Sequence[str]) -> Environment:
        """The environment for the tree: its manifests, the plan's dependencies, pytest if needed.

        The project itself is not installed; its tests import it from the tree. Raises
        CommandFailed with the installer's words.
        """
        files = await asyncio.to_thread(_look, tree)
        asked = wanted(files, dependencies)
        if needs_pytest(files):
            asked = _with_pytest(asked)
        return await self._environments.get(await self._interpreter(), asked)

    async def test(self, tree: Path, env: Environment, command: str | None) -> TestRun:
        """Run the tests, without network and with nothing but the tree writable.

        A tree that came to need pytest after its environment was made gets one with pytest.
        Raises CommandFailed when that can't be installed.
        """
        plan = read_command(command) if command and command.strip() else None
        if plan is None or plan.kind == "pytest":
            needed = plan is not None or needs_pytest(await asyncio.to_thread(_look, tree))
            if needed and not _has(env, "pytest"):
                env = await self._add_pytest(env)
            usual = "pytest" if needed or _has(env, "pytest") else "unittest"
            plan = plan or Plan(kind=usual, shown=f"python -m {usual}", argv=())
        if plan.refused:
            return TestRun(
                command=plan.shown, exit=127, reason="exited", output=plan.refused, report=False
            )
        _sweep(tree)
        name = f"{REPORT}{secrets.token_hex(8)}.xml"
        try:
            outcome = await self._sandbox.run(self._command(tree, env, plan, name))
            content = read_regular(tree / name, junit.LARGEST)
        finally:
            _sweep(tree)
        return self._told(tree, env, plan, outcome, content)

    async def _interpreter(self) -> Interpreter:
        if self._base is None:
            self._base = await interpreter(self._python) if self._python else own_interpreter()
        return self._base

    async def _add_pytest(self, env: Environment) -> Environment:
        specs = self._environments.specs(env.key)
        if specs is None:
            return env
        asked = _with_pytest(Requirements(specs=specs))
        made = await self._environments.get(await self._interpreter(), asked)
        return replace(made, note=env.note)

    def _command(self, tree: Path, env: Environment, plan: Plan, report: str) -> Command:
        inside = f"{INSIDE}/{report}"
        python = (env.python, *plan.flags)
        argv: tuple[str, ...]
        if plan.kind == "pytest":
            ours = (*_PYTEST_ARGS, f"--junitxml={inside}")
            argv = (*python, "-m", "pytest", "--rootdir=.", *ours, *plan.argv)
        elif plan.kind == "unittest":
            argv = (*python, "-c", _unittest_source(), inside, *plan.argv)
        else:
            argv = plan.argv
            if _PYTHON.fullmatch(argv[0]):
                argv = (env.python, *argv[1:])
        folder = str(Path(env.python).parent)
        roots = [INSIDE, f"{INSIDE}/src"] if (tree / "src").is_dir() else [INSIDE]
        variables = {
            "PATH": f"{folder}:{PATH}",
            "VIRTUAL_ENV": str(Path(folder).parent),
            "PYTHONPATH": ":".join(roots),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",  # the order of a set in a message is the same each time
            "PYTHONNOUSERSITE": "1",
            "PYTHONUNBUFFERED": "1",
            "PYTHONUTF8": "1",
            "LOGNAME": "tests",  # pytest names its temporary folder after the user
            "NO_COLOR": "1",
            "COLUMNS": "100",
            **dict(plan.env),
        }
        if (more := dict(plan.env).get("PYTHONPATH")) is not None:
            variables["PYTHONPATH"] = ":".join((more, *roots))
        if plan.kind == "other":
            # whatever the command is: where it comes to pytest, there is a report
            added = variables.get("PYTEST_ADDOPTS", "")
            ours = (*_PYTEST_ARGS, f"--junitxml={inside}")
            variables["PYTEST_ADDOPTS"] = f"{added} {shlex.join(ours)}".strip()
        return Command(
            argv=argv, cwd=tree, env=variables, readonly=env.readonly, limits=self._limits
        )

    def _told(
        self, tree: Path, env: Environment, plan: Plan, outcome: Outcome, content: bytes | None
    ) -> TestRun:
        roots = (INSIDE, str(tree), str(tree.resolve()))
        now = self._now()
        days = frozenset(
            time.strftime("%Y-%m-%d", time.gmtime(now + shift * DAY)) for shift in (-1, 0, 1)
        )

        def same(text: str) -> str:
            folder = str(Path(env.python).parent.parent)
            return normalise(text.replace(f"{folder}/bin/", "<env>/bin/"), roots=roots, today=days)

        read = junit.cases(content) if content is not None else None
        return TestRun(
            command=plan.shown,
            exit=outcome.exit,
            reason=outcome.reason,
            cases=_same_cases(read or (), same),
            output=shorten(same(outcome.output), OUTPUT),
            seconds=outcome.seconds,
            report=read is not None,
        )


def read_command(command: str) -> Plan:
    """Understand a test command: which runner it starts, and with what.

    Leading `NAME=value` and `uv run` and its like are taken off, as the environment is ours.
    """
    shown = " ".join(command.split())
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    count = next((i for i, w in enumerate(words) if not _ASSIGNMENT.fullmatch(w)), len(words))
    env = tuple((name, value) for name, _, value in (w.partition("=") for w in words[:count]))
    words = words[count:]
    if words[:1] and words[0] in _RUNNERS and words[1:2] == ["run"]:
        started = (i for i, w in enumerate(words) if _PYTEST.fullmatch(w) or _PYTHON.fullmatch(w))
        words = words[next(started, 2) :]
    if not words or _SHELL & set(words):
        why = "The test command must be one command with its arguments, without shell syntax."
        return Plan(kind="other", shown=shown, argv=(), refused=why)
    if _PYTEST.fullmatch(words[0]):
        return Plan(kind="pytest", shown=shown, argv=_plain(words[1:]), env=env)
    if _PYTHON.fullmatch(words[0]) and "-m" in words:
        at = words.index("-m")
        flags, module, rest = tuple(words[1:at]), words[at + 1 : at + 2], words[at + 2 :]
        if all(f.startswith("-") or before in ("-W", "-X") for before, f in _pairs(flags)):
            if module in (["pytest"], ["py.test"]):
                return Plan(kind="pytest", shown=shown, argv=_plain(rest), flags=flags, env=env)
            if module == ["unittest"]:
                return Plan(kind="unittest", shown=shown, argv=tuple(rest), flags=flags, env=env)
    return Plan(kind="other", shown=shown, argv=tuple(words), env=env)


def _pairs(words: Sequence[str]) -> Iterable[tuple[str, str]]:
    return zip(("", *words), words, strict=False)


def _plain(words: Sequence[str]) -> tuple[str, ...]:
    """The arguments of pytest without those that would move or colour its report."""
    kept: list[str] = []
    drop = False
    for word in words:
        if drop:
            drop = False
        elif word in ("--junitxml", "--junit-xml", "--color", "--rootdir"):
            drop = True
        elif not word.startswith(("--junitxml=", "--junit-xml=", "--color=", "--rootdir=")):
            kept.append(word)
    return tuple(kept)


def _same_cases(found: Sequence[Case], same: Callable[[str], str]) -> tuple[Case, ...]:
    """The cases in words that are the same everywhere, with the files their tracebacks name."""
    told = 0
    cases = []
    for case in found:
        if case.outcome not in ("failed", "error"):
            cases.append(replace(case, name=same(case.name), message="", detail=""))
            continue
        told += 1
        detail = same(case.detail)
        cases.append(
            replace(
                case,
                name=same(case.name),
                message=same(case.message),
                detail=shorten(detail, DETAIL) if told <= DETAILED else "",
                where=files_of(detail),
            )
        )
    return tuple(cases)


def _with_pytest(asked: Requirements) -> Requirements:
    if asks_for(asked.specs, "pytest"):
        return asked
    return replace(asked, specs=tuple(sorted((*asked.specs, specification("pytest") or ""))))


def _has(env: Environment, module: str) -> bool:
    folder = site_packages(env.python)
    return folder is not None and (folder / module).is_dir()


def _look(tree: Path) -> dict[str, str]:
    """The manifests in the root and the test files anywhere, path to text; links are skipped."""
    found: dict[str, str] = {}
    looked, room = 0, TOGETHER
    for folder, folders, names in os.walk(tree):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in _IGNORED)
        at = Path(folder)
        top = at == tree or at == tree / "requirements"
        for name in sorted(names):
            looked += 1
            path = (at / name).relative_to(tree).as_posix()
            manifest = top and bool(_MANIFEST.fullmatch(path))
            if not (manifest or is_test(path)) or len(found) >= FILES:
                continue
            content = read_regular(at / name, min(room, MANIFEST if manifest else SOURCE))
            if content is not None:
                room -= len(content)
                found[path] = content.decode("utf-8", errors="replace")
        if looked > ENTRIES:
            break
    return found


def _sweep(tree: Path) -> None:
    """Remove reports, also one that a killed run left behind."""
    for path in tree.glob(f"{REPORT}*.xml"):
        with contextlib.suppress(OSError):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


@cache
def _unittest_source() -> str:
    """The text of our unittest runner: passed on the command line, so nothing has to be shown."""
    return Path(__file__).with_name("unittest_report.py").read_text("utf-8")
