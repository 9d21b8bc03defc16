"""Whatever is done to them, the store in memory and the one on the disk tell the same story."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from partita.adapters.store import SqliteStore
from partita.core.budget import Usage
from partita.errors import BudgetSpent
from partita.testing.clock import FakeClock
from partita.testing.memory_store import MemoryStore

USAGE = Usage(input=1, output=1)
RUNS = st.sampled_from(["r1", "r2", "r3"])
NAMES = st.sampled_from(["a", "b"])
AMOUNTS = st.integers(0, 60)
NUMBERS = st.integers(1, 8)
DEEDS = st.one_of(
    st.tuples(st.just("restart")),
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
)


def outcome(store, deed):
    """What the deed gives, or the kind of error that it raises."""
    try:
        match deed:
            case ("append", run, key, n):
                return store.append(run, key, "Told", {"n": n})
            case ("hold", run, name, amount):
                return store.hold(
                    run,
                    name,
                    model="m",
                    role="coder",
                    task=None,
                    activity="",
                    amount=amount,
                    cap=100,
                )
            case ("settle", entry, state):
                return store.settle(entry, state=state, cost=5, usage=USAGE)
            case ("put", key, run, name, n):
                return store.put(key, run, name, {"of": run}, {"n": n})
            case ("settled", key, run, name, entry):
                return store.settled(key, run, name, {}, {}, entry=entry, cost=entry, usage=USAGE)
            case ("get", key, run, others):
                return store.get(key, run=run, others=others)
            case ("send", run, name, n):
                return store.send(run, name, {"n": n})
            case (method, *args):
                return getattr(store, method)(*args)
    except (KeyError, BudgetSpent) as e:
        return type(e)


def story(store):
    return [
        (
            [(e.type, e.data) for e in store.events(run)],
            list(store.entries(run)),
            store.budget(run, 100),
            list(store.transcript(run)),
            [store.received(run, name) for name in "ab"],
        )
        for run in ("r1", "r2", "r3")
    ]


@settings(max_examples=40, deadline=None)
@given(st.lists(DEEDS, max_size=25))
def test_both_stores_tell_the_same_story(deeds):
    with tempfile.TemporaryDirectory() as folder:
        clock = FakeClock()
        memory, disk = MemoryStore(clock), SqliteStore(Path(folder), clock)
        try:
            for deed in deeds:
                if deed == ("restart",):
                    disk.close()
                    memory, disk = memory.reopen(), SqliteStore(Path(folder), clock)
                else:
                    assert outcome(memory, deed) == outcome(disk, deed), deed
            assert story(memory) == story(disk)
        finally:
            disk.close()
