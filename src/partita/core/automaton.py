"""Path patterns as automata over characters: one machine matches paths and compares patterns.

A machine reads a path character by character. Beside it runs the walk, a machine of four states
that follows what makes a path well formed (no empty segment, no `.`, no `..`), so that neither a
match nor a witness is ever anything else.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

DEPTH = 4  # braces in braces
CHOICES = 128  # alternatives of one pattern
EDGES = 40_000  # of one machine
FUEL = 100_000  # steps of one comparison: well below a second
MEMO = 50_000

Ranges = tuple[tuple[int, int], ...]  # code points, inclusive, sorted, disjoint, never `/`

SLASH, DOT, LAST = ord("/"), ord("."), 0x10FFFF
SEPARATOR: Ranges = ((SLASH, SLASH),)
ANY: Ranges = ((0, SLASH - 1), (SLASH + 1, LAST))
ESCAPABLE = frozenset("*?[]{}\\!^,-")

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
            raise BadPattern("these patterns are too intricate to compare; use plainer ones")


def walk(at: int, char: int) -> int:
    """The walk's next state."""
    if char == SLASH:
        return START if at == NAME else DEAD
    if char == DOT:
        return (ONE_DOT, TWO_DOTS, NAME, NAME)[at]
    return NAME


@dataclass(slots=True)
class Machine:
    """The union of some patterns, without empty moves.

    `edges[state]` holds (class, state) pairs, where a class is an index into `classes`. Sets of
    states and of classes are integers used as bit sets. In a sink every path on is accepted.
    """

    starts: int
    finals: int
    sinks: int
    edges: tuple[tuple[tuple[int, int], ...], ...]
    classes: tuple[Ranges, ...]
    _kinds: dict[str, int] = field(default_factory=dict)
    _moves: dict[tuple[int, int], int] = field(default_factory=dict)

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
        at, states = START, self.starts
        for char in path:
            at = walk(at, ord(char))
            if at == DEAD:
                return False
            kind = self._kinds.get(char)
            if kind is None:
                kind = self._kinds[char] = kind_of(self.classes, ord(char))
            states = self.move(states, kind)
            if not states:
                return False
        return at == NAME and bool(states & self.finals)


def bits(number: int) -> Iterator[int]:
    """The positions of the ones, lowest first."""
    while number:
        low = number & -number
        yield low.bit_length() - 1
        number ^= low


def kind_of(classes: Sequence[Ranges], code: int) -> int:
    """The bit set of the classes that hold the character."""
    return sum(1 << i for i, ranges in enumerate(classes) if holds(ranges, code))


def holds(ranges: Ranges, code: int) -> bool:
    """Does the character lie in the class?"""
    return any(low <= code <= high for low, high in ranges)


# --- reading patterns ---------------------------------------------------------------------------


class _Builder:
    """Draws patterns as a graph with empty moves."""

    def __init__(self) -> None:
        self.empty: list[list[int]] = []
        self.moves: list[list[tuple[Ranges, int]]] = []
        self.choices = 0
        self.sinks = 0

    def node(self) -> int:
        self.empty.append([])
        self.moves.append([])
        return len(self.empty) - 1

    def step(self, start: int, ranges: Ranges, end: int | None = None) -> int:
        end = self.node() if end is None else end
        self.moves[start].append((ranges, end))
        return end

    def pattern(self, text: str) -> tuple[int, int]:
        """Draw a normalised pattern; its first and last node."""
        self.choices = 0
        first = at = self.node()
        segments = text.split("/")
        for left, segment in zip(reversed(range(len(segments))), segments, strict=True):
            if segment != "**":
                at, end = self.sequence(segment, 0, at, depth=0)
                if end < len(segment):
                    raise BadPattern(f"`{text}` closes a brace that it never opened")
                at = self.step(at, SEPARATOR) if left else at
            elif left:  # whole segments, each with its slash
                inside = self.step(at, ANY)
                self.step(inside, ANY, inside)
                self.step(inside, SEPARATOR, at)
            else:  # one segment or more
                at = self.step(at, ANY)
                self.step(at, ANY, at)
                self.step(at, SEPARATOR, at)
                self.sinks |= 1 << at
        return first, at

    def sequence(self, text: str, here: int, at: int, *, depth: int) -> tuple[int, int]:
        """Draw `text[here:]` up to the `,` or `}` that ends an alternative; (node, position)."""
        while here < len(text):
            char = text[here]
            here += 1
            if char == "*":
                loop = self.node()
                self.empty[at].append(loop)
                at = self.step(loop, ANY, loop)
                while text[here : here + 1] == "*":
                    here += 1
            elif char == "?":
                at = self.step(at, ANY)
            elif char == "[":
                ranges, here = _bracket(text, here)
                at = self.step(at, ranges)
            elif char == "{":
                at, here = self.group(text, here, at, depth=depth + 1)
            elif char == "}" or (char == "," and depth):
                return at, here - 1
            else:
                if char == "\\":
                    char, here = _escaped(text, here)
                at = self.step(at, ((ord(char), ord(char)),))
        return at, here

    def group(self, text: str, here: int, at: int, *, depth: int) -> tuple[int, int]:
        """Draw alternatives, `here` being behind their `{`."""
        if depth > DEPTH:
            raise BadPattern(f"`{text}` nests braces more than {DEPTH} deep")
        join = self.node()
        while True:
            self.choices += 1
            if self.choices > CHOICES:
                raise BadPattern(f"a pattern has more than {CHOICES} alternatives")
            end, here = self.sequence(text, here, at, depth=depth)
            self.empty[end].append(join)
            if here >= len(text):
                raise BadPattern(f"`{text}` has a `{{` that is not closed in its path segment")
            here += 1
            if text[here - 1] == "}":
                return join, here

    def reach(self, start: int) -> list[int]:
        """The nodes that empty moves lead to, `start` included."""
        seen, todo = {start}, [start]
        while todo:
            for node in self.empty[todo.pop()]:
                if node not in seen:
                    seen.add(node)
                    todo.append(node)
        return sorted(seen)


