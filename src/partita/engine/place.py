"""A run in this process: its world, where it rests, and how often it died over each part."""

import json
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from partita.core.codec import decode
from partita.core.plan import Plan
from partita.core.start import Start
from partita.engine.journal import Bay
from partita.errors import Fenced
from partita.ports.world import World

MOST_ATTEMPTS = 8  # deaths in a row without getting on, before what may cause them is given up
RESTED = "rested"  # the signal of a run whose process let go of it in good order


@dataclass(slots=True, eq=False)
class Place:
    """A run in this process.

    `left` are the parts that were at work in it when its last process died; None where machines
    share the work, as nobody can know then: each beginning is counted instead.
    """

    run: str
    start: Start
    world: World
    bay: Bay
    left: AbstractSet[str] | None = None
    parts: set[str] = field(default_factory=set)  # at work here
    again: set[str] = field(default_factory=set)  # of these, those that are counted
    twice: set[str] = field(default_factory=set)  # of these, those that began here once more
    _plan: tuple[str, Plan | None] = ("", None)

    def plan(self, key: str) -> Plan:
        """The plan that is kept there; the last one is remembered, as many children share it."""
        known, plan = self._plan
        if plan is None or known != key:
            plan = decode(Plan, json.loads(self.world.store.load(key)))
            self._plan = key, plan
        return plan

    def begin(self, part: str) -> bool:
        """Note that the part begins; False when it has killed its process too often.

        Fenced when it is at work here already.
        """
        if part in self.parts:
            self.twice.add(part)
            # Taken from this process and given to it again, while it still does it: the files of
            # the one are in the way of the other.
            raise Fenced(f"{part} is at work here already")
        deaths = 0
        if self.left is None:
            deaths = self.world.store.attempt(self.run, part) - 1
        elif part in self.left:
            deaths = self.world.store.attempt(self.run, part)
        self.parts.add(part)
        if deaths:
            self.again.add(part)
        return deaths < MOST_ATTEMPTS

    def end(self, part: str) -> None:
        """The part's execution here is over, also where another has taken it."""
        if part in self.twice:
            self.twice.discard(part)
        else:
            self.parts.discard(part)

    def moved(self, part: str) -> None:
        """The part got on: what it does next is counted anew."""
        if part in self.again:
            self.again.discard(part)
            self.world.store.progressed(self.run, part)

    def rested(self) -> None:
        """The run was stopped in good order: nothing that is at work here killed anything."""
        if self.left is not None:
            self.world.store.send(self.run, RESTED, {})
        for part in sorted(self.parts if self.left is None else self.again):
            self.world.store.progressed(self.run, part)
