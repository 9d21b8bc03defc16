"""The event log's table: what is read of a run is always a whole beginning of it."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from partita.adapters.store.database import Database, Transaction, dump, load_object
from partita.ports.clock import Clock
from partita.ports.store import Event

LARGEST_EVENT = 64 * 1024
LONGEST_KEY = 500  # characters; PostgreSQL's indexes hold 2,704 bytes

APPEND = {
    "sqlite": """
        INSERT INTO partita_events (run, key, at, type, data)
        VALUES (:run, :key, :at, :type, :data) ON CONFLICT DO NOTHING""",
    # The number is drawn once the lock is held, which is let go after the commit: whoever sees
    # an event sees all those of its run with lower numbers.
    "postgresql": """
        WITH alone AS MATERIALIZED (
            SELECT pg_advisory_xact_lock(hashtextextended('partita:' || :run, 0)))
        INSERT INTO partita_events (run, key, at, type, data)
        SELECT :run, :key, :at, :type, :data FROM alone ON CONFLICT DO NOTHING""",
}

# Whose event a row is: its task's, else its kind's. What `dump` writes has no space after a colon.
LATEST = {
    "sqlite": """
        SELECT max(seq), at, type, data FROM partita_events
        WHERE run = ? AND type IN ({marks})
        GROUP BY coalesce('task ' || json_extract(data, '$.task'), type) ORDER BY 1""",
    # No JSON here: PostgreSQL's refuses a half of a surrogate pair anywhere in a text.
    "postgresql": """
        SELECT seq, at, type, data FROM (
            SELECT DISTINCT ON (whose) seq, at, type, data FROM (
                SELECT seq, at, type, data, coalesce(
                    'task ' || substring(data from '"task":"([^"]*)"'), type) AS whose
                FROM partita_events WHERE run = ? AND type IN ({marks})) AS told
            ORDER BY whose, seq DESC) AS last ORDER BY seq""",
}


class LogTable:
    """`ports.store.Log` on the database: `seq` follows the order of commits within a run."""

    def __init__(
        self, db: Database, clock: Clock, redact: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> None:
        self._db = db
        self._clock = clock
        self._redact = redact

    def append(self, run: str, key: str, kind: str, data: dict[str, Any]) -> None:
        """Write it unless the key is there already; ValueError for data above 64 KiB of JSON."""
        text = dump(self._redact(data))
        if len(text) > LARGEST_EVENT:
            msg = f"event {kind} {key[:60]} holds {len(text)} bytes; keep a blob and name it"
            raise ValueError(msg)
        at = self._clock.now()
        row = {"run": run, "key": _bounded(key), "at": at, "type": kind, "data": text}

        def work(tx: Transaction) -> None:
            tx.execute(APPEND[self._db.dialect], row)

        self._db.transact(work)

    def events(self, run: str, after: int = 0) -> Sequence[Event]:
        """The run's events with a higher `seq`, in order."""
        return self._db.read(
            lambda seq, at, kind, data: Event(
                seq=seq, at=at, run=run, type=kind, data=load_object(data)
            ),
            "SELECT seq, at, type, data FROM partita_events WHERE run = ? AND seq > ? ORDER BY seq",
            (run, after),
        )

    def told(self, run: str, key: str) -> Event | None:
        """The run's event of that key, or None."""
        found = self._db.read(
            lambda seq, at, kind, data: Event(
                seq=seq, at=at, run=run, type=kind, data=load_object(data)
            ),
            "SELECT seq, at, type, data FROM partita_events WHERE run = ? AND key = ?",
            (run, _bounded(key)),
        )
        return found[0] if found else None

    def latest(self, run: str, kinds: Sequence[str]) -> Sequence[Event]:
        """The last event of each task among those kinds, and of those of no task of each kind."""
        return self._db.read(
            lambda seq, at, kind, data: Event(
                seq=seq, at=at, run=run, type=kind, data=load_object(data)
            ),
            LATEST[self._db.dialect].format(marks=", ".join("?" * len(kinds))),
            (run, *kinds),
        )


def _bounded(key: str) -> str:
    if len(key) <= LONGEST_KEY:
        return key
    return key[:LONGEST_KEY] + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
