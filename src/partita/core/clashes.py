"""What tasks that may run at the same time do to each other, found without comparing all pairs.

The patterns of all tasks go into one tree of path segments. A walk through it names every pair of
tasks whose patterns may meet; those of them that may run at the same time are compared exactly,
with what they forbid taken away.
"""

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MethodType
from typing import Literal

from partita.core.graph import Order
from partita.core.language import patterns_of
from partita.core.pattern import folders_of, literal, named, shape
from partita.core.pattern_tree import (
    Meetings,
    Rows,
    Tree,
    bits,
    contests,
    mask_of,
    meetings,
    meetings_within,
)
from partita.core.scope import (
    SHARP,
    UNWRITABLE,
    BadPattern,
    Blind,
    Fuel,
    Scope,
    bad_path,
    collision,
    normalise,
    overlap,
)
from partita.core.segments import MACHINE

FUEL = 4_000_000  # steps for a whole plan: some seconds
INTRICATE = "there is too much to compare; use plainer patterns"
BLOCK = 128  # tasks whose pairs are listed at a time

Kind = Literal["overlap", "collision", "hazard"]
KINDS: tuple[Kind, ...] = ("overlap", "collision", "hazard")
Apart = Callable[[str, str], bool]
Patterns = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """What two tasks do to each other, the first patterns that show it, and a path.

    An overlap: both may write the path. A collision: it is a file for one and a folder for the
    other. In both `a` stands before `b`. A hazard: `a` reads what `b` may write.
    """

    kind: Kind
    a: str
    b: str
    pattern_a: str
    pattern_b: str
    witness: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clashes:
    """The clashes by a's position, then b's, then kind; of two tasks at most one of each kind.

    `unsure` are pairs that are too intricate to compare, with the reason. `cut`: there may be more
    of both than are listed.
    """

    found: tuple[Clash, ...] = ()
    unsure: tuple[tuple[str, str, str], ...] = ()
    cut: bool = False


def clashes(
    scopes: Mapping[str, Scope],
    *,
    apart: Apart,
    reads_apart: Apart | None = None,
    blind: Blind = SHARP,
    fuel: Fuel | None = None,
    most: int = 10_000,
    of: str | None = None,
    any_path: bool = False,
) -> Clashes:
    """All clashes between the tasks, but between those that are `apart`: never run together.

    Reads are compared where the tasks are not `reads_apart` (`apart` when missing). The method of
    an `Order` is answered for all tasks at once, so that thousands of tasks that write one file in
    turn are no harder than others. At most `most` clashes are listed; with `of`, that task's only.
    With `any_path`, paths count that nobody can write (`.git/x`), as patterns can still share them.
    BadPattern when a pattern can't be used.
    """
    plan = _Comparison(scopes, blind, fuel or Fuel(FUEL), _order(apart), any_path=any_path)
    found: list[Clash] = []
    unsure: list[tuple[str, str, str]] = []
    at = (plan.idents[0], plan.idents[-1]) if scopes else ("", "")
    try:
        for kind, a, b in plan.candidates(apart, reads_apart or apart, of):
            at = (a, b)
            plan.fuel.burn(1)
            try:
                clash = plan.clash(kind, a, b)
            except BadPattern as e:
                if plan.fuel.left < 0 or len(unsure) == most:
                    raise
                unsure.append((a, b, str(e)))
                continue
            if clash is not None:
                if len(found) == most:
                    return Clashes(found=tuple(found), unsure=tuple(unsure), cut=True)
                found.append(clash)
        plan.end()
    except BadPattern as e:  # of this pair nothing is known, nor of those behind it
        return Clashes(found=tuple(found), unsure=(*unsure, (*at, str(e))), cut=True)
    return Clashes(found=tuple(found), unsure=tuple(unsure))


def _order(apart: Apart) -> Order | None:
    """The order whose method it is, if it is one's."""
    owner = apart.__self__ if isinstance(apart, MethodType) else None
    return owner if isinstance(owner, Order) and apart == owner.apart else None


