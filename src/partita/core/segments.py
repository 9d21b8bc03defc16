"""Single segments of path patterns: what each begins and ends with, and which can be one name."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from partita.core.scope import SHARP, BadPattern, Blind, Fuel, matches, overlap

FEW = 16  # so many wild segments are gone through one by one
PAIR_FUEL = 5_000  # steps to compare two segments; more are not worth it
MACHINE = 50  # steps that it takes to match a name with a machine
SPECIAL = frozenset("*?[{}")  # how parts begin that are no characters; a lone `]` is one
LAST = "\U0010ffff"
WORDS = 256  # that the braces of one pattern are written out to
LETTERS = 16_384  # of all these words

_PART = re.compile(r"\\.|\[[!^]?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)
_NO_NAMES = ("", ".", "..")


@dataclass(frozen=True, slots=True)
class Shape:
    """A segment by the texts that its names begin and end with, as the file system sees them.

    `whole`: it is one name, its `head`. `inner`: the texts between its stars, when it has no other
    wildcards; else None.
    """

    text: str
    head: str
    tail: str
    whole: bool
    inner: tuple[str, ...] | None


@lru_cache(maxsize=65_536)
def shape(text: str, blind: Blind = SHARP) -> Shape:
    """The shape of a segment as it stands in a normalised pattern."""
    parts, stars_only = [""], True
    for part in _PART.findall(text):
        if part[0] in SPECIAL:
            parts.append("")
            stars_only &= part == "*"
        else:
            parts[-1] += part[-1]
    head, tail = blind.key(parts[0]), blind.key(parts[-1])
    if len(parts) == 1:
        return Shape(text, head, head, whole=True, inner=None)
    inner = tuple(blind.key(part) for part in parts[1:-1] if part) if stars_only else None
    return Shape(text, head, tail, whole=False, inner=inner)


@dataclass(slots=True)
class _Ends:
    """Wild segments by what they begin with, and by what they end with."""

    by_head: dict[str, list[Shape]] = field(default_factory=dict)
    by_tail: dict[str, list[Shape]] = field(default_factory=dict)  # turned around
    heads: list[str] = field(default_factory=list)
    tails: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, shapes: Iterable[Shape]) -> "_Ends":
        """The index of the shapes."""
        made = cls()
        for each in shapes:
            made.by_head.setdefault(each.head, []).append(each)
            made.by_tail.setdefault(each.tail[::-1], []).append(each)
        made.heads, made.tails = sorted(made.by_head), sorted(made.by_tail)
        return made

    def near(self, to: Shape, fuel: Fuel) -> Iterable[Shape]:
        """At least those whose ends agree with the shape's, by the end that leaves fewer."""
        heads = _along(self.by_head, self.heads, to.head, longer=not to.whole)
        tails = _along(self.by_tail, self.tails, to.tail[::-1], longer=not to.whole)
        fuel.burn(1 + (len(heads) + len(tails)) // 8)
        fewer = min(heads, tails, key=lambda lists: sum(map(len, lists)))
        return (each for shapes in fewer for each in shapes)


def _along(
    table: Mapping[str, list[Shape]], keys: list[str], text: str, *, longer: bool
) -> list[list[Shape]]:
    """The lists under all that the text begins with and, if wanted, all that begins with it."""
    found = [table[text[:i]] for i in range(len(text) + 1) if text[:i] in table]
    if longer:
        start, end = bisect_left(keys, text + "\0"), bisect_left(keys, text + LAST)
        found += [table[key] for key in keys[start:end]]
    return found


class Segments:
    """Which segments can be one name; nothing that can is ever missed.

    Exact where nothing is blind, but for segments too intricate to tell: they count as if they can.
    """

    def __init__(self, blind: Blind, fuel: Fuel) -> None:
        self.blind, self.fuel = blind, fuel
        self._ends: dict[int, _Ends] = {}  # by the table's id
        self._known: dict[tuple[str, str], bool] = {}

    def of(self, text: str) -> Shape:
        """The shape of the segment, as the file system sees it."""
        return shape(text, self.blind)

    def matching(
        self, wild: Mapping[str, object], names: Mapping[str, object]
    ) -> Iterator[tuple[str, str]]:
        """Each wild segment with each name that it stands for."""
        if len(wild) <= FEW:
            self.fuel.burn(1 + len(wild) * len(names) // 4)
            for text in wild:
                head, tail = self.of(text).head, self.of(text).tail
                for name in names:
                    if name.startswith(head) and name.endswith(tail) and self._holds(text, name):
                        yield text, name
            return
        ends = self._index(wild)
        for name in names:
            for each in ends.near(Shape(name, name, name, whole=True, inner=None), self.fuel):
                self.fuel.burn(1)
                if (
                    name.startswith(each.head)
                    and name.endswith(each.tail)
                    and self._holds(each.text, name)
                ):
                    yield each.text, name

    def crossing(
        self, a: Mapping[str, object], b: Mapping[str, object]
    ) -> Iterator[tuple[str, str]]:
        """Each two wild segments, one of each table, that can be one name.

        Of one table with itself each two different ones once.
        """
        few, many = (a, b) if len(a) <= len(b) else (b, a)
        ends = None if len(few) * len(many) <= FEW * FEW else self._index(many)
        for text in few:
            one = self.of(text)
            for other in map(self.of, many) if ends is None else ends.near(one, self.fuel):
                self.fuel.burn(1)
                if (a is not b or text < other.text) and self._meet(one, other):
                    yield (text, other.text) if few is a else (other.text, text)

    def _index(self, wild: Mapping[str, object]) -> _Ends:
        if id(wild) not in self._ends:
            self.fuel.burn(len(wild))
            self._ends[id(wild)] = _Ends.of(map(self.of, wild))
        return self._ends[id(wild)]

    def _holds(self, text: str, name: str) -> bool:
        """Does the segment stand for the name, which begins and ends as it does?"""
        one = self.of(text)
        if one.inner is not None:
            at, end = len(one.head), len(name) - len(one.tail)
            for part in one.inner:
                at = name.find(part, at, end)
                if at < 0:
                    return False
                at += len(part)
            return at <= end
        if self.blind != SHARP:
            return True
        self.fuel.burn(MACHINE)
        return matches(f"a/{text}", f"a/{name}")

    def _meet(self, a: Shape, b: Shape) -> bool:
        if not (a.head.startswith(b.head) or b.head.startswith(a.head)):
            return False
        if not (a.tail.endswith(b.tail) or b.tail.endswith(a.tail)):
            return False
        # Stars leave room for the longer head, all that is between, and the longer tail.
        if (a.inner is not None and b.inner is not None) or self.blind != SHARP:
            return True
        key = (a.text, b.text)
        known = self._known.get(key)
        if known is None:
            try:
                found = overlap(
                    [f"a/{a.text}"], [f"a/{b.text}"], fuel=Fuel(PAIR_FUEL, tank=self.fuel)
                )
                known = found is not None
            except BadPattern:
                if self.fuel.left < 0:
                    raise
                known = True
            self._known[key] = known
        return known


def written_out(pattern: str) -> Sequence[str] | None:
    """Patterns without braces that match the same; None where they were too many."""
    texts = [""]
    for segment in pattern.split("/"):
        words = _words(segment) if "{" in segment else [segment]
        if words is None or len(words) * len(texts) > min(WORDS, LETTERS // len(pattern)):
            return None
        texts = [f"{text}/{word}" for text in texts for word in words]
    return [text[1:] for text in texts]


def _words(segment: str) -> list[str] | None:
    """The segments without braces that match the same; None for too many."""
    outer: list[tuple[list[str], list[str]]] = []
    done: list[str] = []  # of the alternatives before this one
    here = [""]
    for part in _PART.findall(segment):
        if part == "{":
            outer.append((done, here))
            done, here = [], [""]
        elif part == "," and outer:
            done, here = done + here, [""]
        elif part == "}":
            inner = dict.fromkeys(done + here)
            done, here = outer.pop()
            if len(here) * len(inner) > min(WORDS, LETTERS // len(segment)):
                return None
            here = [start + word for start in here for word in inner]
        else:
            here = [start + part for start in here]
    stars = ("*" if not word.strip("*") else word for word in here if word not in _NO_NAMES)
    return list(dict.fromkeys(stars))
