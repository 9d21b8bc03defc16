"""The three durable workflows, a run's and those of its tasks, for all runs of this process."""

import contextvars
import hashlib
import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol

from dbos import DBOS, Serializer, SetWorkflowID
from dbos import WorkflowHandleAsync as Handle

from partita.activities.build import build
from partita.activities.test import put_away, test
from partita.core.codec import decode, encode
from partita.core.plan import Plan, Task
from partita.core.report import Outcome
from partita.core.start import Start
from partita.core.state import Built, Deferred, Failed, Passed, TaskEvent, Wants
from partita.core.validity import Parts
from partita.engine.journal import Bay
from partita.engine.run import journey
from partita.engine.turns import Children
from partita.errors import BadInput, Fenced, NotAccepted, PartitaError, Rejected
from partita.ports.world import World

POLL = 0.02  # seconds between two looks for a child that has ended; a look costs half a millisecond
MOST_ATTEMPTS = 5  # starts in a row that got nowhere, before what kills its process is given up


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


@dataclass(slots=True, eq=False)
class Place:
    """A run in this process: what it was told, its world, and where it rests."""

    run: str
    start: Start
    world: World
    bay: Bay
    parts: set[str] = field(default_factory=set)  # at work here
    again: set[str] = field(default_factory=set)  # of these, begun more than once
    _plan: tuple[str, Plan | None] = ("", None)

    def plan(self, key: str) -> Plan:
        """The plan that is kept there; the last one is remembered, as many children share it."""
        known, plan = self._plan
        if plan is None or known != key:
            plan = decode(Plan, json.loads(self.world.store.load(key)))
            self._plan = key, plan
        return plan

    def begin(self, part: str) -> bool:
        """Note durably that the part begins; False when it has killed its process too often.

        Fenced when it is at work here already.
        """
        if part in self.parts:
            # Taken from this process and given to it again, while it still does it: the files of
            # the one are in the way of the other.
            raise Fenced(f"{part} is at work here already")
        count = self.world.store.attempt(self.run, part)
        self.parts.add(part)
        if count > 1:
            self.again.add(part)
        return count <= MOST_ATTEMPTS

    def moved(self, part: str) -> None:
        """The part got on: what it does next is counted anew."""
        if part in self.again:
            self.again.discard(part)
            self.world.store.progressed(self.run, part)

    def rested(self) -> None:
        """The run was stopped in good order: nothing that is at work here killed anything."""
        for part in sorted(self.parts):
            self.world.store.progressed(self.run, part)


class Places(Protocol):
    """Where this process has its runs."""

    def of(self, run: str) -> Place:
        """The run's place, made when it is first needed."""

    async def refuse(self, run: str, trouble: BaseException) -> NoReturn:
        """The run's place can't be made: it rests for that reason, here and now."""

    def ended(self, place: Place, outcome: Outcome) -> None:
        """The run is over; called before its workflow ends, and again if that was interrupted."""


Kind = Callable[[Place, Plan, Task, Mapping[str, Any]], Awaitable[TaskEvent]]
Travel = Callable[[World, Start, Children], Awaitable[Outcome]]
Body = Callable[[Any], Coroutine[Any, Any, Any]]


async def build_task(
    place: Place, plan: Plan, task: Task, arguments: Mapping[str, Any]
) -> TaskEvent:
    """Build it from its base."""
    return await build(
        place.world,
        place.start,
        plan,
        task,
        arguments["base"],
        round=arguments.get("round", 1),
        answer=arguments.get("answer", ""),
        granted=arguments.get("granted", ()),
        denied=arguments.get("denied", ()),
    )


async def test_task(
    place: Place, plan: Plan, task: Task, arguments: Mapping[str, Any]
) -> TaskEvent:
    """Test what was built, and mend it."""
    commit, providers = arguments["commit"], tuple(arguments["providers"])
    event = await test(place.world, place.start, plan, task, commit, providers)
    await put_away(place.world, task.id)
    return event


KINDS: Mapping[str, Kind] = {"build": build_task, "test": test_task}


