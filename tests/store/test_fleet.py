"""Both fleets obey the same laws; and what only a real one can be asked: fencing, lost guards."""

import os
import signal
import subprocess
import sys
import threading

import psycopg
import pytest

from partita.adapters.fleet import PostgresFleet
from partita.adapters.store import PostgresStore
from partita.core.budget import Usage
from partita.errors import DatabaseLost, Fenced
from partita.testing.clock import FakeClock
from partita.testing.fleet_laws import FleetLaws, join
from partita.testing.ledger_laws import held
from partita.testing.memory_fleet import MemoryFleet

GUARD = """
import sys
from partita.adapters.fleet import PostgresFleet
fleet = PostgresFleet(sys.argv[1], "p", silent=300)
print(fleet.guard(), flush=True)
for line in sys.stdin:
    print(fleet.guard(), flush=True)
"""


def age(url, seconds):
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("UPDATE partita_workers SET beat = beat - make_interval(secs => %s)", (seconds,))


class TestMemoryFleet(FleetLaws):
    @pytest.fixture
    def clock(self):
        return FakeClock()

    @pytest.fixture
    def another(self, clock):
        return MemoryFleet(clock).beside

    @pytest.fixture
    def wait(self, clock):
        return clock.advance


class TestPostgresFleet(FleetLaws):
    @pytest.fixture
    def another(self, schema_url):
        opened = []

        def opening(project="mine"):
            opened.append(PostgresFleet(schema_url, project))
            return opened[-1]

        yield opening
        for fleet in opened:
            fleet.close()

    @pytest.fixture
    def wait(self, schema_url):
        return lambda seconds: age(schema_url, seconds)


@pytest.fixture
def fleet(schema_url):
    opened = PostgresFleet(schema_url, "p")
    yield opened
    opened.close()


@pytest.fixture
def worker(schema_url, fleet):
    """The store of worker `w`, who has joined."""
    join(fleet, "w")
    with PostgresStore(schema_url, FakeClock(), project="p", worker="w") as store:
        yield store


@pytest.fixture
def other(schema_url):
    with PostgresStore(schema_url, FakeClock(), project="p") as store:
        yield store


def test_a_buried_worker_can_hold_no_more_and_its_holds_can_be_given_up(
    schema_url, fleet, worker, other
):
    entry = held(worker, 5)
    held(worker, 6, run="s")
    mine = held(other, 7)
    assert worker.abandon("r") == other.abandon("r") == 0
    age(schema_url, 60)
    fleet.bury(older=50)
    with pytest.raises(Fenced, match="w was taken for dead"):
        held(worker, 1)
    assert [e.state for e in other.entries(None)] == ["held"] * 3
    assert other.abandon("r") == 1
    assert other.abandon_worker("w") == 1
    assert other.abandon_worker("w") == 0
    worker.settled("h", "r", "q", {}, {"n": 1}, entry=entry, cost=2, usage=Usage(input=1, output=1))
    assert other.get("h", run="r") == {"n": 1, "run": "r"}
    assert (other.budget("r", None).spent, other.budget("r", None).held) == (5, 7)
    other.settle(mine, state="released", cost=0, usage=None)


def test_a_worker_that_never_joined_can_hold_nothing(schema_url):
    with (
        PostgresStore(schema_url, FakeClock(), project="p", worker="stranger") as store,
        pytest.raises(Fenced),
    ):
        held(store, 1)


def test_what_a_worker_holds_outlives_its_store_but_not_its_death(schema_url, fleet, worker, other):
    held(worker, 5)
    worker.close()
    assert other.abandon("r") == 0
    fleet.leave("w")
    assert other.abandon("r") == 1


def test_nobody_is_buried_between_the_look_and_the_hold(schema_url, fleet, worker, other):
    """Whoever buries waits for the hold; after that, it is there to be given up."""
    age(schema_url, 60)
    buried = threading.Thread(target=lambda: fleet.bury(older=50))
    with worker.together():
        held(worker, 5)
        buried.start()
        buried.join(0.2)
        assert buried.is_alive()
    buried.join()
    assert other.abandon_worker("w") == 1
    with pytest.raises(Fenced):
        held(worker, 5)


@pytest.mark.kill
def test_a_guard_that_is_stopped_makes_room_and_learns_of_it_when_it_wakes(schema_url):
    stopped = subprocess.Popen(
        [sys.executable, "-c", GUARD, schema_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert stopped.stdout.readline() == "True\n"
        os.kill(stopped.pid, signal.SIGSTOP)
        fleet = PostgresFleet(schema_url, "p")
        while not fleet.guard():
            pass
        os.kill(stopped.pid, signal.SIGCONT)
        stopped.stdin.write("\n")
        stopped.stdin.flush()
        assert stopped.stdout.readline() == "False\n"
        fleet.close()
    finally:
        stopped.kill()
        stopped.communicate()


def test_a_fleet_without_its_database_says_so(tmp_path):
    with pytest.raises(DatabaseLost, match="can't be reached"):
        PostgresFleet("postgresql://nobody:secret@127.0.0.1:1/none", "p")
