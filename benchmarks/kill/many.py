"""Runs of several workers on PostgreSQL, one of which is killed each time and another started."""

import shutil
import signal
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from partita.testing.postgres import PostgresCluster

from . import judge
from .judge import Asked, Findings, Kill
from .leftovers import leftovers
from .moments import Watch, draw
from .place import Command, Home, Place, differing, git
from .provider import Provider
from .record import DatabaseTail, Record, of_database
from .script import MOST, REQUEST, questions, rules
from .summary import Done

LONGEST = 240.0  # seconds that a run may take to its end, takeovers included
STOPS = 20.0  # seconds that a worker may take to stop when it is told to
SETTLES = 20.0  # seconds in which the living must have found out what the dead have left
KINDS = ("asked", "answered", "logged", "logged", "time", "start")


@dataclass(slots=True)
class Many:
    """Where the runs are: a database, a remote and clones of its own for each."""

    top: Path
    tasks: int
    workers: int
    seconds: float = 0.0
    _stack: ExitStack = field(default_factory=ExitStack)
    _cluster: PostgresCluster = field(init=False)

    def __enter__(self) -> Self:
        self._cluster = self._stack.enter_context(PostgresCluster())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._stack.close()

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
        """One run whose workers are killed so often, if it does not end before."""
        began = time.monotonic()
        ran = self._ran(f"run-{number:03}", rng, kills)
        findings = ran.judged(tree)
        if not findings.any:
            shutil.rmtree(ran.home.folder, ignore_errors=True)
        return Done(
            kills=len(ran.kills),
            moments=tuple(ran.moments),
            requests=len(ran.asked),
            in_flight_lost=judge.in_flight_lost(ran.asked, ran.end, findings),
            seconds=time.monotonic() - began,
            findings=findings,
        )

    def _ran(self, name: str, rng: Random, kills: int) -> "Shared":
        home = Home(self.top / name)
        url = self._cluster.url(name.replace("-", "_"))
        with Provider(rules(self.tasks), Random(rng.random())) as provider:
            home.prepare(provider.url)
            ran = Shared(home=home, url=url, provider=provider, tasks=self.tasks)
            ran.prepare(self.workers)
            try:
                ran.go(rng, kills)
                ran.settle()
            finally:
                ran.stop()
            ran.end = of_database(url)
            return ran


@dataclass(slots=True, kw_only=True)
class Shared:
    """One run by several workers, from its submission to its end, and all that was seen of it."""

    home: Home
    url: str
    provider: Provider
    tasks: int
    client: Place = field(init=False)
    clones: list[Place] = field(default_factory=list)
    workers: list[Command] = field(default_factory=list)
    kills: list[Kill] = field(default_factory=list)
    moments: list[str] = field(default_factory=list)
    pids: set[int] = field(default_factory=set)
    trouble: list[str] = field(default_factory=list)
    end: Record | None = None

    @property
    def remote(self) -> Path:
        """The bare repository that all clones share."""
        return self.home.folder / "remote.git"

    @property
    def asked(self) -> list[Asked]:
        """All requests that reached the provider."""
        return self.provider.asked()

    def prepare(self, workers: int) -> None:
        """A remote with one commit, a clone for the client, one for each worker."""
        self.client = Place(self.home, self.home.folder / "repo")
        self.client.begin()
        around = self.home.environment
        git(self.home.folder, around, "clone", "-q", "--bare", "repo", str(self.remote))
        self.client.git("remote", "add", "origin", str(self.remote))
        self.client.git("fetch", "-q", "origin")
        for number in range(workers):
            folder = self.home.folder / f"worker{number + 1}"
            git(self.home.folder, around, "clone", "-q", str(self.remote), str(folder))
            (folder / "mine.txt").write_text("not committed\n")
            self.clones.append(Place(self.home, folder))

    def go(self, rng: Random, kills: int) -> None:
        """Start the workers, submit, kill one of them so often, and let the run end."""
        self.workers = [self._worker(place) for place in self.clones]
        log = DatabaseTail(self.url)
        watch = Watch(provider=self.provider, root=self.client.folder, log=log)
        client = self.client.start(
            "build", REQUEST, "--depth", "quick", "--database", self.url, now=time.time()
        )
        while len(self.kills) < kills:
            moment = draw(rng, self.tasks / MOST, KINDS)
            now = Command(process=client.process, said=client.said, began=time.time())
            if not watch.reached(moment, now, client.began + LONGEST - time.time()):
                break
            number = rng.randrange(len(self.workers))
            at = time.time()
            self.workers[number].kill()
            self.moments.append(f"worker {number + 1} at {moment}")
            self.kills.append(Kill(at=at, record=of_database(self.url), seen=time.time()))
            self.workers[number] = self._worker(self.clones[number])
        self._await_end(client)

    def _worker(self, place: Place) -> Command:
        command = place.start("worker", "--database", self.url, now=time.time())
        self.pids.add(command.process.pid)
        return command

    def _await_end(self, client: Command) -> None:
        try:
            code = client.process.wait(max(1.0, client.began + LONGEST - time.time()))
        except subprocess.TimeoutExpired:
            code = None
            client.kill()
        if code != 0:
            how = "no end" if code is None else f"exit code {code}"
            self.trouble.append(f"{how}: {client.words()}")

    def settle(self) -> None:
        """Give the living workers the time they are promised to bury the dead ones."""
        end = time.monotonic() + SETTLES
        while time.monotonic() < end:
            now = of_database(self.url)
            held = now is not None and any(e.state == "held" for e in now.entries)
            up = all("serves" in command.words() for command in self.workers)
            if up and not held and not (now and now.unfinished):
                return
            time.sleep(0.2)

    def stop(self) -> None:
        """Tell the workers to stop; one that does not, or not well, is a fault."""
        for command in self.workers:
            command.process.send_signal(signal.SIGTERM)
        for command in self.workers:
            try:
                code = command.process.wait(STOPS)
            except subprocess.TimeoutExpired:
                code = None
                command.kill()
            if code != 0:
                how = "does not stop" if code is None else f"stops with exit code {code}"
                self.trouble.append(f"a worker {how}: {command.words()}")

    def tree(self) -> str:
        """What landed on the remote."""
        return git(self.remote, self.home.environment, "rev-parse", "main^{tree}").strip()

    def judged(self, tree: str | None) -> Findings:
        """All that is wrong with how it ended; `tree` is the one wanted, None for any."""
        if self.end is None:
            return Findings(broken=[*self.trouble, "there is no run on record"])
        findings = judge.of_records(self.kills, self.asked, self.end, self.tasks)
        findings.broken[:0] = self.trouble
        findings.differing_trees += differing(self.remote, "main", tree)
        for place in (self.client, *self.clones):
            findings.leftovers += leftovers(place, self.pids, ("refs/remotes/origin/",))
        refs = git(self.remote, self.home.environment, "for-each-ref", "--format=%(refname)")
        findings.leftovers += [
            f"on the remote, {ref}" for ref in refs.split() if ref != "refs/heads/main"
        ]
        return findings
