"""Limits shared by workers on many machines, in their PostgreSQL database.

Only where such a database is used is this module imported: the driver takes its time.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from partita.adapters.limiter import LONGEST_CALL, TABLES, TableLimiter, Turn
from partita.adapters.store.postgres_database import PostgresDatabase

CLASS = 1_886_614_642  # of the advisory locks that are ours; any number will do


class PostgresLimiter(TableLimiter):
    """For that worker, by the database's clock; a worker that was taken for dead holds nothing.

    DatabaseLost when the database can't be reached or does not answer in time.
    """

    def __init__(self, url: str, worker: str) -> None:
        super().__init__(worker)
        self._db = PostgresDatabase(url)
        with self._db.write() as tx:
            tx.execute("SELECT pg_advisory_xact_lock(?, 0)", (CLASS,))
            for statement in TABLES:
                tx.execute(statement)

    @contextmanager
    def _turn(self, provider: str) -> Iterator[Turn]:
        with self._db.write() as tx:
            # The time is read in a statement of its own, once the lock that is waited for is had.
            tx.execute("SELECT pg_advisory_xact_lock(?, hashtext(?))", (CLASS, provider))
            now = tx.execute("SELECT extract(epoch FROM clock_timestamp())").fetchone()[0]
            yield Turn(now=float(now), execute=tx.execute)

    def _bury(self, turn: Turn, provider: str) -> int:
        return turn.do(
            "UPDATE partita_calls SET running = 0 WHERE provider = ? AND running = 1"
            " AND (at < ? OR owner IN (SELECT id FROM partita_workers WHERE dead))",
            *(provider, turn.now - LONGEST_CALL),
        )

    def close(self) -> None:
        """Let go of the database."""
        self._db.close()
