"""Several workers on one PostgreSQL database: how the same tasks go with one, two and four."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from alone import PROJECT, RUN, AloneError, Job, ideal, start
from figures import Row, Section

from partita.adapters.clock import SystemClock
from partita.adapters.store import PostgresStore
from partita.ports.store import RunRecord
from partita.testing.postgres import PostgresCluster, available

TASKS = 1_000
SLOTS = 16  # of one worker
WORKERS = (1, 2, 4)
GROWTH = 0.9  # of the growth in line with the slots, the target
LONGEST = 600.0  # seconds
LOOK = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Went:
    """What came of a run: seconds from its submission to its end, and what the workers measured."""

    wall: float
    cpu: float
    rss: int
    calls: int
    bytes: int
    overheads: list[float]


@dataclass(slots=True, kw_only=True)
class Fleet:
    """A cluster that keeps its promises (fsync is on), and workers on it; each run a database."""

    what: str = "tasks"
    tasks: int = TASKS
    slots: int = SLOTS
    steps: int = 8
    _stack: ExitStack = field(default_factory=ExitStack)
    _cluster: PostgresCluster = field(init=False)
    _runs: int = 0

    def __enter__(self) -> Self:
        self._cluster = self._stack.enter_context(PostgresCluster(fsync=True))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._stack.close()

    def go(self, workers: int) -> Went:
        """One run with so many workers; AloneError when it fails."""
        self._runs += 1
        url = self._cluster.url(f"bench_{self._runs}")
        jobs = [
            Job(
                what=self.what,
                folder="",
                url=url,
                role="worker",
                tasks=self.tasks,
                slots=self.slots,
                steps=self.steps,
                number=n,
            )
            for n in range(1, workers + 1)
        ]
        with PostgresStore(url, SystemClock(), project=PROJECT) as store:
            store.create(RunRecord(id=RUN, request="bench", options={}, created=time.time()))
            processes = [start(job) for job in jobs]
            try:
                self._ready(store, processes, workers)
                began = time.monotonic()
                subprocess.run([sys.executable, "-c", SUBMIT, url, PROJECT, RUN], check=True)
                self._over(store, processes)
                wall = time.monotonic() - began
            except BaseException:
                for process in processes:
                    process.kill()
                raise
            figures = [_stopped(process) for process in processes]
        return Went(
            wall=wall,
            cpu=sum(f["cpu"] for f in figures),
            rss=max(f["rss"] for f in figures),
            calls=sum(f["calls"] for f in figures),
            bytes=self._size(url),
            overheads=[s for f in figures for s in f["overheads"]],
        )

    def _ready(
        self, store: PostgresStore, processes: "list[subprocess.Popen[str]]", workers: int
    ) -> None:
        from partita.adapters.fleet import PostgresFleet  # noqa: PLC0415 - needs the driver

        url = self._cluster.url(f"bench_{self._runs}")
        with closing(PostgresFleet(url, store.project)) as fleet:
            self._until(lambda: len(fleet.members()) >= workers, processes, "workers")
        time.sleep(2.0)  # a queue is noticed within a second of its registration

    def _over(self, store: PostgresStore, processes: "list[subprocess.Popen[str]]") -> None:
        self._until(lambda: store.find(RUN).exit is not None, processes, "end")
        if store.find(RUN).exit != 0:
            raise AloneError(f"the run ended badly: {store.find(RUN).result}")

    def _until(self, look: Any, processes: "list[subprocess.Popen[str]]", what: str) -> None:
        end = time.monotonic() + LONGEST
        while not look():
            dead = [p for p in processes if p.poll() is not None]
            if dead or time.monotonic() > end:
                said = dead[0].communicate()[1][-1_200:] if dead else ""
                raise AloneError(f"no {what}: {said}")
            time.sleep(LOOK)

    def _size(self, url: str) -> int:
        import psycopg  # noqa: PLC0415 - only where there is a server

        with psycopg.connect(url) as db:
            row = db.execute("SELECT pg_database_size(current_database())").fetchone()
        assert row is not None
        return int(row[0])


SUBMIT = """
import os, sys
from partita.engine.clerk import Clerk
Clerk.at(sys.argv[1], sys.argv[2]).submit(sys.argv[3], 0)
os._exit(0)
"""


def _stopped(process: "subprocess.Popen[str]") -> dict[str, Any]:
    process.send_signal(signal.SIGTERM)
    try:
        out, err = process.communicate(timeout=90)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise AloneError("a worker does not stop") from None
    if process.returncode != 0 or not out:
        raise AloneError(f"a worker ended with {process.returncode}: {err[-1_200:]}")
    figures: dict[str, Any] = json.loads(out.splitlines()[-1])
    return figures


def measure(tasks: int = TASKS) -> list[Section]:
    """The same tasks with one, two and four workers of SLOTS slots each."""
    title = f"{tasks:,} tasks of two calls on PostgreSQL, {SLOTS} slots a worker"
    if (why := available()) is not None:
        return [Section(title=title, skipped=why)]
    rows, first = [], 0.0
    with Fleet(tasks=tasks) as fleet:
        for workers in WORKERS:
            went = fleet.go(workers)
            rate = tasks / went.wall
            first = first or rate
            least = ideal(tasks, SLOTS * workers)
            growth = rate / first / workers
            rows.append(
                Row(
                    what=f"{workers} worker{'s' if workers > 1 else ''}: tasks a second",
                    value=f"{rate:.1f}",
                    spread=f"{went.wall / least:.2f} of ideal",
                    target=f"at least {GROWTH:g} of in line" if workers > 1 else "",
                    met=growth >= GROWTH if workers > 1 else None,
                )
            )
            rows.append(
                Row(
                    what="  of the processor, all workers",
                    value=f"{1000 * went.cpu / went.calls:.1f} ms a call",
                    spread=f"{went.cpu / went.wall:.2f} of {os.cpu_count()} CPUs",
                )
            )
    return [Section(title=title, rows=tuple(rows))]
