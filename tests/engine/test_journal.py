"""The journal on DBOS: done is done, across processes; what can't be done now is left undone."""

import asyncio
import threading
import time
from dataclasses import dataclass, field

import pytest
from dbos import DBOS, SetWorkflowID

from partita.engine.database import engine_for
from partita.engine.host import POLL, Plain
from partita.engine.journal import Bay, DbosJournal
from partita.errors import NotAccepted, Unreachable


@dataclass
class Life:
    """What one process after another makes of the same workflow, on one database."""

    file: object
    done: list = field(default_factory=list)

    def effect(self, name, result=None, *, fails=None):
        """An effect that notes that it was done, or that it failed."""

        async def work():
            if fails is not None:
                raise fails
            self.done.append(name)
            return result

        return work

    def live(self, body):
        """A process that runs `body(journal)` until it ends or rests: its bay and its result."""
        bay = Bay()
        ended = threading.Event()
        DBOS(
            config={
                "name": "partita",
                "system_database_url": f"sqlite:///{self.file}",
                "system_database_engine": engine_for(self.file),
                "executor_id": "one",
                "application_version": "test",
                "log_level": "CRITICAL",
                "serializer": Plain(),
            }
        )

        @DBOS.workflow(name="whole")
        async def whole():
            result = await body(DbosJournal(bay))
            ended.set()
            return result

        DBOS.launch()
        try:
            if DBOS.get_workflow_status("w") is None:
                with SetWorkflowID("w"):
                    DBOS.start_workflow(whole)
            end = time.monotonic() + 20
            while not ended.wait(POLL) and bay.trouble is None:
                assert time.monotonic() < end, "it neither ended nor came to rest"
            if bay.trouble is not None:
                return bay, None
            return bay, DBOS.retrieve_workflow("w").get_result(polling_interval_sec=POLL)
        finally:
            DBOS.destroy(destroy_registry=True)


@pytest.fixture
def life(tmp_path):
    return Life(tmp_path / "partita.db")


def test_what_is_done_is_not_done_again_and_what_rested_is(life):
    trouble = Unreachable("no network")

    def day(second):
        async def body(journal):
            first = await journal.once("first", life.effect("first", {"n": 1}))
            return [first, await journal.once("second", second)]

        return body

    bay, _ = life.live(day(life.effect("second", fails=trouble)))
    assert bay.trouble is trouble
    assert life.done == ["first"]
    bay, result = life.live(day(life.effect("second", "two")))
    assert (bay.trouble, result) == (None, [{"n": 1}, "two"])
    assert life.done == ["first", "second"]


def test_a_refusal_is_recorded_like_a_result(life):
    async def refused(journal):
        try:
            await journal.once("gate", life.effect("gate", fails=NotAccepted("no", remedy="so")))
        except NotAccepted as e:
            return [e.message, e.remedy, await journal.once("rest", rest)]

    rest = life.effect("", fails=Unreachable("gone"))
    life.live(refused)
    rest = life.effect("rest", "after")

    async def changed(journal):
        with pytest.raises(NotAccepted) as refusal:
            await journal.once("gate", life.effect("gate"))
        return [refusal.value.message, refusal.value.remedy, await journal.once("rest", rest)]

    assert life.live(changed)[1] == ["no", "so", "after"]
    assert life.done == ["rest"]


def test_nothing_new_is_begun_once_the_run_rests(life):
    async def body(journal):
        journal.bay.parked.set()
        await journal.once("late", life.effect("late"))

    bay, _ = life.live(body)
    assert life.done == []
    assert "at rest" in str(bay.trouble)


def test_the_first_trouble_is_the_one_that_is_told():
    async def go():
        bay = Bay()
        first, second = Unreachable("first"), Unreachable("second")
        resting = [asyncio.create_task(bay.rest(e)) for e in (first, second)]
        await asyncio.sleep(0)
        assert bay.trouble is first
        assert bay.parked.is_set()
        assert not any(task.done() for task in resting)
        for task in resting:
            task.cancel()
        await asyncio.gather(*resting, return_exceptions=True)

    asyncio.run(go())
