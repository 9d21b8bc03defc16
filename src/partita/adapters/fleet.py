"""The workers of a project in their PostgreSQL database, by its own clock."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from partita.errors import Fenced
from partita.ports.fleet import Member

if TYPE_CHECKING:
    from partita.adapters.store.postgres_database import PostgresDatabase

PATIENCE = 3  # seconds; who can't beat in time must learn it before others take its work
SILENT = 5000  # milliseconds without a word after which the server ends our session


class PostgresFleet:
    """`ports.fleet.Fleet` on a connection of its own; any thread may use it, one at a time.

    The guard is whose session holds an advisory lock. The server ends sessions that say nothing
    for `silent` milliseconds, so that a guard that was stopped or cut off makes room.
    """

    def __init__(self, url: str, project: str, *, silent: int = SILENT) -> None:
        self._db = _opened(url, silent)
        self._project = project

    def join(self, worker: str, *, host: str, pid: int, slots: int) -> None:
        """Enter this worker as alive; Fenced when the name belongs to a dead one."""
        joined = self._change(
            "INSERT INTO partita_workers (id, project, host, pid, slots, beat)"
            " VALUES (:id, :project, :host, :pid, :slots, clock_timestamp())"
            " ON CONFLICT (id) DO UPDATE SET beat = clock_timestamp()"
            " WHERE NOT partita_workers.dead AND partita_workers.project = excluded.project"
            " AND partita_workers.host = excluded.host AND partita_workers.pid = excluded.pid",
            {"id": worker, "host": host, "pid": pid, "slots": slots},
        )
        if not joined:
            raise Fenced(
                f"there was a worker {worker} before this one",
                remedy="start a worker anew: partita worker",
            )

    def beat(self, worker: str) -> bool:
        """Say that it lives; False when it was taken for dead and is fenced off."""
        return bool(
            self._change(
                "UPDATE partita_workers SET beat = clock_timestamp()"
                " WHERE id = :id AND project = :project AND NOT dead",
                {"id": worker},
            )
        )

    def leave(self, worker: str) -> None:
        """Mark it dead at once, so that its work is taken over without waiting."""
        self._change(
            "UPDATE partita_workers SET dead = TRUE, died = clock_timestamp()"
            " WHERE id = :id AND project = :project AND NOT dead",
            {"id": worker},
        )

    def members(self) -> Sequence[Member]:
        """Every worker of the project that is known, the dead of the last day included."""
        return self._db.read(
            _member,
            "SELECT id, host, pid, slots,"
            " CAST(extract(epoch FROM clock_timestamp() - beat) AS DOUBLE PRECISION), dead"
            " FROM partita_workers WHERE project = ?"
            " AND (NOT dead OR coalesce(died, beat) > clock_timestamp() - interval '1 day')"
            " ORDER BY dead, host, id",
            (self._project,),
        )

    def guard(self) -> bool:
        """Try to become, or stay, the one guard of the project; True while this process is."""
        [mine] = self._db.read(
            bool,
            "SELECT pg_try_advisory_lock(hashtextextended('partita guard:' || ?, 0))",
            (self._project,),
        )
        return mine

    def bury(self, *, older: float) -> Sequence[str]:
        """Mark dead whose last beat is more than `older` seconds ago; gives all that are dead.

        Those who died a month ago are forgotten.
        """
        self._change(
            "UPDATE partita_workers SET dead = TRUE, died = clock_timestamp()"
            " WHERE project = :project AND NOT dead"
            " AND beat < clock_timestamp() - make_interval(secs => :older)",
            {"older": float(older)},
        )
        self._change(
            "DELETE FROM partita_workers WHERE project = :project AND dead"
            " AND died < clock_timestamp() - interval '30 days'",
            {},
        )
        mine = "SELECT id FROM partita_workers WHERE project = ? AND dead ORDER BY id"
        return self._db.read(str, mine, (self._project,))

    def close(self) -> None:
        """Let go of the database, and of the guard's place."""
        self._db.close()

    def _change(self, sql: str, args: dict[str, Any]) -> int:
        row = {**args, "project": self._project}
        return self._db.transact(lambda tx: tx.execute(sql, row).rowcount)


def _opened(url: str, silent: int) -> "PostgresDatabase":
    from partita.adapters.store.postgres_database import (  # noqa: PLC0415 - the driver is slow
        PostgresDatabase,
    )

    quick = {"statement_timeout": f"{PATIENCE * 1000}", "idle_session_timeout": str(silent)}
    return PostgresDatabase(url, patience=PATIENCE, session=quick)


def _member(*row: Any) -> Member:
    ident, host, pid, slots, age, dead = row
    return Member(id=ident, host=host, pid=pid, slots=slots, age=max(0.0, age), dead=dead)
