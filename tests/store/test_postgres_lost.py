"""The PostgreSQL store when the database can't be reached, falls, hangs, or refuses."""

import socket
import threading

import psycopg
import pytest

from partita.adapters.store import PostgresStore
from partita.errors import (
    BadInput,
    BadSettings,
    DatabaseLost,
    OutsideFailure,
    RefusedCredentials,
)
from partita.testing.clock import FakeClock
from partita.testing.ledger_laws import held
from partita.testing.postgres import PostgresCluster


@pytest.fixture
def store(opened):
    return opened()


@pytest.fixture
def admin(schema_url):
    with psycopg.connect(schema_url, autocommit=True) as db:
        yield db


def session(store):
    [pid] = store._db.read(int, "SELECT pg_backend_pid()")
    return pid


def test_a_connection_that_broke_while_idle_is_made_anew(store, admin):
    store.append("r", "k1", "Told", {})
    for use in (
        lambda: store.append("r", "k2", "Told", {}),
        lambda: store.events("r"),
        lambda: held(store, 5),
    ):
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", (session(store),))
        use()
    assert len(store.events("r")) == 2
    assert [e.held for e in store.entries("r")] == [5]


def test_a_connection_that_breaks_in_a_transaction_takes_it_back_and_the_next_use_goes_on(
    store, admin
):
    def broken():
        with store.together():
            held(store, 5)
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", (session(store),))
            with pytest.raises(DatabaseLost):
                store.append("r", "k", "Told", {})
            store.send("r", "cancel", {})

    with pytest.raises(OutsideFailure):
        broken()
    assert store.received("r", "cancel") is None
    assert list(store.entries("r")) == []
    assert store.events("r") == []
    held(store, 5)
    store.append("r", "k", "Told", {})
    assert len(store.events("r")) == 1


@pytest.fixture(scope="module")
def frail(postgres):
    """A cluster that tests may bring down."""
    with PostgresCluster() as cluster:
        yield cluster


def test_a_database_that_falls_is_lost_and_found_again_when_it_is_back(frail):
    with PostgresStore(frail.url("x"), FakeClock(), project="p") as store:
        store.append("r", "k", "Told", {})
        frail.stop()
        for use in (lambda: store.append("r", "k2", "Told", {}), lambda: store.events("r")):
            with pytest.raises(DatabaseLost) as caught:
                use()
            assert f"127.0.0.1:{frail.port}/x" in caught.value.message
        frail.start()
        store.append("r", "k2", "Told", {})
        assert len(store.events("r")) == 2


def test_a_statement_that_takes_too_long_is_given_up(opened):
    first, second = opened(), opened("statement_timeout=50")
    with first.together():
        first.append("r", "k", "Told", {})
        with pytest.raises(DatabaseLost, match="in time"):
            second.append("r", "k2", "Told", {})
    second.append("r", "k2", "Told", {})
    assert len(first.events("r")) == 2


def test_who_stops_in_a_transaction_does_not_block_the_others(opened):
    """A worker that was stopped (SIGSTOP) keeps its connection, but not its locks."""
    first, second = opened("idle_in_transaction_session_timeout=100"), opened()

    def stops():
        with first.together():
            held(first, 5)
            held(second, 6)

    with pytest.raises(OutsideFailure):
        stops()
    assert [e.held for e in second.entries("r")] == [6]
    held(first, 7)


def test_neither_side_waits_for_ever(store):
    limits = {
        "statement_timeout": "10s",
        "idle_in_transaction_session_timeout": "5s",
        "tcp_keepalives_idle": "3",
    }
    assert {name: store._db.read(str, f"SHOW {name}")[0] for name in limits} == limits
    client = store._db._connection.info.get_parameters()
    assert (client["connect_timeout"], client["tcp_user_timeout"]) == ("5", "5000")


@pytest.mark.parametrize(
    ("url", "kind", "remedy"),
    [
        ("postgresql://me:hunter2@127.0.0.1:1/x", DatabaseLost, "partita resume"),
        ("postgresql://me:hunter2@127.0.0.1:port/x", BadSettings, "%40"),
        ("postgresql://me:hunter2/x@[::1/y", BadSettings, "%40"),
        ("postgresql://me:12/hunter2@host/y", BadSettings, "%40"),
        ("postgresql://me:half@hunter2@host/y", BadSettings, "%40"),
        ("postgresql://me:hun%ter2@h/x", BadSettings, "%40"),
    ],
)
def test_an_address_without_an_answer_is_a_sentence_without_the_password(url, kind, remedy):
    with pytest.raises(kind) as caught:
        PostgresStore(url, FakeClock(), project="p")
    shown = f"{caught.value.message} {caught.value.remedy}"
    assert "hunter2" not in shown
    assert "hun%ter2" not in shown
    assert remedy in caught.value.remedy


def test_a_missing_database_or_a_wrong_password_says_what_to_do(postgres):
    url = postgres.url()
    with pytest.raises(BadInput) as caught:
        PostgresStore(url.removesuffix("postgres") + "nowhere", FakeClock(), project="p")
    assert "createdb nowhere" in caught.value.remedy
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("DROP ROLE IF EXISTS guest")
        db.execute("CREATE ROLE guest LOGIN")
    guest = url.replace("postgres@", "guest@")
    with pytest.raises(OutsideFailure) as refused:
        PostgresStore(guest, FakeClock(), project="p")
    assert "OWNER" in refused.value.remedy


def test_a_wrong_password_is_told_without_it(frail):
    with psycopg.connect(frail.url(), autocommit=True) as db:
        db.execute("CREATE ROLE guest LOGIN PASSWORD 'right'")
        rules = frail._folder / "data" / "pg_hba.conf"
        rules.write_text(f"host all guest all scram-sha-256\n{rules.read_text()}")
        db.execute("SELECT pg_reload_conf()")
        url = f"postgresql://guest:hunter2@127.0.0.1:{frail.port}/postgres"
        while True:
            with pytest.raises((OutsideFailure, BadInput)) as caught:
                PostgresStore(url, FakeClock(), project="p")
            if isinstance(caught.value, RefusedCredentials):  # the new rules are in force
                break
    assert "hunter2" not in caught.value.message
    assert "PGPASSWORD" in caught.value.remedy


def test_what_the_driver_says_first_is_told_and_not_what_it_guesses_behind_it():
    def refuse(server):
        for _ in range(2):
            server.accept()[0].close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=refuse, args=(server,), daemon=True).start()
        url = f"postgresql://u@127.0.0.1:{server.getsockname()[1]}/x?sslmode=disable"
        with pytest.raises(DatabaseLost, match="server closed the connection unexpectedly") as lost:
            PostgresStore(url, FakeClock(), project="p")
    assert "while processing" not in lost.value.message
    assert "\n" not in lost.value.message
