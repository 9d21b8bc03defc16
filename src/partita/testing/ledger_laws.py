"""The laws of `ports.store.Ledger`: what is held counts, no pot overflows, the totals are right."""
# ruff: noqa: PLR2004 - the numbers are the expectations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from partita.core.budget import NANO, Caps, Pot, Usage, pots
from partita.errors import BudgetSpent
from partita.ports.store import Store

Restart = Callable[[], Store]
TEN = 10 * NANO
USAGE = Usage(input=10, output=2, cache_read=4)


def held(
    store: Store,
    amount: int,
    *,
    run: str = "r",
    task: str | None = "t",
    role: str = "coder",
    cap: int | None = None,
    caps: Caps | None = None,
) -> int:
    """Hold an amount for a question of no importance; gives the entry."""
    return store.hold(
        run,
        "build:1",
        model="m",
        role=role,
        task=task,
        activity="build",
        amount=amount,
        caps=Caps(run=cap) if caps is None else caps,
    ).entry


def assert_balanced(store: Store, project: str) -> None:
    """Every pot holds what the ledger says of it."""
    spent, hold = Counter[str](), Counter[str]()
    known: dict[str, Pot] = {}
    for line in store.entries(None):
        drawn = pots(
            Caps(), run=line.run, task=line.task, role=line.role, project=project, at=line.at
        )
        for pot in drawn:
            known[pot.key] = pot
            spent[pot.key] += 0 if line.state == "held" else line.cost
            hold[pot.key] += line.held if line.state == "held" else 0
    for key, pot in known.items():
        filled = store.filling(pot)
        assert (filled.spent, filled.held) == (spent[key], hold[key]), key


