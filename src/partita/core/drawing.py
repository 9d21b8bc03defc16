"""Patterns drawn as automata, in time linear in their length."""

from collections.abc import Iterable, Sequence

from partita.core.automaton import EDGES, SLASH, TOO_MANY, BadPattern, Machine, Ranges, machine_of
from partita.core.pattern import ANY, BELOW, STAR, Group, Part, read

LENGTH = 400_000  # characters of all patterns of a machine

SEPARATOR: Ranges = ((SLASH, SLASH),)


class _Drawing:
    """Patterns as one graph with empty moves, in which equal beginnings are drawn once.

    A node stands for what was read up to it. Nothing but its own parts leads into it, so patterns
    with the same first parts can share their nodes.
    """

    def __init__(self) -> None:
        self.empty: list[list[int]] = [[]]
        self.moves: list[list[tuple[Ranges, int]]] = [[]]
        self.after: dict[tuple[int, Part], int] = {}
        self.sinks: set[int] = set()

    def node(self) -> int:
        if len(self.empty) > EDGES:
            raise BadPattern(TOO_MANY)
        self.empty.append([])
        self.moves.append([])
        return len(self.empty) - 1

    def step(self, start: int, ranges: Ranges, end: int | None = None) -> int:
        end = self.node() if end is None else end
        self.moves[start].append((ranges, end))
        return end

    def follow(self, parts: Sequence[Part], at: int = 0) -> int:
        """The node behind the parts."""
        for part in parts:
            key = (at, part)
            known = self.after.get(key)
            at = self.draw(part, at) if known is None else known
            self.after[key] = at
        return at

    def draw(self, part: Part, at: int) -> int:
        if isinstance(part, int):
            return self.step(at, ((part, part),))
        if isinstance(part, tuple):
            return self.step(at, part)
        if isinstance(part, Group):
            join = self.node()
            for parts in part.alternatives:
                self.empty[self.follow(parts, at)].append(join)
            return join
        loop = self.node()
        if part == BELOW:  # one segment or more
            self.step(at, ANY, loop)
            self.step(loop, ANY, loop)
            self.step(loop, SEPARATOR, loop)
            self.sinks.add(loop)
            return loop
        self.empty[at].append(loop)
        if part == STAR:
            return self.step(loop, ANY, loop)
        inside = self.step(loop, ANY)  # whole segments, each with its slash
        self.step(inside, ANY, inside)
        self.step(inside, SEPARATOR, loop)
        return loop

    def reach(self, start: int) -> Iterable[int]:
        """The nodes that empty moves lead to, `start` included."""
        if not self.empty[start]:
            return (start,)
        seen, todo = {start}, [start]
        while todo:
            for node in self.empty[todo.pop()]:
                if node not in seen:
                    seen.add(node)
                    todo.append(node)
        return sorted(seen)


def check_length(patterns: Iterable[str]) -> None:
    """BadPattern when the patterns are together too long to be read and drawn in a second."""
    if sum(map(len, patterns)) > LENGTH:
        raise BadPattern(TOO_MANY)


def build(patterns: Sequence[str]) -> Machine:
    """The machine of normalised patterns; BadPattern when they are too many or too intricate."""
    check_length(patterns)
    drawing = _Drawing()
    ends = set()
    below = []
    for pattern in patterns:
        parts = read(pattern)
        ends.add(drawing.follow(parts))
        if parts[-3:] == (STAR, SLASH, BELOW):
            below.append(drawing.follow(parts[:-2]))
    # Where `x*` is accepted and `x*/**`, too, nothing that comes behind the `x` matters any more.
    drawing.sinks.update(node for node in below if node in ends)
    reaches = [drawing.reach(node) for node in range(len(drawing.empty))]
    return machine_of(
        (dict.fromkeys(move for n in reach for move in drawing.moves[n]) for reach in reaches),
        (node for node, reach in enumerate(reaches) if not ends.isdisjoint(reach)),
        (node for node, reach in enumerate(reaches) if not drawing.sinks.isdisjoint(reach)),
    )
