"""One SQLite file shared by threads and processes: opening it, transactions, and its failures."""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from partita.adapters.store import migrations
from partita.adapters.store.folder import plain_file
from partita.errors import OutsideFailure

T = TypeVar("T")

BUSY_SECONDS = 10.0
TRIES = 500
DAMAGED = ("SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_ERROR", "SQLITE_MISMATCH", "SQLITE_SCHEMA")


class Database:
    """A connection behind a lock: any thread may use it, one at a time."""

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        self.path = path
        self._lock = threading.RLock()
        plain_file(path)
        with self._explained():
            self._db = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={'ro' if readonly else 'rwc'}",
                uri=True,
                timeout=BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=256,
            )
        try:
            with self._explained():
                self._set_up(readonly=readonly)
        except BaseException:
            self._db.close()
            raise

    def _set_up(self, *, readonly: bool) -> None:
        self._db.execute("PRAGMA trusted_schema = OFF")  # the file may have come with a repository
        if not readonly:
            self._write_ahead()
            self._db.execute("PRAGMA synchronous = FULL")
            migrations.migrate(self._db)
        foreign = self._db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'partita!_%'"
            " ESCAPE '!'"
        ).fetchone()
        if foreign is not None:
            raise self.damaged(f"a trigger that is not ours, {foreign[0][:40]!r}")

    def _write_ahead(self) -> None:
        """Switch the file to WAL, which SQLite refuses at once while another process does it."""
        for attempt in range(TRIES):
            try:
                mode = self._db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            except sqlite3.OperationalError as e:
                if e.sqlite_errorcode != sqlite3.SQLITE_BUSY or attempt == TRIES - 1:
                    raise
                time.sleep(BUSY_SECONDS / TRIES)
                continue
            if mode != "wal":
                raise OutsideFailure(
                    f"{self.path} lies on a file system that SQLite's write-ahead log can't use",
                    remedy="move the repository to a local disk",
                )
            return

    @property
    def version(self) -> int:
        """How many steps of the schema the file has seen."""
        with self._lock, self._explained():
            return migrations.version(self._db)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction that holds the file's write lock from its start; all or nothing."""
        with self._lock, self._explained():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def read(
        self, make: Callable[..., T], sql: str, args: Sequence[Any] | Mapping[str, Any] = ()
    ) -> list[T]:
        """`make(*row)` for each row of the query; a row that does not fit is damage."""
        with self._lock, self._explained():
            rows = self._db.execute(sql, args).fetchall()
        try:
            return [make(*row) for row in rows]
        except (ValueError, TypeError, RecursionError) as e:
            raise self.damaged(f"a row that can't be read ({e})") from e

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    def damaged(self, what: str) -> OutsideFailure:
        """The error for a file whose contents are not what we wrote."""
        return OutsideFailure(
            f"{self.path} is damaged: {what[:200]}",
            remedy=f"move it away (mv {self.path} {self.path}.damaged) and start again; "
            "the branches of earlier runs are kept",
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.Error as e:
            name = getattr(e, "sqlite_errorname", "SQLITE_ERROR")
            if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
                raise OutsideFailure(
                    f"another process has kept {self.path} busy for {BUSY_SECONDS:.0f} s",
                    remedy="see which one: partita status",
                ) from e
            if name.startswith(DAMAGED):
                raise self.damaged(str(e)) from e
            raise OutsideFailure(
                f"{self.path} can't be used: {e}",
                remedy=f"check the free space and the permissions of {self.path.parent}",
            ) from e


def dump(value: object) -> str:
    """JSON in ASCII, so that any text can be stored; ValueError for what JSON can't say."""
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except (TypeError, RecursionError) as e:
        msg = f"no JSON form: {e}"
        raise ValueError(msg) from e


def load_object(text: str) -> dict[str, Any]:
    """The JSON object in the text; ValueError when it is none."""
    value = json.loads(text)
    if not isinstance(value, dict):
        msg = f"want a JSON object, not {type(value).__name__}"
        raise ValueError(msg)  # noqa: TRY004 - one error for all that can't be read
    return value
