"""Limits shared by all of a user's processes on one machine, in a small SQLite file."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from partita.adapters.limiter import LONGEST_CALL, TABLES, TableLimiter, Turn
from partita.adapters.store import owner
from partita.errors import OutsideFailure
from partita.ports.clock import Clock
from partita.ports.limiter import Limiter, Rates, Wait

T = TypeVar("T")

BUSY_SECONDS = 5.0  # a turn takes less than a millisecond
GIVE_BACK = "UPDATE partita_calls SET running = 0 WHERE provider = ? AND running = 1"
SPOILT = ("SQLITE_NOTADB", "SQLITE_CORRUPT")


class LocalLimiter(TableLimiter):
    """In that file, or for this process alone where `file` is None.

    What it holds is worth nothing tomorrow: it is not synced, and a damaged file is made anew.
    OutsideFailure where the file can't be used.
    """

    def __init__(self, file: Path | None, clock: Clock) -> None:
        super().__init__(owner.enter())
        self._file = file
        self._clock = clock
        self._lock = threading.RLock()
        with self._explained():
            try:
                self._db = self._open()
            except sqlite3.DatabaseError as e:
                if file is None or getattr(e, "sqlite_errorname", "") not in SPOILT:
                    raise
                for name in (file.name, f"{file.name}-wal", f"{file.name}-shm"):
                    file.with_name(name).unlink(missing_ok=True)
                self._db = self._open()

    def _open(self) -> sqlite3.Connection:
        if self._file is not None:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        db = sqlite3.connect(
            ":memory:" if self._file is None else self._file,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            db.execute("PRAGMA synchronous = OFF")
            if self._file is not None:
                _write_ahead(db)
            for statement in TABLES:
                db.execute(statement)
        except BaseException:
            db.close()
            raise
        return db

    @contextmanager
    def _turn(self, provider: str) -> Iterator[Turn]:
        del provider  # one lock for all: a turn is over before another could begin
        with self._lock, self._explained():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield Turn(now=self._clock.now(), execute=self._db.execute)
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _bury(self, turn: Turn, provider: str) -> int:
        owners = turn.rows(
            "SELECT DISTINCT owner FROM partita_calls WHERE provider = ? AND running = 1", provider
        )
        given = turn.do(f"{GIVE_BACK} AND at < ?", provider, turn.now - LONGEST_CALL)
        for (who,) in owners:
            if not owner.lives(who):
                given += turn.do(f"{GIVE_BACK} AND owner = ?", provider, who)
        return given

    def close(self) -> None:
        """Let go of the file; what is still held counts as given back."""
        owner.leave(self._owner)
        with self._lock:
            self._db.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as e:
            raise OutsideFailure(f"{self._file} can't be used: {e}") from e


def _write_ahead(db: sqlite3.Connection) -> None:
    """Switch to a write-ahead log; where another process is doing it just now, that will do."""
    try:
        db.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as e:
        if e.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise


class WithFallback:
    """A limiter that goes on for its process alone once the shared one can't be used.

    `tell` hears of it once, in a sentence.
    """

    def __init__(
        self, shared: Callable[[], Limiter], alone: Limiter, tell: Callable[[str], None]
    ) -> None:
        self._alone = alone
        self._tell = tell
        self._limiter = alone
        try:
            self._limiter = shared()
        except OutsideFailure as e:
            self._fall_back(e)

    def admit(self, provider: str, rates: Rates, tokens: int) -> str | Wait:
        """A ticket, or how long to wait; CircuitOpen while the provider's circuit is open."""
        return self._try(lambda limiter: limiter.admit(provider, rates, tokens))

    def done(self, ticket: str, tokens: int | None) -> None:
        """The call is over."""
        self._try(lambda limiter: limiter.done(ticket, tokens))

    def pause(self, provider: str, seconds: float) -> None:
        """The provider asks to be left alone."""
        self._try(lambda limiter: limiter.pause(provider, seconds))

    def failed(self, provider: str) -> None:
        """A call found the provider dead."""
        self._try(lambda limiter: limiter.failed(provider))

    def answered(self, provider: str) -> None:
        """A call was answered."""
        self._try(lambda limiter: limiter.answered(provider))

    def _try(self, action: Callable[[Limiter], T]) -> T:
        try:
            return action(self._limiter)
        except OutsideFailure as e:
            # A model's failure, which an open circuit is, says nothing of the limiter itself.
            if self._limiter is self._alone or type(e) is not OutsideFailure:
                raise
            self._fall_back(e)
            return action(self._limiter)

    def _fall_back(self, why: OutsideFailure) -> None:
        self._limiter = self._alone
        self._tell(f"{why.message}; limits on calls hold for this process alone")
