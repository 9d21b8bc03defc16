"""Runs of one process on SQLite, killed and resumed until they end."""

import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from . import judge, record
from .judge import Findings, Kill
from .leftovers import leftovers
from .moments import Watch, draw
from .place import Command, Home, Place, differing
from .provider import Provider
from .record import FileTail
from .script import MOST, REQUEST, questions, rules
from .summary import Done

LONGEST = 120.0  # seconds that one process may take to its end
BUILD = ("build", REQUEST, "--depth", "quick")
RESUME = ("resume", "last")


@dataclass(slots=True)
class Single:
    """Where the runs are: a folder of its own for each."""

    top: Path
    tasks: int
    seconds: float = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None
    ) -> None:
        pass

    def undisturbed(self) -> tuple[str, Findings]:
        """The tree that the answers lead to when nobody interferes, and what is wrong even so."""
        began = time.monotonic()
        ran = self._ran("undisturbed", Random(0), 0)
        self.seconds = time.monotonic() - began
        findings = ran.judged(None)
        if len(ran.asked) != questions(self.tasks):
            findings.broken.append(f"it took {len(ran.asked)} questions")
        return ran.tree(), findings

    def run(self, number: int, rng: Random, kills: int, tree: str) -> Done:
        """One run that is killed so often, if it does not end before."""
        began = time.monotonic()
        ran = self._ran(f"run-{number:03}", rng, kills)
        findings, end = ran.judged(tree), ran.end
        if not findings.any:
            shutil.rmtree(ran.place.home.folder, ignore_errors=True)
        return Done(
            kills=len(ran.kills),
            moments=tuple(ran.moments),
            requests=len(ran.asked),
            in_flight_lost=judge.in_flight_lost(ran.asked, end, findings),
            seconds=time.monotonic() - began,
            findings=findings,
        )

    def _ran(self, name: str, rng: Random, kills: int) -> "Ran":
        home = Home(self.top / name)
        with Provider(rules(self.tasks), Random(rng.random())) as provider:
            home.prepare(provider.url)
            place = Place(home, home.folder / "repo")
            place.begin()
            ran = Ran(place=place, provider=provider, tasks=self.tasks)
            ran.go(rng, kills)
            return ran


@dataclass(slots=True, kw_only=True)
class Ran:
    """One run from its first start to its end, and all that was seen of it."""

    place: Place
    provider: Provider
    tasks: int
    kills: list[Kill] = field(default_factory=list)
    moments: list[str] = field(default_factory=list)
    pids: set[int] = field(default_factory=set)
    trouble: list[str] = field(default_factory=list)

    def go(self, rng: Random, kills: int) -> None:
        """Start it, kill it so often, and let it end."""
        folder = self.place.folder
        log = FileTail(folder / ".partita" / "partita.db")
        watch = Watch(provider=self.provider, root=folder, log=log)
        command = self._start(BUILD)
        while True:
            moment = draw(rng, self.tasks / MOST) if len(self.kills) < kills else None
            if moment is None or not watch.reached(moment, command, LONGEST):
                self._await_end(command)
                return
            at = time.time()
            command.kill()
            self.moments.append(str(moment))
            seen = record.of_folder(self.place.folder / ".partita")
            self.kills.append(Kill(at=at, seen=time.time(), record=seen))
            if seen is not None and seen.over:
                return  # killed between the run's last word and the end of its process
            command = self._start(BUILD if seen is None else RESUME)

    def _start(self, arguments: tuple[str, ...]) -> Command:
        command = self.place.start(*arguments, now=time.time())
        self.pids.add(command.process.pid)
        return command

    def _await_end(self, command: Command) -> None:
        try:
            code = command.process.wait(max(1.0, command.began + LONGEST - time.time()))
        except subprocess.TimeoutExpired:
            code = None
        if code != 0:
            said = command.words()
            self.trouble.append(f"{'no end' if code is None else f'exit code {code}'}: {said}")
        if code is None:
            command.kill()

    @property
    def asked(self) -> list[judge.Asked]:
        """All requests that reached the provider."""
        return self.provider.asked()

    @property
    def end(self) -> record.Record | None:
        """The record as it is now."""
        return record.of_folder(self.place.folder / ".partita")

    def tree(self) -> str:
        """What landed."""
        return self.place.git("rev-parse", "HEAD^{tree}").strip()

    def judged(self, tree: str | None) -> Findings:
        """All that is wrong with how it ended; `tree` is the one wanted, None for any."""
        end, asked = self.end, self.asked
        if end is None:
            return Findings(broken=[*self.trouble, "there is no run on record"])
        findings = judge.of_records(self.kills, asked, end, self.tasks)
        findings.broken[:0] = self.trouble
        findings.leftovers += leftovers(self.place, self.pids)
        findings.differing_trees += differing(self.place.folder, "HEAD", tree)
        return findings
