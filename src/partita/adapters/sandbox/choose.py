"""The ladder: the first rung that refuses what it must, or none."""

import shutil
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from partita.adapters.sandbox.bwrap import Bubblewrap, find_bubblewrap
from partita.adapters.sandbox.cgroup import find_groups
from partita.adapters.sandbox.probe import probe
from partita.adapters.sandbox.unprotected import NO_ISOLATION, Unprotected
from partita.adapters.sandbox.unshare import Unshare
from partita.errors import CommandFailed, NoSandbox
from partita.ports.sandbox import Isolation, Sandbox

_INSTALLERS = {
    "apt-get": "sudo apt-get install bubblewrap",
    "dnf": "sudo dnf install bubblewrap",
    "pacman": "sudo pacman -S bubblewrap",
    "zypper": "sudo zypper install bubblewrap",
    "apk": "sudo apk add bubblewrap",
}
# Each is a reason for which user namespaces, and with them both rungs, are refused.
_SWITCHES = (
    ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),
    ("kernel/unprivileged_userns_clone", "0", "1"),
    ("user/max_user_namespaces", "0", "10000"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """A rung of the ladder as it was found: a sandbox, or why there is none."""

    name: str
    sandbox: Sandbox | None = None
    why: str = ""

    @property
    def counts(self) -> bool:
        """May generated code be run here?"""
        return self.sandbox is not None and self.sandbox.isolation.counts


async def choose(*, allow_unsandboxed: bool = False) -> Sandbox:
    """Give the best sandbox that blocks network and writes; it is found by trying, about 0.1 s.

    Raises NoSandbox with the one command that helps, unless the user allowed to do without.
    """
    if sys.platform != "linux":
        raise NoSandbox(
            "Partita runs generated code only in a sandbox, and has none for this system yet",
            remedy="run it on Linux, or on Windows inside WSL 2",
        )
    reasons: list[str] = []
    async for rung in rungs():
        if rung.sandbox is not None and rung.counts:
            return rung.sandbox
        reasons.append(f"{rung.name}: {rung.why}")
    if allow_unsandboxed:
        return Unprotected()
    raise NoSandbox(
        "no sandbox here can keep generated code from the network and from your files "
        f"({'; '.join(reasons)})",
        remedy=remedy(),
    )


async def rungs() -> AsyncIterator[Rung]:
    """Try each rung, best first, only as far as the caller asks."""
    groups = find_groups()
    makers: tuple[tuple[str, Callable[[], Bubblewrap | Unshare]], ...] = (
        ("bwrap", lambda: find_bubblewrap(NO_ISOLATION, groups)),
        ("unshare", lambda: Unshare(isolation=NO_ISOLATION, groups=groups)),
    )
    for name, make in makers:
        try:
            sandbox = make()
            isolation = await probe(sandbox, name)
        except CommandFailed as e:
            yield Rung(name=name, why=e.message)
        else:
            why = "" if isolation.counts else f"does not block {_missing(isolation)}"
            yield Rung(name=name, sandbox=replace(sandbox, isolation=isolation), why=why)


def remedy(
    which: Callable[[str], str | None] = shutil.which, switches: Path = Path("/proc/sys")
) -> str:
    """Name the one command that is most likely to give a sandbox here."""
    if which("bwrap") is None:
        known = (command for tool, command in _INSTALLERS.items() if which(tool))
        return next(known, "install bubblewrap with the package manager of this system")
    for name, refuses, allows in _SWITCHES:
        try:
            if (switches / name).read_text().strip() == refuses:
                return f"sudo sysctl -w {name.replace('/', '.')}={allows}"
        except OSError:
            continue
    return (
        "user namespaces are refused here; in Docker, start the container with "
        "--security-opt seccomp=unconfined --security-opt systempaths=unconfined"
    )


def _missing(isolation: Isolation) -> str:
    names = (("the network", isolation.network), ("writes outside the worktree", isolation.writes))
    return " and ".join(name for name, blocked in names if not blocked)
