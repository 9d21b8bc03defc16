"""Environments of targets that nobody uses any more: when each was last used, removing them."""

import fcntl
import re
import shutil
import stat
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from partita.adapters.toolchain.environment import MARK

KEY = re.compile(r"[0-9a-f]{24}\Z")


def last_used(cache: Path) -> Mapping[str, float]:
    """When each environment of the cache was made or last ran, in UTC seconds.

    An interpreter reads `pyvenv.cfg` whenever it starts, which the file system notes once a day.
    """
    found = {}
    with suppress(FileNotFoundError, NotADirectoryError):
        for folder in cache.iterdir():
            if KEY.match(folder.name) and stat.S_ISDIR(folder.lstat().st_mode):
                found[folder.name] = max(
                    _times(folder), _times(folder / MARK), _times(folder / "pyvenv.cfg", read=True)
                )
    return found


def remove_environments(cache: Path, keys: Collection[str]) -> int:
    """Remove them, but those that are being made at this moment; gives the bytes that they took."""
    freed = 0
    for key in keys:
        if not KEY.match(key):
            raise ValueError(key)
        lock = cache / f"{key}.lock"
        with suppress(BlockingIOError), lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            freed += weigh_environment(cache, key)
            (cache / key / MARK).unlink(missing_ok=True)  # from here on it is not complete
            shutil.rmtree(cache / key, ignore_errors=True)
    return freed


def weigh_environment(cache: Path, key: str) -> int:
    """The bytes of its files."""
    total = 0
    for path in (cache / key).rglob("*"):
        with suppress(OSError):
            about = path.lstat()
            total += about.st_size if stat.S_ISREG(about.st_mode) else 0
    return total


def _times(path: Path, *, read: bool = False) -> float:
    try:
        about = path.lstat()
    except OSError:
        return 0.0
    return max(about.st_mtime, about.st_atime if read else 0.0)
