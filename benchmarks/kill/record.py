"""What a run has on record at one moment, read without touching what a killed process left."""

import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from partita.adapters.clock import SystemClock
from partita.adapters.store import PostgresStore, open_readonly
from partita.errors import PartitaError
from partita.ports.store import Entry, Event, Store

from .provider import Key, key_of

DATABASE = "partita.db"
OVER = ("landed", "done", "failed")
WAITING = (
    "SELECT workflow_uuid, status FROM {schema}workflow_status"
    " WHERE status IN ('PENDING', 'ENQUEUED', 'DELAYED') ORDER BY 1"
)
WATCHED = (
    "call.finished", "patch", "task.built", "task.testing", "task.fix", "gate", "task.passed",
    "activity.started", "activity.finished",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One run: `answers` are its finished answers, question by key; `unfinished` the workflows
    that the engine still means to run, or None where that can't be read.
    """

    run: str
    status: str
    exit: int | None
    answers: Mapping[Key, str]
    entries: tuple[Entry, ...]
    events: tuple[Event, ...]
    unfinished: tuple[str, ...] = ()

    @property
    def over(self) -> bool:
        """Has the run ended for good?"""
        return self.status in OVER

    @property
    def passed(self) -> frozenset[str]:
        """The tasks that are done."""
        return frozenset(e.data["task"] for e in self.events if e.type == "task.passed")

    @property
    def settled(self) -> Mapping[str, int]:
        """Per question how many entries of the ledger are settled."""
        found: dict[str, int] = {}
        for entry in self.entries:
            if entry.state == "settled":
                found[entry.question] = found.get(entry.question, 0) + 1
        return found


def of_store(store: Store, run: str, unfinished: tuple[str, ...] = ()) -> Record:
    """The record of that run in an open store."""
    about = store.find(run)
    exchanges = store.transcript(about.id)
    return Record(
        run=about.id,
        status=about.status,
        exit=about.exit,
        answers={
            key_of([(m["role"], m["text"]) for m in x["request"]["messages"]]): x["name"]
            for x in exchanges
        },
        entries=tuple(store.entries(about.id)),
        events=tuple(store.events(about.id)),
        unfinished=unfinished,
    )


def of_folder(state: Path) -> Record | None:
    """The last run of a `.partita` folder that no process uses now; None where there is none.

    A copy is read: to open the file itself would recover it, which is the next process's part.
    """
    with _copied(state) as copy:
        if copy is None:
            return None
        waiting = _unfinished(copy / DATABASE)
        try:
            with open_readonly(copy) as store:
                return of_store(store, "last", waiting)
        except PartitaError:
            return None


@contextmanager
def _copied(state: Path) -> Iterator[Path | None]:
    if not (state / DATABASE).exists():
        yield None
        return
    copy = state.parent.parent / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    try:
        for name in (DATABASE, f"{DATABASE}-wal"):
            if (state / name).exists():
                shutil.copyfile(state / name, copy / name)
        if (state / "blobs").exists():
            shutil.copytree(state / "blobs", copy / "blobs", copy_function=os.link)
        # Recovers the copy, which who only reads can't.
        with sqlite3.connect(copy / DATABASE) as db:
            db.execute("SELECT count(*) FROM sqlite_master").fetchall()
        db.close()
        yield copy
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def _unfinished(file: Path) -> tuple[str, ...]:
    """The ids of the engine's workflows that are neither over nor cancelled."""
    db = sqlite3.connect(file)
    try:
        rows = db.execute(WAITING.format(schema="")).fetchall()
    except sqlite3.OperationalError:
        return ()  # killed before the engine made its tables
    finally:
        db.close()
    return tuple(f"{name} {status}" for name, status in rows)


@contextmanager
def _database(url: str) -> Iterator[Any]:
    import psycopg  # noqa: PLC0415 - only where there is a server

    with psycopg.connect(url, autocommit=True) as db:
        yield db


def of_database(url: str) -> Record | None:
    """The one run of a PostgreSQL database; None before there is one."""
    with _database(url) as db:
        if db.execute("SELECT to_regclass('partita_runs')").fetchone()[0] is None:
            return None
        found = db.execute("SELECT project, id FROM partita_runs").fetchall()
        if not found:
            return None
        [(project, run)] = found
        waiting = ()
        if db.execute("SELECT to_regclass('dbos.workflow_status')").fetchone()[0] is not None:
            rows = db.execute(WAITING.format(schema="dbos.")).fetchall()
            waiting = tuple(f"{name} {status}" for name, status in rows)
    with PostgresStore(url, SystemClock(), project=project, readonly=True) as store:
        return of_store(store, run, waiting)


class Tail(Protocol):
    """The log of a run at work."""

    def count(self) -> int | None:
        """How many events of the watched kinds there are; None while that can't be read."""

    def close(self) -> None:
        """Let go of it until the next look."""


@dataclass(slots=True)
class FileTail:
    """The log in a SQLite file."""

    file: Path
    _db: sqlite3.Connection | None = None

    def count(self) -> int | None:
        """As `Tail` says."""
        try:
            if self._db is None:
                if not self.file.exists():
                    return None
                self._db = sqlite3.connect(f"{self.file.as_uri()}?mode=ro", uri=True)
            marks = ", ".join("?" * len(WATCHED))
            sql = f"SELECT count(*) FROM partita_events WHERE type IN ({marks})"
            with closing(self._db.execute(sql, WATCHED)) as rows:
                return int(rows.fetchone()[0])
        except sqlite3.Error:
            return None

    def close(self) -> None:
        """As `Tail` says."""
        if self._db is not None:
            self._db.close()
            self._db = None


@dataclass(slots=True)
class DatabaseTail:
    """The log in a PostgreSQL database."""

    url: str

    def count(self) -> int | None:
        """As `Tail` says."""
        with _database(self.url) as db:
            if db.execute("SELECT to_regclass('partita_events')").fetchone()[0] is None:
                return None
            sql = "SELECT count(*) FROM partita_events WHERE type = ANY(%s)"
            return int(db.execute(sql, (list(WATCHED),)).fetchone()[0])

    def close(self) -> None:
        """As `Tail` says."""
