"""Running git as a child process: bounded, without prompts, hooks or the caller's git variables."""

import asyncio
import os
import re
from collections.abc import Container, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from partita.adapters.git.child import Child, Done, TooLong, TooMuch
from partita.errors import BadInput, GitFailed

LIMIT = 256 * 1024 * 1024
"""The most bytes git may print in one call."""

PATIENCE = 900.0
"""Seconds after which a git that has not ended is stopped."""

PAUSES = (0.01, 0.05, 0.2, 0.5)
"""Seconds before each new try of a git that met a worktree which another git was just making."""

# Threads of our own: whoever keeps the event loop's busy with long work does not stop git.
_THREADS = ThreadPoolExecutor(max_workers=16, thread_name_prefix="git")

NETWORK_THREADS = ThreadPoolExecutor(max_workers=16, thread_name_prefix="git-remote")
"""For whatever waits for another machine, so that git here goes on when that one hangs."""

_CONFIG = (
    "core.hooksPath=/dev/null",
    # What a record names must be on the disk before it: git itself would leave that to chance.
    "core.fsync=loose-object,reference",
    "core.fsyncMethod=batch",
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

# Git dies of a worktree whose making or removal it meets halfway, before it has done anything.
_HALF_MADE = re.compile(r"^fatal: failed to read .*worktrees/[^/\n]+/commondir", re.MULTILINE)


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
        patience: float = PATIENCE,
    ) -> Done:
        """Run it; raises GitFailed when the exit code is not among `ok`."""


class RealGit:
    """The git on PATH, pinned to a repository so that nothing is discovered by chance."""

    def __init__(
        self, root: Path, git_dir: Path, threads: ThreadPoolExecutor | None = None
    ) -> None:
        self._root = root
        self._threads = threads or _THREADS
        self._pinned = {"GIT_DIR": str(git_dir), "GIT_WORK_TREE": str(root)}

    async def __call__(
        self,
        *args: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        ok: Container[int] = (0,),
        limit: int = LIMIT,
        patience: float = PATIENCE,
    ) -> Done:
        """Run it; raises GitFailed when the exit code is not among `ok`, and as `run` does."""
        pinned = {**self._pinned, **(env or {})}
        for pause in (*PAUSES, None):
            done = await run(
                args,
                cwd or self._root,
                stdin=stdin,
                env=pinned,
                limit=limit,
                patience=patience,
                threads=self._threads,
            )
            if pause is None or not _HALF_MADE.search(done.err):
                break
            await asyncio.sleep(pause)
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
    threads: ThreadPoolExecutor = _THREADS,
) -> Done:
    """Run git once, whatever its exit code, beside the event loop.

    Raises GitFailed when it prints more than `limit` bytes or takes longer than `patience`
    seconds, and BadInput when there is no git. Cancelling stops the process before it returns.
    """
    child = _child(args, cwd, stdin=stdin, env=env, limit=limit, patience=patience)
    work = asyncio.get_running_loop().run_in_executor(threads, _ended, child, args, cwd, patience)
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        child.stop()
        await asyncio.wait([work])
        work.exception()
        raise


def run_now(args: tuple[str, ...], cwd: Path, *, patience: float = 60.0) -> Done:
    """Run a quick git command and wait for it; for opening, where no event loop runs yet."""
    child = _child(args, cwd, stdin=b"", env=None, limit=LIMIT, patience=patience)
    return _ended(child, args, cwd, patience)


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
    return GitFailed(f"git {_command(args)} failed: {words}", remedy=remedy)


def _command(args: tuple[str, ...]) -> str:
    """The git command among the arguments, behind the settings that it is given."""
    rest = list(args)
    while rest[0] == "-c" and len(rest) > 2:  # noqa: PLR2004 - its setting, and what follows
        del rest[:2]
    return rest[0]


def said(err: str) -> str:
    """The first lines of git's complaint, on one line, without its labels."""
    lines = [line.strip() for line in err.splitlines() if line.strip()]
    plain = [line.removeprefix("fatal: ").removeprefix("error: ") for line in lines[:3]]
    return "; ".join(plain)[:600]


def _child(
    args: tuple[str, ...],
    cwd: Path,
    *,
    stdin: bytes,
    env: Mapping[str, str] | None,
    limit: int,
    patience: float,
) -> Child:
    options = (part for setting in _CONFIG for part in ("-c", setting))
    command = ["git", *options, *args]
    return Child(command, cwd, environment(env), stdin=stdin, limit=limit, patience=patience)


def _ended(child: Child, args: tuple[str, ...], cwd: Path, patience: float) -> Done:
    try:
        return child.run()
    except TooMuch as error:
        raise GitFailed(f"git {_command(args)} printed more than it may.") from error
    except TooLong as error:
        raise GitFailed(
            f"git {_command(args)} did not end within {patience:.0f} seconds."
        ) from error
    except FileNotFoundError as error:
        if cwd.is_dir():
            raise BadInput("git was not found.", remedy="Install git 2.38 or newer.") from error
        raise GitFailed(f"git could not be started: there is no folder {cwd}.") from error
    except OSError as error:
        raise GitFailed(f"git could not be started: {error.strerror or error}.") from error
