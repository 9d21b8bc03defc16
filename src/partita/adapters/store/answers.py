"""The answers' tables: what was asked and answered lies in one blob, whose key the row holds."""

from collections.abc import Sequence
from typing import Any

from partita.adapters.store.database import Database, Transaction, dump, load_object
from partita.adapters.store.ledger import close_entry
from partita.core.budget import Usage
from partita.errors import OutsideFailure
from partita.ports.clock import Clock
from partita.ports.store import Blobs

# A run always sees the answers it has used, spoilt or not: its record refers to them.
FITTING = """
    SELECT number, blob, run, mine FROM (
        SELECT a.number, a.blob, a.run, a.spoilt, a.project, EXISTS (
            SELECT 1 FROM partita_exchanges e WHERE e.answer = a.number AND e.run = :run) AS mine
        FROM partita_answers a WHERE a.key = :key) AS found
    WHERE mine OR (:others = 1 AND spoilt = 0 AND project = :project)
    ORDER BY mine DESC, number"""


class AnswerTable:
    """`ports.store.Answers` on the database; a blob is kept before the row that names it.

    An answer belongs to the run that paid for it: a run that does not take others' answers, or
    finds them spoilt, keeps one of its own under the same key.
    """

    def __init__(self, db: Database, blobs: Blobs, clock: Clock, *, project: str) -> None:
        self._db = db
        self._blobs = blobs
        self._clock = clock
        self._project = project

    def get(self, key: str, *, run: str, others: bool = True) -> dict[str, Any] | None:
        """The answer's JSON with `run` (who paid) added, or None.

        Other runs' only with `others`, and never a spoilt one of theirs. One whose blob is lost
        is not there: it must be asked again.
        """
        wanted = self._wanted(key, run, others=others)
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
        self._db.transact(lambda tx: self._insert(tx, row, question))

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

        def work(tx: Transaction) -> None:
            self._insert(tx, row, question)
            close_entry(tx, entry, state="settled", cost=cost, usage=usage)

        self._db.transact(work)

    def used(self, run: str, question: str, key: str) -> None:
        """Note who else was answered by it; KeyError when there is nothing that `get` gives."""
        wanted = self._wanted(key, run, others=True)

        def work(tx: Transaction) -> None:
            for number, blob, _, _ in tx.execute(FITTING, wanted).fetchall():
                if self._load(blob) is not None:
                    _note(tx, run, question, number)
                    return
            raise KeyError(key)

        self._db.transact(work)

    def spoil(self, run: str, question: str) -> None:
        """The answer that the run last used for the question is not given to other runs."""
        spoil = (
            "UPDATE partita_answers SET spoilt = 1 WHERE number = ("
            " SELECT answer FROM partita_exchanges WHERE run = ? AND question = ?"
            " ORDER BY number DESC LIMIT 1)"
        )
        self._db.transact(lambda tx: tx.execute(spoil, (run, question)))

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
        return {**self._wanted(key, run, others=False), "blob": blob, "at": self._clock.now()}

    def _wanted(self, key: str, run: str, *, others: bool) -> dict[str, Any]:
        return {"key": key, "run": run, "others": int(others), "project": self._project}

    def _insert(self, tx: Transaction, row: dict[str, Any], question: str) -> None:
        mine = tx.execute(FITTING, row).fetchone()
        if mine is None:
            [(number,)] = tx.execute(  # another worker of the run may have kept it in this moment
                "INSERT INTO partita_answers (key, run, blob, at, project)"
                " VALUES (:key, :run, :blob, :at, :project)"
                " ON CONFLICT (key, run) DO UPDATE SET run = excluded.run RETURNING number",
                row,
            ).fetchall()
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
                remedy=f"restore {self._db.backup} from a backup",
            )
        return value


def _note(tx: Transaction, run: str, question: str, answer: int) -> None:
    tx.execute(
        "INSERT INTO partita_exchanges (run, question, answer) VALUES (?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (run, question, answer),
    )
