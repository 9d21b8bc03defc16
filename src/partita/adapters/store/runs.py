"""The register of runs, and the words that users send to them."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from partita.adapters.store.database import Database, dump, load_object
from partita.errors import BadInput
from partita.ports.clock import Clock
from partita.ports.store import RunRecord

COLUMNS = "SELECT id, request, options, created, status, exit, result FROM partita_runs"
OPEN = ("running", "waiting")


class RunTable:
    """`ports.store.Runs` on the database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def create(self, record: RunRecord) -> None:
        """Enter a new run; ValueError when its id is taken."""
        row = (
            record.id,
            dump(record.request),
            dump(record.options),
            record.created,
            record.status,
            record.exit,
            None if record.result is None else dump(record.result),
        )
        with self._db.write() as tx:
            try:
                tx.execute(
                    "INSERT INTO partita_runs (id, request, options, created, status, exit, result)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?)",
                    row,
                )
            except sqlite3.IntegrityError as e:
                msg = f"there is a run {record.id} already"
                raise ValueError(msg) from e

    def update(
        self,
        run: str,
        *,
        status: str,
        exit_code: int | None = None,
        result: dict[str, Any] | None = None,
        options: dict[str, Any] | None = None,
    ) -> None:
        """Change what is given; a run that runs or waits again has no exit code.

        KeyError when there is no such run.
        """
        given = (
            status,
            status in OPEN,
            exit_code,
            None if result is None else dump(result),
            None if options is None else dump(options),
            run,
        )
        with self._db.write() as tx:
            changed = tx.execute(
                "UPDATE partita_runs SET status = ?,"
                " exit = CASE WHEN ? THEN NULL ELSE coalesce(?, exit) END,"
                " result = coalesce(?, result), options = coalesce(?, options) WHERE id = ?",
                given,
            ).rowcount
            if not changed:
                raise KeyError(run)

    def find(self, prefix: str) -> RunRecord:
        """The run of that unique prefix, or the last one for "last"; BadInput otherwise."""
        if prefix == "last":
            newest = self._db.read(_record, f"{COLUMNS} ORDER BY number DESC LIMIT 1")
            if not newest:
                raise BadInput("there is no run here yet", remedy='start one: partita build "..."')
            return newest[0]
        found = self._db.read(
            _record,
            f"{COLUMNS} WHERE substr(id, 1, length(?1)) = ?1 ORDER BY number DESC LIMIT 6",
            (prefix,),
        )
        exact = [record for record in found if record.id == prefix]
        if not prefix or not found:
            raise BadInput(f"there is no run {prefix[:60]!r}", remedy="list them: partita status")
        if len(found) > 1 and not exact:
            some = ", ".join(record.id for record in found[:5])
            raise BadInput(f"{prefix[:60]!r} may mean {some}", remedy="give more of the id")
        return (exact or found)[0]

    def all(self) -> Sequence[RunRecord]:
        """Every run, newest first."""
        return self._db.read(_record, f"{COLUMNS} ORDER BY number DESC")


class SignalTable:
    """`ports.store.Signals` on the database."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def send(self, run: str, name: str, value: dict[str, Any]) -> bool:
        """False when that name already has a value."""
        row = (run, name, dump(value), self._clock.now())
        with self._db.write() as tx:
            return bool(
                tx.execute(
                    "INSERT OR IGNORE INTO partita_signals (run, name, value, at)"
                    " VALUES (?, ?, ?, ?)",
                    row,
                ).rowcount
            )

    def received(self, run: str, name: str) -> dict[str, Any] | None:
        """The value, or None so far."""
        for value in self._db.read(
            load_object,
            "SELECT value FROM partita_signals WHERE run = ? AND name = ?",
            (run, name),
        ):
            return value
        return None

    def clear(self, run: str, name: str) -> None:
        """Forget it, so that it can be sent anew."""
        with self._db.write() as tx:
            tx.execute("DELETE FROM partita_signals WHERE run = ? AND name = ?", (run, name))


def _record(*row: Any) -> RunRecord:
    ident, request, options, created, status, code, result = row
    return RunRecord(
        id=ident,
        request=str(json.loads(request)),
        options=load_object(options),
        created=created,
        status=status,
        exit=code,
        result=None if result is None else load_object(result),
    )
