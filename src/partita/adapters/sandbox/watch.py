"""How much a command has written and holds, measured from outside while it runs."""

import contextlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

_BLOCK = 512
_ENTRY = 4096  # an empty file takes room too, or millions of them would count as nothing
_RESERVE = 2**30
_ENDLESS = 2**62
_AS_OWNER = stat.S_ISUID | stat.S_ISGID


class Disk:
    """The growth of some folders since this was built. Its methods block: call them in a thread."""

    def __init__(self, roots: Iterable[Path], limit: int) -> None:
        self._roots = tuple(roots)
        self._limit = limit
        self._free = _free(self._roots)
        self._before = _size(self._roots, None)

    def overrun(self) -> bool:
        """Have they grown by the limit or more, or is the disk about to be full because of it?

        The second catches files that were removed while they are still being written.
        """
        free = _free(self._roots)
        if free < _RESERVE and self._free - free >= self._limit:
            return True
        enough = self._before + self._limit
        return _size(self._roots, enough) >= enough

    def settle(self) -> bool:
        """Measure a last time, when nothing runs any more, and take away what outlives a run.

        That is the right of a program to run as its owner: a command that was contained could
        leave one behind for others on this machine.
        """
        return _size(self._roots, None, disarm=True) >= self._before + self._limit


def _free(roots: Iterable[Path]) -> int:
    free = []
    for root in roots:
        with contextlib.suppress(FileNotFoundError):
            space = os.statvfs(root)
            free.append(space.f_bavail * space.f_frsize)
    return min(free, default=_ENDLESS)


def _size(roots: Iterable[Path], enough: int | None, *, disarm: bool = False) -> int:
    """Add up what lies below, without following links; stops once there is `enough`.

    A folder that has just vanished or is locked counts nothing; one with a path longer than the
    kernel takes counts as endless, because everything could be hidden there.
    """
    total = 0
    todo = [str(root) for root in roots]
    while todo and (enough is None or total < enough):
        try:
            with os.scandir(todo.pop()) as entries:
                for entry in entries:
                    info = entry.stat(follow_symlinks=False)
                    total += max(info.st_blocks * _BLOCK, _ENTRY)
                    if stat.S_ISDIR(info.st_mode):
                        todo.append(entry.path)
                    elif disarm and stat.S_ISREG(info.st_mode) and info.st_mode & _AS_OWNER:
                        Path(entry.path).chmod(stat.S_IMODE(info.st_mode) & ~_AS_OWNER)
                    if enough is not None and total >= enough:
                        break
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue
        except OSError:
            return _ENDLESS
    return total


def memory_overrun(pid: int, limit: int) -> bool:
    """Do this process and all below it hold more than `limit` bytes of memory together?

    The quick sum counts pages shared after a fork once for each process, so that only the
    exact and slower one decides.
    """
    tree = descendants(pid)
    return sum(map(_resident, tree)) > limit and sum(map(_proportional, tree)) > limit


def descendants(pid: int) -> list[int]:
    """Name this process and all below it, parents before their children."""
    found: dict[int, None] = {}
    todo = [pid]
    while todo:
        here = todo.pop()
        if here in found:
            continue
        found[here] = None
        with contextlib.suppress(OSError, ValueError):
            for task in Path(f"/proc/{here}/task").iterdir():
                todo.extend(int(child) for child in (task / "children").read_text().split())
    return list(found)


def _resident(pid: int) -> int:
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


def _proportional(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return _resident(pid)
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss_Anon:"))
