"""What is done on the loop itself, and what is left to threads."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from dbos import error as dbos_error

from partita.engine.here import Here


def run(work, *args):
    """Where a loop that has the executor does the work, and what comes of it."""

    async def away():
        asyncio.get_running_loop().set_default_executor(Here(threads))
        return await asyncio.to_thread(work, *args)

    with ThreadPoolExecutor(1) as threads:
        return asyncio.run(away())


def test_what_is_not_the_engines_goes_to_a_thread():
    """A look at a large tree must not keep the calls waiting."""
    assert run(threading.get_ident) != threading.get_ident()
    assert run(time.sleep, 0) is None


def test_what_is_the_engines_is_done_at_once(monkeypatch):
    def where():
        return threading.get_ident()

    monkeypatch.setattr(where, "__module__", "dbos._sys_db", raising=False)
    assert run(where) == threading.get_ident()


def test_what_it_raises_is_raised_where_it_is_awaited():
    def fails():
        raise dbos_error.DBOSException("no")

    fails.__module__ = "dbos._core"
    with pytest.raises(dbos_error.DBOSException, match="no"):
        run(fails)
