"""One SQLite file shared by threads and processes: opening it, transactions, and its failures."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from partita.adapters.store import migrations
from partita.adapters.store.database import Args, Database, Transaction
from partita.adapters.store.folder import plain_file
from partita.errors import OutsideFailure

BUSY_SECONDS = 10.0
TRIES = 500
DAMAGED = ("SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_ERROR", "SQLITE_MISMATCH", "SQLITE_SCHEMA")


class SqliteDatabase(Database):
    """A transaction holds the file's write lock from its start, so that none ever collide."""

    dialect = "sqlite"
    _begin = "BEGIN IMMEDIATE"

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        super().__init__()
        self.path = path
        self.name = str(path)
        self.backup = f"the folder {path.parent / 'blobs'}"
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
            migrations.migrate(self)
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

    def known(self, table: str) -> bool:
        """Whether the table is there."""
        return bool(self._query("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)))

    def _transaction(self) -> Transaction:
        return self._db

    def _control(self, sql: str) -> None:
        self._db.execute(sql)

    def _take_back(self, part: str | None) -> bool:
        if not self._db.in_transaction:  # SQLite undoes it all by itself where the disk is full
            return False
        if part is None:
            self._db.execute("ROLLBACK")
        else:
            self._db.execute(f"ROLLBACK TO {part}")
            self._db.execute(f"RELEASE {part}")
        return True

    def _query(self, sql: str, args: Args) -> list[Any]:
        return self._db.execute(sql, args).fetchall()

    def _collided(self, error: BaseException | None) -> bool:
        del error
        return False

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
