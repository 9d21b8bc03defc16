"""Automata over the characters of paths: one machine matches paths and compares patterns.

A machine is nondeterministic (Thompson 1968) and reads a path character by character. Beside it
runs the walk, a machine of four states that follows what makes a path well formed (no empty
segment, no `.`, no `..`, no NUL), so that neither a match nor a witness is ever anything else.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

EDGES = 200_000  # of one machine
FUEL = 200_000  # steps of one comparison: well below a second
MEMO = 50_000

TOO_MANY = "these patterns are too many or too intricate; use plainer ones"
TOO_INTRICATE = "these patterns are too intricate to compare; use plainer ones"

Ranges = tuple[tuple[int, int], ...]  # code points, inclusive, sorted, disjoint, never `/`

SLASH, DOT, LAST = ord("/"), ord("."), 0x10FFFF

START, ONE_DOT, TWO_DOTS, NAME, DEAD = range(5)  # the walk's states; only NAME may end


class BadPattern(ValueError):
    """A pattern that can't be used, or patterns too intricate to compare; says why."""


@dataclass(slots=True)
class Fuel:
    """What a comparison may still spend, out of a tank that others share; BadPattern at the end."""

    left: int = FUEL
    tank: "Fuel | None" = None

    def burn(self, amount: int) -> None:
        """Spend `amount` steps."""
        self.left -= amount
        if self.tank is not None:
            self.tank.burn(amount)
        if self.left < 0:
            raise BadPattern(TOO_INTRICATE)


_SEGMENT = r"(?!\.\.?(?:/|\Z))[^/\0]+"
_WELL_FORMED = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*+")


def well_formed(path: str) -> bool:
    """Does the walk end in NAME: no empty segment, no `.`, no `..`, no NUL?"""
    return _WELL_FORMED.fullmatch(path) is not None


def walk(at: int, char: int) -> int:
    """The walk's next state."""
    if char == SLASH:
        return START if at == NAME else DEAD
    if char == DOT:
        return (ONE_DOT, TWO_DOTS, NAME, NAME)[at]
    return NAME if char else DEAD


@dataclass(slots=True)
class Machine:
    """The union of some patterns, without empty moves; state 0 is where it starts.

    `edges[state]` holds (class, state) pairs, where a class is a set of characters. Sets of states
    and of classes are integers used as bit sets. In a sink every path on is accepted. The
    characters from `points[i]` up to the next point lie in the classes `kinds[i]`.
    """

    edges: tuple[tuple[tuple[int, int], ...], ...]
    finals: int
    sinks: int
    points: list[int]
    kinds: list[int]
    _moves: dict[tuple[int, int], int] = field(default_factory=dict)
    _steps: dict[tuple[int, str], int] = field(default_factory=dict)

    def kind(self, code: int) -> int:
        """The classes that hold the character."""
        return self.kinds[bisect_right(self.points, code) - 1]

    def kinds_at(self, points: Sequence[int]) -> list[int]:
        """The classes of the characters from each point on; `points` hold all of the machine's."""
        known = dict(zip(self.points, self.kinds, strict=True))
        out, kind = [], 0
        for point in points:
            kind = known.get(point, kind)
            out.append(kind)
        return out

    def move(self, states: int, kind: int) -> int:
        """The states reached by a character that lies in the classes `kind`."""
        key = (states, kind)
        known = self._moves.get(key)
        if known is not None:
            return known
        out = 0
        for state in bits(states):
            for index, target in self.edges[state]:
                if kind >> index & 1:
                    out |= 1 << target
        if len(self._moves) >= MEMO:
            self._moves.clear()
        self._moves[key] = out
        return out

    def accepts(self, path: str) -> bool:
        """Is the path well formed and in the language?"""
        if not well_formed(path):
            return False
        states, steps = 1, self._steps
        for char in path:
            known = steps.get((states, char))
            if known is None:
                known = self.move(states, self.kind(ord(char)))
                if len(steps) >= MEMO:
                    steps.clear()
                steps[states, char] = known
            states = known
            if not states:
                return False
        return bool(states & self.finals)


def machine_of(
    edges: Iterable[Iterable[tuple[Ranges, int]]], finals: Iterable[int], sinks: Iterable[int]
) -> Machine:
    """The machine with these edges from each state; BadPattern when they are too many."""
    classes: dict[Ranges, int] = {}
    rows: list[tuple[tuple[int, int], ...]] = []
    total = 0
    for row in edges:
        rows.append(tuple((classes.setdefault(r, len(classes)), target) for r, target in row))
        total += len(rows[-1])
        if total > EDGES:
            raise BadPattern(TOO_MANY)
    points, kinds = _intervals(tuple(classes))
    return Machine(
        edges=tuple(rows),
        finals=_bit_set(finals, len(rows)),
        sinks=_bit_set(sinks, len(rows)),
        points=points,
        kinds=kinds,
    )


def _intervals(classes: Sequence[Ranges]) -> tuple[list[int], list[int]]:
    """Where the classes begin and end, and which of them hold the characters from there on."""
    turns = {0: 0}
    for index, ranges in enumerate(classes):
        for low, high in ranges:
            turns[low] = turns.get(low, 0) ^ 1 << index
            turns[high + 1] = turns.get(high + 1, 0) ^ 1 << index
    turns.pop(LAST + 1, None)
    points, kinds, kind = sorted(turns), [], 0
    for point in points:
        kind ^= turns[point]
        kinds.append(kind)
    return points, kinds


def _bit_set(positions: Iterable[int], size: int) -> int:
    # All at once: adding bit by bit to a long integer takes quadratic time.
    out = bytearray(size // 8 + 1)
    for position in positions:
        out[position >> 3] |= 1 << (position & 7)
    return int.from_bytes(out, "little")


def bits(number: int) -> Iterator[int]:
    """The positions of the ones, lowest first."""
    while number:
        low = number & -number
        yield low.bit_length() - 1
        number ^= low
