"""The totals of every pot, booked in the transactions that change the ledger they sum up."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from partita.adapters.store.database import Transaction
from partita.core.budget import Caps, pots

ANYTHING = Caps()
AT_ONCE = 500  # rows of one statement
Change = tuple[int, int]  # nano-dollars more: spent, held


def book(tx: Transaction, changes: Mapping[str, Change]) -> dict[str, Change]:
    """Add to the pots of those keys; gives the new totals, spent and held, of each.

    The rows are taken in the order of their keys, so that no two transactions wait for each other.
    """
    found = {}
    keys = sorted(changes)
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        places = ", ".join(["(?, ?, ?)"] * len(some))
        rows = tx.execute(
            f"INSERT INTO partita_pots (key, spent, held) VALUES {places}"  # noqa: S608 - no values
            " ON CONFLICT (key) DO UPDATE SET spent = partita_pots.spent + excluded.spent,"
            " held = partita_pots.held + excluded.held RETURNING key, spent, held",
            [value for key in some for value in (key, *changes[key])],
        ).fetchall()
        found.update({key: (spent, held) for key, spent, held in rows})
    return found


def closed(rows: Iterable[tuple[Any, ...]]) -> dict[str, Change]:
    """What closing those lines means for the pots.

    A row is `project, run, task, role, at, held, cost`: it was held, and counts for its cost now.
    """
    return _summed((*about, cost, -held) for *about, held, cost in rows)


def build(tx: Transaction) -> None:
    """Sum up the whole ledger."""
    rows = tx.execute(
        "SELECT project, run, task, role, at,"
        " CASE WHEN state = 'held' THEN 0 ELSE cost END,"
        " CASE WHEN state = 'held' THEN held ELSE 0 END FROM partita_ledger"
    ).fetchall()
    book(tx, _summed(rows))


def _summed(rows: Iterable[tuple[Any, ...]]) -> dict[str, Change]:
    """Rows of `project, run, task, role, at, spent, held` by the pots that they belong to."""
    found: defaultdict[str, Change] = defaultdict(lambda: (0, 0))
    for project, run, task, role, at, spent, held in rows:
        for pot in pots(ANYTHING, run=run, task=task, role=role, project=project, at=at):
            before = found[pot.key]
            found[pot.key] = (before[0] + spent, before[1] + held)
    return dict(found)
