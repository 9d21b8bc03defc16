"""Who made a hold, and whether that process still lives."""

import itertools
import os
from pathlib import Path

_numbers = itertools.count(1)
_open: set[str] = set()


def enter() -> str:
    """A name for one open store of this process, unique across reboots and reused process ids."""
    pid = os.getpid()
    owner = f"{_boot()}/{pid}/{_started(pid)}/{next(_numbers)}"
    _open.add(owner)
    return owner


def leave(owner: str) -> None:
    """The store of that name was closed: whatever it held is no longer owned."""
    _open.discard(owner)


def lives(owner: str) -> bool:
    """Whether the process of that name runs, here and since the same boot, with its store open."""
    if owner in _open:
        return True
    boot, pid, started, *_ = (*owner.split("/"), "", "", "")
    if boot != _boot() or not pid.isdecimal() or int(pid) == os.getpid():
        return False
    return bool(started) and _started(int(pid)) == started


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"


def _started(pid: int) -> str:
    """When the process started, in the kernel's ticks; "" when there is no such process."""
    try:
        about = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    after_name = about.rpartition(")")[2].split()  # the name itself may hold spaces and brackets
    state, ticks = after_name[0], after_name[19]
    return "" if state in "ZX" else ticks
