"""All stores obey the same laws."""

import pytest

from partita.adapters.store import PostgresStore, SqliteStore
from partita.testing.clock import FakeClock
from partita.testing.memory_store import MemoryStore
from partita.testing.store_laws import ProjectLaws, StoreLaws


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


class TestMemoryStore(StoreLaws, ProjectLaws):
    @pytest.fixture
    def restart(self):
        opened = [MemoryStore()]

        def again():
            opened.append(opened.pop().reopen())
            return opened[-1]

        return again

    @pytest.fixture
    def two(self):
        mine = MemoryStore(project="mine")
        return mine, mine.beside("theirs")


class TestPostgresStore(StoreLaws, ProjectLaws):
    project = "mine"

    @pytest.fixture
    def restart(self, schema_url):
        opened = []

        def again():
            if opened:
                opened.pop().close()
            opened.append(PostgresStore(schema_url, FakeClock(), project="mine"))
            return opened[-1]

        yield again
        for store in opened:
            store.close()

    @pytest.fixture
    def two(self, schema_url):
        with (
            PostgresStore(schema_url, FakeClock(), project="mine") as mine,
            PostgresStore(schema_url, FakeClock(), project="theirs") as theirs,
        ):
            yield mine, theirs
