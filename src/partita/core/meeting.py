"""The product of two path languages: a path that lies in both, or the certainty that none does."""

import heapq
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from partita.core.automaton import (
    DEAD,
    DOT,
    LAST,
    NAME,
    SLASH,
    START,
    Fuel,
    Machine,
    Ranges,
    bits,
    holds,
    kind_of,
    walk,
)

# What a witness is spelled with, best first; the last two stand for the rest of Unicode.
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_-ABCDEFGHIJKLMNOPQRSTUVWXYZ+=@%~#$&()';,!^`{}[]"
FAVOURITES = tuple(map(ord, LETTERS + ". é中"))


@dataclass(frozen=True, slots=True)
class _Atom:
    """Characters that no class tells apart, by one of them: its kind in each of the machines."""

    char: int
    kinds: tuple[int, ...]


@dataclass(slots=True)
class _Alphabet:
    """All characters as atoms, those a witness prefers first; `home[i]`: the atom of interval i."""

    atoms: list[_Atom]
    points: list[int]
    home: list[int]

    def of(self, code: int) -> int:
        return self.home[bisect_right(self.points, code) - 1]


def _alphabet(machines: Sequence[Machine], banned: Ranges, fuel: Fuel) -> _Alphabet:
    """The characters, split just as finely as the machines, the ban and the walk need."""
    cuts = {0, DOT, SLASH, SLASH + 1}
    for ranges in (banned, *(ranges for m in machines for ranges in m.classes)):
        cuts |= {cut for low, high in ranges for cut in (low, high + 1)}
    points = sorted(cuts - {LAST + 1})
    fuel.burn(len(points) * sum(len(m.classes) for m in machines) // 16)
    best: dict[int, tuple[int, int]] = {}
    for rank, code in enumerate(FAVOURITES):
        best.setdefault(bisect_right(points, code) - 1, (rank, code))
    ranked = []
    for index, point in enumerate(points):
        rank, char = best.get(index, (len(FAVOURITES) + index, point))
        ranked.append((rank, _Atom(char, tuple(kind_of(m.classes, char) for m in machines)), index))
    atoms: list[_Atom] = []
    known: dict[tuple[object, ...], int] = {}
    home = [0] * len(points)
    for _, atom, index in sorted(ranked, key=lambda each: each[0]):
        odd = atom.char if atom.char in (SLASH, DOT) else holds(banned, atom.char)
        key = (atom.kinds, odd)
        if key not in known:
            known[key] = len(atoms)
            atoms.append(atom)
        home[index] = known[key]
    return _Alphabet(atoms, points, home)


@lru_cache(maxsize=1)
def _cases() -> tuple[tuple[int, ...], ...]:
    """The groups of characters that differ in letter case only."""
    groups: dict[str, list[int]] = {}
    for code in range(0x1F000):  # no letter beyond has a case
        char = chr(code)
        folded = char.casefold()
        groups.setdefault(folded if len(folded) == 1 else char.lower(), []).append(code)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


State = tuple[int, int, int, int, int]  # walk, a, states of minus a, b, states of minus b
Step = tuple[int, int, int]  # a's atom, b's atom, a's character
Trail = tuple["Trail", int] | None


class _Meeting:
    """The product of two languages, each less another: every path that lies in both."""

    def __init__(
        self,
        a: Machine,
        b: Machine,
        minus_a: Machine,
        minus_b: Machine,
        *,
        fuel: Fuel,
        fold: bool,
        banned: Ranges,
    ) -> None:
        self.a, self.b, self.minus_a, self.minus_b = a, b, minus_a, minus_b
        self.fuel = fuel
        alphabet = _alphabet((a, b, minus_a, minus_b), banned, fuel)
        self.atoms = alphabet.atoms
        self.usable = [i for i, a in enumerate(self.atoms) if not holds(banned, a.char)]
        self.in_a = [self._members(0, i) for i in range(len(a.classes))]
        self.in_b = [self._members(1, i) for i in range(len(b.classes))]
        self.slash, self.dot = 1 << alphabet.of(SLASH), 1 << alphabet.of(DOT)
        self.twins: dict[int, dict[int, int]] = {}
        if fold:
            for group in _cases():
                homes = {alphabet.of(code): code for code in group}
                for x, code in homes.items():
                    for y in homes:
                        self.twins.setdefault(x, {}).setdefault(y, code)

    def _members(self, machine: int, index: int) -> int:
        return sum(1 << i for i in self.usable if self.atoms[i].kinds[machine] >> index & 1)

    def witness(self) -> str | None:
        """A path of both, about the shortest; None when there is none."""
        todo: list[tuple[int, int, State, Trail]] = []
        for x in bits(self.a.starts):
            for y in bits(self.b.starts):
                state = (START, x, self.minus_a.starts, y, self.minus_b.starts)
                todo.append((0, len(todo), state, None))
        seen: set[State] = set()
        serial = len(todo)
        while todo:
            cost, _, state, trail = heapq.heappop(todo)
            if state in seen:
                continue
            seen.add(state)
            if self.ends(state):
                return _spell(trail)
            for char, after in self.steps(state):
                if after not in seen:
                    # A name that starts with a dot is an odd example where another would do.
                    odd = 2 if char == DOT and state[0] == START else 0
                    serial += 1
                    heapq.heappush(todo, (cost + 1 + odd, serial, after, (trail, char)))
        return None

    def ends(self, state: State) -> bool:
        at, x, less_x, y, less_y = state
        return (
            at == NAME
            and bool(self.a.finals >> x & 1 and self.b.finals >> y & 1)
            and not less_x & self.minus_a.finals
            and not less_y & self.minus_b.finals
        )

    def steps(self, state: State) -> Iterator[tuple[int, State]]:
        at, x, less_x, y, less_y = state
        for class_x, to_x in self.a.edges[x]:
            for class_y, to_y in self.b.edges[y]:
                self.fuel.burn(1 + len(self.twins))
                for i, j, char in self.shared(class_x, class_y, every=bool(less_x or less_y)):
                    self.fuel.burn(1)
                    after = walk(at, char)
                    if after != DEAD:
                        minus_x = self.minus_a.move(less_x, self.atoms[i].kinds[2])
                        minus_y = self.minus_b.move(less_y, self.atoms[j].kinds[3])
                        if not minus_x & self.minus_a.sinks and not minus_y & self.minus_b.sinks:
                            yield char, (after, to_x, minus_x, to_y, minus_y)

    def shared(self, class_x: int, class_y: int, *, every: bool) -> Iterator[Step]:
        """The atoms that both classes hold; one of each sort unless `every` one matters."""
        both = self.in_a[class_x] & self.in_b[class_y]
        if every:
            chosen = both
        else:
            plain = both & ~(self.slash | self.dot)
            chosen = plain & -plain | both & (self.slash | self.dot)
        for i in bits(chosen):
            yield i, i, self.atoms[i].char
        for i, twins in self.twins.items():
            if self.in_a[class_x] >> i & 1:
                for j, char in twins.items():
                    if i != j and self.in_b[class_y] >> j & 1:
                        yield i, j, char


def _spell(trail: Trail) -> str:
    letters = []
    while trail is not None:
        trail, char = trail
        letters.append(chr(char))
    return "".join(reversed(letters))


def meet(
    a: Machine,
    b: Machine,
    minus_a: Machine,
    minus_b: Machine,
    *,
    fuel: Fuel,
    fold: bool = False,
    banned: Ranges = (),
) -> str | None:
    """A path in (a less minus_a) and in (b less minus_b), about the shortest; None if none is.

    With `fold`, a path of a that differs from one of b in letter case at most. No witness holds
    a `banned` character. BadPattern when the fuel is used up.
    """
    return _Meeting(a, b, minus_a, minus_b, fuel=fuel, fold=fold, banned=banned).witness()
