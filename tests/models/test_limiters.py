"""Limiters: the same laws in memory, in a file, and in PostgreSQL; what dies, breaks or spoils."""

import signal
import subprocess
import sys
from contextlib import ExitStack, closing, contextmanager

import pytest

from partita.adapters.clock import SystemClock
from partita.adapters.limiter_local import LocalLimiter, WithFallback
from partita.errors import CircuitOpen, DatabaseLost, OutsideFailure
from partita.ports.limiter import Rates, Wait
from partita.testing.clock import FakeClock
from partita.testing.limiter import MemoryLimiter
from partita.testing.limiter_laws import LimiterLaws, Pair

ONE = Rates(in_flight=1)


class TestMemoryLimiter(LimiterLaws):
    @contextmanager
    def pair(self):
        clock = FakeClock()
        first = MemoryLimiter(clock)
        second = first.another()
        yield Pair(first=first, second=second, advance=clock.advance, kill=second.die)


class TestLocalLimiter(LimiterLaws):
    @pytest.fixture(autouse=True)
    def place(self, tmp_path):
        self.file = tmp_path / "state" / "limits.db"

    @contextmanager
    def pair(self):
        clock = FakeClock()
        with closing(LocalLimiter(self.file, clock)) as first:
            second = LocalLimiter(self.file, clock)
            yield Pair(first=first, second=second, advance=clock.advance, kill=second.close)
            second.close()


@pytest.mark.postgres
class TestPostgresLimiter(LimiterLaws):
    @pytest.fixture(autouse=True)
    def place(self, database_url):
        self.url = database_url

    @contextmanager
    def pair(self):
        from partita.adapters.limiter_postgres import PostgresLimiter  # noqa: PLC0415

        with ExitStack() as stack:
            first, second = (
                stack.enter_context(closing(PostgresLimiter(self.url, worker)))
                for worker in ("one", "two")
            )

            def run(sql, *args):
                with first._db.write() as tx:
                    tx.execute(sql, args)

            def advance(seconds):
                """The database's clock can't be moved, so what it was read for is."""
                run("UPDATE partita_calls SET at = at - ?", seconds)
                run(
                    "UPDATE partita_providers SET paused_until = paused_until - ?,"
                    " failed_at = failed_at - ?, open_until = open_until - ?",
                    *(seconds,) * 3,
                )

            for worker in ("one", "two"):
                run(
                    "INSERT INTO partita_workers (id, project, host, pid, slots, beat)"
                    " VALUES (?, '', 'here', 1, 1, now())",
                    worker,
                )
            yield Pair(
                first=first,
                second=second,
                advance=advance,
                kill=lambda: run("UPDATE partita_workers SET dead = true WHERE id = 'two'"),
            )

    def test_a_ticket_older_than_any_call_is_given_back(self):
        with self.pair() as pair:
            assert isinstance(pair.second.admit("p", ONE, 1), str)
            pair.advance(1700)
            assert isinstance(pair.first.admit("p", ONE, 1), Wait)
            pair.advance(200)
            assert isinstance(pair.first.admit("p", ONE, 1), str)

    def test_a_database_that_is_gone_is_said_to_be_lost(self, postgres):
        with self.pair() as pair:
            pair.first._db.run("CHECKPOINT", ())  # the tests' cluster is in no hurry to write
            postgres.stop()
            try:
                with pytest.raises(DatabaseLost):
                    pair.first.admit("p", ONE, 1)
            finally:
                postgres.start()
            assert isinstance(pair.first.admit("p", ONE, 1), str)


HOLD = """
import sys
from pathlib import Path
from partita.adapters.clock import SystemClock
from partita.adapters.limiter_local import LocalLimiter
from partita.ports.limiter import Rates
limiter = LocalLimiter(Path(sys.argv[1]), SystemClock())
print(type(limiter.admit("p", Rates(in_flight=1), 1)).__name__, flush=True)
sys.stdin.read()
"""


@pytest.mark.kill
def test_a_killed_process_gives_back_what_it_held(tmp_path):
    file = tmp_path / "limits.db"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process, closing(LocalLimiter(file, SystemClock())) as limiter:
        assert process.stdout.readline().strip() == "str"
        assert isinstance(limiter.admit("p", ONE, 1), Wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert isinstance(limiter.admit("p", ONE, 1), str)


def test_what_no_rate_counts_any_more_is_forgotten(tmp_path):
    clock = FakeClock()
    with closing(LocalLimiter(tmp_path / "limits.db", clock)) as limiter:
        for _ in range(200):
            limiter.done(limiter.admit("p", Rates(), 1), 1)
            clock.advance(1)
        [(left,)] = limiter._db.execute("SELECT count(*) FROM partita_calls").fetchall()
    assert left <= 100


def test_a_damaged_file_is_made_anew(tmp_path):
    file = tmp_path / "limits.db"
    file.write_bytes(b"no database" * 1000)
    with closing(LocalLimiter(file, FakeClock())) as limiter:
        assert isinstance(limiter.admit("p", ONE, 1), str)


@pytest.fixture
def told():
    return []


def falling_back(file, told):
    clock = FakeClock()
    alone = LocalLimiter(None, clock)
    return WithFallback(lambda: LocalLimiter(file, clock), alone, told.append)


def test_where_no_file_can_be_had_limits_hold_for_the_process_and_it_is_said(tmp_path, told):
    (tmp_path / "state").write_text("a file where the folder should be")
    limiter = falling_back(tmp_path / "state" / "limits.db", told)
    ticket = limiter.admit("p", ONE, 1)
    assert isinstance(limiter.admit("p", ONE, 1), Wait)
    limiter.done(ticket, 1)
    assert isinstance(limiter.admit("p", ONE, 1), str)
    assert len(told) == 1
    assert "for this process alone" in told[0]


def test_a_file_that_fails_on_the_way_is_done_without(tmp_path, told):
    limiter = falling_back(tmp_path / "limits.db", told)
    ticket = limiter.admit("p", ONE, 1)
    limiter._limiter._db.close()
    limiter.done(ticket, 1)
    assert isinstance(limiter.admit("p", ONE, 1), str)
    assert isinstance(limiter.admit("p", ONE, 1), Wait)
    assert len(told) == 1


def test_an_open_circuit_is_no_reason_to_do_without_the_file(tmp_path, told):
    limiter = falling_back(tmp_path / "limits.db", told)
    for _ in range(5):
        limiter.failed("p")
    with pytest.raises(CircuitOpen):
        limiter.admit("p", ONE, 1)
    assert told == []


def test_a_file_that_can_not_be_used_is_told_in_a_sentence(tmp_path):
    with pytest.raises(OutsideFailure, match="can't be used"):
        LocalLimiter(tmp_path, FakeClock())
