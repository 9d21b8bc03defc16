"""The ledger of a store in memory; every change books the totals of its pots."""

from collections.abc import Sequence
from dataclasses import replace

from partita.core.budget import Budget, Caps, Pot, Usage, pots
from partita.core.pots import ORDER, admit, nearly
from partita.ports.clock import Clock
from partita.ports.store import Entry, Filling, Held
from partita.testing.memory_data import Data, check_amount

NO_CAPS = Caps()


class MemoryLedger:
    """`ports.store.Ledger` on the data; `me` is among `data.living` while the store is open."""

    def __init__(self, data: Data, clock: Clock, project: str, me: int) -> None:
        self._data = data
        self._clock = clock
        self._project = project
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
        caps: Caps,
    ) -> Held:
        """Set money aside; BudgetSpent when a cap would be passed."""
        check_amount(amount)
        at, project = self._clock.now(), self._project
        drawn = pots(caps, run=run, task=task, role=role, project=project, at=at)
        with self._data.lock:
            full = []
            for pot in sorted(drawn, key=lambda pot: ORDER.index(pot.kind)):
                before = self.filling(pot)
                admit(pot, amount, spent=before.spent, held=before.held)
                after = replace(before, held=before.held + amount)
                if nearly(pot, spent=after.spent, held=after.held, warn=caps.warn):
                    full.append(after)
            ident = len(self._data.entries) + 1
            self._data.owners[ident] = self._me, project
            self._data.entries[ident] = Entry(
                id=ident,
                run=run,
                question=question,
                model=model,
                role=role,
                task=task,
                activity=activity,
                held=amount,
                cost=0,
                usage=None,
                state="held",
                at=at,
            )
            self._book(self._data.entries[ident], 0, amount)
            return Held(entry=ident, nearly=tuple(full))

    def settle(self, entry: int, *, state: str, cost: int, usage: Usage | None) -> None:
        """Close a hold; KeyError when there is no such entry."""
        if state not in ("settled", "released", "unconfirmed"):
            raise ValueError(state)
        check_amount(cost)
        with self._data.lock:
            before = self._data.entries[entry]
            if before.state == "held":
                most = max(cost, before.held)
                counts = {"settled": cost, "released": 0, "unconfirmed": most}[state]
                after = replace(before, state=state, cost=counts, usage=usage)
                self._data.entries[entry] = after
                self._book(after, counts, -after.held)

    def budget(self, run: str, cap: int | None) -> Budget:
        """Spent and held so far."""
        filled = self.filling(Pot(kind="run", key=f"run:{run}", cap=cap))
        return Budget(cap=cap, spent=filled.spent, held=filled.held)

    def filling(self, pot: Pot) -> Filling:
        """How full the pot is now."""
        spent, held = self._data.totals.get(pot.key, (0, 0))
        return Filling(pot=pot, spent=spent, held=held)

    def _book(self, entry: Entry, spent: int, held: int) -> None:
        for pot in pots(
            NO_CAPS,
            run=entry.run,
            task=entry.task,
            role=entry.role,
            project=self._data.owners[entry.id][1],
            at=entry.at,
        ):
            before = self._data.totals.get(pot.key, (0, 0))
            self._data.totals[pot.key] = (before[0] + spent, before[1] + held)

    def entries(self, run: str | None) -> Sequence[Entry]:
        """The run's lines in order; of all runs of the project for None."""
        with self._data.lock:
            return [
                entry
                for entry in self._data.entries.values()
                if entry.run == run
                or (run is None and self._data.owners[entry.id][1] == self._project)
            ]

    def abandon(self, run: str) -> int:
        """Mark holds of closed stores "unconfirmed"; gives how many."""
        with self._data.lock:
            dead = [
                entry
                for entry in self.entries(run)
                if entry.state == "held" and self._data.owners[entry.id][0] not in self._data.living
            ]
            for entry in dead:
                self.settle(entry.id, state="unconfirmed", cost=entry.held, usage=None)
            return len(dead)
