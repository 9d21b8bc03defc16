"""The builds and tests of tasks as workflows of their own, and the order in which a run heard them.

Their ids tell all that they depend on, so a run that is begun anew finds what is still valid by
its id, and does only the rest. Of the run's own record they are no part: only who was heard when.
"""

import asyncio
import contextvars
import hashlib
import json
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from dbos import DBOS, SetWorkflowID
from dbos import WorkflowHandleAsync as Handle
from dbos import error as dbos_error

from partita.core.codec import decode, encode
from partita.core.plan import Plan
from partita.core.start import Start
from partita.core.state import Built, Deferred, Failed, Passed, TaskEvent, Wants
from partita.core.validity import Parts
from partita.engine.place import Place
from partita.engine.version import VERSION
from partita.errors import OutsideFailure

T = TypeVar("T")
Body = Callable[[Any], Coroutine[Any, Any, Any]]

OPEN = ("PENDING", "ENQUEUED", "DELAYED")


@dataclass(slots=True, kw_only=True)
class DbosChildren:
    """The children of one execution of a run's workflow, `part`.

    `queue` is where they wait for any machine; without one this process does them itself. `poll`
    is in seconds, between two looks for those that are not done here. `revive` puts one back to
    work that was cancelled when its run came to rest.
    """

    place: Place
    part: str
    bodies: Mapping[str, Body]
    queue: str | None
    poll: float
    revive: Callable[[str], None] | None
    _plan: Plan | None = None
    _parts: Parts | None = None
    _key: str = ""
    _before: dict[str, str] | None = None  # where each child of the run stood when this began
    _results: dict[str, Any] = field(default_factory=dict)  # of those that have ended
    _ended: dict[str, None] = field(default_factory=dict)  # started and ended, not heard, in order
    _afar: set[str] = field(default_factory=set)  # started, and not done by this execution
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _heard: deque[str] = field(default_factory=deque)  # recorded as heard, their events not given
    _times: int = 0

    async def start(self, kind: str, plan: Plan, task: str, arguments: dict[str, Any]) -> None:
        """Start the child, or find the one that was started before."""
        run, store = self.place.run, self.place.world.store
        if plan is not self._plan:
            self._plan, self._parts = plan, Parts(plan)
            self._key = store.keep(json.dumps(encode(plan)).encode())
        assert self._parts is not None
        if self.place.bay.parked.is_set():
            await self.place.bay.rest(OutsideFailure("the run rests"))
        if self._before is None:
            self._before = await _outside(self._look_back())
        await self.place.world.repo.share(run, *commits_in(arguments))
        ident = child_id(self.place.start, run, kind, task, [self._parts.key(task), arguments])
        known = self._before.get(ident)
        if ident in self._results:
            self._ended[ident] = None
            self._news.set()
        elif known is not None:
            if known not in OPEN and self.revive is not None:
                contextvars.Context().run(self.revive, ident)
            self._afar.add(ident)
        else:
            given = {"run": run, "plan": self._key, "task": task, **arguments}
            handle = await _outside(self._begin(ident, self.bodies[kind], given))
            self._follow(ident, handle)

    async def first(self) -> TaskEvent:
        """The event of the child that ended first, as recorded."""
        if not self._heard:
            self._heard.extend(await self._hear())
        ident = self._heard.popleft()
        result = await self._result(ident)
        self._ended.pop(ident, None)
        await self.place.world.repo.obtain(self.place.run, *commits_in(result))
        kinds: Any = Built | Wants | Passed | Deferred | Failed
        event: TaskEvent = decode(kinds, result)
        return event

    async def _hear(self) -> list[str]:
        """All that have ended and were not heard yet, at least one; recorded."""

        async def listen() -> list[str]:
            self.place.moved(self.part)  # what it waits for may kill the process, it does not
            try:
                while not self._ended:
                    await self._more()
            except Exception as e:  # noqa: BLE001 - raised on, it would be recorded for ever
                await self.place.bay.rest(e)
            return list(self._ended)

        self._times += 1
        heard: list[str] = await DBOS.run_step_async({"name": f"heard:{self._times}"}, listen)
        return heard

    async def _result(self, ident: str) -> Any:
        """What it gave; it is waited for where it was heard, and then its end was lost."""
        while ident not in self._results:
            await self._more()
        return self._results.pop(ident)

    async def _more(self) -> None:
        """Wait until something may have ended."""
        self._news.clear()
        if self._afar:
            await _outside(self._look())
            if self._news.is_set():
                return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), self.poll if self._afar else None)

    async def _begin(self, ident: str, body: Body, given: dict[str, Any]) -> Handle[Any]:
        with SetWorkflowID(ident):
            if self.queue is None:
                return await DBOS.start_workflow_async(body, given)
            return await DBOS.enqueue_workflow_async(self.queue, body, given)

    def _follow(self, ident: str, handle: Handle[Any]) -> None:
        """Hear of its end from the process itself where that does it, without asking for it."""
        task: asyncio.Future[Any] | None = getattr(handle, "task", None)
        if task is None:
            self._afar.add(ident)
        else:
            task.add_done_callback(partial(self._done, ident))

    def _done(self, ident: str, task: "asyncio.Future[Any]") -> None:
        if task.cancelled() or task.exception() is not None:
            self._afar.add(ident)  # it was taken from this execution: its end is elsewhere
        else:
            self._results[ident] = task.result()
            self._ended[ident] = None
        self._news.set()

    async def _look_back(self) -> dict[str, str]:
        """How the run's children stand that were begun before, and what those gave that ended."""
        prefix = f"{self.place.run}:"
        found = await DBOS.list_workflows_async(workflow_id_prefix=prefix, load_input=False)
        self._results.update({w.workflow_id: w.output for w in found if w.status == "SUCCESS"})
        return {w.workflow_id: w.status for w in found}

    async def _look(self) -> None:
        """Look for those that have ended of what is not done by this execution."""
        ids = sorted(self._afar)
        found = await DBOS.list_workflows_async(workflow_ids=ids, load_input=False)
        over = [w for w in found if w.status not in OPEN]
        for workflow in sorted(over, key=lambda w: (w.completed_at or 0, w.workflow_id)):
            if workflow.status != "SUCCESS":
                await self._put_back(workflow.workflow_id, workflow.status)
                continue
            self._afar.discard(workflow.workflow_id)
            self._results[workflow.workflow_id] = workflow.output
            self._ended[workflow.workflow_id] = None
            self._news.set()

    async def _put_back(self, ident: str, status: str) -> None:
        """One was cancelled: with its run, which then rests; or late, by a rest that is over."""
        store, run = self.place.world.store, self.place.run
        resting = any(store.received(run, word) is not None for word in ("cancel", "rest"))
        if resting or self.place.bay.parked.is_set():
            await self.place.bay.rest(OutsideFailure("the run rests"))
        if status != "CANCELLED" or self.revive is None:
            raise dbos_error.DBOSAwaitedWorkflowCancelledError(ident)
        contextvars.Context().run(self.revive, ident)


def child_id(start: Start, run: str, kind: str, task: str, given: Any) -> str:
    """The id of a child workflow: its run, kind and task, and a hash of all that it depends on.

    `given` is what it is given, as JSON: what of the plan concerns it, and its arguments.
    """
    asked_anew = [start.redo.get(k, "") for k in (f"task:{task}", f"activity:{kind}")]
    told = [VERSION, start.test_command, start.rounds, *asked_anew]
    depends = json.dumps([given, told], sort_keys=True)
    return f"{run}:{kind}:{task}:{hashlib.sha256(depends.encode()).hexdigest()[:16]}"


def commits_in(values: Mapping[str, Any]) -> list[str]:
    """The commits that a child is given, or that its event carries."""
    found = [values.get("base", ""), values.get("commit", ""), *values.get("providers", ())]
    return [commit for commit in found if commit]


async def _outside(work: Coroutine[Any, Any, T]) -> T:
    """Do it outside of the workflow's context: then it is no step of it, and costs no record."""
    return await asyncio.get_running_loop().create_task(work, context=contextvars.Context())
