"""The store: its parts on one database, and the two ways to open it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from partita.adapters.clock import SystemClock
from partita.adapters.store import owner
from partita.adapters.store.answers import AnswerTable
from partita.adapters.store.blobs import BlobFolder
from partita.adapters.store.database import Database, dump, load_object
from partita.adapters.store.folder import plain_file, prepare
from partita.adapters.store.ledger import LedgerTable
from partita.adapters.store.migrations import STEPS
from partita.adapters.store.runs import RunTable, SignalTable
from partita.errors import BadInput
from partita.ports.clock import Clock
from partita.ports.store import Event

FILE = "partita.db"
LARGEST_EVENT = 64 * 1024


class LogTable:
    """`ports.store.Log` on the database: `seq` follows the order of commits within the file."""

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
        with self._db.write() as tx:
            tx.execute(
                "INSERT OR IGNORE INTO partita_events (run, key, at, type, data)"
                " VALUES (?, ?, ?, ?, ?)",
                (run, key, self._clock.now(), kind, text),
            )

    def events(self, run: str, after: int = 0) -> Sequence[Event]:
        """The run's events with a higher `seq`, in order."""
        return self._db.read(
            lambda seq, at, kind, data: Event(
                seq=seq, at=at, run=run, type=kind, data=load_object(data)
            ),
            "SELECT seq, at, type, data FROM partita_events WHERE run = ? AND seq > ? ORDER BY seq",
            (run, after),
        )


class SqliteStore(LogTable, LedgerTable, AnswerTable, SignalTable, RunTable, BlobFolder):
    """`ports.store.Store` in `folder/partita.db` and `folder/blobs/`.

    Any thread may use it, and several processes may have it open. `redact` is applied to the
    data of every event before it is written. Failures of the file are OutsideFailures.
    """

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
        self._db = Database(folder / FILE, readonly=readonly)
        self._clock = clock
        self._me = owner.enter()
        BlobFolder.__init__(self, folder / "blobs")
        LogTable.__init__(self, self._db, clock, redact)
        LedgerTable.__init__(self, self._db, clock, self._me)
        AnswerTable.__init__(self, self._db, self, clock)
        SignalTable.__init__(self, self._db, clock)
        RunTable.__init__(self, self._db)

    def close(self) -> None:
        """Let go of the file; what this store still holds counts as abandoned from now on."""
        owner.leave(self._me)
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_readonly(folder: Path) -> SqliteStore:
    """The store for `status` and `show`, while another process may be writing.

    BadInput when nothing was ever run here.
    """
    if not plain_file(folder / FILE):
        raise BadInput("there is no run here yet", remedy='start one: partita build "..."')
    store = SqliteStore(folder, SystemClock(), readonly=True)
    if store._db.version < len(STEPS):  # noqa: SLF001 - our own, of a moment ago
        store.close()
        SqliteStore(folder, SystemClock()).close()
        store = SqliteStore(folder, SystemClock(), readonly=True)
    return store
