"""The store of one machine: its parts on one SQLite file, and the two ways to open it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from partita.adapters.clock import SystemClock
from partita.adapters.store import migrations, owner
from partita.adapters.store.blobs import BlobFolder
from partita.adapters.store.folder import plain_file, prepare
from partita.adapters.store.sqlite_database import SqliteDatabase
from partita.adapters.store.tables import Tables
from partita.errors import BadInput
from partita.ports.clock import Clock

FILE = "partita.db"


class SqliteStore(Tables, BlobFolder):
    """`ports.store.Store` in `folder/partita.db` and `folder/blobs/`.

    Any thread may use it, and several processes may have it open. `redact` is applied to the
    data of every event before it is written. Failures of the file are OutsideFailures.
    """

    shared = False  # other machines do not see it
    _db: SqliteDatabase

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        *,
        redact: Callable[[dict[str, Any]], dict[str, Any]] = lambda data: data,
        readonly: bool = False,
    ) -> None:
        if not readonly:
            prepare(folder)
        db = SqliteDatabase(folder / FILE, readonly=readonly)
        self._me = owner.enter()
        BlobFolder.__init__(self, folder / "blobs")
        Tables.__init__(
            self,
            db,
            clock,
            blobs=self,
            redact=redact,
            project="",
            me=self._me,
            lives=lambda _, who: owner.lives(who),
        )

    def close(self) -> None:
        """Let go of the file; what this store still holds counts as abandoned from now on."""
        owner.leave(self._me)
        super().close()


def open_readonly(folder: Path) -> SqliteStore:
    """The store for `status` and `show`, while another process may be writing.

    BadInput when nothing was ever run here.
    """
    if not plain_file(folder / FILE):
        raise BadInput("there is no run here yet", remedy='start one: partita build "..."')
    store = SqliteStore(folder, SystemClock(), readonly=True)
    if migrations.version(store._db) < len(migrations.STEPS):  # noqa: SLF001 - our own
        store.close()
        SqliteStore(folder, SystemClock()).close()
        store = SqliteStore(folder, SystemClock(), readonly=True)
    return store
