"""The PostgreSQL store: many writers, lost connections, damage, and what never shows."""

import hashlib
import subprocess
import sys
import threading

import pytest

from partita.adapters.store import migrations as steps
from partita.adapters.store.postgres_database import PostgresDatabase
from partita.core.budget import Caps
from partita.errors import (
    BadInput,
    BudgetSpent,
    OutsideFailure,
)
from partita.testing.ledger_laws import assert_balanced, held

SETUP = """
import sys
from partita.adapters.clock import SystemClock
from partita.adapters.store import PostgresStore
from partita.core.budget import Caps
from partita.errors import BudgetSpent
url, who = sys.argv[1:]
sys.stdin.readline()
store = PostgresStore(url, SystemClock(), project="p")
"""
APPENDER = (
    SETUP
    + """
for n in range(40):
    with store.together():
        store.append("r", f"{who}{n}", "Told", {"n": n})
        store.append("r", f"both{n}", "Told", {"who": who})
"""
)
HOLDER = (
    SETUP
    + """
won = 0
for n in range(12):
    try:
        with store.together():
            store.hold("r", "q", model="m", role="coder", task=who, activity="build", amount=7,
                       caps=Caps(run=300, task=70))
            store.append("r", f"{who}{n}", "call.started", {})
    except BudgetSpent:
        continue
    won += 1
print(won)
"""
)


@pytest.fixture
def store(opened):
    return opened()


def started(script, url, names):
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", script, url, who],
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for who in names
    ]
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    return workers


