"""One owner of a repository's runs at a time: a lock that the kernel lets go with its process."""

import fcntl
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from partita.adapters.store.folder import plain_file, prepare
from partita.errors import OutsideFailure, RunInProgress

FILE = "lock"
LARGEST = 4096
WORKER = "of a worker"  # in place of a run, where a worker has the clone
TRIES, PAUSE = 20, 0.005  # outlasts a `holder()` that looks at the same moment


class RepositoryLock:
    """The lock on `folder/lock`, whose contents name the process and the run that hold it.

    `with RepositoryLock(folder).take(run): ...`; also let go when the process dies.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: int | None = None

    def take(self, run: str) -> Self:
        """Take it for the run, or raise RunInProgress naming who has it.

        Taking it again while it is ours only changes the run that is named.
        """
        if self._file is None:
            prepare(self._folder)
            self._file = self._locked()
        text = json.dumps({"pid": os.getpid(), "run": run}).encode()
        try:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, text, 0)
        except OSError as e:
            self.release()
            raise OutsideFailure(
                f"{self._folder / FILE} can't be written: {e.strerror}",
                remedy="check the free space and the permissions",
            ) from e
        return self

    def release(self) -> None:
        """Let go; no error when it is not held."""
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None

    def _locked(self) -> int:
        file = _open(self._folder, os.O_RDWR | os.O_CREAT)
        try:
            for _ in range(TRIES):
                with suppress(BlockingIOError):
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return file
                time.sleep(PAUSE)
            who = _contents(file)
        except BaseException:
            os.close(file)
            raise
        os.close(file)
        if who.get("run") == WORKER:
            raise RunInProgress(
                f"a worker, process {str(who.get('pid'))[:20]}, is at work in this clone",
                remedy="stop it, or use another clone: each worker has one of its own",
            )
        run, pid = (str(who.get(name, "unknown"))[:60] for name in ("run", "pid"))
        raise RunInProgress(
            f"run {run} of process {pid} is at work in this repository",
            remedy=f"follow it: partita status; or stop it: partita cancel {run}",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def holder(folder: Path) -> dict[str, Any] | None:
    """Who has the lock, as `{"pid": ..., "run": ...}`; None when nobody has."""
    try:
        file = _open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return None
        return _contents(file)
    finally:
        os.close(file)


def _open(folder: Path, flags: int) -> int:
    """The lock file; FileNotFoundError where there is none and `flags` do not make it."""
    path = folder / FILE
    plain_file(path)
    try:
        return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:
        raise
    except OSError as e:
        raise OutsideFailure(
            f"{path} can't be opened: {e.strerror}", remedy="check the permissions"
        ) from e


def _contents(file: int) -> dict[str, Any]:
    """What the holder wrote; empty in the moment between its locking and its writing."""
    try:
        value = json.loads(os.pread(file, LARGEST, 0))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
