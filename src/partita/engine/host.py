"""The process that owns a run: launches DBOS, starts or resumes the run, waits, lets go."""

import json
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from dbos import DBOS, DBOSConfig, Serializer, SetWorkflowID
from dbos import WorkflowHandleAsync as Handle

from partita.activities.build import build
from partita.activities.test import put_away, test
from partita.core.codec import decode, encode
from partita.core.plan import Plan
from partita.core.report import Outcome
from partita.core.start import Start
from partita.core.state import Built, Deferred, Failed, Passed, TaskEvent, Wants
from partita.engine.asking import Lanes
from partita.engine.database import engine_for
from partita.engine.journal import Bay, DbosJournal
from partita.engine.run import journey
from partita.errors import BadInput, Cancelled, NotAccepted, PartitaError, Rejected
from partita.ports.journal import Journal
from partita.ports.store import Event
from partita.ports.world import World

VERSION = "partita-1"  # of the workflows' shape; a change here strands runs on purpose
POLL = 0.02  # seconds between two looks for a child that has ended; a look costs half a millisecond
SOON = 0.005  # the same where the end is being recorded already
LOOK = 0.1  # seconds between two looks at the log and the signals
LAST_CALLS = 60.0  # seconds that calls in flight are given when the run must rest


class Plain(Serializer):
    """Payloads as JSON, so that a database can be read by anyone and executes nothing."""

    def serialize(self, data: Any) -> str:
        """JSON text."""
        return json.dumps(data)

    def deserialize(self, serialized_data: str) -> Any:
        """The value."""
        return json.loads(serialized_data)

    def name(self) -> str:
        """Recorded beside each payload."""
        return "partita-json"


class View(Protocol):
    """Who watches a run: hears its events in order, on the owner's main thread."""

    def catch_up(self, events: Sequence[Event]) -> None:
        """What happened before this process took the run over."""

    def show(self, events: Sequence[Event]) -> None:
        """What is new since the last look; called also when nothing is."""


