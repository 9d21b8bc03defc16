"""The three durable workflows, a run's and those of its tasks, for all runs of this process."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol

from dbos import DBOS, Serializer

from partita.activities.build import build
from partita.activities.test import put_away, test
from partita.core.codec import encode
from partita.core.plan import Plan, Task
from partita.core.report import Outcome
from partita.core.start import Start
from partita.core.state import Failed, TaskEvent
from partita.engine.children import Body, DbosChildren, commits_in
from partita.engine.place import MOST_ATTEMPTS, Place
from partita.engine.run import journey
from partita.engine.turns import Children
from partita.errors import BadInput, NotAccepted, PartitaError, Rejected
from partita.ports.world import World

POLL = 0.02  # seconds between two looks for a child that an earlier process began


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
        children = DbosChildren(
            place=place,
            part=part,
            bodies=self.bodies,
            queue=self.queue,
            poll=self.poll,
            revive=self.revive,
        )
        try:
            outcome = await self._outcome(place, part, children)
            self.places.ended(place, outcome)
        except Exception as e:  # noqa: BLE001 - whatever it is, a later process may go on
            await place.bay.rest(e)
        finally:
            place.end(part)
        return encode(outcome)

    async def _outcome(self, place: Place, part: str, children: Children) -> Outcome:
        try:
            if not place.begin(part):
                return _ended(NotAccepted(given_up("the run")), "not accepted")
            await place.world.repo.obtain(place.run, place.start.base)
            return await self.travel(place.world, place.start, children)
        except NotAccepted as e:
            return _ended(e, "not accepted")
        except Rejected as e:
            return _ended(e, "rejected")
        except BadInput as e:
            return _ended(e, "bad input")

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
        finally:
            place.end(part)
        return encode(event)


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
