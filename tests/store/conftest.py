"""What the stores' tests share: a place for PostgreSQL's tables that is quicker than a database."""

import itertools

import psycopg
import pytest

from partita.adapters.store import PostgresStore
from partita.testing.clock import FakeClock

NUMBERS = itertools.count(1)


@pytest.fixture
def schema_url(postgres):
    """An empty schema for this test alone, which is all that a store of its own needs."""
    url, name = postgres.url("stores"), f"test_{next(NUMBERS)}"
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(f"CREATE SCHEMA {name}")
    return f"{url}?options=-csearch_path%3D{name}"


@pytest.fixture
def opened(schema_url):
    """Opens stores on one database; closed at the end."""
    stores = []

    def opening(options="", **kwargs):
        more = "".join(f"%20-c{option}" for option in options.split())
        url = schema_url + more.replace("=", "%3D")
        stores.append(PostgresStore(url, FakeClock(), project="p", **kwargs))
        return stores[-1]

    yield opening
    for store in stores:
        store.close()
