"""The register of runs, what users send to them, their documents, and how often they were begun."""

import json
from collections.abc import Sequence
from typing import Any

from partita.adapters.store.database import Database, Transaction, dump, load_object
from partita.errors import BadInput
from partita.ports.clock import Clock
from partita.ports.store import RunRecord

COLUMNS = (
    "SELECT id, request, options, created, status, exit, result FROM partita_runs"
    " WHERE project = :project"
)
OPEN = ("running", "waiting")


class RunTable:
    """`ports.store.Runs` on the database."""

    def __init__(self, db: Database, *, project: str) -> None:
        self._db = db
        self._project = project

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
            self._project,
        )
        entered = self._db.transact(
            lambda tx: (
                tx.execute(
                    "INSERT INTO partita_runs"
                    " (id, request, options, created, status, exit, result, project)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    row,
                ).rowcount
            )
        )
        if not entered:
            msg = f"there is a run {record.id} already"
            raise ValueError(msg)

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
        given = {
            "run": run,
            "project": self._project,
            "status": status,
            "open": int(status in OPEN),
            "code": exit_code,
            "result": None if result is None else dump(result),
            "options": None if options is None else dump(options),
        }
        changed = self._db.transact(
            lambda tx: (
                tx.execute(
                    "UPDATE partita_runs SET status = :status,"
                    " exit = CASE WHEN :open = 1 THEN NULL ELSE coalesce(:code, exit) END,"
                    " result = coalesce(:result, result), options = coalesce(:options, options)"
                    " WHERE id = :run AND project = :project",
                    given,
                ).rowcount
            )
        )
        if not changed:
            raise KeyError(run)

    def find(self, prefix: str) -> RunRecord:
        """The run of that unique prefix, or the last one for "last"; BadInput otherwise."""
        if prefix == "last":
            mine = {"project": self._project}
            newest = self._db.read(_record, f"{COLUMNS} ORDER BY number DESC LIMIT 1", mine)
            if not newest:
                raise BadInput("there is no run here yet", remedy='start one: partita build "..."')
            return newest[0]
        found = self._db.read(
            _record,
            f"{COLUMNS} AND substr(id, 1, length(:prefix)) = :prefix"
            " ORDER BY id <> :prefix, number DESC LIMIT 6",
            {"prefix": prefix, "project": self._project},
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
        mine = {"project": self._project}
        return self._db.read(_record, f"{COLUMNS} ORDER BY number DESC", mine)


class SignalTable:
    """`ports.store.Signals` on the database."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def send(self, run: str, name: str, value: dict[str, Any]) -> bool:
        """False when that name already has a value."""
        row = (run, name, dump(value), self._clock.now())
        return self._db.transact(
            lambda tx: bool(
                tx.execute(
                    "INSERT INTO partita_signals (run, name, value, at) VALUES (?, ?, ?, ?)"
                    " ON CONFLICT DO NOTHING",
                    row,
                ).rowcount
            )
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
        gone = "DELETE FROM partita_signals WHERE run = ? AND name = ?"
        self._db.transact(lambda tx: tx.execute(gone, (run, name)))


class DocumentTable:
    """`ports.store.Documents` on the database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def put_document(self, run: str, name: str, text: str) -> None:
        """Write or replace it."""
        row = (run, name, dump(text))
        self._db.transact(
            lambda tx: tx.execute(
                "INSERT INTO partita_documents (run, name, text) VALUES (?, ?, ?)"
                " ON CONFLICT (run, name) DO UPDATE SET text = excluded.text",
                row,
            )
        )

    def document(self, run: str, name: str) -> str | None:
        """Its text; None when there is none."""
        query = "SELECT text FROM partita_documents WHERE run = ? AND name = ?"
        for text in self._db.read(lambda text: str(json.loads(text)), query, (run, name)):
            return text
        return None

    def documents(self, run: str) -> Sequence[str]:
        """The names of the run's documents, sorted."""
        return sorted(
            self._db.read(str, "SELECT name FROM partita_documents WHERE run = ?", (run,))
        )


class AttemptTable:
    """`ports.store.Attempts` on the database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def attempt(self, run: str, part: str) -> int:
        """Count one more beginning, durably, and give the count since the last progress."""

        def work(tx: Transaction) -> int:
            [(times,)] = tx.execute(
                "INSERT INTO partita_attempts (run, part, times) VALUES (?, ?, 1)"
                " ON CONFLICT (run, part) DO UPDATE SET times = partita_attempts.times + 1"
                " RETURNING times",
                (run, part),
            ).fetchall()
            return int(times)

        return self._db.transact(work)

    def progressed(self, run: str, part: str) -> None:
        """It got on, or rests in good order: the count begins anew."""
        gone = "DELETE FROM partita_attempts WHERE run = ? AND part = ?"
        self._db.transact(lambda tx: tx.execute(gone, (run, part)))


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
