"""The journal on DBOS, and the bay in which a run rests when it can't go on now."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from dbos import DBOS
from dbos import error as dbos_error

from partita.errors import NotAccepted


@dataclass(slots=True)
class Bay:
    """Where a run rests: the first trouble that stopped it, and all that waits for it to go on.

    A step that raises would be recorded as failed for ever. So an effect that can't be done now
    parks its workflow instead: nothing is recorded, and a later process does it again.
    """

    trouble: BaseException | None = None
    parked: threading.Event = field(default_factory=threading.Event)
    _gone: bool = False
    _waiting: list["asyncio.Future[None]"] = field(default_factory=list)
    _effects: set["asyncio.Task[Any]"] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop | None = None

    def stop(self, trouble: BaseException) -> None:
        """Note the trouble, if it is the first: no effect begins any more; from any thread."""
        if self.trouble is None:
            self.trouble = trouble
        self.parked.set()

    async def rest(self, trouble: BaseException) -> NoReturn:
        """Note the trouble and stay: until this execution is let go, or the process ends."""
        self.stop(trouble)
        self._loop = asyncio.get_running_loop()
        if not self._gone:
            waiter = self._loop.create_future()
            self._waiting.append(waiter)
            await waiter
        raise dbos_error.DBOSWorkflowCancelledError("the run rests")

    async def during(self, effect: Callable[[], Awaitable[Any]]) -> Any:
        """The effect's result; while it is done, `drop` can cut it short."""
        self._loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(effect())
        self._effects.add(task)
        try:
            return await task
        finally:
            self._effects.discard(task)

    def drop(self) -> None:
        """Cut short what is being done; from any thread, after `stop`."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._cut)

    @property
    def busy(self) -> bool:
        """Whether an effect is being done."""
        return bool(self._effects)

    def let_go(self) -> None:
        """End the executions that rest here; their workflows must have been cancelled before."""
        self._gone = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._release)

    def _release(self) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    def _cut(self) -> None:
        for task in list(self._effects):
            task.cancel()


@dataclass(frozen=True, slots=True)
class DbosJournal:
    """Effects as uniquely named DBOS steps of the workflow that runs them.

    `moved` is told the workflow that has just done a step, not when one is read from the record.
    """

    bay: Bay
    moved: Callable[[str], None] = lambda _workflow: None

    async def once(self, name: str, effect: Callable[[], Awaitable[Any]]) -> Any:
        """The recorded result, or the effect's, recorded when it is there."""
        fresh = False

        async def guarded() -> Any:
            nonlocal fresh
            fresh = True
            if self.bay.parked.is_set():
                await self.bay.rest(RuntimeError("the run is already at rest"))
            try:
                got = {"ok": await self.bay.during(effect)}
            except NotAccepted as e:
                got = {"refused": e.message, "remedy": e.remedy}
            except asyncio.CancelledError as e:
                me = asyncio.current_task()
                if not self.bay.parked.is_set() or (me is not None and me.cancelling()):
                    raise  # not cut short by us: the process ends
                await self.bay.rest(e)
            except Exception as e:  # noqa: BLE001 - whatever it is, nothing may be recorded
                await self.bay.rest(e)
            return got

        done = await DBOS.run_step_async({"name": name}, guarded)
        if fresh:
            self.moved(str(DBOS.workflow_id))
        if "refused" in done:
            raise NotAccepted(done["refused"], remedy=done["remedy"])
        return done["ok"]
