"""The answers' tables: what was asked and answered lies in one blob, whose key the row holds."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from partita.adapters.store.blobs import BlobFolder
from partita.adapters.store.database import Database, dump, load_object
from partita.adapters.store.ledger import close_entry
from partita.core.budget import Usage
from partita.errors import OutsideFailure
from partita.ports.clock import Clock

# A run always sees the answers it has used, spoilt or not: its record refers to them.
FITTING = """
    SELECT a.number, a.blob, a.run, EXISTS (
        SELECT 1 FROM partita_exchanges e WHERE e.answer = a.number AND e.run = :run) AS mine
    FROM partita_answers a
    WHERE a.key = :key AND (mine OR (:others AND NOT a.spoilt))
    ORDER BY mine DESC, a.number"""


class AnswerTable:
    """`ports.store.Answers` on the database; a blob is on the disk before the row that names it.

    An answer belongs to the run that paid for it: a run that does not take others' answers, or
    finds them spoilt, keeps one of its own under the same key.
    """

    def __init__(self, db: Database, blobs: BlobFolder, clock: Clock) -> None:
        self._db = db
        self._blobs = blobs
        self._clock = clock

    def get(self, key: str, *, run: str, others: bool = True) -> dict[str, Any] | None:
        """The answer's JSON with `run` (who paid) added, or None.

        Other runs' only with `others`, and never a spoilt one of theirs. One whose blob is lost
        is not there: it must be asked again.
        """
        wanted = {"key": key, "run": run, "others": others}
        for _, blob, payer, _ in self._db.read(lambda *row: row, FITTING, wanted):
            kept = self._load(blob)
            if kept is not None:
                return {**kept["answer"], "run": payer}
        return None

    def put(
        self, key: str, run: str, question: str, request: dict[str, Any], answer: dict[str, Any]
    ) -> None:
        """Keep it; the first one that the run has wins, unless its blob is lost."""
        row = self._prepared(key, run, request, answer)
        with self._db.write() as tx:
            self._insert(tx, row, question)

    def settled(
        self,
        key: str,
        run: str,
        question: str,
        request: dict[str, Any],
        answer: dict[str, Any],
        *,
        entry: int,
        cost: int,
        usage: Usage,
    ) -> None:
        """`put` and the ledger's `settle` in one transaction."""
        row = self._prepared(key, run, request, answer)
        with self._db.write() as tx:
            self._insert(tx, row, question)
            close_entry(tx, entry, state="settled", cost=cost, usage=usage)

    def used(self, run: str, question: str, key: str) -> None:
        """Note who else was answered by it; KeyError when there is nothing that `get` gives."""
        wanted = {"key": key, "run": run, "others": True}
        with self._db.write() as tx:
            for number, blob, _, _ in tx.execute(FITTING, wanted).fetchall():
                if self._load(blob) is not None:
                    _note(tx, run, question, number)
                    return
            raise KeyError(key)

    def spoil(self, run: str, question: str) -> None:
        """The answer that the run last used for the question is not given to other runs."""
        with self._db.write() as tx:
            tx.execute(
                "UPDATE partita_answers SET spoilt = 1 WHERE number = ("
                " SELECT answer FROM partita_exchanges WHERE run = ? AND question = ?"
                " ORDER BY number DESC LIMIT 1)",
                (run, question),
            )

    def transcript(self, run: str) -> Sequence[dict[str, Any]]:
        """Every exchange in order: name, hash, request, reply; OutsideFailure when one is lost."""
        rows = self._db.read(
            lambda *row: row,
            "SELECT e.question, a.key, a.blob FROM partita_exchanges e"
            " JOIN partita_answers a ON a.number = e.answer WHERE e.run = ? ORDER BY e.number",
            (run,),
        )
        return [
            {"name": name, "hash": key, "request": kept["request"], "reply": kept["answer"]}
            for name, key, blob in rows
            for kept in [self._must(blob)]
        ]

    def _prepared(
        self, key: str, run: str, request: dict[str, Any], answer: dict[str, Any]
    ) -> dict[str, Any]:
        blob = self._blobs.keep(dump({"request": request, "answer": answer}).encode())
        return {"key": key, "run": run, "blob": blob, "at": self._clock.now()}

    def _insert(self, tx: sqlite3.Connection, row: dict[str, Any], question: str) -> None:
        mine = tx.execute(FITTING, {**row, "others": False}).fetchone()
        if mine is None:
            number = tx.execute(
                "INSERT INTO partita_answers (key, run, blob, at) VALUES (:key, :run, :blob, :at)",
                row,
            ).lastrowid
            assert number is not None
        else:
            number, blob, _, _ = mine
            if self._load(blob) is None:
                tx.execute(
                    "UPDATE partita_answers SET blob = ? WHERE number = ?", (row["blob"], number)
                )
        _note(tx, row["run"], question, number)

    def _load(self, blob: str) -> dict[str, dict[str, Any]] | None:
        """The request and the answer; None when the blob is lost or is not what we wrote."""
        try:
            kept = load_object(self._blobs.load(blob).decode())
        except (KeyError, ValueError, RecursionError):
            return None
        both = isinstance(kept.get("request"), dict) and isinstance(kept.get("answer"), dict)
        return kept if both else None

    def _must(self, blob: str) -> dict[str, dict[str, Any]]:
        value = self._load(blob)
        if value is None:
            raise OutsideFailure(
                f"the record of this run is incomplete: blob {blob[:12]} is missing or damaged",
                remedy=f"restore the folder {self._db.path.parent / 'blobs'} from a backup",
            )
        return value


def _note(tx: sqlite3.Connection, run: str, question: str, answer: int) -> None:
    tx.execute(
        "INSERT OR IGNORE INTO partita_exchanges (run, question, answer) VALUES (?, ?, ?)",
        (run, question, answer),
    )
