"""A worker: one of the processes, on any machine, that do the work of all runs in a database."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol

from dbos import DBOS, DBOSConfig

from partita.core.codec import encode
from partita.core.report import Outcome
from partita.core.start import Start
from partita.engine.asking import Lanes
from partita.engine.clerk import NAME, Clerk, runs_queue, tasks_queue
from partita.engine.database import shared_engine
from partita.engine.journal import Bay, DbosJournal
from partita.engine.version import VERSION
from partita.engine.workflows import Place, Plain, Workflows
from partita.errors import (
    AwaitingAnswer,
    Cancelled,
    DatabaseLost,
    Fenced,
    PartitaError,
    RemoteLost,
)
from partita.ports.fleet import Fleet
from partita.ports.journal import Journal
from partita.ports.store import Store
from partita.ports.world import World

BEAT = 1.0  # seconds between two heartbeats
SILENT = 7.0  # seconds without one after which a worker is taken for dead
PULSE = 3.0  # seconds between two looks at the remote
POLL = 0.1  # seconds between two looks for work, and for a child that has ended
LOOK = 0.3  # seconds between two looks at the signals of the runs at work here
LINGER = 120.0  # seconds in which a worker that was taken for dead may still begin something
LAST_CALLS = 60.0  # seconds that calls in flight are given when a run must rest
RUNS = 32  # that one worker accompanies at once; they mostly wait for their tasks
MINE = (Fenced, DatabaseLost, RemoteLost)  # the worker's trouble, not the run's


class SharedStore(Store, Protocol):
    """A store that workers share."""

    def abandon_worker(self, worker: str) -> int:
        """Mark the holds of a dead worker "unconfirmed"; gives how many."""


@dataclass(slots=True)
class Worker:
    """Serves until it is told to stop, or its own trouble ends it: then it raises that.

    `begin` makes the world of a run from what the store knows of it, and gives its start too.
    `pulse` asks whether the remote can be reached, and raises RemoteLost when not.
    """

    ident: str
    host: str
    pid: int
    slots: int
    url: str
    project: str
    store: SharedStore
    fleet: Fleet
    begin: Callable[[str, Journal, Lanes], tuple[Start, World]]
    pulse: Callable[[], None]
    calls_in_flight: int
    tell: Callable[[str], None]
    stop: threading.Event = field(default_factory=threading.Event)
    _lanes: Lanes = field(init=False)
    _places: dict[str, Place] = field(default_factory=dict)
    _refused: dict[str, Bay] = field(default_factory=dict)  # runs that could not even begin here
    _resting: dict[str, tuple[float, bool]] = field(default_factory=dict)  # since; is ours to end
    _buried: dict[str, float] = field(default_factory=dict)  # by us, since when
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _trouble: BaseException | None = None
    _clerk: Clerk = field(init=False)

    def serve(self) -> None:
        """Work until `stop` is set, then hand over the rest; raises the worker's own trouble."""
        self._lanes = Lanes(self.calls_in_flight)
        workflows = Workflows(
            places=self, queue=tasks_queue(self.project), poll=POLL, revive=self._revive
        )
        self.fleet.join(self.ident, host=self.host, pid=self.pid, slots=self.slots)
        DBOS(config=self._config())
        workflows.register()
        DBOS.listen_queues([runs_queue(self.project), tasks_queue(self.project)])
        DBOS.launch()
        self._clerk = Clerk.at(self.url, self.project)
        for name, most in (
            (runs_queue(self.project), RUNS),
            (tasks_queue(self.project), self.slots),
        ):
            DBOS.register_queue(
                name,
                worker_concurrency=most,
                polling_interval_sec=POLL,
                on_conflict="always_update",
            )
        for life in (self._live, self._feel):
            threading.Thread(target=life, name=life.__name__, daemon=True).start()
        try:
            while not self.stop.wait(LOOK) and self._trouble is None:
                self._look()
        except MINE as e:
            self._fail(e)
        if self._trouble is not None:
            raise self._trouble
        self._hand_over()

    def of(self, run: str) -> Place:
        """The run's place here, made when its first workflow comes; a new one after a rest."""
        with self._lock:
            place = self._places.get(run)
            if place is None:
                place = self._places[run] = self._made(run)
            return place

    async def refuse(self, run: str, trouble: BaseException) -> NoReturn:
        """The run can't begin here: it rests for that reason."""
        await self._refused.setdefault(run, Bay()).rest(trouble)

    def ended(self, place: Place, outcome: Outcome) -> None:
        """Write down how the run ended."""
        self.store.update(
            place.run, status=outcome.status, exit_code=outcome.exit, result=encode(outcome)
        )
        self.tell(f"{place.run} ended: {outcome.summary}")

    def _made(self, run: str) -> Place:
        bay = Bay()

        def moved(part: str) -> None:
            place.moved(part)

        start, world = self.begin(run, DbosJournal(bay, moved), self._lanes)
        place = Place(run=run, start=start, world=world, bay=bay)
        self.tell(f"at work on {run}")
        return place

    def _config(self) -> DBOSConfig:
        return {
            "name": NAME,
            "system_database_url": self.url,
            "system_database_engine": shared_engine(self.url, connections=self.slots + 8),
            "executor_id": self.ident,
            "application_version": VERSION,
            "log_level": "CRITICAL",
            "notification_listener_polling_interval_sec": POLL,
            "serializer": Plain(),
        }

    def _revive(self, ident: str) -> None:
        self._clerk.revive(ident)

    def _fail(self, trouble: BaseException) -> None:
        if self._trouble is None:
            self._trouble = trouble
        for place in list(self._places.values()):
            place.bay.stop(trouble)
            place.bay.drop()

    def _live(self) -> None:
        """Beat, and as the guard see to it that the work of the dead goes on elsewhere."""
        heard = time.monotonic()
        while not self.stop.wait(BEAT) and self._trouble is None:
            try:
                if not self.fleet.beat(self.ident):
                    self._fail(Fenced(f"worker {self.ident} was taken for dead"))
                    return
                heard = time.monotonic()
                if self.fleet.guard():
                    self._take_over(self.fleet.bury(older=SILENT))
            except DatabaseLost as e:
                if time.monotonic() - heard > SILENT / 2:
                    self._fail(e)
                    return

    def _feel(self) -> None:
        """While there is work here, see that the remote is there: else others must do it."""
        while not self.stop.wait(PULSE) and self._trouble is None:
            try:
                if self._places:
                    self.pulse()
            except RemoteLost as e:
                self._fail(e)

    def _take_over(self, dead: Sequence[str]) -> None:
        """Put the open workflows of dead workers back into their queues.

        DBOS does it only where the dead one is still the owner: a second guard changes nothing.
        It is no public name of DBOS, but the public one has no such condition.
        """
        now = time.monotonic()
        for worker in dead:
            if worker not in self._buried:
                self.store.abandon_worker(worker)
            elif now - self._buried[worker] > LINGER:
                continue
            self._buried.setdefault(worker, now)
            found = DBOS._recover_pending_workflows([worker])  # noqa: SLF001
            if found:
                self.tell(f"took over {len(found)} parts of runs from {worker}")

    def _look(self) -> None:
        """See what the runs at work here need: a rest, an end, or nothing."""
        for run, bay in list(self._refused.items()):
            assert bay.trouble is not None
            if isinstance(bay.trouble, MINE):
                raise bay.trouble
            if self._closer(run, bay.trouble):
                self._close(run)
            bay.let_go()
            self._refused.pop(run, None)
        for run, place in list(self._places.items()):
            trouble = place.bay.trouble or self._told(run)
            if isinstance(trouble, MINE):
                raise trouble
            if trouble is not None:
                self._rest(place, trouble)
            elif not place.parts and self.store.find(run).exit is not None:
                self._forget(place)

    def _told(self, run: str) -> BaseException | None:
        """What the user or another worker says that the run should rest for."""
        if self.store.received(run, "cancel") is not None:
            return Cancelled("cancelled", remedy=f"partita resume {run} goes on with it")
        if self.store.received(run, "rest") is not None:
            return Cancelled("the run rests")
        return None

    def _rest(self, place: Place, trouble: BaseException) -> None:
        """Bring the run to rest: calls in flight end well where there is no haste."""
        now = time.monotonic()
        if place.run not in self._resting:
            place.bay.stop(trouble)
            self._resting[place.run] = now, self._closer(place.run, trouble)
        since, closer = self._resting[place.run]
        haste = isinstance(trouble, Cancelled)
        if haste:
            place.bay.drop()
        if place.bay.busy and now - since < (1.0 if haste else LAST_CALLS):
            return
        place.bay.drop()
        place.rested()
        if closer:
            self._close(place.run)
        place.bay.let_go()
        self._forget(place)

    def _closer(self, run: str, trouble: BaseException) -> bool:
        """Whether this worker is the one that brings the run to rest: the first, while it lives."""
        word = {"by": self.ident, **rested_as(run, trouble)}
        if self.store.send(run, "rest", word):
            return True
        by = (self.store.received(run, "rest") or {}).get("by")
        if by in {m.id for m in self.fleet.members() if not m.dead}:
            return bool(by == self.ident)
        self.store.clear(run, "rest")
        return self.store.send(run, "rest", word)

    def _close(self, run: str) -> None:
        """The end of a rest: nothing of the run is at work any more, and the register says why."""
        self._clerk.cancel(run)
        word = dict(self.store.received(run, "rest") or {})
        word.pop("by", None)
        if word and self.store.find(run).status in ("running", "waiting"):
            self.store.update(run, **word)
            self.tell(f"{run} rests: {word['result']['summary']}")

    def _forget(self, place: Place) -> None:
        with self._lock:
            self._places.pop(place.run, None)
            self._resting.pop(place.run, None)

    def _hand_over(self) -> None:
        """Leave in good order: another worker goes on with what is not done."""
        for place in list(self._places.values()):
            place.bay.stop(Cancelled("the worker was stopped"))
            place.bay.drop()
            place.rested()
        self.fleet.leave(self.ident)


def rested_as(run: str, trouble: BaseException) -> dict[str, Any]:
    """What the register says of a run that came to rest for that reason."""
    status, code, remedy = "interrupted", 70, "this is a fault in Partita"
    if isinstance(trouble, PartitaError):
        code, remedy = trouble.exit_code, trouble.remedy
        status = "waiting" if isinstance(trouble, AwaitingAnswer) else "interrupted"
        summary = trouble.message
    else:
        summary = f"unexpected {type(trouble).__name__}: {str(trouble)[:500]}"
    if "resume" not in remedy:
        remedy = f"{remedy}\n".lstrip("\n") + f"nothing is lost: partita resume {run} goes on"
    outcome = Outcome(exit=code, status=status, summary=summary, remedy=remedy)
    return {"status": status, "exit_code": code, "result": encode(outcome)}
