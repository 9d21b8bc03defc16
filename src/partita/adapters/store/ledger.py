"""The ledger's table: holds, settlements, and the caps checked in the transaction that holds."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from partita.adapters.store.database import Database, Transaction, dump
from partita.adapters.store.totals import book, closed
from partita.core.budget import NANO, Budget, Caps, Pot, Usage, pots
from partita.core.pots import ORDER, admit, nearly
from partita.ports.clock import Clock
from partita.ports.store import Entry, Filling, Held

MOST = 1_000_000 * NANO  # of one entry; keeps every sum within a database's integers
CLOSED = ("settled", "released", "unconfirmed")
COLUMNS = "id, run, question, model, role, task, activity, held, cost, usage, state, at"
OF_POTS = "project, run, task, role, at, held, cost"

CLOSE = f"""
    UPDATE partita_ledger SET state = :state, usage = :usage, cost = CASE
        WHEN :state = 'settled' THEN :cost
        WHEN :state = 'released' THEN 0
        WHEN :cost > held THEN :cost
        ELSE held END
    WHERE id = :id AND state = 'held' RETURNING {OF_POTS}"""  # noqa: S608 - our own columns

ABANDON = f"""
    UPDATE partita_ledger SET state = 'unconfirmed', cost = held
    WHERE owner = :owner AND state = 'held' AND (:run = '' OR run = :run)
    RETURNING {OF_POTS}"""  # noqa: S608 - our own columns


class LedgerTable:
    """`ports.store.Ledger` on the database. A closed entry's `cost` is what it counts for.

    `me` is who this store's holds belong to, `lives` says whether such an owner is still there,
    and `permitted` raises Fenced within the transaction where this store may hold no more.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        project: str,
        me: str,
        lives: Callable[[Transaction, str], bool],
        permitted: Callable[[Transaction], None] = lambda _: None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._project = project
        self._me = me
        self._lives = lives
        self._permitted = permitted

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
        caps: Caps,
    ) -> Held:
        """Set money aside in every pot that the call draws on.

        BudgetSpent names the pot whose cap would be passed, and how to raise it; then nothing is
        held. Fenced where this store belongs to a worker whose work was taken over.
        """
        check_amount(amount)
        at = self._clock.now()
        project = self._project
        drawn = pots(caps, run=run, task=task, role=role, project=project, at=at)
        row = (project, run, question, model, role, task, activity, amount, at, self._me)

        def work(tx: Transaction) -> Held:
            self._permitted(tx)
            [(entry,)] = tx.execute(
                "INSERT INTO partita_ledger (project, run, question, model, role, task, activity,"
                " held, at, owner) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                row,
            ).fetchall()
            totals = book(tx, {pot.key: (0, amount) for pot in drawn})
            full = []
            for pot in sorted(drawn, key=lambda pot: ORDER.index(pot.kind)):
                spent, held = totals[pot.key]
                admit(pot, amount, spent=spent, held=held - amount)
                if nearly(pot, spent=spent, held=held, warn=caps.warn):
                    full.append(Filling(pot=pot, spent=spent, held=held))
            return Held(entry=entry, nearly=tuple(full))

        return self._db.transact(work)

    def settle(self, entry: int, *, state: str, cost: int, usage: Usage | None) -> None:
        """Close a hold; KeyError when there is no such entry."""
        self._db.transact(lambda tx: close_entry(tx, entry, state=state, cost=cost, usage=usage))

    def budget(self, run: str, cap: int | None) -> Budget:
        """Spent and held so far."""
        filled = self.filling(Pot(kind="run", key=f"run:{run}", cap=cap))
        return Budget(cap=cap, spent=filled.spent, held=filled.held)

    def filling(self, pot: Pot) -> Filling:
        """How full the pot is now."""
        query = "SELECT spent, held FROM partita_pots WHERE key = ?"
        for spent, held in self._db.read(lambda *sums: sums, query, (pot.key,)):
            return Filling(pot=pot, spent=spent, held=held)
        return Filling(pot=pot, spent=0, held=0)

    def entries(self, run: str | None) -> Sequence[Entry]:
        """The run's lines in order; of all runs of the project for None."""
        which = "project = ?" if run is None else "run = ?"
        return self._db.read(
            _entry,
            f"SELECT {COLUMNS} FROM partita_ledger WHERE {which} ORDER BY id",  # noqa: S608
            (self._project if run is None else run,),
        )

    def abandon(self, run: str) -> int:
        """Mark holds that nobody alive owns "unconfirmed"; gives how many."""

        def work(tx: Transaction) -> int:
            owners = tx.execute(
                "SELECT DISTINCT owner FROM partita_ledger WHERE run = ? AND state = 'held'", (run,)
            ).fetchall()
            return abandoned(tx, [who for (who,) in owners if not self._lives(tx, who)], run)

        return self._db.transact(work)


def abandoned(tx: Transaction, owners: Sequence[str], run: str = "") -> int:
    """Close the open holds of those owners, of that run or of all, as unconfirmed."""
    rows = [
        row
        for who in sorted(owners)
        for row in tx.execute(ABANDON, {"owner": who, "run": run}).fetchall()
    ]
    book(tx, closed(rows))
    return len(rows)


def close_entry(tx: Transaction, entry: int, *, state: str, cost: int, usage: Usage | None) -> None:
    """Settle within a transaction; an entry that is closed already stays as it is."""
    if state not in CLOSED:
        msg = f"{state!r} is none of {CLOSED}"
        raise ValueError(msg)
    check_amount(cost)
    told = None if usage is None else dump(asdict(usage))
    rows = tx.execute(CLOSE, {"id": entry, "state": state, "cost": cost, "usage": told}).fetchall()
    book(tx, closed(rows))
    known = "SELECT 1 FROM partita_ledger WHERE id = ?"
    if not rows and tx.execute(known, (entry,)).fetchone() is None:
        raise KeyError(entry)


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
