"""There is one guard, and another when that one is cut off or stands still, with no word of it."""

import sys
import time

import pytest
from machines_kit import until

from partita.testing.hosts import DATABASE
from partita.testing.postgres import PostgresCluster, available

PATIENCE = 12.0  # seconds until the database has noticed, and another is the guard
STAND = """
import sys, time
from partita.adapters.fleet import PostgresFleet
from partita.errors import DatabaseLost
url, name = sys.argv[1:]
fleet = PostgresFleet(url, "guarded")
fleet.join(name, host=name, pid=1, slots=1)
while True:
    try:
        print(f"alive={fleet.beat(name)} guard={fleet.guard()}", flush=True)
    except DatabaseLost:
        print("lost", flush=True)
    time.sleep(0.3)
"""
pytestmark = [pytest.mark.postgres, pytest.mark.slow]


@pytest.fixture
def url(net):
    if (why := available()) is not None:
        pytest.skip(why)
    cluster = PostgresCluster(listen=DATABASE)
    net.within(cluster.__enter__)
    yield net.within(lambda: cluster.url("partita"))
    cluster.close()


def last(job):
    return job.words.splitlines()[-1:]


def test_a_guard_that_is_cut_off_or_stands_still_is_replaced(net, url):
    jobs = {}
    for name in ("north", "south"):
        jobs[name] = net[name].start(sys.executable, "-c", STAND, url, name)
        until(lambda job=jobs[name]: last(job), f"{name} is there")
    north, south = jobs.values()
    until(lambda: last(north) == ["alive=True guard=True"], "the first is the guard")
    assert "guard=True" not in south.words
    net.cut("north", "database")
    since = time.monotonic()
    until(lambda: last(south) == ["alive=True guard=True"], "the second, after a cut", PATIENCE)
    print(f"cut off: another guard after {time.monotonic() - since:.1f} s")
    said = north.words
    net.heal("north")
    until(lambda: last(north) == ["alive=True guard=False"], "the first is not any more", 25)
    assert "guard=True" not in north.words[len(said) :]
    south.freeze()
    since = time.monotonic()
    until(lambda: last(north) == ["alive=True guard=True"], "the first, after a stop", PATIENCE)
    print(f"stopped: another guard after {time.monotonic() - since:.1f} s")
    said = south.words
    south.wake()
    until(lambda: last(south) == ["alive=True guard=False"], "the second is not any more")
    assert "guard=True" not in south.words[len(said) :]
