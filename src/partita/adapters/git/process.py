"""Running git as a child process: bounded, without prompts, hooks or the caller's git variables."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Container, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from partita.errors import BadInput, GitFailed

LIMIT = 256 * 1024 * 1024
"""The most bytes git may print in one call."""

PATIENCE = 900.0
"""Seconds after which a git that has not ended is stopped."""

_STDERR_KEPT = 16 * 1024
_CHUNK = 64 * 1024
_GRACE = 5.0

_CONFIG = (
    "core.hooksPath=/dev/null",
    "protocol.file.allow=user",
    "commit.gpgsign=false",
    "core.fsmonitor=false",
    "core.quotepath=off",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "worktree.useRelativePaths=false",
    "merge.directoryRenames=false",
)

# Who the user is and where their configuration lies; any other GIT_* variable of the caller
# (GIT_DIR in a hook, GIT_INDEX_FILE, GIT_TRACE, ...) would aim git somewhere else.
_KEPT_VARIABLES = (
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
    "GIT_CEILING_DIRECTORIES",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_SYSTEM",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_EXEC_PATH",
)
_KEPT_PREFIXES = ("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")


class Done(NamedTuple):
    """How a git process ended: exit code, all of its output, the beginning of its complaints."""

    code: int
    out: bytes
    err: str


class Git(Protocol):
    """git, aimed at one repository."""

    async def __call__(
        self,
        *args: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        ok: Container[int] = (0,),
        limit: int = LIMIT,
    ) -> Done:
        """Run it; raises GitFailed when the exit code is not among `ok`."""


class RealGit:
    """The git on PATH, pinned to a repository so that nothing is discovered by chance."""

    def __init__(self, root: Path, git_dir: Path) -> None:
        self._root = root
        self._pinned = {"GIT_DIR": str(git_dir), "GIT_WORK_TREE": str(root)}

    async def __call__(
        self,
        *args: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        ok: Container[int] = (0,),
        limit: int = LIMIT,
    ) -> Done:
        """Run it; raises GitFailed when the exit code is not among `ok`."""
        pinned = {**self._pinned, **(env or {})}
        done = await run(args, cwd or self._root, stdin=stdin, env=pinned, limit=limit)
        if done.code not in ok:
            raise failure(args, done)
        return done


async def run(
    args: tuple[str, ...],
    cwd: Path,
    *,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    limit: int = LIMIT,
    patience: float = PATIENCE,
) -> Done:
    """Run git once, whatever its exit code.

    It is in a session of its own: a Ctrl-C in the terminal does not cut a landing in half, and
    nothing can ask the terminal for a password. Raises GitFailed when it prints more than `limit`
    bytes or takes longer than `patience` seconds.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *_command(args),
            cwd=cwd,
            env=environment(env),
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise _not_started(error, cwd) from error
    try:
        async with asyncio.timeout(patience):
            out, err, _ = await asyncio.gather(
                _all_of(process, limit), _beginning_of(process), _feed(process, stdin)
            )
            code = await process.wait()
    except TimeoutError as error:
        await _end(process)
        raise GitFailed(f"git {args[0]} did not end within {patience:.0f} seconds.") from error
    except BaseException:
        await _end(process)
        raise
    if out is None:
        raise GitFailed(f"git {args[0]} printed more than {limit // 2**20} MiB.")
    return Done(code, out, err)


def run_now(args: tuple[str, ...], cwd: Path, *, patience: float = 60.0) -> Done:
    """Run a quick git command and wait for it; for opening, where no event loop runs yet."""
    try:
        done = subprocess.run(
            _command(args),
            cwd=cwd,
            env=environment(None),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=patience,
        )
    except OSError as error:
        raise _not_started(error, cwd) from error
    except subprocess.TimeoutExpired as error:
        raise GitFailed(f"git {args[0]} did not end within {patience:.0f} seconds.") from error
    return Done(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))


def environment(extra: Mapping[str, str] | None) -> dict[str, str]:
    """The caller's environment without what would redirect git, plus `extra`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name in _KEPT_VARIABLES or name.startswith(_KEPT_PREFIXES)
    }
    fixed = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    return {**kept, **fixed, **(extra or {})}


def failure(args: tuple[str, ...], done: Done) -> GitFailed:
    """The error that says what git said, in git's own words."""
    words = said(done.err) or f"exit code {done.code}"
    remedy = ""
    if ".lock'" in done.err and "File exists" in done.err:
        remedy = "Wait for the other git process; if there is none, remove the lock file it names."
    return GitFailed(f"git {args[0]} failed: {words}", remedy=remedy)


def said(err: str) -> str:
    """The first lines of git's complaint, on one line, without its labels."""
    lines = [line.strip() for line in err.splitlines() if line.strip()]
    plain = [line.removeprefix("fatal: ").removeprefix("error: ") for line in lines[:3]]
    return "; ".join(plain)[:600]


def _command(args: tuple[str, ...]) -> list[str]:
    options = (part for setting in _CONFIG for part in ("-c", setting))
    return ["git", *options, *args]


def _not_started(error: OSError, cwd: Path) -> BadInput | GitFailed:
    if isinstance(error, FileNotFoundError) and cwd.is_dir():
        return BadInput("git was not found.", remedy="Install git 2.38 or newer.")
    return GitFailed(f"git could not be started in {cwd}: {error.strerror or error}")


async def _feed(process: asyncio.subprocess.Process, data: bytes) -> None:
    if process.stdin is None:
        return
    # git may end before it has read everything; its exit code says why.
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(data)
        await process.stdin.drain()
    process.stdin.close()
    with suppress(BrokenPipeError, ConnectionResetError):
        await process.stdin.wait_closed()


async def _all_of(process: asyncio.subprocess.Process, limit: int) -> bytes | None:
    """Standard output, or None (and the process is killed) when it is more than `limit` bytes."""
    assert process.stdout is not None
    chunks: list[bytes] = []
    size = 0
    while chunk := await process.stdout.read(_CHUNK):
        size += len(chunk)
        if size > limit:
            _signal(process, signal.SIGKILL)
            return None
        chunks.append(chunk)
    return b"".join(chunks)


async def _beginning_of(process: asyncio.subprocess.Process) -> str:
    """The first part of standard error; the rest is read and dropped, so that git never blocks."""
    assert process.stderr is not None
    kept = b""
    while chunk := await process.stderr.read(_CHUNK):
        kept += chunk[: _STDERR_KEPT - len(kept)]
    return kept.decode("utf-8", "replace")


async def _end(process: asyncio.subprocess.Process) -> None:
    """Stop it: politely first, because a killed git leaves its locks behind."""
    _signal(process, signal.SIGTERM)
    try:
        async with asyncio.timeout(_GRACE):
            await process.wait()
    except TimeoutError:
        pass
    # What git had started (a filter, an alias) may outlive it.
    _signal(process, signal.SIGKILL)
    await process.wait()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """Signal git and all it has started: they are a process group of their own."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
