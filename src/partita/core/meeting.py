"""The product of path languages: a shortest path that lies in all of them, or that there is none.

Its states are those of the walk, one state of each machine that must accept, and for each side
the set of all states (the subset construction) of the machine that must not; both are Rabin and
Scott's of 1959. It is searched breadth first, so that the first end is that of a shortest path.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from partita.core.automaton import DEAD, DOT, LAST, NAME, SLASH, START, Fuel, Machine, bits, walk

# What a witness is spelled with, best first; the last two stand for the rest of Unicode.
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_-+=@%~#$&()';,!^`{}[]"
FAVOURITES = tuple(map(ord, LETTERS + ". é中/"))
RANKS = {code: rank for rank, code in enumerate(FAVOURITES)}
PLAIN = LETTERS.index("_")
LONG = 4_096  # bits of a set of states that cost a step
CASED = 0x1F000  # no letter beyond has a case


class Side(NamedTuple):
    """What one path must be: accepted by all of `every`, and not by `none`."""

    every: tuple[Machine, ...]
    none: Machine | None = None


class Letter(NamedTuple):
    """Characters that no class tells apart, by one of them: its classes in each of the machines."""

    char: int
    kinds: tuple[int, ...]


def plainness(path: str) -> tuple[int, list[int], list[int]]:
    """What a witness has the least of: its length, how odd it reads, and where it sorts."""
    codes = [ord(char) for char in path]
    odd = list(accumulate(map(_odd, codes, [SLASH, *codes])))
    return len(path), odd[::-1], [_rank(code) for code in codes]


def _odd(code: int, before: int) -> int:
    if code == DOT:
        return 3 if before == SLASH else 1
    return 0 if code == SLASH or _rank(code) < PLAIN else 1


def _rank(code: int) -> int:
    return RANKS.get(code, len(RANKS) + code)


def one_case(char: str) -> str:
    """The character that stands for all that differ from it in letter case only."""
    for folded in (char.casefold(), char.lower()):
        if len(folded) == 1:
            return folded
    return char


@lru_cache(maxsize=1)
def cases() -> tuple[tuple[int, ...], ...]:
    """The groups of characters that differ in letter case only, each in order."""
    groups: dict[str, list[int]] = {}
    for code in range(CASED):
        groups.setdefault(one_case(chr(code)), []).append(code)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


@lru_cache(maxsize=256)
def _twins(points: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """The pairs that differ in letter case only, one for each pair of intervals they lie in."""
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for group in cases():
        if bisect_right(points, group[0]) == bisect_right(points, group[-1]):
            continue
        homes = [(bisect_right(points, code), code) for code in sorted(group, key=_rank)]
        for home_x, x in homes:
            for home_y, y in homes:
                if home_x != home_y:
                    found.setdefault((home_x, home_y), (x, y))
    return tuple(found.values())


@lru_cache(maxsize=4_096)
def _best(low: int, high: int) -> int:
    """The character from `low` up to `high`, itself excluded, that reads best."""
    return min((code for code in FAVOURITES if low <= code < high), key=_rank, default=low)


def _letters(machines: Sequence[Machine], second: int | None) -> list[Letter]:
    """All characters, split just as finely as the machines and the walk need, the best first.

    With `second`, the machines from there on may read the character in another case.
    """
    points = sorted({0, 1, DOT, DOT + 1, SLASH + 1}.union(*(m.points for m in machines)))
    columns = [m.kinds_at(points) for m in machines]
    found: dict[tuple[int, ...], Letter] = {}
    for char, *kinds in sorted(
        zip(map(_best, points, [*points[1:], LAST + 1]), *columns, strict=True),
        key=lambda each: _rank(each[0]),
    ):
        odd = (char,) if char in (SLASH, DOT, 0) else ()
        found.setdefault((*kinds, *odd), Letter(char, tuple(kinds)))
    if second is not None:
        for x, y in _twins(tuple(points)):
            read = tuple([m.kind(x if i < second else y) for i, m in enumerate(machines)])
            if read not in found or _rank(x) < _rank(found[read].char):
                found[read] = Letter(x, read)
    return sorted(found.values(), key=lambda letter: _rank(letter.char))


State = tuple[int, ...]  # the walk's; each machine's that must accept; each side's that must not
Trail = tuple["Trail", int] | None
Found = tuple[tuple[int, int, int], Trail]  # oddness, place of the trail's beginning, rank; trail


class _Meeting:
    """The product; letters are bit sets of positions in `letters`."""

    def __init__(self, sides: Sequence[Side], fuel: Fuel, *, case: bool) -> None:
        machines: list[Machine] = []
        every: list[int] = []
        none: list[int] = []
        for side in sides:
            every += range(len(machines), len(machines) + len(side.every))
            machines += side.every
            if side.none is not None:
                none.append(len(machines))
                machines.append(side.none)
        second = len(sides[0].every) + (sides[0].none is not None) if case else None
        fuel.burn(sum(len(m.points) for m in machines))
        self.fuel = fuel
        self.letters = _letters(machines, second)
        self.every = [(machines[i], self.members(i)) for i in every]
        self.none = [(machines[i], i) for i in none]
        self.splits: dict[tuple[int, ...], tuple[int, dict[tuple[int, ...], int]]] = {}

    def members(self, machine: int) -> dict[int, int]:
        """The letters of each class of the machine."""
        out: dict[int, int] = {}
        for position, letter in enumerate(self.letters):
            kind = letter.kinds[machine]
            while kind:
                low = kind & -kind
                out[low.bit_length() - 1] = out.get(low.bit_length() - 1, 0) | 1 << position
                kind ^= low
        return out

    def witness(self, most: int | None) -> str | None:
        """The plainest path of all sides, of at most `most` characters; None when there is none."""
        first = (START, *(0 for _ in self.every), *(1 for _ in self.none))
        layer: list[tuple[State, int, int, Trail]] = [(first, 0, 0, None)]
        seen = {first}
        length = 0
        while layer and (most is None or length <= most):
            for state, _, _, trail in layer:
                if self.ends(state):
                    return _spell(trail)
            following: dict[State, Found] = {}
            for state, odd, place, trail in layer:
                before = SLASH if state[0] == START else NAME
                for char, after in self.steps(state):
                    if after not in seen:
                        key = (odd + _odd(char, before), place, _rank(char))
                        known = following.get(after)
                        if known is None or key < known[0]:
                            following[after] = key, (trail, char)
            seen.update(following)
            layer = _in_order(following)
            length += 1
        return None

    def ends(self, state: State) -> bool:
        return (
            state[0] == NAME
            and all(m.finals >> at & 1 for (m, _), at in zip(self.every, state[1:], strict=False))
            and not any(
                m.finals & sets
                for (m, _), sets in zip(self.none, state[1 + len(self.every) :], strict=True)
            )
        )

    def steps(self, state: State) -> Iterator[tuple[int, State]]:
        """Each character that leads on, with the state that it leads to."""
        ways: list[tuple[int, tuple[int, ...]]] = [((1 << len(self.letters)) - 1, ())]
        for (machine, members), at in zip(self.every, state[1:], strict=False):
            edges = machine.edges[at]
            self.fuel.burn(len(ways) * len(edges))
            ways = [
                (both, (*targets, target))
                for letters, targets in ways
                for index, target in edges
                if (both := letters & members[index])
            ]
        if not ways:
            return
        wanted = 0
        for letters, _ in ways:
            wanted |= letters
        split = self.split((state[0], *state[1 + len(self.every) :]), wanted)
        self.fuel.burn(len(ways) * len(split))
        for letters, targets in ways:
            for (walked, *sets), part in split.items():
                both = letters & part
                if both:
                    char = self.letters[(both & -both).bit_length() - 1].char
                    yield char, (walked, *targets, *sets)

    def split(self, at: tuple[int, ...], wanted: int) -> dict[tuple[int, ...], int]:
        """The letters by where they lead the walk and the sets, without those that end there.

        The wanted ones are among them.
        """
        done, parts = self.splits.get(at, (0, {}))
        if wanted & ~done:
            for position in bits(wanted & ~done):
                char, kinds = self.letters[position]
                after = [walk(at[0], char)]
                self.fuel.burn(len(at))
                for (machine, place), states in zip(self.none, at[1:], strict=True):
                    sets = machine.move(states, kinds[place])
                    self.fuel.burn(sets.bit_length() // LONG)  # sets are kept, and may be long
                    after.append(sets)
                    if machine.sinks & sets:
                        after[0] = DEAD
                if after[0] != DEAD:
                    key = tuple(after)
                    parts[key] = parts.get(key, 0) | 1 << position
            self.splits[at] = done | wanted, parts
        return parts


def _in_order(following: dict[State, Found]) -> list[tuple[State, int, int, Trail]]:
    """The states of a layer, those of the plainest trails first, each with its trail's place."""
    layer: list[tuple[State, int, int, Trail]] = []
    last, place = None, -1
    for state, (key, trail) in sorted(following.items(), key=lambda item: item[1][0]):
        if key != last:
            last, place = key, place + 1
        layer.append((state, key[0], place, trail))
    return layer


def _spell(trail: Trail) -> str:
    letters = []
    while trail is not None:
        trail, char = trail
        letters.append(chr(char))
    return "".join(reversed(letters))


def meet(
    sides: Sequence[Side], *, fuel: Fuel, case: bool = False, most: int | None = None
) -> str | None:
    """The plainest path of all sides, at most `most` characters long; None when there is none.

    With `case` there are two sides, and the path of the first differs from one of the second in
    letter case at most. BadPattern when the fuel is used up.
    """
    return _Meeting(sides, fuel, case=case).witness(most)
