"""Bounds on a whole process tree by cgroup v1 or v2, wherever one can be made below our own.

Root needs this: the kernel does not apply RLIMIT_NPROC to it. An ordinary user seldom has a
writable cgroup and does not need one.
"""

import asyncio
import contextlib
import itertools
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from partita.errors import CommandFailed
from partita.ports.sandbox import Limits

_PREFIX = "partita-"
_numbers = itertools.count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Our own cgroup folders in which children can be made, by controller; may be empty."""

    folders: tuple[tuple[str, Path], ...] = ()
    version: int = 0

    @property
    def bounds_memory(self) -> bool:
        """Can the memory of a whole tree be bounded by a group?"""
        return any(name == "memory" for name, _ in self.folders)

    def make(self, limits: Limits) -> "Group":
        """Make an empty group with these bounds; raises CommandFailed when it can't be had."""
        name = _name()
        group = Group(folders=tuple(dict.fromkeys(folder / name for _, folder in self.folders)))
        made: list[Path] = []
        memory, swap = (
            ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes")
            if self.version == 1
            else ("memory.max", "memory.swap.max")
        )
        swap_bytes = limits.memory if self.version == 1 else 0
        try:
            for folder in group.folders:
                folder.mkdir()
                made.append(folder)
            for controller, folder in self.folders:
                if controller == "pids":
                    (folder / name / "pids.max").write_text(str(limits.processes))
                else:
                    (folder / name / memory).write_text(str(limits.memory))
                    with contextlib.suppress(OSError):  # without swap there is no such file
                        (folder / name / swap).write_text(str(swap_bytes))
        except OSError as e:
            Group(folders=tuple(made)).discard()
            raise CommandFailed(f"the cgroup {name} can't be made: {e}") from e
        return group


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The cgroups of one command; without folders it bounds nothing and does nothing."""

    folders: tuple[Path, ...] = ()

    def add(self, pid: int) -> None:
        """Put a process, and all that it will start, into the group; raises OSError."""
        for folder in self.folders:
            (folder / "cgroup.procs").write_text(str(pid))

    def killed_for_memory(self) -> bool:
        """Did the kernel kill something in here because the memory was used up?"""
        for folder in self.folders:
            for name in ("memory.oom_control", "memory.events"):
                with contextlib.suppress(OSError):
                    fields = (folder / name).read_text().split()
                    if "oom_kill" in fields:
                        return fields[fields.index("oom_kill") + 1] != "0"
        return False

    async def remove(self) -> None:
        """Remove the group once it is empty; the kernel needs a moment after the last death."""
        for _ in range(100):
            if self.discard():
                return
            await asyncio.sleep(0.01)

    def discard(self) -> bool:
        """Remove what can be removed now; True when nothing is left."""
        for folder in self.folders:
            with contextlib.suppress(OSError):
                folder.rmdir()
        return not any(folder.exists() for folder in self.folders)


def find_groups(proc: Path = Path("/proc/self")) -> Groups:
    """Find out what can be bounded here, and sweep up what killed processes left behind."""
    try:
        ours = _ours((proc / "cgroup").read_text())
        found = tuple(_mounted(ours, (proc / "mountinfo").read_text()))
    except OSError:
        return Groups()
    usable = tuple(
        (name, folder, version) for name, folder, version in found if _usable(folder, version, name)
    )
    version = min((v for _, _, v in usable), default=0)
    folders = tuple((name, folder) for name, folder, v in usable if v == version)
    for folder in {folder for _, folder in folders}:
        _sweep(folder)
    groups = Groups(folders=folders, version=version)
    try:
        groups.make(Limits()).discard()
    except CommandFailed:
        return Groups()
    return groups


def _ours(text: str) -> dict[str, str]:
    """Our own cgroup by controller; the one of v2 under the empty name."""
    ours: dict[str, str] = {}
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        ours.update(dict.fromkeys(controllers.split(","), path))
    return ours


def _mounted(ours: dict[str, str], mountinfo: str) -> list[tuple[str, Path, int]]:
    found: list[tuple[str, Path, int]] = []
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        fields, (kind, _, options) = before.split(), after.split(" ", 2)
        root, at = fields[3], Path(fields[4])
        for name in ("pids", "memory"):
            if kind == "cgroup" and name in options.split(",") and name in ours:
                found.append((name, at / os.path.relpath(ours[name], root), 1))
            elif kind == "cgroup2" and "" in ours:
                found.append((name, at / os.path.relpath(ours[""], root), 2))
    return found


def _usable(folder: Path, version: int, controller: str) -> bool:
    if not os.access(folder, os.W_OK):
        return False
    if version == 1:
        return True
    try:
        return controller in (folder / "cgroup.subtree_control").read_text().split()
    except OSError:
        return False


def _name() -> str:
    """Of this process' next group; others with its id may be at work in other pid namespaces."""
    number, space = next(_numbers), _space()
    return f"{_PREFIX}{os.getpid()}-{number}-{space}-{secrets.token_hex(4)}"


def _space() -> str:
    """What names our pid namespace on this machine; "" where that can't be known."""
    try:
        return str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        return ""


def _sweep(folder: Path) -> None:
    """Remove the groups of dead processes; of another pid namespace nobody here knows who lives."""
    space = _space()
    for left in folder.glob(f"{_PREFIX}*-*"):
        pid, _, *ours = left.name.removeprefix(_PREFIX).split("-")
        alive = not pid.isdecimal() or Path("/proc", pid).exists()
        if not alive and ours[:1] in ([], [space]):
            with contextlib.suppress(OSError):
                left.rmdir()
