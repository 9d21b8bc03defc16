"""The throw-away cluster leaves nothing behind, however its process ends."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from partita.testing.postgres import PostgresCluster

HOLDER = """
import sys
from partita.testing.postgres import PostgresCluster
with PostgresCluster() as cluster:
    print(cluster._folder, cluster.url("x"), flush=True)
    sys.stdin.readline()
"""


@pytest.mark.kill
def test_a_cluster_goes_with_the_process_that_made_it(postgres):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    folder, url = holder.stdout.readline().split()
    with psycopg.connect(url) as db:
        assert db.execute("SELECT 1").fetchone() == (1,)
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    for _ in range(1000):
        if not Path(folder).exists():
            break
        time.sleep(0.01)
    assert not Path(folder).exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=2)


def test_a_database_is_made_once_and_keeps_what_it_holds(postgres: PostgresCluster):
    url = postgres.url("kept")
    with psycopg.connect(url) as db:
        db.execute("CREATE TABLE IF NOT EXISTS kept (n INT)")
        db.execute("INSERT INTO kept VALUES (1)")
    with psycopg.connect(postgres.url("kept")) as db:
        assert db.execute("SELECT count(*) FROM kept").fetchone()[0] >= 1