@dataclass(slots=True)
class Host:
    """Runs one run to its end or to where it must rest.

    `build_world` is given the journal and the shared lanes of this process.
    """

    run: str
    start: Start
    database: Path
    build_world: Callable[[Journal, Lanes], World]
    calls_in_flight: int = 8
    bay: Bay = field(default_factory=Bay)
    _lanes: Lanes = field(init=False)
    _world: World = field(init=False)
    _ended: threading.Event = field(default_factory=threading.Event)
    _last: tuple[str, Plan | None] = ("", None)

    def __post_init__(self) -> None:
        self._lanes = Lanes(self.calls_in_flight)
        self._world = self.build_world(DbosJournal(self.bay), self._lanes)

    def execute(self, view: View) -> Outcome:
        """The outcome; raises what made the run rest (it can be resumed then)."""
        config: DBOSConfig = {
            "name": "partita",
            "system_database_url": f"sqlite:///{self.database}",
            "system_database_engine": engine_for(self.database),
            "executor_id": self.run,
            "application_version": VERSION,
            "log_level": "CRITICAL",
            "notification_listener_polling_interval_sec": POLL,
            "serializer": Plain(),
        }
        before = self._world.store.events(self.run)
        view.catch_up(before)
        DBOS(config=config)
        workflow = self._register()
        DBOS.launch()
        try:
            known = DBOS.get_workflow_status(self.run)
            if known is None:
                with SetWorkflowID(self.run):
                    DBOS.start_workflow(workflow)
            elif known.status == "SUCCESS":
                # An earlier process saw it to its end and died before it could say so.
                self._ended.set()
            handle: Any = DBOS.retrieve_workflow(self.run)
            self._watch(view, before[-1].seq if before else 0)
            if self.bay.trouble is not None:
                raise self.bay.trouble
            return decode(Outcome, handle.get_result(polling_interval_sec=SOON))
        finally:
            DBOS.destroy(destroy_registry=True)

    def _register(self) -> Callable[[], Any]:
        """The workflows, bound to this host's world."""

        @DBOS.workflow(name="build")
        async def build_task(arguments: dict[str, Any]) -> Any:
            return await self._child("build", arguments)

        @DBOS.workflow(name="test")
        async def test_task(arguments: dict[str, Any]) -> Any:
            return await self._child("test", arguments)

        kinds = {"build": build_task, "test": test_task}

        @DBOS.workflow(name="run")
        async def whole() -> Any:
            children = DbosChildren(run=self.run, kinds=kinds, keep=self._world.store.keep)
            try:
                outcome = await journey(self._world, self.start, children)
            except NotAccepted as e:
                outcome = _ended(e, "not accepted")
            except Rejected as e:
                outcome = _ended(e, "rejected")
            except BadInput as e:
                outcome = _ended(e, "bad input")
            except Exception as e:
                await self.bay.rest(e)
                raise AssertionError from e
            self._ended.set()
            return encode(outcome)

        return whole

    async def _child(self, kind: str, arguments: dict[str, Any]) -> Any:
        plan = self._plan(arguments["plan"])
        task = plan.task(arguments["task"])
        event: TaskEvent
        try:
            if kind == "build":
                event = await build(
                    self._world,
                    self.start,
                    plan,
                    task,
                    arguments["base"],
                    round=arguments.get("round", 1),
                    answer=arguments.get("answer", ""),
                    granted=arguments.get("granted", ()),
                    denied=arguments.get("denied", ()),
                )
            else:
                event = await test(
                    self._world,
                    self.start,
                    plan,
                    task,
                    arguments["commit"],
                    tuple(arguments["providers"]),
                )
                await put_away(self._world, task.id)
        except NotAccepted as e:
            event = Failed(task=task.id, why=e.message)
        except Exception as e:
            await self.bay.rest(e)
            raise AssertionError from e
        return encode(event)

    def _plan(self, key: str) -> Plan:
        """The plan that is kept there; the last one is remembered, as many children share it."""
        known, plan = self._last
        if plan is None or known != key:
            plan = decode(Plan, json.loads(self._world.store.load(key)))
            self._last = key, plan
        return plan

    def _watch(self, view: View, seen: int) -> None:
        """Show what happens after event `seen` until the run ends, rests, or is cancelled."""
        store = self._world.store
        while not (self._ended.is_set() or self.bay.parked.is_set()):
            events = store.events(self.run, after=seen)
            seen = events[-1].seq if events else seen
            view.show(events)
            if store.received(self.run, "cancel") is not None:
                self.bay.trouble = Cancelled(
                    "cancelled", remedy=f"partita resume {self.run} goes on with it"
                )
                self.bay.parked.set()
            self._ended.wait(LOOK)
        waited = 0.0
        while self._lanes.busy and waited < LAST_CALLS and not self._cancelled():
            self._ended.wait(LOOK)
            waited += LOOK
        view.show(store.events(self.run, after=seen))

    def _cancelled(self) -> bool:
        return isinstance(self.bay.trouble, Cancelled)


@dataclass(slots=True)
class DbosChildren:
    """The tasks' workflows as children of the run's, by unique ids."""

    run: str
    kinds: Mapping[str, Callable[[dict[str, Any]], Coroutine[Any, Any, Any]]]
    keep: Callable[[bytes], str]
    handles: dict[str, Handle[Any]] = field(default_factory=dict)
    _plan: Plan | None = None
    _key: str = ""

    async def start(self, kind: str, plan: Plan, task: str, arguments: dict[str, Any]) -> None:
        """Start the child, or find the one that an earlier process started."""
        if plan is not self._plan:
            self._plan, self._key = plan, self.keep(json.dumps(encode(plan)).encode())
        ident = f"{self.run}:{kind}:{task}"
        if "round" in arguments:  # the task asked for more: this build follows another
            ident += f":{arguments['round']}"
        with SetWorkflowID(ident):
            self.handles[ident] = await DBOS.start_workflow_async(
                self.kinds[kind], {"plan": self._key, "task": task, **arguments}
            )

    async def first(self) -> TaskEvent:
        """The event of the child that ended first, as recorded."""
        waiting = [self.handles[k] for k in sorted(self.handles)]
        done = await DBOS.wait_first_async(waiting, polling_interval_sec=POLL)
        handle = self.handles.pop(done.workflow_id)
        result = await handle.get_result(polling_interval_sec=POLL)
        kinds: Any = Built | Wants | Passed | Deferred | Failed
        event: TaskEvent = decode(kinds, result)
        return event


def _ended(error: PartitaError, status: str) -> Outcome:
    return Outcome(exit=error.exit_code, status=status, summary=error.message, remedy=error.remedy)
