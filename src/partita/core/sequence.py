"""One order in which tasks that clash can be done: for each two of them, the cheaper side first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite

from partita.core.graph import circles, edges
from partita.core.plan import Plan

UNIT = 1_000  # a weight is counted in thousandths, exactly, so that ties are ties
LEAST, LONGEST = 0.001, 1e6  # seconds


@dataclass(frozen=True, slots=True)
class Sequence:
    """Each task's place in one order of all, and the circle of tasks that it waits in.

    No task stands before one that it waits for, but for those of its own circle, of which each
    waits for each (they use each other's contracts, or the plan is broken).
    """

    rank: Mapping[str, int]
    circle: Mapping[str, int]

    def pair(self, a: str, b: str) -> tuple[str, str] | None:
        """The two, the one to do first in front; None where either would wait for ever."""
        if self.circle[a] == self.circle[b]:
            return None
        return (a, b) if self.rank[a] < self.rank[b] else (b, a)


def sequence(
    plan: Plan,
    wishes: Iterable[tuple[str, str]] = (),
    weights: Mapping[str, float] | None = None,
) -> Sequence:
    """The order of the plan's tasks by which clashing ones are best done.

    Doing `a` before `b` makes a chain of head(a) + a + b + tail(b), where head is the longest
    chain that leads to a task and tail the longest that follows it; `b` before `a` makes one of
    head(b) + b + a + tail(a). So `a` goes first where head(a) - tail(a) is less: sorting by that
    takes for every pair the side whose chain is shorter, and follows all that waits already.
    Ties go by position. (Pairs to be ordered are the disjunctive arcs of Roy and Sussmann 1964.)

    `wishes` are pairs (reader, writer) of which the writer should be first: kept, but where they
    contradict each other or what waits already. `weights` are seconds (one each when missing).
    """
    weights = weights or {}
    waits: dict[str, list[str]] = {i: list(others) for i, others in edges(plan).items()}
    wishes = dict.fromkeys(wishes)
    knots: dict[str, list[str]] = {i: list(others) for i, others in waits.items()}
    for reader, writer in wishes:
        knots[reader].append(writer)
    knot = {ident: n for n, group in enumerate(circles(knots)) for ident in group}
    for reader, writer in wishes:
        if knot[reader] != knot[writer]:
            waits[reader].append(writer)
    # A circle's tasks are done at the same time, so it takes as long as its longest.
    groups = circles(waits)
    circle = {ident: n for n, group in enumerate(groups) for ident in group}
    took = [max(_thousandths(weights.get(i, 1.0)) for i in group) for group in groups]
    before = [
        tuple({circle[o]: None for i in group for o in waits[i] if circle[o] != n})
        for n, group in enumerate(groups)
    ]
    head, tail = [0] * len(groups), [0] * len(groups)
    for n, others in enumerate(before):
        head[n] = max((head[o] + took[o] for o in others), default=0)
    for n in reversed(range(len(groups))):
        for other in before[n]:
            tail[other] = max(tail[other], took[n] + tail[n])
    order = sorted(waits, key=lambda i: head[circle[i]] - tail[circle[i]])  # it is stable
    return Sequence(rank={ident: n for n, ident in enumerate(order)}, circle=circle)


def _thousandths(seconds: float) -> int:
    if not isfinite(seconds):
        return UNIT
    return round(min(max(seconds, LEAST), LONGEST) * UNIT)
