"""Verdicts and the evidence they stand on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test of a report. `where` lists repository files of its traceback, deepest first."""

    name: str
    outcome: str  # "passed" | "failed" | "error" | "skipped"
    message: str = ""
    detail: str = ""
    where: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRun:
    """What a test command did. `exit` is None when it was killed; `reason` says why.

    `reason`: "exited", "timeout", "output", "memory", "disk", "signal". `output` is the bounded
    tail of what it printed, free of machine-specific paths, times and addresses.
    """

    __test__ = False  # pytest: this is no test class

    command: str
    exit: int | None
    reason: str
    cases: tuple[Case, ...] = ()
    output: str = ""
    seconds: float = 0.0
    report: bool = True

    @property
    def failures(self) -> tuple[Case, ...]:
        """The cases that failed or broke."""
        return tuple(c for c in self.cases if c.outcome in ("failed", "error"))

    @property
    def ran(self) -> int:
        """How many tests really ran."""
        return sum(1 for c in self.cases if c.outcome != "skipped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A gate's decision: `ok`, one sentence, and what it stands on."""

    gate: str
    ok: bool
    summary: str
    evidence: tuple[str, ...] = ()
    opinion: bool = False
