"""The process that owns a run: launches DBOS, starts or resumes the run, waits, lets go."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, Protocol

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, SetWorkflowID

from partita.core.codec import decode
from partita.core.report import Outcome
from partita.core.start import Start
from partita.engine.asking import Lanes
from partita.engine.clerk import NAME, Clerk
from partita.engine.database import engine_for, pending
from partita.engine.here import stay_here
from partita.engine.journal import Bay, DbosJournal
from partita.engine.place import RESTED, Place
from partita.engine.version import VERSION
from partita.engine.workflows import POLL, Plain, Workflows, workflow_id
from partita.errors import Cancelled
from partita.ports.journal import Journal
from partita.ports.store import Event
from partita.ports.world import World

SOON = 0.005  # seconds between two looks where the end is being recorded already
RECOVERY = 0.02  # seconds between two looks for work that DBOS has put back, at the start
SETTLED = 0.5  # the same when the run has been under way for a while
BEGINNING = 3.0  # seconds
LOOK = 0.1  # seconds between two looks at the log and the signals
LAST_CALLS = 60.0  # seconds that calls in flight are given when the run must rest
CUT_SHORT = 1.0  # seconds that what was cut short is given to say so


def _look_for_recovered(dbos: DBOS, seconds: float) -> None:
    """How often DBOS looks for what it has put back to work, which is all that this process left.

    There is no public way; it takes a second by itself.
    """
    dbos._registry.get_internal_queue()._polling_interval_sec = seconds  # noqa: SLF001


class View(Protocol):
    """Who watches a run: hears its events in order, on the owner's main thread."""

    def catch_up(self, events: Sequence[Event]) -> None:
        """What happened before this process took the run over."""

    def show(self, events: Sequence[Event]) -> None:
        """What is new since the last look; called also when nothing is."""


@dataclass(slots=True)
class Host:
    """Runs one run to its end or to where it must rest, in this process alone.

    `build_world` is given the journal and the shared lanes of this process.
    """

    run: str
    start: Start
    database: Path
    build_world: Callable[[Journal, Lanes], World]
    calls_in_flight: int = 8
    workflows: Workflows = field(init=False)
    _lanes: Lanes = field(init=False)
    _place: Place = field(init=False)
    _ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._lanes = Lanes(self.calls_in_flight)
        bay = Bay()
        world = self.build_world(DbosJournal(bay, self._moved), self._lanes)
        nothing: frozenset[str] = frozenset()
        self._place = Place(run=self.run, start=self.start, world=world, bay=bay, left=nothing)
        self.workflows = Workflows(places=self)

    def of(self, _run: str) -> Place:
        """The one place of this process."""
        return self._place

    async def refuse(self, _run: str, trouble: BaseException) -> NoReturn:
        """Never: the place is there from the start."""
        raise trouble

    def ended(self, _place: Place, _outcome: Outcome) -> None:
        """Stop watching: the run's workflow is about to end."""
        self._ended.set()

    def execute(self, view: View) -> Outcome:
        """The outcome; raises what made the run rest (it can be resumed then)."""
        engine = engine_for(self.database)
        config: DBOSConfig = {
            "name": NAME,
            "system_database_url": f"sqlite:///{self.database}",
            "system_database_engine": engine,
            "executor_id": self.run,
            "application_version": VERSION,
            "log_level": "CRITICAL",
            "notification_listener_polling_interval_sec": POLL,
            "serializer": Plain(),
        }
        store, bay = self._place.world.store, self._place.bay
        before = store.events(self.run)
        view.catch_up(before)
        ident = workflow_id(self.run, self.start.generation)
        clerk = self._anew(ident)
        self._place.left = self._left(engine)
        dbos = DBOS(config=config)
        workflow = self.workflows.register()
        _look_for_recovered(dbos, RECOVERY)
        settled = threading.Timer(BEGINNING, _look_for_recovered, (dbos, SETTLED))
        settled.daemon = True
        settled.start()
        DBOS.launch()
        stay_here(dbos)
        try:
            known = DBOS.get_workflow_status(ident)
            if known is None:
                with SetWorkflowID(ident):
                    DBOS.start_workflow(workflow, self.run)
            elif known.status == "SUCCESS":
                # An earlier process saw it to its end and died before it could say so.
                self._ended.set()
            handle: Any = DBOS.retrieve_workflow(ident)
            self._watch(view, before[-1].seq if before else 0)
            late = self._ended.is_set() and isinstance(bay.trouble, Cancelled)
            if bay.trouble is not None and not late:
                self._place.rested()
                raise bay.trouble
            return decode(Outcome, handle.get_result(polling_interval_sec=SOON))
        except KeyboardInterrupt:
            self._place.rested()
            raise
        finally:
            settled.cancel()
            DBOS.destroy(destroy_registry=True)
            if clerk is not None:
                clerk.close()

    def _anew(self, ident: str) -> Clerk | None:
        """Before a run is begun anew, stop what its last generation left open.

        DBOS would take it up again by itself, and ask what is not to be asked any more.
        """
        if not self.start.generation:
            return None
        clerk = Clerk.of(self.database)
        if clerk.status(ident) is None:
            clerk.cancel(self.run)
        self.workflows.revive = clerk.revive
        return clerk

    def _left(self, engine: sa.Engine) -> frozenset[str]:
        """What was at work when the run's last process died; nothing if it ended in good order.

        The run's own workflow waits while its tasks are at work, and so does not kill.
        """
        store = self._place.world.store
        if store.received(self.run, RESTED) is not None:
            store.clear(self.run, RESTED)
            return frozenset()
        parts = pending(engine, self.run)
        return frozenset(p for p in parts if p.startswith(f"{self.run}:")) or parts

    def _moved(self, part: str) -> None:
        self._place.moved(part)

    def _watch(self, view: View, seen: int) -> None:
        """Show what happens after event `seen` until the run ends, rests, or is cancelled."""
        store, bay = self._place.world.store, self._place.bay
        while not (self._ended.is_set() or bay.parked.is_set()):
            events = store.events(self.run, after=seen)
            seen = events[-1].seq if events else seen
            view.show(events)
            if store.received(self.run, "cancel") is not None:
                bay.stop(
                    Cancelled("cancelled", remedy=f"partita resume {self.run} goes on with it")
                )
            self._ended.wait(LOOK)
        self._last_calls(cancelled=isinstance(bay.trouble, Cancelled))
        view.show(store.events(self.run, after=seen))

    def _last_calls(self, *, cancelled: bool) -> None:
        """Let calls in flight come to their end; where the user has cancelled, cut all short."""
        place, waited, most = self._place, 0.0, LAST_CALLS
        if cancelled:
            place.bay.drop()
            most = CUT_SHORT
        while waited < most and (place.bay.busy if cancelled else self._lanes.busy):
            if not cancelled and place.world.store.received(self.run, "cancel") is not None:
                place.bay.drop()
                cancelled, most = True, waited + CUT_SHORT
            self._ended.wait(LOOK)
            waited += LOOK
