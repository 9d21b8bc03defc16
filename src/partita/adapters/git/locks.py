"""Locks that a git killed in the middle has left on refs of ours."""

import os
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

STALE = 15.0
"""Seconds after which nobody holds the lock any more: git keeps it for milliseconds.

Should somebody wake up after all, the ref gets the value that was meant for it then: for most of
ours it is the only one they can have, since the value is their name.
"""

_OURS = ("refs/partita", "refs/heads/partita")
_LOCK = re.compile(r"Unable to create '([^'\n]+\.lock)': File exists")


def break_stale(words: str, homes: Iterable[Path]) -> bool:
    """Remove the locks that git complains of, if stale and on refs of ours in those repositories.

    True when one was removed, so that it is worth to try again.
    """
    ours = [home.resolve() / part for home in homes for part in _OURS]
    broken = False
    for name in _LOCK.findall(words):
        path = Path(name)
        with suppress(OSError):
            path = path.parent.resolve() / path.name
            if any(path.is_relative_to(folder) for folder in ours) and _age(path) > STALE:
                path.unlink()
                broken = True
    return broken


def clear(home: Path, run: str) -> None:
    """Remove stale locks on the run's refs, and folders that are empty."""
    for part in _OURS:
        for folder, _, files in os.walk(home / part / run, topdown=False):
            with suppress(OSError):
                for path in (Path(folder, name) for name in files if name.endswith(".lock")):
                    if _age(path) > STALE:
                        path.unlink()
                Path(folder).rmdir()


def _age(path: Path) -> float:
    return time.time() - path.lstat().st_mtime
