"""Running generated code: the sandbox, and the toolchain of a target language on top of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from partita.core.verdict import TestRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one command: seconds, bytes, bytes, bytes, count."""

    seconds: float = 120
    memory: int = 2 * 2**30
    output: int = 2**20
    disk: int = 512 * 2**20
    processes: int = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """An argument list to run in `cwd`, the only writable folder but for a private /tmp.

    Inside, `cwd` is seen as `/w`. `readonly` folders are seen at their own paths; `writable`
    ones too (only provisioning uses it). `network` is for installing dependencies only.
    """

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    readonly: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    network: bool = False
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a command ended. `exit` is None when it was killed; `output` is head and tail.

    `reason`: "exited", "timeout", "output", "memory", "disk", "signal".
    """

    exit: int | None
    reason: str
    output: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """What was really in force, found by trying what must be refused."""

    backend: str  # "bwrap" | "unshare" | "none"
    network: bool  # True: blocked
    writes: bool  # True: blocked outside the worktree
    reads: bool  # True: only what was allowed can be read
    processes: bool  # True: their number is bounded
    tree_killed: bool  # True: nothing outlives the command

    @property
    def counts(self) -> bool:
        """Good enough to run generated code in."""
        return self.network and self.writes


class Sandbox(Protocol):
    """Runs a command that may be hostile; nothing of it outlives the call."""

    @property
    def isolation(self) -> Isolation:
        """What is in force here."""

    async def run(self, command: Command) -> Outcome:
        """Run to the end or to the first bound that is passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A target's installed dependencies: `python` to run it with, and what was installed."""

    key: str
    python: str
    readonly: tuple[Path, ...]
    installed: tuple[str, ...] = ()
    note: str = ""


class Toolchain(Protocol):
    """A target language: its environment, its tests, and whether a file parses."""

    def handles(self, paths: Sequence[str]) -> bool:
        """Does this toolchain know the language of these files?"""

    async def prepare(self, tree: Path, dependencies: Sequence[str]) -> Environment:
        """Install what the tree's manifests and the plan ask for; cached by their content.

        Raises CommandFailed with the installer's words.
        """

    async def test(self, tree: Path, env: Environment, command: str | None) -> TestRun:
        """Run the tests: the command when one is known, else the language's usual way."""
