"""The ledger's table: holds, settlements, and the cap checked in the transaction that holds."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from partita.adapters.store import owner
from partita.adapters.store.database import Database, dump
from partita.core.budget import NANO, Budget, Usage
from partita.ports.clock import Clock
from partita.ports.store import Entry

MOST = 1_000_000 * NANO  # of one entry; keeps every sum within SQLite's integers
CLOSED = ("settled", "released", "unconfirmed")

SUMS = """
    SELECT coalesce(sum(CASE WHEN state <> 'held' THEN cost END), 0),
           coalesce(sum(CASE WHEN state = 'held' THEN held END), 0)
    FROM partita_ledger WHERE run = ?"""


class LedgerTable:
    """`ports.store.Ledger` on the database. A closed entry's `cost` is what it counts for."""

    def __init__(self, db: Database, clock: Clock, me: str) -> None:
        self._db = db
        self._clock = clock
        self._me = me

    def hold(
        self,
        run: str,
        question: str,
        *,
        model: str,
        role: str,
        task: str | None,
        activity: str,
        amount: int,
        cap: int | None,
    ) -> int:
        """Set money aside and give the entry's id; BudgetSpent when the cap would be passed."""
        check_amount(amount)
        row = (run, question, model, role, task, activity, amount, self._clock.now(), self._me)
        with self._db.write() as tx:
            spent, held = tx.execute(SUMS, (run,)).fetchone()
            Budget(cap=cap, spent=spent, held=held).hold(amount)
            entry = tx.execute(
                "INSERT INTO partita_ledger"
                " (run, question, model, role, task, activity, held, at, owner)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            ).lastrowid
        assert entry is not None
        return entry

    def settle(self, entry: int, *, state: str, cost: int, usage: Usage | None) -> None:
        """Close a hold; KeyError when there is no such entry."""
        with self._db.write() as tx:
            close_entry(tx, entry, state=state, cost=cost, usage=usage)

    def budget(self, run: str, cap: int | None) -> Budget:
        """Spent and held so far."""
        [(spent, held)] = self._db.read(lambda *sums: sums, SUMS, (run,))
        return Budget(cap=cap, spent=spent, held=held)

    def entries(self, run: str) -> Sequence[Entry]:
        """The run's lines in order."""
        return self._db.read(
            _entry,
            "SELECT id, run, question, model, role, task, activity, held, cost, usage, state, at"
            " FROM partita_ledger WHERE run = ? ORDER BY id",
            (run,),
        )

    def abandon(self, run: str) -> int:
        """Mark holds that no living process owns "unconfirmed"; gives how many."""
        with self._db.write() as tx:
            owners = tx.execute(
                "SELECT DISTINCT owner FROM partita_ledger WHERE run = ? AND state = 'held'", (run,)
            ).fetchall()
            return sum(
                tx.execute(
                    "UPDATE partita_ledger SET state = 'unconfirmed', cost = held"
                    " WHERE run = ? AND state = 'held' AND owner = ?",
                    (run, who),
                ).rowcount
                for (who,) in owners
                if not owner.lives(who)
            )


def close_entry(
    tx: sqlite3.Connection, entry: int, *, state: str, cost: int, usage: Usage | None
) -> None:
    """Settle within a transaction; an entry that is closed already stays as it is."""
    if state not in CLOSED:
        msg = f"{state!r} is none of {CLOSED}"
        raise ValueError(msg)
    check_amount(cost)
    row = tx.execute("SELECT held, state FROM partita_ledger WHERE id = ?", (entry,)).fetchone()
    if row is None:
        raise KeyError(entry)
    held, before = row
    if before != "held":
        return
    counts = {"settled": cost, "released": 0, "unconfirmed": max(cost, held)}[state]
    tx.execute(
        "UPDATE partita_ledger SET state = ?, cost = ?, usage = ? WHERE id = ?",
        (state, counts, None if usage is None else dump(asdict(usage)), entry),
    )


def check_amount(amount: int) -> None:
    """ValueError unless it is an amount that one call can cost."""
    if not 0 <= amount <= MOST:
        msg = f"{amount} nano-dollars is no amount for one call"
        raise ValueError(msg)


def _entry(*row: Any) -> Entry:
    ident, run, question, model, role, task, activity, held, cost, usage, state, at = row
    return Entry(
        id=ident,
        run=run,
        question=question,
        model=model,
        role=role,
        task=task,
        activity=activity,
        held=held,
        cost=cost,
        usage=None if usage is None else Usage(**json.loads(usage)),
        state=state,
        at=at,
    )
