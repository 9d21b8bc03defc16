"""Letting go of what earlier runs left in a database, and of blobs that no row names any more."""

import os
import re
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Protocol

from partita.adapters.store.database import Database, Transaction
from partita.adapters.store.sqlite_database import BUSY_SECONDS, SqliteDatabase
from partita.core.retention import YOUNG, blobs_in
from partita.errors import OutsideFailure
from partita.ports.sweeping import Forgotten, Kept, Sweeping

OF_A_RUN = ("partita_exchanges", "partita_events", "partita_signals", "partita_attempts")
BULKY = ("evidence/%", "transcript/%")  # documents; the reports stay
NAMING = (
    "SELECT blob FROM partita_answers",
    "SELECT options FROM partita_runs",
    "SELECT result FROM partita_runs WHERE result IS NOT NULL",
)
PAGE = 10_000  # events, of which there may be millions
FOLDER = re.compile(r"[0-9a-f]{2}\Z")
FILE = re.compile(r"[0-9a-f]{62}\Z|\.new-[0-9a-f]{16}\Z")  # whole, or its writer was killed

# An answer goes with the last run that used it; who paid for it has used it, too.
LONE_ANSWERS = """
    DELETE FROM partita_answers WHERE number IN (
        SELECT answer FROM partita_exchanges WHERE run = ?)
    AND NOT EXISTS (
        SELECT 1 FROM partita_exchanges e WHERE e.answer = partita_answers.number AND e.run <> ?)"""


class _TakenBack(Exception):
    """Rolls back a transaction that was only to show what it would do."""


class Stored(Protocol):
    """A store on a database."""

    @property
    def _db(self) -> Database: ...


def sweep_of(store: Stored) -> Sweeping:
    """What lets go of the rows and blobs of that store."""
    db = store._db  # noqa: SLF001 - the same database, seen from another side
    return SqliteSweep(db) if isinstance(db, SqliteDatabase) else PostgresSweep(db)


class SweepTable:
    """The rows' part of `ports.sweeping.Sweeping`, on either database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def forget(self, runs: Collection[str], *, really: bool) -> Forgotten:
        """Delete what the runs left, in one transaction; not `really`: only tell what would go."""
        rows, named = 0, set[str]()
        with suppress(_TakenBack), self._db.write() as tx:
            for run in sorted(runs):
                rows += _forgotten(tx, run)
            for query in NAMING:
                for (text,) in tx.execute(query).fetchall():
                    named |= blobs_in(text)
            named |= _named_by_events(tx)
            if not really:
                raise _TakenBack
        return Forgotten(rows=rows, named=frozenset(named))


def _forgotten(tx: Transaction, run: str) -> int:
    rows = tx.execute(LONE_ANSWERS, (run, run)).rowcount
    for table in OF_A_RUN:
        rows += tx.execute(f"DELETE FROM {table} WHERE run = ?", (run,)).rowcount  # noqa: S608 - our own names
    for name in BULKY:
        rows += tx.execute(
            "DELETE FROM partita_documents WHERE run = ? AND name LIKE ?", (run, name)
        ).rowcount
    return rows


def _named_by_events(tx: Transaction) -> frozenset[str]:
    named, last = set[str](), 0
    page = "SELECT seq, data FROM partita_events WHERE seq > ? ORDER BY seq LIMIT ?"
    while rows := tx.execute(page, (last, PAGE)).fetchall():
        last = rows[-1][0]
        named.update(*(blobs_in(text) for _, text in rows))
    return frozenset(named)


class SqliteSweep(SweepTable):
    """`ports.sweeping.Sweeping` on `folder/partita.db` and `folder/blobs/`.

    Only the owner of the repository may use it: a blob that another process keeps anew without
    writing it, as it is there already, would be taken from under it.
    """

    def __init__(self, db: SqliteDatabase) -> None:
        super().__init__(db)
        self._path = db.path
        self._blobs = db.path.parent / "blobs"

    def kept(self) -> Mapping[str, Kept]:
        """Every blob by its key, and by what stands for one what killed writers left."""
        found = {}
        for folder in _entries(self._blobs, FOLDER):
            if folder.is_dir(follow_symlinks=False):
                for entry in _entries(Path(folder.path), FILE):
                    with suppress(FileNotFoundError):
                        about = entry.stat(follow_symlinks=False)
                        key = folder.name + entry.name
                        found[key] = Kept(size=about.st_size, at=about.st_mtime)
        return found

    def throw(self, blobs: Collection[str]) -> int:
        """Delete those blobs; gives the bytes."""
        freed = 0
        for key in blobs:
            path = self._blobs / key[:2] / key[2:]
            if not (FOLDER.match(key[:2]) and FILE.match(key[2:])):
                raise ValueError(key)
            try:
                size = path.lstat().st_size
                path.unlink()
            except FileNotFoundError:
                continue
            except OSError as e:
                raise OutsideFailure(
                    f"{path} can't be removed: {e.strerror}", remedy="check the permissions"
                ) from e
            freed += size
        return freed

    def size(self) -> int:
        """How many bytes the database takes, its write-ahead log included."""
        total = 0
        for path in (self._path, self._path.with_name(f"{self._path.name}-wal")):
            with suppress(FileNotFoundError):
                total += path.lstat().st_size
        return total

    def shrink(self) -> bool:
        """Write the file anew without its gaps; False while another process keeps it busy."""
        try:
            with closing(sqlite3.connect(self._path, timeout=BUSY_SECONDS)) as db:
                db.isolation_level = None
                db.execute("PRAGMA synchronous = FULL")
                db.execute("VACUUM")
                busy = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.Error as e:
            if e.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
                return False
            raise OutsideFailure(
                f"{self._path} can't be written anew without its gaps: {e}",
                remedy="it needs as much free space again as the file takes; all else is done",
            ) from e
        return not busy


class PostgresSweep(SweepTable):
    """`ports.sweeping.Sweeping` on PostgreSQL, while others may be at work on the same database."""

    def kept(self) -> Mapping[str, Kept]:
        """Every blob by its key."""
        rows = self._db.read(
            lambda key, size, at: (key, Kept(size=int(size), at=float(at))),
            "SELECT key, octet_length(data), extract(epoch FROM at) FROM partita_blobs",
        )
        return dict(rows)

    def throw(self, blobs: Collection[str]) -> int:
        """Delete those blobs, but any that was kept anew meanwhile; gives the bytes."""
        freed = 0
        for key in blobs:
            with self._db.write() as tx:
                row = tx.execute(
                    "DELETE FROM partita_blobs WHERE key = ?"
                    " AND at < now() - make_interval(secs => ?) RETURNING octet_length(data)",
                    (key, YOUNG),
                ).fetchone()
            freed += row[0] if row else 0
        return freed

    def size(self) -> int:
        """How many bytes the database takes."""
        [size] = self._db.read(int, "SELECT pg_database_size(current_database())")
        return size

    def shrink(self) -> bool:
        """Nothing: PostgreSQL itself uses the room of deleted rows again."""
        return True


def _entries(folder: Path, names: re.Pattern[str]) -> Iterator[os.DirEntry[str]]:
    """The folder's entries of such names; none where there is no such folder of its own."""
    if folder.is_symlink():
        return
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            if names.match(entry.name):
                yield entry
