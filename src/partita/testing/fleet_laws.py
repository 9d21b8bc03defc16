"""The laws of `ports.fleet.Fleet`; subclass them in the tests of each fleet."""
# ruff: noqa: PLR2004 - the numbers are the expectations

from collections.abc import Callable
from typing import Protocol

import pytest

from partita.errors import Fenced
from partita.ports.fleet import Fleet


class ClosingFleet(Fleet, Protocol):
    """A fleet whose process can end."""

    def close(self) -> None:
        """The process ends."""


Another = Callable[..., ClosingFleet]
Pass = Callable[[float], None]


def join(fleet: Fleet, worker: str) -> None:
    """Enter a worker of no importance."""
    fleet.join(worker, host="here", pid=7, slots=3)


def dead(fleet: Fleet) -> list[str]:
    """The names of those that are taken for dead."""
    return sorted(m.id for m in fleet.members() if m.dead)


class FleetLaws:
    """A subclass supplies `another` and `wait`.

    `another()` is one more process at the same database, `another(project)` one of another
    project; `wait(seconds)` lets time pass there.
    """

    def test_who_joins_is_known_to_all(self, another: Another) -> None:
        """With its host, its process and its slots."""
        fleet = another()
        assert list(fleet.members()) == []
        join(fleet, "b")
        another().join("a", host="there", pid=8, slots=1)
        here, there = another().members()
        assert (here.id, here.host, here.pid, here.slots, here.dead) == ("b", "here", 7, 3, False)
        assert (there.id, there.host, there.pid, there.slots) == ("a", "there", 8, 1)

    def test_joining_again_after_a_lost_answer_changes_nothing(self, another: Another) -> None:
        """The same process may have been entered already; another may not take its name."""
        fleet = another()
        join(fleet, "a")
        join(fleet, "a")
        assert [m.id for m in fleet.members()] == ["a"]
        with pytest.raises(Fenced):
            another().join("a", host="there", pid=8, slots=3)

    def test_who_beats_lives_and_who_does_not_is_buried(self, another: Another, wait: Pass) -> None:
        """Only those that were silent for longer."""
        fleet, guard = another(), another()
        join(fleet, "silent")
        join(fleet, "beating")
        wait(60)
        assert [m.age >= 60 for m in fleet.members()] == [True, True]
        assert fleet.beat("beating")
        assert list(guard.bury(older=100)) == []
        assert list(guard.bury(older=50)) == ["silent"]
        assert [(m.id, m.dead) for m in fleet.members()] == [("beating", False), ("silent", True)]
        assert fleet.beat("beating")

    def test_the_dead_stay_dead(self, another: Another, wait: Pass) -> None:
        """Whoever wakes is told, at every beat, and must come as another."""
        fleet, guard = another(), another()
        join(fleet, "a")
        wait(60)
        guard.bury(older=50)
        assert not fleet.beat("a")
        assert not fleet.beat("a")
        with pytest.raises(Fenced):
            join(fleet, "a")
        join(fleet, "a2")
        assert list(guard.bury(older=50)) == ["a"]
        assert fleet.beat("a2")

    def test_who_leaves_is_dead_at_once(self, another: Another) -> None:
        """Its work can be taken over without waiting."""
        fleet = another()
        join(fleet, "a")
        join(fleet, "b")
        fleet.leave("a")
        fleet.leave("a")
        fleet.leave("never came")
        assert not fleet.beat("a")
        assert list(another().bury(older=1000)) == ["a"]
        assert dead(fleet) == ["a"]

    def test_an_unknown_worker_does_not_live(self, another: Another) -> None:
        """Nor does beating enter it."""
        fleet = another()
        assert not fleet.beat("a")
        assert list(fleet.members()) == []

    def test_there_is_one_guard_until_it_goes(self, another: Another) -> None:
        """Asking again changes nothing, however often."""
        first, second = another(), another()
        assert [first.guard() for _ in range(3)] == [True] * 3
        assert not second.guard()
        second.close()
        assert first.guard()
        first.close()
        assert another().guard()

    def test_projects_do_not_see_each_other(self, another: Another, wait: Pass) -> None:
        """Each has its own workers, dead and guard."""
        mine, theirs = another(), another("theirs")
        join(mine, "a")
        wait(60)
        assert list(theirs.members()) == []
        assert list(theirs.bury(older=1)) == []
        theirs.leave("a")
        assert not theirs.beat("a")
        assert mine.beat("a")
        with pytest.raises(Fenced):
            join(theirs, "a")
        assert mine.guard()
        assert theirs.guard()
