"""The laws of `ports.store.Store.together`: several writes as one."""
# ruff: noqa: PLR2004, PT012, TRY301 - the numbers are expectations, and giving up means raising

import threading

import pytest

from partita.errors import BudgetSpent
from partita.ports.store import RunRecord
from partita.testing.ledger_laws import USAGE, Restart, held


class TogetherLaws:
    """Several writes as one."""

    def test_what_is_written_together_is_there_or_not(self, restart: Restart) -> None:
        """A failure takes back all of it, and leaves the store usable."""
        store = restart()
        with store.together():
            entry = held(store, 5)
            store.append("r", "k", "Told", {})
            assert [e.held for e in store.entries("r")] == [5]
            assert len(store.events("r")) == 1
        with pytest.raises(RuntimeError), store.together():
            store.settle(entry, state="settled", cost=3, usage=USAGE)
            store.put("h", "r", "q", {}, {"n": 1})
            store.append("r", "k2", "Told", {})
            store.send("r", "cancel", {})
            store.attempt("r", "task:a")
            store.put_document("r", "a.md", "x")
            store.create(RunRecord(id="r", request="", options={}, created=1))
            raise RuntimeError
        store = restart()
        assert [e.state for e in store.entries("r")] == ["held"]
        assert (store.budget("r", None).spent, store.budget("r", None).held) == (0, 5)
        assert len(store.events("r")) == 1
        assert store.get("h", run="r") is None
        assert store.received("r", "cancel") is None
        assert list(store.documents("r")) == []
        assert list(store.all()) == []
        assert store.attempt("r", "task:a") == 1

    def test_what_fails_inside_and_is_caught_is_taken_back_alone(self, restart: Restart) -> None:
        """A hold that is refused leaves no trace, and the word about it is kept."""
        store = restart()
        with store.together():
            store.append("r", "before", "Told", {})
            with pytest.raises(BudgetSpent):
                held(store, 5, cap=4)
            with pytest.raises(KeyError):
                store.settled("h", "r", "q", {}, {}, entry=99, cost=1, usage=USAGE)
            store.append("r", "after", "Told", {})
        store = restart()
        assert len(store.events("r")) == 2
        assert list(store.entries("r")) == []
        assert store.budget("r", None).held == 0
        assert store.get("h", run="r") is None

    def test_together_within_together_is_one(self, restart: Restart) -> None:
        """The outer one decides; the inner one alone may be given up."""
        store = restart()
        with store.together():
            with store.together():
                store.append("r", "kept", "Told", {})
            with pytest.raises(RuntimeError), store.together():
                store.append("r", "given up", "Told", {})
                raise RuntimeError
        with pytest.raises(RuntimeError), store.together():
            with store.together():
                store.append("r", "gone", "Told", {})
            raise RuntimeError
        with store.together():
            pass
        store.append("r", "kept", "Told", {})
        assert len(restart().events("r")) == 1

    def test_parallel_threads_do_not_write_into_each_others(self, restart: Restart) -> None:
        """What one gives up is not what another wrote meanwhile."""
        store = restart()

        def write(who: int) -> None:
            for n in range(10):
                try:
                    with store.together():
                        store.append("r", f"{who}-{n}", "Told", {"n": n})
                        if n % 2:
                            raise RuntimeError
                except RuntimeError:
                    continue

        threads = [threading.Thread(target=write, args=(who,)) for who in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        events = store.events("r")
        assert len(events) == 20
        assert not any(e.data["n"] % 2 for e in events)