def finished(workers):
    said = [worker.communicate()[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * len(workers)
    return said


# Several at once


def test_a_reader_never_sees_an_event_before_an_earlier_one_of_the_run(schema_url, opened):
    """Four processes make the tables and write in the same moment, two lines at a time."""
    workers = started(APPENDER, schema_url, "abcd")
    store, seen = opened(), []
    while any(worker.poll() is None for worker in workers):
        seen += store.events("r", after=seen[-1].seq if seen else 0)
    finished(workers)
    seen += store.events("r", after=seen[-1].seq if seen else 0)
    assert seen == store.events("r")
    assert len(seen) == 4 * 40 + 40


def test_an_event_waits_for_those_before_it_in_its_run_and_for_no_others(opened):
    """Else whoever tails the log by number would miss the one that is committed late."""
    first, second = opened(), opened()
    late = threading.Thread(target=lambda: second.append("r", "late", "Told", {}))
    with first.together():
        first.append("r", "early", "Told", {})
        late.start()
        opened().append("other", "k", "Told", {})
        late.join(0.3)
        assert late.is_alive()
        assert opened().events("r") == []
    late.join()
    events = first.events("r")
    assert [e.seq for e in events] == sorted(e.seq for e in events)
    assert len(events) == 2


def test_eight_processes_never_pass_a_small_cap(schema_url, opened):
    won = finished(started(HOLDER, schema_url, "abcdefgh"))
    assert sum(map(int, won)) == 42
    store = opened()
    assert store.budget("r", 300).held == 294
    assert len(store.events("r")) == 42
    assert_balanced(store, "p")


def test_transactions_that_wait_for_each_other_are_done_anew(opened):
    stores = [opened("deadlock_timeout=20ms"), opened("deadlock_timeout=20ms")]
    together = threading.Barrier(2)
    for key in "ab":
        stores[0].put_document("r", key, "")

    def change(store, first, second):
        tries = []

        def work(tx):
            tries.append(1)
            tx.execute("UPDATE partita_documents SET text = text || ? WHERE name = ?", ("x", first))
            if len(tries) == 1:
                together.wait()
            tx.execute("UPDATE partita_documents SET text = text || 'x' WHERE name = ?", (second,))
            return len(tries)

        tried.append(store._db.transact(work))

    tried = []
    threads = [
        threading.Thread(target=change, args=(stores[n], *names))
        for n, names in enumerate(("ab", "ba"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 2 in tried
    found = stores[0]._db.read(str, "SELECT text FROM partita_documents")
    assert found == ['""xx'] * 2


def test_money_and_events_of_parallel_calls_do_not_stand_in_each_others_way(opened):
    """A call's start and end, as the engine writes them, from two workers and four threads."""
    stores = [opened("deadlock_timeout=20ms") for _ in range(2)]
    failed = []

    def calls(who):
        store = stores[who % 2]
        try:
            for n in range(10):
                with store.together():
                    entry = held(store, 5, task=f"t{who}", caps=Caps(run=10_000))
                    store.append("r", f"start{who}-{n}", "call.started", {})
                with store.together():
                    usage = {"entry": entry, "cost": 3, "usage": None}
                    store.settled(f"h{who}-{n}", "r", f"q{who}-{n}", {}, {}, **usage)
                    store.append("r", f"end{who}-{n}", "call.finished", {})
        except OutsideFailure as e:
            failed.append(e)

    threads = [threading.Thread(target=calls, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert stores[0].budget("r", None).spent == 120
    assert_balanced(stores[0], "p")


# Contents


def test_a_reader_can_not_write_and_makes_the_tables_where_there_are_none(opened):
    reader = opened(readonly=True)
    assert list(reader.all()) == []
    with pytest.raises(OutsideFailure, match="reading only"):
        reader.append("r", "k", "Told", {})
    opened().append("r", "k", "Told", {})
    assert len(reader.events("r")) == 1


def test_a_database_of_a_newer_partita_is_refused_with_the_remedy(opened, store):
    with store._db.write() as tx:
        tx.execute("INSERT INTO partita_schema VALUES (1000)")
    for how in ({}, {"readonly": True}):
        with pytest.raises(BadInput) as caught:
            opened(**how)
        assert "upgrade" in caught.value.remedy


def test_a_step_that_fails_is_taken_back_whole_and_a_later_one_taken_once(opened, monkeypatch):
    opened()
    with monkeypatch.context() as patch:
        broken = ("CREATE TABLE partita_more (x BIGINT)", "NONSENSE")
        patch.setattr(steps, "STEPS", (*steps.STEPS, broken))
        with pytest.raises(OutsideFailure):
            opened()
    more = ("CREATE TABLE partita_more (x BIGINT)", "INSERT INTO partita_more VALUES (1)")
    monkeypatch.setattr(steps, "STEPS", (*steps.STEPS, more))
    for _ in range(2):
        assert opened()._db.read(int, "SELECT x FROM partita_more") == [1]


def test_a_table_that_was_tampered_with_is_a_sentence(store):
    store.append("r", "k", "Told", {})
    with store._db.write() as tx:
        tx.execute("UPDATE partita_events SET data = '{'")
    with pytest.raises(OutsideFailure, match="damaged"):
        store.events("r")
    with store._db.write() as tx:
        tx.execute("DROP TABLE partita_events")
    with pytest.raises(OutsideFailure, match="damaged"):
        store.events("r")


def test_a_blob_that_was_changed_is_not_there_and_is_mended_by_keeping_it(store):
    key = store.keep(b"data")
    with store._db.write() as tx:
        tx.execute("UPDATE partita_blobs SET data = ?", (b"evil",))
    with pytest.raises(KeyError):
        store.load(key)
    store.keep(b"data")
    assert store.load(key) == b"data"


def test_a_blob_that_is_kept_again_is_young_again(store):
    """Whoever removes old ones that no row names must not take one that is about to be named."""
    key = store.keep(b"data")
    with store._db.write() as tx:
        tx.execute("UPDATE partita_blobs SET at = at - interval '2 hours'")
    assert store.keep(b"data") == key
    old = "SELECT count(*) FROM partita_blobs WHERE at < clock_timestamp() - interval '1 hour'"
    assert store._db.read(int, old) == [0]


def test_a_blob_has_bounds_and_goes_with_its_transaction(store):
    with pytest.raises(ValueError, match="limit"):
        store.keep(bytes(64 * 2**20 + 1))
    key = hashlib.sha256(b"data").hexdigest()

    def refused():
        with store.together():
            assert store.keep(b"data") == key
            held(store, 5, cap=1)

    with pytest.raises(BudgetSpent):
        refused()
    with pytest.raises(KeyError):
        store.load(key)


def test_an_answer_whose_blob_is_lost_is_asked_again_and_kept_anew(store):
    store.put("h", "r", "q", {"ask": 1}, {"text": "first"})
    with store._db.write() as tx:
        tx.execute("DELETE FROM partita_blobs")
    assert store.get("h", run="r") is None
    with pytest.raises(OutsideFailure, match="incomplete") as caught:
        store.transcript("r")
    assert "restore the database" in caught.value.remedy
    store.put("h", "r", "q", {"ask": 1}, {"text": "second"})
    assert store.get("h", run="other") == {"text": "second", "run": "r"}


def test_texts_that_the_database_can_not_hold_are_refused(store):
    with pytest.raises(ValueError, match="NUL"):
        store.append("r", "a\x00b", "Told", {})
    store.append("r", "k" * 10_000, "Told", {})
    store.append("r", "k" * 10_000, "Told", {})
    store.append("r", "k" * 10_001, "Told", {})
    assert len(store.events("r")) == 2


def test_events_are_found_by_the_index(schema_url, store):
    with store._db.write() as tx:
        tx.execute(
            "INSERT INTO partita_events (run, key, at, type, data)"
            " SELECT 'r' || n % 3, 'k' || n, 0, 'Told', '{}' FROM generate_series(1, 20000) AS n"
        )
    database = PostgresDatabase(schema_url)
    plan = database.read(
        str,
        "EXPLAIN SELECT seq, at, type, data FROM partita_events"
        " WHERE run = ? AND seq > ? ORDER BY seq",
        ("r1", 19_990),
    )
    database.close()
    assert "partita_events_by_run" in "".join(plan)


def test_the_driver_is_loaded_only_where_it_is_needed():
    script = (
        "import sys, partita.adapters.store, partita.adapters.fleet\n"
        "print('psycopg' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=True)
    assert done.stdout == b"False\n"
