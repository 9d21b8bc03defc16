"""The bounds that the kernel applies to each process by itself."""

import os
import platform
import re
import shutil
from pathlib import Path

from partita.errors import CommandFailed
from partita.ports.sandbox import Limits

_OPEN_FILES = 1024
_COUNTED_PER_NAMESPACE = (5, 14)


def rlimits(limits: Limits, *, userns: bool) -> dict[str, int]:
    """Name and value of each bound, by the names that prlimit gives them."""
    return {
        "fsize": limits.disk,
        "nofile": _OPEN_FILES,
        "nproc": limits.processes + _already_running(userns=userns),
        "core": 0,
        "as": limits.memory,  # last: who sets it must still have memory for the others
    }


def prlimit(limits: Limits, *, userns: bool) -> tuple[str, ...]:
    """Draw them as the start of a command line; raises CommandFailed without util-linux.

    Its own path is named, or a PATH that points into the worktree could put another in its place.
    """
    program = shutil.which("prlimit", path="/usr/bin:/bin:/usr/sbin:/sbin")
    if program is None:
        raise CommandFailed("prlimit is not installed; it is part of util-linux")
    pairs = rlimits(limits, userns=userns).items()
    return (program, *(f"--{name}={value}" for name, value in pairs), "--")


def _already_running(*, userns: bool) -> int:
    """Older kernels count all that a user runs anywhere, newer ones by user namespace."""
    found = re.match(r"(\d{1,4})\.(\d{1,4})", platform.release())
    if userns and found and (int(found[1]), int(found[2])) >= _COUNTED_PER_NAMESPACE:
        return 0
    count = 0
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdecimal() and process.stat().st_uid == os.getuid():
                count += sum(1 for _ in (process / "task").iterdir())
        except OSError:
            continue  # it ended meanwhile
    return count
