"""The store of many machines: its parts on one PostgreSQL database, blobs included."""

import hashlib
import platform
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from partita.adapters.store import migrations, owner
from partita.adapters.store.blobs import KEY, LARGEST
from partita.adapters.store.database import Database, Transaction
from partita.adapters.store.ledger import abandoned
from partita.adapters.store.tables import Tables
from partita.errors import Fenced
from partita.ports.clock import Clock

if TYPE_CHECKING:
    from partita.adapters.store.postgres_database import PostgresDatabase

WORKER = "worker/"
PROCESS = "process/"


class BlobTable:
    """`ports.store.Blobs` in a table; inside a transaction a blob is kept with it."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def keep(self, data: bytes) -> str:
        """Store it and give its SHA-256 in hex; ValueError above 64 MiB.

        One that is there is young again, as a row is about to name it.
        """
        if len(data) > LARGEST:
            msg = f"a blob of {len(data)} bytes passes the limit of {LARGEST}"
            raise ValueError(msg)
        key = hashlib.sha256(data).hexdigest()
        self._db.transact(
            lambda tx: tx.execute(
                "INSERT INTO partita_blobs (key, data, at) VALUES (?, ?, clock_timestamp())"
                " ON CONFLICT (key) DO UPDATE SET at = excluded.at, data = excluded.data"
                " WHERE partita_blobs.at < excluded.at - interval '10 minutes'"
                " OR partita_blobs.data <> excluded.data",
                (key, data),
            )
        )
        return key

    def load(self, key: str) -> bytes:
        """The bytes; KeyError when they are not there or are no longer those that were kept."""
        if not KEY.match(key):
            raise KeyError(key)
        for data in self._db.read(bytes, "SELECT data FROM partita_blobs WHERE key = ?", (key,)):
            if hashlib.sha256(data).hexdigest() == key:
                return data
        raise KeyError(key)


class PostgresStore(Tables, BlobTable):
    """`ports.store.Store` of one project in a database that several may share.

    Any thread may use it. Its holds belong to `worker` where one is named, which lives as long
    as the fleet says; else to this process. `redact` is applied to the data of every event before
    it is written. DatabaseLost when the database can't be reached or does not answer in time.
    """

    shared = True  # workers on any machine see it

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        project: str,
        redact: Callable[[dict[str, Any]], dict[str, Any]] = lambda data: data,
        worker: str | None = None,
        readonly: bool = False,
    ) -> None:
        self.project = project
        self.worker = worker
        db = _opened(url, readonly=readonly)
        self._process = owner.enter()
        self._host = platform.node()
        me = f"{PROCESS}{self._host}/{self._process}" if worker is None else f"{WORKER}{worker}"
        BlobTable.__init__(self, db)
        Tables.__init__(
            self,
            db,
            clock,
            blobs=self,
            redact=redact,
            project=project,
            me=me,
            lives=self._alive,
            permitted=self._unless_fenced,
        )

    def abandon_worker(self, worker: str) -> int:
        """Mark all that the worker still holds "unconfirmed"; gives how many."""
        return self._db.transact(lambda tx: abandoned(tx, [f"{WORKER}{worker}"]))

    def close(self) -> None:
        """Let go of the database; what this process still holds counts as abandoned from now on.

        What a worker holds is its own until the fleet takes it for dead.
        """
        owner.leave(self._process)
        super().close()

    def _alive(self, tx: Transaction, who: str) -> bool:
        """Is that owner of holds still there? A process of another machine can't be asked."""
        if who.startswith(WORKER):
            about = "SELECT 1 FROM partita_workers WHERE id = ? AND NOT dead"
            return tx.execute(about, (who.removeprefix(WORKER),)).fetchone() is not None
        host, _, process = who.removeprefix(PROCESS).partition("/")
        return host != self._host or owner.lives(process)

    def _unless_fenced(self, tx: Transaction) -> None:
        """The row is held until the transaction ends: nobody is buried between look and hold."""
        if self.worker is None:
            return
        about = "SELECT 1 FROM partita_workers WHERE id = ? AND NOT dead FOR SHARE"
        if tx.execute(about, (self.worker,)).fetchone() is None:
            raise Fenced(
                f"worker {self.worker} was taken for dead, and others have its work",
                remedy="start a worker anew: partita worker",
            )


def _opened(url: str, *, readonly: bool) -> "PostgresDatabase":
    from partita.adapters.store.postgres_database import (  # noqa: PLC0415 - the driver is slow
        PostgresDatabase,
    )

    db = PostgresDatabase(url, readonly=readonly)
    try:
        behind = readonly and migrations.version(db) < len(migrations.STEPS)
    except BaseException:
        db.close()
        raise
    if behind:
        PostgresDatabase(url).close()
    return db
