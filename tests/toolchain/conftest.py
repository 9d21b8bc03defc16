"""A sandbox without walls for the toolchain's tests, and projects to run in it."""

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from partita.adapters.toolchain import PythonToolchain
from partita.core.verdict import TestRun
from partita.ports.sandbox import Command, Environment, Isolation, Limits, Outcome


class OpenSandbox:
    """Runs commands as they are, with `/w` written as the folder it stands for."""

    def __init__(self) -> None:
        self.commands: list[Command] = []

    @property
    def isolation(self) -> Isolation:
        return Isolation(
            backend="none",
            network=False,
            writes=False,
            reads=False,
            processes=False,
            tree_killed=False,
        )

    async def run(self, command: Command) -> Outcome:
        self.commands.append(command)

        def real(text: str) -> str:
            return re.sub(r"(?<![\w./-])/w(?=[/:]|$)", str(command.cwd), text)

        began = time.monotonic()
        try:
            process = await asyncio.create_subprocess_exec(
                *(a if "\n" in a else real(a) for a in command.argv),
                cwd=command.cwd,
                env={
                    "HOME": str(command.cwd),
                    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # those of this project's own tests
                    **{k: real(v) for k, v in command.env.items()},
                },
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        except FileNotFoundError:
            return Outcome(exit=127, reason="exited", output="not found", seconds=0.0)
        try:
            out, _ = await asyncio.wait_for(process.communicate(), command.limits.seconds)
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            return Outcome(exit=None, reason="timeout", output="", seconds=0.0)
        code, seconds = process.returncode or 0, time.monotonic() - began
        text = out.decode(errors="replace")
        if code < 0:
            return Outcome(exit=None, reason="signal", output=text, seconds=seconds)
        return Outcome(exit=code, reason="exited", output=text, seconds=seconds)


@pytest.fixture
def sandbox() -> OpenSandbox:
    return OpenSandbox()


@pytest.fixture
def toolchain(sandbox: OpenSandbox, tmp_path: Path) -> PythonToolchain:
    return PythonToolchain(sandbox, tmp_path / "cache", installer_env={}, limits=Limits(seconds=60))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    return folder


Write = Callable[[Path, Mapping[str, str]], None]


@pytest.fixture
def write() -> Write:
    """Write files, name to text, below a folder."""

    def write(tree: Path, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(text)

    return write


@pytest.fixture
def with_pytest() -> Environment:
    """The environment that runs these tests: it holds pytest."""
    return Environment(key="own", python=sys.executable, readonly=())


Run = Callable[..., TestRun]


@pytest.fixture
def by_unittest(toolchain: PythonToolchain, tree: Path, write: Write) -> Run:
    """Write the files, prepare, and run their tests with unittest."""

    def run(files: Mapping[str, str], command: str | None = "python -m unittest") -> TestRun:
        write(tree, files)

        async def go() -> TestRun:
            env = await toolchain.prepare(tree, ())
            return await toolchain.test(tree, env, command)

        return asyncio.run(go())

    return run


@pytest.fixture
def by_pytest(
    toolchain: PythonToolchain, tree: Path, with_pytest: Environment, write: Write
) -> Run:
    """Write the files and run their tests with pytest."""

    def run(files: Mapping[str, str], command: str | None = None) -> TestRun:
        write(tree, files)
        return asyncio.run(toolchain.test(tree, with_pytest, command))

    return run