def _escaped(text: str, here: int) -> tuple[str, int]:
    char = text[here : here + 1]
    if char not in ESCAPABLE or not char:
        raise BadPattern(
            f"`{text}` has a backslash before {char or 'its end'!r}; write paths with `/`, and "
            "use a backslash only before a special character"
        )
    return char, here + 1


def _bracket(text: str, here: int) -> tuple[Ranges, int]:
    """The class whose `[` is before `here`, and the position behind its `]`."""
    negated = text[here : here + 1] in ("!", "^") and here < len(text)
    here += negated
    parts: list[tuple[int, int]] = []
    first = True
    while here < len(text):
        char = text[here]
        here += 1
        if char == "]" and not first:
            return _invert(parts) if negated else _tidy(parts), here
        if char == "[" and text[here : here + 1] in (":", ".", "="):
            raise BadPattern(f"`{text}` uses a named class; write its characters out")
        first = False
        if char == "\\":
            char, here = _escaped(text, here)
        high = char
        if text[here : here + 1] == "-" and text[here + 1 : here + 2] not in ("]", ""):
            high, here = text[here + 1], here + 2
            if high == "\\":
                high, here = _escaped(text, here)
            if high < char:
                raise BadPattern(f"`{text}` has the backward range `{char}-{high}`")
        parts.append((ord(char), ord(high)))
    raise BadPattern(
        f"`{text}` has a `[` that is not closed in its path segment; "
        "write `\\[` for the character itself"
    )


def _tidy(parts: Iterable[tuple[int, int]]) -> Ranges:
    """Sorted and disjoint, without the slash."""
    out: list[tuple[int, int]] = []
    for low, high in sorted(parts):
        if out and low <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(high, out[-1][1]))
        else:
            out.append((low, high))
    cut: list[tuple[int, int]] = []
    for low, high in out:
        if low <= SLASH <= high:
            cut += [(low, SLASH - 1), (SLASH + 1, high)]
        else:
            cut.append((low, high))
    return tuple((low, high) for low, high in cut if low <= high)


def _invert(parts: Iterable[tuple[int, int]]) -> Ranges:
    out, after = [], 0
    for low, high in _tidy([*parts, (SLASH, SLASH)]):
        out.append((after, low - 1))
        after = high + 1
    return _tidy((low, high) for low, high in [*out, (after, LAST)] if low <= high)


def build(patterns: Sequence[str]) -> Machine:
    """The machine of normalised patterns; BadPattern when one can't be read."""
    drawing = _Builder()
    ends = [drawing.pattern(p) for p in patterns]
    last = {end for _, end in ends}
    classes: dict[Ranges, int] = {}
    edges: list[tuple[tuple[int, int], ...]] = []
    finals = total = 0
    for node in range(len(drawing.empty)):
        reach = drawing.reach(node)
        out = {
            (classes.setdefault(ranges, len(classes)), target): None
            for n in reach
            for ranges, target in drawing.moves[n]
        }
        total += len(out)
        if total > EDGES:
            raise BadPattern("these patterns are too many or too intricate; use plainer ones")
        edges.append(tuple(out))
        if not last.isdisjoint(reach):
            finals |= 1 << node
    starts = sum(1 << first for first, _ in ends)
    return Machine(
        starts=starts,
        finals=finals,
        sinks=drawing.sinks,
        edges=tuple(edges),
        classes=tuple(classes),
    )
