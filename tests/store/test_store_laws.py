"""Both stores obey the same laws."""

import pytest

from partita.adapters.store import SqliteStore
from partita.testing.clock import FakeClock
from partita.testing.memory_store import MemoryStore
from partita.testing.store_laws import StoreLaws


class TestSqliteStore(StoreLaws):
    @pytest.fixture
    def restart(self, tmp_path):
        opened = []

        def again():
            if opened:
                opened.pop().close()
            opened.append(SqliteStore(tmp_path / ".partita", FakeClock()))
            return opened[-1]

        yield again
        for store in opened:
            store.close()


class TestMemoryStore(StoreLaws):
    @pytest.fixture
    def restart(self):
        opened = [MemoryStore()]

        def again():
            opened.append(opened.pop().reopen())
            return opened[-1]

        return again
