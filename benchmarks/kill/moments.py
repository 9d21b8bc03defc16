"""When to strike: seeded moments, most of them tied to something that a run does."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from .place import Command
from .provider import Provider
from .record import Tail

LOOK = 0.002  # seconds between two looks
STARTING, WHOLE = 2.0, 5.0  # seconds that a start and then a run take, roughly
AFTER = 0.02  # seconds at most between what is waited for and the kill
KINDS = (
    "start", "time", "asked", "answered", "answered", "logged", "logged", "checkout", "landing",
    "landing",
)  # fmt: skip
MANY = {"asked": 40, "answered": 40, "logged": 100, "checkout": 12, "landing": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """`seconds` after the start, or after the `count`-th sight of the kind of thing."""

    kind: str
    count: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        many = f" number {self.count}" if self.count else ""
        return f"{self.kind}{many} + {self.seconds * 1000:.0f} ms"


def draw(rng: Random, size: float = 1.0, kinds: Sequence[str] = KINDS) -> Moment:
    """The next moment, every kind has its share; `size` is that of a run, 1 for twelve tasks."""
    kind = rng.choice(kinds)
    if kind == "start":
        return Moment(kind=kind, seconds=rng.uniform(0.05, STARTING))
    if kind == "time":
        return Moment(kind=kind, seconds=rng.uniform(0.0, STARTING + size * WHOLE))
    most = max(1, round(size * MANY[kind]))
    count = rng.randint(1, rng.randint(1, most))  # a run has many lives: mostly early ones
    return Moment(kind=kind, count=count, seconds=rng.uniform(0.0, AFTER))


@dataclass(slots=True, kw_only=True)
class Watch:
    """What is looked at to know the moment: the provider, the files of a repository, the log."""

    provider: Provider
    root: Path
    log: Tail

    def reached(self, moment: Moment, command: Command, limit: float) -> bool:
        """Wait for the moment; False when the command ends before it or `limit` seconds pass."""
        seen = self._sight(moment, command)
        end = command.began + limit
        try:
            while not seen():
                if command.process.poll() is not None or time.time() > end:
                    return False
                time.sleep(LOOK)
        finally:
            seen.close()
        if moment.kind not in ("start", "time"):
            time.sleep(moment.seconds)
        return command.process.poll() is None

    def _sight(self, moment: Moment, command: Command) -> "Sight":
        if moment.kind in ("start", "time"):
            return Sight(lambda: time.time() >= command.began + moment.seconds)
        if moment.kind == "asked":
            before = len(self.provider.requests)
            return Sight(lambda: len(self.provider.requests) >= before + moment.count)
        if moment.kind == "answered":
            before = self.provider.answered
            return Sight(lambda: self.provider.answered >= before + moment.count)
        if moment.kind == "landing":
            note = self.root / ".partita" / "landing.json"
            return Sight(note.exists)
        if moment.kind == "checkout":
            return Sight(_arrivals(self.root / ".git" / "worktrees", moment.count))
        first: list[int] = []

        def logged() -> bool:
            seen = self.log.count()
            if seen is not None and not first:
                first.append(seen)
            return seen is not None and seen >= first[0] + moment.count

        return Sight(logged, self.log.close)


@dataclass(slots=True)
class Sight:
    """A condition that is looked at again and again."""

    look: Callable[[], bool]
    close: Callable[[], None] = lambda: None

    def __call__(self) -> bool:
        """Is it there?"""
        return self.look()


def _arrivals(folder: Path, count: int) -> Callable[[], bool]:
    """Have so many names appeared in the folder since the first look?"""
    known: set[str] = set()
    left = [count]

    def look() -> bool:
        names = {p.name for p in folder.glob("*")}
        fresh = names - known
        known.update(names)
        left[0] -= len(fresh)
        return left[0] <= 0

    return look