class _Comparison:
    """The tasks of a plan: by position in pairs, by number in bit sets.

    Numbers are those of the order, if there is one, so that its bit sets can be used.
    """

    def __init__(
        self,
        scopes: Mapping[str, Scope],
        blind: Blind,
        fuel: Fuel,
        order: Order | None,
        *,
        any_path: bool,
    ) -> None:
        self.scopes, self.blind, self.fuel, self.any_path = scopes, blind, fuel, any_path
        self.idents = list(scopes)
        self.touch = {i: tuple(map(normalise, s.touch)) for i, s in scopes.items()}
        self.read = {i: tuple(map(normalise, s.read)) for i, s in scopes.items() if s.read}
        for scope in scopes.values():
            for pattern in scope.forbid:
                normalise(pattern)
        known = order.number if order else {}
        self.numbers = [known.get(ident, len(known) + i) for i, ident in enumerate(self.idents)]
        self.positions = {number: i for i, number in enumerate(self.numbers)}
        self.order = order
        self.whole = True
        self.single = lru_cache(maxsize=512)(self._single)
        self.shared = lru_cache(maxsize=65_536)(self._shared)

    # --- which may clash ---

    def candidates(
        self, apart: Apart, reads_apart: Apart, of: str | None
    ) -> Iterator[tuple[Kind, str, str]]:
        """The pairs that may clash, in the order in which clashes are listed."""
        touch = self._tree(self.touch)
        writable = self.touch
        if not self.any_path:
            writable = {i: tuple(p for p in t if _writable(p)) for i, t in self.touch.items()}
        overlaps = meetings_within(
            touch if writable == self.touch else self._tree(writable), self._share()
        )
        collisions = contests(self._literal(touch), self._share())
        hazards = meetings(self._tree(self.read), touch, self._share())
        self.whole = overlaps.whole and collisions.whole and hazards.whole
        streams = [
            self._pairs(0, overlaps, apart, of),
            self._pairs(1, collisions, apart, of),
            self._pairs(2, hazards, reads_apart, of),
        ]
        for a, b, kind in heapq.merge(*streams):
            yield KINDS[kind], self.idents[a], self.idents[b]

    def _tree(self, patterns: Mapping[str, Patterns]) -> Tree:
        tree = Tree(self.blind, self.fuel)
        for number, ident in zip(self.numbers, self.idents, strict=True):
            for pattern in patterns.get(ident, ()):
                tree.add(pattern, number)
        return tree

    def _literal(self, touch: Tree) -> Tree:
        """The tree with all that its patterns name literally, in braces too many to write out."""
        if not touch.vague:
            return touch
        tree = self._tree(self.touch)
        for pattern, owner in touch.vague:
            files, texts = named(pattern)
            folders = {text[: text.rfind("/")] for text in texts if "/" in text}
            self.fuel.burn(1 + sum(map(len, (*files, *folders))) // 64)
            for path in files:
                tree.add(literal(path), owner)
            for folder in folders:
                tree.add(literal(folder) + "/**", owner)
        return tree

    def end(self) -> None:
        """BadPattern when not all candidates could be named."""
        if not self.whole:
            raise BadPattern(INTRICATE)

    def _share(self) -> Fuel:
        """A quarter of the fuel that is left, so that something is left for the comparing."""
        return Fuel(self.fuel.left // 4, tank=self.fuel)

    def _pairs(
        self, kind: int, met: Meetings, apart: Apart, of: str | None
    ) -> Iterator[tuple[int, int, int]]:
        """The positions of the pairs that are not apart, in order; behind each its kind.

        Where the rows are the same there and back, each pair counts once, the first task first.
        """
        order = _order(apart)
        fits = order and (order is self.order or order.number == getattr(self.order, "number", 0))
        there, back = (
            self._lower(rows, order if fits else None, of) for rows in (met.there, met.back)
        )
        once = met.there is met.back
        for start in range(0, len(self.numbers), BLOCK) if there or back else ():
            block = self.numbers[start : start + BLOCK]
            within = mask_of(block)
            found = {a: bits(there.get(a, 0)) for a in block}
            for b, row in back.items():
                if row & within:
                    for a in bits(row & within):
                        found[a].append(b)
            for position, a in enumerate(block, start):
                for other in sorted(self.positions[b] for b in found[a]):
                    if once and other < position:
                        continue
                    if not fits:
                        self.fuel.burn(1)
                        if apart(self.idents[position], self.idents[other]):
                            continue
                    yield position, other, kind

    def _lower(self, rows: Rows, order: Order | None, of: str | None) -> Rows:
        """Of each row the lower numbers only, less those that the order keeps apart from it."""
        found: Rows = {}
        only = self.numbers[self.idents.index(of)] if of is not None else -1
        for number, row in rows.items():
            left = row & ((1 << number) - 1)
            if order:
                left &= ~order.apart_from(self.idents[self.positions[number]])
            if only not in (-1, number):
                left &= 1 << only
            if left:
                found[number] = left
        return found

    # --- which do ---

    def clash(self, kind: Kind, a: str, b: str) -> Clash | None:
        """The clash of that kind, if there is one; BadPattern when it can't be told."""
        one, other = self.scopes[a], self.scopes[b]
        if kind == "collision":
            found = collision(
                one.touch,
                other.touch,
                minus_a=one.forbid,
                minus_b=other.forbid,
                blind=self.blind,
                fuel=Fuel(tank=self.fuel),
            )
        else:
            found = self._meeting(a, b, reads=kind == "hazard")
        if found is None:
            return None
        p, q, path = found
        return Clash(kind=kind, a=a, b=b, pattern_a=p, pattern_b=q, witness=path)

    def _meeting(self, a: str, b: str, *, reads: bool) -> tuple[str, str, str] | None:
        """The first two patterns that share a path which a may write (or read) and b may write."""
        one, other = self.scopes[a], self.scopes[b]
        ours = self.read[a] if reads else self.touch[a]
        theirs = self.touch[b]
        minus = () if reads else one.forbid  # what it must not write it may well be shown
        doubt = None
        for i, j in self._close(ours, theirs):
            self.fuel.burn(1)
            try:
                path = self.shared(ours[i], theirs[j], minus, other.forbid)
            except BadPattern as e:
                if self.fuel.left < 0:
                    raise
                doubt = doubt or e
                continue
            if path is not None:
                return (one.read if reads else one.touch)[i], other.touch[j], path
        if doubt:
            raise doubt
        return None

    def _close(self, ours: Patterns, theirs: Patterns) -> Iterator[tuple[int, int]]:
        """The positions of the patterns that may share a path, in order."""
        if len(ours) == len(theirs) == 1:
            yield 0, 0
            return
        met = meetings(self.single(ours, 0), self.single(theirs, 1), Fuel(tank=self.fuel))
        for i in sorted(met.there):
            for j in bits(met.there[i]):
                yield i, j
        if not met.whole:
            raise BadPattern(INTRICATE)

    def _single(self, patterns: Patterns, _side: int) -> Tree:
        """A tree in which the patterns themselves are the owners; each side has one of its own."""
        tree = Tree(self.blind, self.fuel)
        for owner, pattern in enumerate(patterns):
            tree.add(pattern, owner)
        return tree

    def _shared(self, p: str, q: str, minus_p: Patterns, minus_q: Patterns) -> str | None:
        """The plainest path of both patterns that is forbidden to neither and counts."""
        if self.blind == SHARP:
            if _covered(p, minus_q) or _covered(q, minus_p):
                return None
            likely = _likely(p, q)
            if likely is not None and (self.any_path or bad_path(likely) is None):
                if not (_holds(minus_p, likely) or _holds(minus_q, likely)):
                    return likely
                if "file" in (shape(p).kind, shape(q).kind):
                    return None
        self.fuel.burn(MACHINE)
        fuel = Fuel(tank=self.fuel)
        if self.any_path:
            return overlap(
                (p,), (q,), minus_a=minus_p, minus_b=minus_q, blind=self.blind, fuel=fuel
            )
        one, other = Scope(touch=(p,), forbid=minus_p), Scope(touch=(q,), forbid=minus_q)
        return one.overlaps(other, blind=self.blind, fuel=fuel)


def _holds(patterns: Patterns, path: str) -> bool:
    return bool(patterns) and patterns_of(patterns).accepts(path)


def _writable(pattern: str) -> bool:
    """False for what lies in a folder where nothing is ever written, such as `.git`."""
    if pattern[0] != ".":
        return True
    head, _, kind = shape(pattern)
    path = head if kind == "file" else head[: head.rfind("/") + 1] + "a"
    return not patterns_of(UNWRITABLE).accepts(path)


def _covered(pattern: str, forbid: Patterns) -> bool:
    """Is all of the pattern below one of the folders that are forbidden?"""
    return bool(forbid) and not patterns_of(forbid).folders.isdisjoint(
        folders_of(shape(pattern).head)
    )


def _likely(p: str, q: str) -> str | None:
    """The path that is the plainest of both patterns, which meet, if it can be written at all."""
    one, other = shape(p), shape(q)
    if one.kind == "file":
        return one.head
    if other.kind == "file":
        return other.head
    if one.kind == other.kind == "folder":
        return max(one.head, other.head, key=len) + "a"
    return None
