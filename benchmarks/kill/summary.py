"""What was done so far, as it is told on the way and in the last line."""

import sys
import time
from dataclasses import dataclass, field

from .judge import Findings

SHOWN = 8  # faults of one kind that are told of a run


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One run: how often it was killed, at which moments, and what came of it."""

    kills: int
    moments: tuple[str, ...]
    requests: int
    in_flight_lost: int
    seconds: float
    findings: Findings


@dataclass(slots=True, kw_only=True)
class Summary:
    """All runs so far."""

    seed: int
    rounds: int
    database: str
    runs: int = 0
    kills: int = 0
    requests: int = 0
    in_flight_lost: int = 0
    began: float = field(default_factory=time.monotonic)
    findings: Findings = field(default_factory=Findings)

    def take(self, done: Done) -> None:
        """Count the run, and say how it went."""
        self.runs += 1
        self.kills += done.kills
        self.requests += done.requests
        self.in_flight_lost += done.in_flight_lost
        say(
            f"run {self.runs}: {done.kills} kills in {done.seconds:.1f} s, {done.requests} "
            f"questions, {done.in_flight_lost} lost in flight; {self.kills} of {self.rounds}"
        )
        if done.findings.any:
            say(f"  killed at: {', '.join(done.moments)}")
        self.blame(f"run {self.runs}", done.findings)

    def blame(self, who: str, findings: Findings) -> None:
        """Count what is wrong, and say the first of each kind."""
        self.findings.add(findings)
        for name, found in findings.by_name.items():
            for what in found[:SHOWN]:
                say(f"  {name} ({who}): {what}")
            if len(found) > SHOWN:
                say(f"  {name} ({who}): and {len(found) - SHOWN} more")

    @property
    def line(self) -> str:
        """The last line: what was done, then every kind of fault with its count."""
        faults = " ".join(f"{name}={len(v)}" for name, v in self.findings.by_name.items())
        return (
            f"rounds={self.rounds} kills={self.kills} runs={self.runs} {faults} "
            f"in_flight_lost={self.in_flight_lost} questions={self.requests} "
            f"database={self.database} seed={self.seed} "
            f"seconds={time.monotonic() - self.began:.0f}"
        )


def say(text: str) -> None:
    """One line of progress."""
    print(text, file=sys.stderr, flush=True)