@dataclass(slots=True)
class Workflows:
    """What this process registers with DBOS. `queue` is where tasks wait for any machine;
    without one this process does them itself.

    `revive` puts a child that was cancelled when its run came to rest back to work; it is called
    outside of the workflow's context, so that it is no step of it.
    """

    places: Places
    kinds: Mapping[str, Kind] = field(default_factory=lambda: KINDS)
    travel: Travel = journey
    queue: str | None = None
    poll: float = POLL
    revive: Callable[[str], None] | None = None
    bodies: dict[str, Body] = field(default_factory=dict)

    def register(self) -> Body:
        """Register them; gives that of runs, whose argument is the run's id."""
        for kind in self.kinds:
            self.bodies[kind] = self._child_body(kind)

        @DBOS.workflow(name="run", max_recovery_attempts=None)
        async def whole(run: str) -> Any:
            return await self._run(await self._place(run))

        self.bodies["run"] = whole
        return whole

    def _child_body(self, kind: str) -> Body:
        @DBOS.workflow(name=kind, max_recovery_attempts=None)
        async def child(arguments: dict[str, Any]) -> Any:
            return await self._child(kind, await self._place(arguments["run"]), arguments)

        return child

    async def _place(self, run: str) -> Place:
        try:
            return self.places.of(run)
        except Exception as e:  # noqa: BLE001 - raised on, it would end the workflow for ever
            await self.places.refuse(run, e)

    async def _run(self, place: Place) -> Any:
        part = str(DBOS.workflow_id)
        children = DbosChildren(place=place, workflows=self, part=part)
        try:
            if place.begin(part):
                await place.world.repo.obtain(place.run, place.start.base)
                outcome = await self.travel(place.world, place.start, children)
            else:
                outcome = _ended(NotAccepted(given_up("the run")), "not accepted")
            self.places.ended(place, outcome)
        except NotAccepted as e:
            outcome = _ended(e, "not accepted")
            self.places.ended(place, outcome)
        except Rejected as e:
            outcome = _ended(e, "rejected")
            self.places.ended(place, outcome)
        except BadInput as e:
            outcome = _ended(e, "bad input")
            self.places.ended(place, outcome)
        except Exception as e:  # noqa: BLE001 - whatever it is, a later process may go on
            await place.bay.rest(e)
        place.parts.discard(part)
        return encode(outcome)

    async def _child(self, kind: str, place: Place, arguments: dict[str, Any]) -> Any:
        part = str(DBOS.workflow_id)
        event: TaskEvent
        try:
            task = arguments["task"]
            plan = place.plan(arguments["plan"])
            if place.begin(part):
                repo = place.world.repo
                await repo.obtain(place.run, place.start.base, *commits_in(arguments))
                event = await self.kinds[kind](place, plan, plan.task(task), arguments)
                await repo.share(place.run, *commits_in(encode(event)))
            else:
                event = Failed(task=task, why=given_up(f"the {kind} of {task}"))
        except NotAccepted as e:
            event = Failed(task=arguments["task"], why=e.message)
        except Exception as e:  # noqa: BLE001 - whatever it is, a later process may go on
            await place.bay.rest(e)
        place.parts.discard(part)
        return encode(event)


@dataclass(slots=True)
class DbosChildren:
    """The tasks' workflows as children of the run's. Their ids tell all that they depend on.

    So a run that is begun anew finds what is still valid by its id, and does only the rest.
    """

    place: Place
    workflows: Workflows
    part: str
    handles: dict[str, Handle[Any]] = field(default_factory=dict)
    _plan: Plan | None = None
    _parts: Parts | None = None
    _key: str = ""

    async def start(self, kind: str, plan: Plan, task: str, arguments: dict[str, Any]) -> None:
        """Start the child, or find the one that was started before."""
        run, store = self.place.run, self.place.world.store
        if plan is not self._plan:
            self._plan, self._parts = plan, Parts(plan)
            self._key = store.keep(json.dumps(encode(plan)).encode())
        assert self._parts is not None
        await self.place.world.repo.share(run, *commits_in(arguments))
        ident = child_id(self.place.start, run, kind, task, [self._parts.key(task), arguments])
        given = {"run": run, "plan": self._key, "task": task, **arguments}
        body, queue = self.workflows.bodies[kind], self.workflows.queue
        with SetWorkflowID(ident):
            self.handles[ident] = await (
                DBOS.start_workflow_async(body, given)
                if queue is None
                else DBOS.enqueue_workflow_async(queue, body, given)
            )
        if self.workflows.revive is not None:
            contextvars.Context().run(self.workflows.revive, ident)

    async def first(self) -> TaskEvent:
        """The event of the child that ended first, as recorded."""
        poll = self.workflows.poll
        waiting = [self.handles[k] for k in sorted(self.handles)]
        done = await DBOS.wait_first_async(waiting, polling_interval_sec=poll)
        handle = self.handles.pop(done.workflow_id)
        result = await handle.get_result(polling_interval_sec=poll)
        self.place.moved(self.part)
        await self.place.world.repo.obtain(self.place.run, *commits_in(result))
        kinds: Any = Built | Wants | Passed | Deferred | Failed
        event: TaskEvent = decode(kinds, result)
        return event


def child_id(start: Start, run: str, kind: str, task: str, given: Any) -> str:
    """The id of a child workflow: its run, kind and task, and a hash of all that it depends on.

    `given` is what it is given, as JSON: what of the plan concerns it, and its arguments.
    """
    asked_anew = [start.redo.get(k, "") for k in (f"task:{task}", f"activity:{kind}")]
    told = [start.test_command, start.rounds, *asked_anew]
    depends = json.dumps([given, told], sort_keys=True)
    return f"{run}:{kind}:{task}:{hashlib.sha256(depends.encode()).hexdigest()[:16]}"


def commits_in(values: Mapping[str, Any]) -> list[str]:
    """The commits that a child is given, or that its event carries."""
    found = [values.get("base", ""), values.get("commit", ""), *values.get("providers", ())]
    return [commit for commit in found if commit]


def workflow_id(run: str, generation: int) -> str:
    """The id of the run's own workflow."""
    return f"{run}~{generation}" if generation else run


def given_up(what: str) -> str:
    """Why something that killed its process again and again is not tried once more."""
    return (
        f"{what} was given up: its process died {MOST_ATTEMPTS} times in a row while it was at "
        "work, without getting any further"
    )


def _ended(error: PartitaError, status: str) -> Outcome:
    return Outcome(exit=error.exit_code, status=status, summary=error.message, remedy=error.remedy)
