"""The journal on DBOS, and the bay in which a run rests when it can't go on now."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from dbos import DBOS

from partita.errors import NotAccepted


@dataclass(slots=True)
class Bay:
    """Where a run rests: the first trouble that stopped it, and the threads that wait for it.

    A step that raises would be recorded as failed for ever. So an effect that can't be done now
    parks its workflow instead: nothing is recorded, and a later process does it again.
    """

    trouble: BaseException | None = None
    parked: threading.Event = field(default_factory=threading.Event)

    async def rest(self, trouble: BaseException) -> None:
        """Note the trouble and never return; the process ends or is about to."""
        if self.trouble is None:
            self.trouble = trouble
        self.parked.set()
        await asyncio.Event().wait()


@dataclass(frozen=True, slots=True)
class DbosJournal:
    """Effects as uniquely named DBOS steps of the workflow that runs them."""

    bay: Bay

    async def once(self, name: str, effect: Callable[[], Awaitable[Any]]) -> Any:
        """The recorded result, or the effect's, recorded when it is there."""

        async def guarded() -> Any:
            if self.bay.parked.is_set():
                await self.bay.rest(RuntimeError("the run is already at rest"))
            try:
                return {"ok": await effect()}
            except NotAccepted as e:
                return {"refused": e.message, "remedy": e.remedy}
            except Exception as e:
                await self.bay.rest(e)
                raise AssertionError from e

        got = await DBOS.run_step_async({"name": name}, guarded)
        if "refused" in got:
            raise NotAccepted(got["refused"], remedy=got["remedy"])
        return got["ok"]
