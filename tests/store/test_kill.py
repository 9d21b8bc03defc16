"""kill -9 at any moment: the ledger stays consistent, and no answer that was kept is lost."""

import itertools
import signal
import sqlite3
import subprocess
import sys

import psycopg
import pytest

from partita.adapters.store import PostgresStore, SqliteStore
from partita.adapters.store.owner import lives
from partita.testing.clock import FakeClock
from partita.testing.ledger_laws import assert_balanced

CAP = 10_000
WORKER = """
import os
import sys
import threading
from pathlib import Path
from partita.adapters.clock import SystemClock
from partita.adapters.store import PostgresStore, SqliteStore
from partita.core.budget import Caps, Usage
if sys.argv[1].startswith("postgresql:"):
    store = PostgresStore(sys.argv[1], SystemClock(), project="")
else:
    store = SqliteStore(Path(sys.argv[1]), SystemClock())
first = int(sys.argv[2])

def work(who):
    for n in range(first, first + 100_000):
        name = f"q{who}-{n}"
        entry = store.hold("r", name, model="m", role="coder", task=None, activity="build",
                           amount=10, caps=Caps(run=10_000)).entry
        store.settled(f"h{who}-{n}", "r", name, {"n": n}, {"text": "x" * 2000, "n": n},
                      entry=entry, cost=3, usage=Usage(input=1, output=1))
        with store.together():
            store.append("r", f"a{who}-{n}", "Told", {})
            store.append("r", f"b{who}-{n}", "Told", {})
        os.write(1, f"h{who}-{n}\\n".encode())

for who in range(3):
    threading.Thread(target=work, args=(who,)).start()
"""


@pytest.mark.kill
@pytest.mark.parametrize("lines", [1, 2, 5, 17, 40])
def test_a_kill_in_the_middle_of_holding_and_settling_loses_no_answer(tmp_path, lines):
    check_kills(str(tmp_path), lines, lambda: SqliteStore(tmp_path, FakeClock()))
    db = sqlite3.connect(tmp_path / "partita.db")
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()


@pytest.mark.kill
@pytest.mark.parametrize("lines", [1, 17])
def test_a_kill_at_a_shared_database_loses_no_answer(schema_url, lines):
    """The server may still be at the killed one's last words when we look."""

    def opening():
        quiet = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'partita'"
        with psycopg.connect(schema_url) as db:
            while db.execute(quiet).fetchone() != (0,):
                db.rollback()
        return PostgresStore(schema_url, FakeClock(), project="")

    check_kills(schema_url, lines, opening)


def check_kills(where, lines, opening):
    told: list[str] = []
    for first in (0, 1_000_000):
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, where, str(first)],
            stdout=subprocess.PIPE,
            text=True,
        )
        told += [line.strip() for line in itertools.islice(worker.stdout, lines)]
        worker.send_signal(signal.SIGKILL)
        rest, _ = worker.communicate()
        told += [line for line in rest.split("\n")[:-1] if line]
        assert worker.returncode == -signal.SIGKILL
    assert len(told) >= 2 * lines

    with opening() as store:
        before = store.entries("r")
        open_holds = [e for e in before if e.state == "held"]
        assert len(open_holds) <= 6
        assert store.abandon("r") == len(open_holds)
        assert store.abandon("r") == 0
        budget = store.budget("r", CAP)
        settled = [e for e in before if e.state == "settled"]
        assert (budget.spent, budget.held) == (3 * len(settled) + 10 * len(open_holds), 0)
        assert budget.spent <= CAP

        exchanges = {x["hash"]: x["reply"] for x in store.transcript("r")}
        assert set(told) <= set(exchanges)
        assert len(exchanges) == len(settled)
        for key, reply in exchanges.items():
            assert store.get(key, run="r") == {**reply, "run": "r"}
        assert len(store.events("r")) % 2 == 0
        assert_balanced(store, "")


@pytest.mark.kill
def test_the_holds_of_another_living_process_stay_until_it_is_killed(tmp_path):
    script = WORKER.replace(
        "store.settled",
        "sys.stdin.readline; os.write(1, b'held\\n'); import time; time.sleep(1000); store.settled",
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path), "0"], stdout=subprocess.PIPE, text=True
    )
    try:
        for _ in range(3):
            assert worker.stdout.readline() == "held\n"
        with SqliteStore(tmp_path, FakeClock()) as store:
            assert store.abandon("r") == 0
            worker.kill()
            worker.wait()
            assert store.abandon("r") == 3
    finally:
        worker.kill()
        worker.wait()
        worker.stdout.close()


def test_an_owner_of_another_boot_or_another_life_of_the_process_id_is_dead():
    for stranger in ("", "x", "unknown/1/2/3", "boot/notanumber/1/1", f"b/{2**22}/1/1"):
        assert not lives(stranger)
