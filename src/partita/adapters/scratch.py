"""Files and folders for the moment: whoever comes next removes those of processes that were killed.

Each is locked by who uses it, and the system lets go of a lock with the process: that holds across
containers, too, where a process id says nothing.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_mine: set[Path] = set()


@contextmanager
def scratch_folder(
    parent: Path, prefix: str, before: Callable[[Path], object] = lambda _folder: None
) -> Iterator[Path]:
    """A folder of that prefix, removed in the end; and now those that killed processes left.

    `before` is called for each of these before it is removed.
    """
    sweep_folders(parent, prefix, before)
    folder, handle = _locked_folder(parent, prefix)
    try:
        _mine.add(folder)
        yield folder
    finally:
        _mine.discard(folder)
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _locked_folder(parent: Path, prefix: str) -> tuple[Path, int]:
    """A new folder and the handle that locks it."""
    while True:
        folder = Path(tempfile.mkdtemp(dir=parent, prefix=prefix))
        with suppress(FileNotFoundError):  # somebody swept it before it was locked
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            if lock(handle):
                return folder, handle
            os.close(handle)


def lock(handle: int) -> bool:
    """Lock what was just made; False when it was swept before that.

    A file system may know no locks: then nobody sweeps there either.
    """
    with suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_EX)
    return os.fstat(handle).st_nlink > 0


def remove_all() -> None:
    """Remove what this process has in use, when it ends without waiting for who uses it."""
    while _mine:
        shutil.rmtree(_mine.pop(), ignore_errors=True)


def sweep_folders(
    parent: Path, prefix: str, before: Callable[[Path], object] = lambda _folder: None
) -> None:
    """Remove the folders of that prefix whose processes were killed, after `before` was called."""
    for folder in parent.glob(f"{prefix}*"):
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if is_abandoned(handle):
                    before(folder)
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(handle)


def is_abandoned(handle: int) -> bool:
    """Whether nobody who lives has it locked; then it is locked by this handle."""
    if os.fstat(handle).st_uid != os.geteuid():
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
