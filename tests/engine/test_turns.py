"""Requests for more are heard in the recorded order, as far as the run is the recorded one."""

import asyncio

import pytest

from partita.core.state import Built, Failed, Wants
from partita.engine.turns import Turns


def wants(task):
    return Wants(task=task, paths=("x.py",), why="", commit="")


class Script:
    """Children that end in a fixed order; to wait for one that never started would hang."""

    def __init__(self, *events):
        self.events = list(events)

    async def start(self, kind, plan, task, arguments):
        raise AssertionError

    async def first(self):
        return self.events.pop(0)


def heard(asked, *events):
    """The events as the loop hears them, when all that ends at first was building."""
    turns, children = Turns(list(asked)), Script(*events)
    phases = {e.task: "building" for e in events}

    async def listen():
        found = []
        for _ in events:
            found.append(await turns.next(children, phases))
            phases[found[-1].task] = "asking"
        return found

    return asyncio.run(listen())


DONE = Built(task="d", commit="1")
LOST = Failed(task="a", why="it did not ask this time")


@pytest.mark.parametrize(
    ("asked", "events", "order"),
    [
        ((), (wants("b"), wants("a")), (wants("b"), wants("a"))),
        (("a", "b"), (wants("b"), wants("a")), (wants("a"), wants("b"))),
        (("a", "b"), (wants("a"), wants("b")), (wants("a"), wants("b"))),
        (("a", "b"), (wants("b"), DONE, wants("a")), (DONE, wants("a"), wants("b"))),
        (
            ("c", "a", "b"),
            (wants("b"), wants("a"), wants("c")),
            (wants("c"), wants("a"), wants("b")),
        ),
        # Not the recorded run any more: the one that was first does not ask, or another asks.
        (("a", "b"), (wants("b"), LOST), (LOST, wants("b"))),
        (("a", "c", "b"), (wants("b"), wants("c"), LOST), (LOST, wants("c"), wants("b"))),
        (("a",), (wants("z"), wants("a")), (wants("z"), wants("a"))),
    ],
)
def test_requests_take_their_turns_and_nothing_else_waits(asked, events, order):
    assert heard(asked, *events) == list(order)


def test_a_task_that_asks_twice_has_two_turns():
    turns, children = Turns(["a", "b", "a"]), Script(wants("b"), wants("a"), wants("a"))
    phases = {"a": "building", "b": "building"}

    async def listen():
        first = await turns.next(children, phases)
        second = await turns.next(children, {**phases, "a": "asking"})
        third = await turns.next(children, {"a": "building", "b": "asking"})
        return [first, second, third]

    assert asyncio.run(listen()) == [wants("a"), wants("b"), wants("a")]