class LedgerLaws:
    """Money. `project` is the name that the subclass's stores are opened for."""

    project = ""

    def test_a_hold_that_would_pass_the_cap_is_refused_and_leaves_no_line(
        self, restart: Restart
    ) -> None:
        """Held and spent count alike against the cap."""
        store = restart()
        first = held(store, 60, cap=100)
        with pytest.raises(BudgetSpent):
            held(store, 41, cap=100)
        store.settle(first, state="settled", cost=30, usage=USAGE)
        held(store, 70, cap=100)
        with pytest.raises(BudgetSpent):
            held(store, 1, cap=100)
        assert [e.held for e in store.entries("r")] == [60, 70]

    def test_another_runs_money_is_its_own(self, restart: Restart) -> None:
        """The cap is per run."""
        store = restart()
        held(store, 100, cap=100)
        held(store, 100, run="other", cap=100)

    @pytest.mark.parametrize(
        ("state", "cost", "counts"),
        [("settled", 7, 7), ("settled", 70, 70), ("released", 0, 0), ("unconfirmed", 0, 60)],
    )
    def test_each_way_to_close_a_hold_counts_as_it_should(
        self, restart: Restart, state: str, cost: int, counts: int
    ) -> None:
        """What may have been paid counts in full, what never left costs nothing."""
        store = restart()
        entry = held(store, 60)
        assert store.budget("r", 100).held == 60
        store.settle(entry, state=state, cost=cost, usage=USAGE)
        budget = restart().budget("r", 100)
        assert (budget.spent, budget.held, budget.cap) == (counts, 0, 100)
        [line] = restart().entries("r")
        assert (line.state, line.cost, line.held, line.usage) == (state, counts, 60, USAGE)

    def test_a_second_settlement_changes_nothing(self, restart: Restart) -> None:
        """A repeated step does not pay again."""
        store = restart()
        entry = held(store, 60)
        store.settle(entry, state="settled", cost=5, usage=USAGE)
        store.settle(entry, state="unconfirmed", cost=60, usage=None)
        assert store.budget("r", None).spent == 5

    def test_nonsense_is_refused(self, restart: Restart) -> None:
        """Amounts below nothing, unknown states and unknown entries."""
        store = restart()
        with pytest.raises(ValueError):  # noqa: PT011
            held(store, -1)
        entry = held(store, 1)
        with pytest.raises(ValueError):  # noqa: PT011
            store.settle(entry, state="settled", cost=-1, usage=None)
        with pytest.raises(ValueError):  # noqa: PT011
            store.settle(entry, state="lost", cost=0, usage=None)
        with pytest.raises(KeyError):
            store.settle(entry + 1000, state="settled", cost=0, usage=None)
        assert [e.state for e in store.entries("r")] == ["held"]

    def test_only_holds_of_the_dead_are_abandoned(self, restart: Restart) -> None:
        """They count as spent in full; those of the living stay."""
        store = restart()
        closed = held(store, 1)
        store.settle(closed, state="released", cost=0, usage=None)
        held(store, 60)
        held(store, 5, run="other")
        assert store.abandon("r") == 0
        store = restart()
        mine = held(store, 7)
        assert store.abandon("r") == 1
        assert store.abandon("r") == 0
        budget = store.budget("r", None)
        assert (budget.spent, budget.held) == (60, 7)
        store.settle(mine, state="settled", cost=7, usage=None)
        assert [e.state for e in store.entries("other")] == ["held"]

    def test_parallel_holds_never_pass_the_cap(self, restart: Restart) -> None:
        """64 threads want 7 each of 100: 14 get it."""
        store = restart()
        outcomes: list[bool] = []
        together = threading.Barrier(64)

        def want() -> None:
            together.wait()
            try:
                held(store, 7, cap=100)
            except BudgetSpent:
                outcomes.append(False)
            else:
                outcomes.append(True)

        threads = [threading.Thread(target=want) for _ in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(outcomes), sum(outcomes)) == (64, 14)
        assert store.budget("r", 100).held == 98

    @pytest.mark.parametrize(
        ("caps", "words", "flag"),
        [
            (Caps(run=TEN), "$10.00 budget is left", "--budget"),
            (Caps(task=TEN), "$10.00 that task t may cost is left", "--task-budget"),
            (Caps(roles={"coder": TEN}), "that role coder may cost", "--role-budgets coder="),
            (Caps(day=TEN), "that the day 2026-01-01 (UTC) may cost", "--day-budget"),
            (Caps(project=TEN), "that this project may cost", "--project-budget"),
        ],
    )
    def test_each_cap_is_named_with_the_way_to_raise_it(
        self, restart: Restart, caps: Caps, words: str, flag: str
    ) -> None:
        """And nothing is held, in no pot."""
        store = restart()
        held(store, 6 * NANO, caps=caps)
        with pytest.raises(BudgetSpent) as caught:
            held(store, 5 * NANO, caps=caps)
        assert words in caught.value.message
        assert "may cost up to $5.00, and $4.00 of the $10.00" in caught.value.message
        assert f"raise it: partita resume {flag}" in caught.value.remedy
        assert [e.held for e in store.entries("r")] == [6 * NANO]
        assert_balanced(store, self.project)
        held(store, 4 * NANO, caps=caps)

    def test_what_a_cap_does_not_bound_goes_on(self, restart: Restart) -> None:
        """Another task, role or run has a pot of its own; the project's is everybody's."""
        store = restart()
        caps = Caps(task=10, roles={"coder": 10})
        held(store, 10, caps=caps)
        with pytest.raises(BudgetSpent, match="task t "):
            held(store, 1, caps=caps, role="reviewer")
        with pytest.raises(BudgetSpent, match="role coder "):
            held(store, 1, caps=caps, task="u")
        held(store, 1, caps=caps, task="u", role="reviewer")
        held(store, 1, caps=caps, task=None, role="planner")
        held(store, 10, caps=caps, run="other")
        with pytest.raises(BudgetSpent, match="project"):
            held(store, 1, run="third", caps=Caps(project=22))

    def test_pots_that_fill_are_told(self, restart: Restart) -> None:
        """From the share for warnings on, the hold itself included; only where there is a cap."""
        store = restart()

        def told(amount: int) -> dict[str, tuple[int, int]]:
            caps = Caps(run=100, task=200, project=10_000, warn=80)
            about: dict[str, Any] = {"model": "m", "activity": "build", "task": "t"}
            found = store.hold("r", "q", role="coder", amount=amount, caps=caps, **about)
            return {f.pot.kind: (f.spent, f.held) for f in found.nearly}

        assert told(79) == {}
        store.settle(1, state="settled", cost=70, usage=None)
        assert told(9) == {}
        assert told(1) == {"run": (70, 10)}
        assert told(20) == {"run": (70, 30)}

    def test_every_total_equals_the_ledgers_sums(self, restart: Restart) -> None:
        """However holds end, and however often they are closed."""
        store = restart()
        lines = [
            held(store, amount, run=run, task=task, role=role)
            for amount, run in ((60, "r"), (7, "r"), (9, "s"))
            for task in ("t", None, "u")
            for role in ("coder", "planner")
        ]
        assert_balanced(store, self.project)
        for n, entry in enumerate(lines):
            match n % 5:
                case 0:
                    store.settle(entry, state="settled", cost=n, usage=USAGE)
                case 1:
                    store.settle(entry, state="released", cost=0, usage=None)
                case 2:
                    store.settled("h", "r", f"q{n}", {}, {}, entry=entry, cost=99, usage=USAGE)
                case 3:
                    store.settle(entry, state="unconfirmed", cost=1, usage=None)
                case _:
                    continue
            store.settle(entry, state="settled", cost=50, usage=USAGE)
            assert_balanced(store, self.project)
        store = restart()
        assert store.abandon("r") == 2
        assert_balanced(store, self.project)
        assert store.abandon("s") == 1
        assert_balanced(store, self.project)
        total = store.filling(Pot(kind="project", key=f"project:{self.project}", cap=None))
        assert total.spent == sum(line.cost for line in store.entries(None))
        assert total.held == 0

    def test_an_empty_pot_is_empty(self, restart: Restart) -> None:
        """Nobody has to make it first."""
        pot = Pot(kind="task", key="task:r:x", cap=5)
        filled = restart().filling(pot)
        assert (filled.pot, filled.spent, filled.held) == (pot, 0, 0)
