"""Whatever is done to them, the store in memory and the real ones tell the same story."""

import tempfile
from dataclasses import replace
from pathlib import Path

import psycopg
from hypothesis import given, settings
from hypothesis import strategies as st

from partita.adapters.store import PostgresStore, SqliteStore
from partita.core.budget import Caps, Usage
from partita.errors import BudgetSpent
from partita.testing.clock import FakeClock
from partita.testing.ledger_laws import assert_balanced
from partita.testing.memory_store import MemoryStore

USAGE = Usage(input=1, output=1)
RUNS = st.sampled_from(["r1", "r2", "r3"])
NAMES = st.sampled_from(["a", "b"])
AMOUNTS = st.integers(0, 60)
NUMBERS = st.integers(1, 8)
DEEDS = st.one_of(
    st.tuples(st.just("restart")),
    st.tuples(st.just("wait")),
    st.tuples(st.just("append"), RUNS, NAMES, AMOUNTS),
    st.tuples(st.just("hold"), RUNS, NAMES, AMOUNTS),
    st.tuples(st.just("settle"), NUMBERS, st.sampled_from(["settled", "released", "unconfirmed"])),
    st.tuples(st.just("put"), NAMES, RUNS, NAMES, AMOUNTS),
    st.tuples(st.just("settled"), NAMES, RUNS, NAMES, NUMBERS),
    st.tuples(st.just("get"), NAMES, RUNS, st.booleans()),
    st.tuples(st.just("used"), RUNS, NAMES, NAMES),
    st.tuples(st.just("spoil"), RUNS, NAMES),
    st.tuples(st.just("abandon"), RUNS),
    st.tuples(st.just("send"), RUNS, NAMES, AMOUNTS),
    st.tuples(st.just("clear"), RUNS, NAMES),
    st.tuples(st.just("attempt"), RUNS, NAMES),
    st.tuples(st.just("progressed"), RUNS, NAMES),
    st.tuples(st.just("put_document"), RUNS, NAMES, NAMES),
)


def outcome(store, deed, ids):
    """What the deed gives, or the kind of error that it raises.

    `ids` are those of the lines held so far: PostgreSQL leaves gaps where a hold was refused.
    """
    try:
        match deed:
            case ("append", run, key, n):
                return store.append(run, key, "Told", {"n": n})
            case ("hold", run, name, amount):
                found = store.hold(
                    run,
                    name,
                    model="m",
                    role="coder",
                    task=name,
                    activity="",
                    amount=amount,
                    caps=Caps(run=100, roles={"coder": 90}, task=70, day=150, project=200),
                )
                ids.append(found.entry)
                return found.nearly
            case ("settle", entry, state):
                return store.settle(numbered(ids, entry), state=state, cost=5, usage=USAGE)
            case ("put", key, run, name, n):
                return store.put(key, run, name, {"of": run}, {"n": n})
            case ("settled", key, run, name, entry):
                line = numbered(ids, entry)
                return store.settled(key, run, name, {}, {}, entry=line, cost=entry, usage=USAGE)
            case ("get", key, run, others):
                return store.get(key, run=run, others=others)
            case ("send", run, name, n):
                return store.send(run, name, {"n": n})
            case (method, *args):
                return getattr(store, method)(*args)
    except (KeyError, BudgetSpent) as e:
        return type(e)


def numbered(ids, n):
    """The id of the n-th line, or one that nobody has."""
    return ids[n - 1] if n <= len(ids) else 1000


def story(store, ids):
    return [
        (
            [(e.type, e.data) for e in store.events(run)],
            [replace(e, id=ids.index(e.id)) for e in store.entries(run)],
            store.budget(run, 100),
            [store.document(run, name) for name in store.documents(run)],
            list(store.transcript(run)),
            [store.received(run, name) for name in "ab"],
        )
        for run in ("r1", "r2", "r3")
    ]


def check_same(deeds, opening):
    """`opening` gives the store anew over what was written so far."""
    clock = FakeClock()
    memory, real = MemoryStore(clock), opening(clock)
    remembered, written = [], []
    try:
        for deed in deeds:
            if deed == ("restart",):
                real.close()
                memory, real = memory.reopen(), opening(clock)
            elif deed == ("wait",):
                clock.advance(50_000)  # now and then, a day ends
            else:
                expected = outcome(memory, deed, remembered)
                assert outcome(real, deed, written) == expected, deed
        assert story(memory, remembered) == story(real, written)
        assert_balanced(memory, "")
        assert_balanced(real, "")
    finally:
        real.close()


@settings(max_examples=40, deadline=None)
@given(st.lists(DEEDS, max_size=25))
def test_memory_and_disk_tell_the_same_story(deeds):
    with tempfile.TemporaryDirectory() as folder:
        check_same(deeds, lambda clock: SqliteStore(Path(folder), clock))


def test_memory_and_a_shared_database_tell_the_same_story(schema_url):
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"

    def opening(clock):
        return PostgresStore(schema_url, clock, project="")

    opening(FakeClock()).close()
    with psycopg.connect(schema_url, autocommit=True) as db:
        names = [name for (name,) in db.execute(tables) if name != "partita_schema"]

        @settings(max_examples=15, deadline=None)
        @given(st.lists(DEEDS, max_size=25))
        def check(deeds):
            db.execute(f"TRUNCATE {', '.join(names)} RESTART IDENTITY")
            check_same(deeds, opening)

        check()
