"""A worker: one of the processes, on any machine, that do the work of all runs in a database."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from dbos import DBOS, DBOSConfig

from partita.core.codec import encode
from partita.core.report import Outcome
from partita.core.start import Start
from partita.engine.asking import Lanes
from partita.engine.clerk import NAME, Clerk, runs_queue, tasks_queue
from partita.engine.database import shared_engine
from partita.engine.guard import SILENT, Guard
from partita.engine.journal import Bay, DbosJournal
from partita.engine.place import Place
from partita.engine.resting import SharedStore, begin, close, told
from partita.engine.run import journey
from partita.engine.version import VERSION
from partita.engine.workflows import KINDS, Kind, Plain, Travel, Workflows
from partita.errors import Cancelled, DatabaseLost, Fenced, OutsideFailure, RemoteLost
from partita.ports.fleet import Fleet
from partita.ports.journal import Journal
from partita.ports.world import World

BEAT = 1.0  # seconds between two heartbeats
PULSE = 3.0  # seconds between two looks at the remote
POLL = 0.1  # seconds between two looks for work, and for a child that has ended
LOOK = 0.3  # seconds between two looks at the signals of the runs at work here
HAND_OVER = 20.0  # seconds that they are given when the worker is stopped
CUT_SHORT = 1.0  # seconds that what is cut short is given to say so
LAST_CALLS = 60.0  # seconds that calls in flight are given when a run must rest
RUNS = 32  # that one worker accompanies at once; they mostly wait for their tasks
MINE = (Fenced, DatabaseLost, RemoteLost)  # the worker's trouble, not the run's


def _own_widths(engine: DBOS, widths: Mapping[str, int]) -> None:
    """Let this process take as much from each queue at once as it has room for.

    DBOS keeps a queue's width in a row that all workers read again and again, as if all machines
    were of one size.
    """
    database = engine._sys_db  # noqa: SLF001 - there is no public way
    read = database.get_queue

    def narrowed(name: str) -> Any:
        queue = read(name)
        if queue is not None and name in widths:
            queue._worker_concurrency = widths[name]  # noqa: SLF001
        return queue

    database.get_queue = narrowed  # type: ignore[method-assign,assignment]


@dataclass(slots=True)
class Worker:
    """Serves until it is told to stop, or its own trouble ends it: then it raises that.

    `make` makes the world of a run from what the store knows of it, and gives its start too.
    `fleet` and `other` are two connections to the same, for the heartbeat and for the guard.
    `left` is told the runs that have no part here any more.
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
    other: Fleet
    make: Callable[[str, Journal, Lanes], tuple[Start, World]]
    pulse: Callable[[], None]
    calls_in_flight: int
    tell: Callable[[str], None]
    left: Callable[[str], None] = lambda _run: None
    stop: threading.Event = field(default_factory=threading.Event)
    kinds: Mapping[str, Kind] = field(default_factory=lambda: KINDS)
    travel: Travel = journey
    _lanes: Lanes = field(init=False)
    _places: dict[str, Place] = field(default_factory=dict)
    _refused: dict[str, Bay] = field(default_factory=dict)  # runs that could not even begin here
    _resting: dict[str, tuple[float, bool]] = field(default_factory=dict)  # since; is ours to end
    _over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _trouble: BaseException | None = None
    _clerk: Clerk = field(init=False)

    def serve(self) -> None:
        """Work until `stop` is set, then hand over the rest; raises the worker's own trouble."""
        self._lanes = Lanes(self.calls_in_flight)
        workflows = Workflows(
            places=self,
            kinds=self.kinds,
            travel=self.travel,
            queue=tasks_queue(self.project),
            poll=POLL,
            revive=self._revive,
        )
        self.fleet.join(self.ident, host=self.host, pid=self.pid, slots=self.slots)
        threading.Thread(target=self._live, name="heart", daemon=True).start()
        engine = DBOS(config=self._config())
        workflows.register()
        DBOS.listen_queues([runs_queue(self.project), tasks_queue(self.project)])
        DBOS.launch()
        self._clerk = Clerk.at(self.url, self.project)
        widths = {runs_queue(self.project): RUNS, tasks_queue(self.project): self.slots}
        _own_widths(engine, widths)
        for name, most in widths.items():
            DBOS.register_queue(
                name,
                worker_concurrency=most,
                polling_interval_sec=POLL,
                on_conflict="always_update",
            )
        for life in (self._watch_over, self._feel):
            threading.Thread(target=life, name=life.__name__, daemon=True).start()
        try:
            while not self.stop.wait(LOOK) and self._trouble is None:
                self._look()
            if self._trouble is None:
                self._hand_over()
        except OutsideFailure as e:
            self._fail(e)
        self._over.set()
        if self._trouble is not None:
            raise self._trouble

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

        start, world = self.make(run, DbosJournal(bay, moved), self._lanes)
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
        """Beat; a worker that can't, or that was taken for dead, must do nothing any more."""
        heard = time.monotonic()
        while not self._over.wait(BEAT) and self._trouble is None:
            try:
                if not self.fleet.beat(self.ident):
                    self._fail(Fenced(f"worker {self.ident} was taken for dead"))
                heard = time.monotonic()
            except OutsideFailure as e:
                if time.monotonic() - heard > SILENT / 2:
                    self._fail(e)

    def _watch_over(self) -> None:
        """Look after the others, if this worker is the guard."""
        guard = Guard(store=self.store, fleet=self.other, clerk=self._clerk, tell=self.tell)
        while not self._over.wait(BEAT) and self._trouble is None:
            try:
                guard.look()
            except OutsideFailure:
                continue  # the heartbeat judges whether it is lost for good
            except Exception as e:  # noqa: BLE001 - without a guard nobody's work would go on
                self.tell(f"the guard failed and looks again: {type(e).__name__}: {e}")

    def _feel(self) -> None:
        """While there is work here, see that the remote is there: else others must do it."""
        while not self._over.wait(PULSE) and self._trouble is None:
            try:
                if self._places:
                    self.pulse()
            except RemoteLost as e:
                self._fail(e)

    def _look(self) -> None:
        """See what the runs at work here need: a rest, an end, or nothing."""
        for run, bay in list(self._refused.items()):
            assert bay.trouble is not None
            self._raise_mine(bay.trouble)
            if begin(self.store, self.fleet, self.ident, run, bay.trouble):
                self._close(run)
            bay.let_go()
            self._refused.pop(run, None)
        for run, place in list(self._places.items()):
            trouble = place.bay.trouble or told(self.store, run)
            self._raise_mine(trouble)
            if trouble is not None:
                self._rest(place, trouble)
            elif not place.parts and self.store.find(run).exit is not None:
                self._forget(place)

    def _raise_mine(self, trouble: BaseException | None) -> None:
        if isinstance(trouble, MINE):
            raise trouble

    def _rest(self, place: Place, trouble: BaseException) -> None:
        """Bring the run to rest: calls in flight end well where there is no haste."""
        now = time.monotonic()
        if place.run not in self._resting:
            place.bay.stop(trouble)
            closes = begin(self.store, self.fleet, self.ident, place.run, trouble)
            self._resting[place.run] = now, closes
        since, closes = self._resting[place.run]
        haste = isinstance(trouble, Cancelled)
        if haste:
            place.bay.drop()
        if place.bay.busy and now - since < (CUT_SHORT if haste else LAST_CALLS):
            return
        place.bay.drop()
        place.rested()
        if closes:
            self._close(place.run)
        self._clerk.cancel_here(place.parts, self.ident)  # what began after all was cancelled
        place.bay.let_go()
        self._forget(place)

    def _close(self, run: str) -> None:
        if why := close(self.store, self._clerk, run):
            self.tell(f"{run} rests: {why}")

    def _forget(self, place: Place) -> None:
        with self._lock:  # a new place of the run must not begin while its files are cleared away
            self._places.pop(place.run, None)
            self._resting.pop(place.run, None)
            self.left(place.run)

    def _hand_over(self) -> None:
        """Leave in good order: calls in flight end well, and others go on with what is not done."""
        places = list(self._places.values())
        for place in places:
            place.bay.stop(OutsideFailure("the worker was stopped"))
        end = time.monotonic() + HAND_OVER
        while self._lanes.busy and time.monotonic() < end and self._trouble is None:
            self._over.wait(LOOK)
        for place in places:
            place.bay.drop()
            place.rested()
        self.fleet.leave(self.ident)
