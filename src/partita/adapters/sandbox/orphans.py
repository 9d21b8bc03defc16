"""Sandboxes that a killed process left behind while they were being set up."""

import os
import signal
from contextlib import suppress
from pathlib import Path

INIT = 1


def kill_orphans(worktrees: Path, proc: Path = Path("/proc")) -> int:
    """Kill the bubblewraps without a parent that show one of these worktrees; how many there were.

    bubblewrap dies with its parent once it has set itself up; one whose parent is killed in the
    milliseconds before that waits for ever. Only the owner of the worktrees may call this.
    """
    found = 0
    for entry in proc.iterdir():
        if not entry.name.isdigit() or not _is_orphan(entry, worktrees):
            continue
        with suppress(OSError):
            handle = os.pidfd_open(int(entry.name))
            try:
                if _is_orphan(entry, worktrees):  # still the same one, now that it is held
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
                    found += 1
            finally:
                os.close(handle)
    return found


def _is_orphan(entry: Path, worktrees: Path) -> bool:
    try:
        arguments = (entry / "cmdline").read_bytes().split(b"\0")
        parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return False
    below = os.fsencode(worktrees) + b"/"
    return (
        parent == INIT
        and Path(os.fsdecode(arguments[0])).name == "bwrap"
        and any(a.startswith(below) for a in arguments)
    )
