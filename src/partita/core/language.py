"""Path languages as a Boolean algebra: sets of patterns, their union, intersection, difference."""

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

from partita.core.automaton import TOO_INTRICATE, BadPattern, Fuel, Machine, well_formed
from partita.core.drawing import build, check_length
from partita.core.meeting import Side, cases, meet, one_case, plainness
from partita.core.pattern import folders_of, literal, normalise, plain, shape

CLAUSES = 256
FEW = 50_000  # pairs of patterns that are looked at one by one
MANY = 64  # patterns to take away that are worth being looked through


@dataclass(frozen=True, slots=True)
class Blind:
    """What a file system is blind to.

    `case`: letter case, character by character (`ß` is `ẞ`, and not `ss`). `forms`: Unicode's
    composed and decomposed forms. Patterns are then read in their composed form (NFC) and speak of
    composed paths: `?` and a class stand for one composed character, so that `?` matches an `é`
    however it was written.
    """

    case: bool = False
    forms: bool = False

    def read(self, text: str) -> str:
        """A pattern or a path as it is read: with `forms` composed."""
        return unicodedata.normalize("NFC", text) if self.forms else text

    def key(self, path: str) -> str:
        """What the path's file is found under: two paths are one file when their keys are equal."""
        path = self.read(path)
        if not self.case:
            return path
        return path.lower() if path.isascii() else path.translate(_one_case())


SHARP = Blind()


@lru_cache(maxsize=1)
def _one_case() -> dict[int, str]:
    return {code: one_case(chr(code)) for group in cases() for code in group}


# --- sets of patterns ---------------------------------------------------------------------------


class Patterns(NamedTuple):
    """The union of some patterns, sorted into what can be looked up and what needs a machine."""

    files: dict[str, None]  # paths, in the order given
    folders: frozenset[str]  # F of `F/**`
    globs: tuple[str, ...]
    rest: tuple[str, ...]  # folders and globs as patterns, in the order given
    all: dict[str, None]  # as patterns

    def accepts(self, path: str) -> bool:
        """Is the path well formed and in one of the patterns' languages?"""
        return (
            path in self.files
            or (
                bool(self.folders)
                and not self.folders.isdisjoint(folders_of(path))
                and well_formed(path)
            )
            or (bool(self.globs) and machine(self.globs).accepts(path))
        )


@lru_cache(maxsize=1_024)
def patterns_of(texts: tuple[str, ...]) -> Patterns:
    """The set of the patterns; BadPattern when one can't be used, or they are too many globs."""
    check_length(text for text in dict.fromkeys(texts) if not plain(text))
    every = dict.fromkeys(map(normalise, texts))
    shapes = {pattern: shape(pattern) for pattern in every}
    return Patterns(
        files=dict.fromkeys(s.head for s in shapes.values() if s.kind == "file"),
        folders=frozenset(s.head[:-1] for s in shapes.values() if s.kind == "folder"),
        globs=tuple(p for p, s in shapes.items() if s.kind == "glob"),
        rest=tuple(p for p, s in shapes.items() if s.kind != "file"),
        all=every,
    )


@lru_cache(maxsize=1_024)
def machine(patterns: tuple[str, ...]) -> Machine:
    """The machine of normalised patterns; BadPattern when they are too many."""
    return build(patterns)


# --- the plainest path --------------------------------------------------------------------------


class Clause(NamedTuple):
    """The paths that lie in each of the sets of patterns `every`, and in none of `none`."""

    every: tuple[tuple[str, ...], ...]
    none: tuple[str, ...] = ()

    def accepts(self, path: str) -> bool:
        """Is it one of the paths?"""
        return all(patterns_of(patterns).accepts(path) for patterns in self.every) and not (
            patterns_of(self.none).accepts(path)
        )


def plainest(clauses: Sequence[Clause], fuel: Fuel) -> str | None:
    """The plainest path of all the clauses (shortest, then easiest to read); None if there is none.

    BadPattern when a pattern can't be used or the fuel does not suffice.
    """
    every = [patterns_of(patterns) for clause in clauses for patterns in clause.every]
    none = [patterns_of(clause.none) for clause in clauses]
    fuel.burn(sum(len(one.files) for one in every) // 8)
    # A path that stands as it is in one of the sets needs no machine that finds it.
    files = [
        path
        for one in every
        for path in one.files
        if all(other.accepts(path) for other in every)
        and not any(other.accepts(path) for other in none)
    ]
    rests = [[patterns_of(patterns).rest for patterns in clause.every] for clause in clauses]
    return _plainer(files, rests, none, SHARP, fuel)


def plainest_twin(a: Clause, b: Clause, fuel: Fuel) -> str | None:
    """The plainest path of `a` that differs from one of `b` in letter case at most.

    Both have one set of patterns in `every`.
    """
    (ours,), (theirs,) = map(patterns_of, a.every), map(patterns_of, b.every)
    not_ours, not_theirs = patterns_of(a.none), patterns_of(b.none)
    fuel.burn((len(ours.files) + len(theirs.files)) // 8)
    blind = Blind(case=True)
    mine = [path for path in ours.files if not not_ours.accepts(path)]
    yours = [path for path in theirs.files if not not_theirs.accepts(path)]
    keys = set(map(blind.key, yours))
    files, hard_a, hard_b = [], [], []
    below = _Below(theirs.folders, blind)
    for path in mine:
        if blind.key(path) in keys or any(
            theirs.accepts(twin) and not not_theirs.accepts(twin) for twin in below.spellings(path)
        ):
            files.append(path)
        else:  # a pattern of theirs may hold it in another spelling
            hard_a.append(literal(path))
    below = _Below(ours.folders, blind)
    for path in yours:
        twins = [
            twin
            for twin in below.spellings(path)
            if ours.accepts(twin) and not not_ours.accepts(twin)
        ]
        files += twins
        if not twins:
            hard_b.append(literal(path))
    rests = [[(*ours.rest, *hard_a)], [(*theirs.rest, *hard_b)]]
    return _plainer(files, rests, [not_ours, not_theirs], blind, fuel)


class _Below:
    """Folders by their keys."""

    def __init__(self, folders: Iterable[str], blind: Blind) -> None:
        self.blind = blind
        self.folders = {blind.key(folder): folder for folder in folders}

    def spellings(self, path: str) -> list[str]:
        """The path, and in the spelling of each of the folders that it lies in."""
        heads = folders_of(self.blind.key(path)) if self.folders else ()
        found = (self.folders.get(head) for head in heads)
        return [path, *(folder + path[len(folder) :] for folder in found if folder is not None)]


def _plainer(
    files: Sequence[str],
    rests: Sequence[Sequence[tuple[str, ...]]],
    nones: Sequence[Patterns],
    blind: Blind,
    fuel: Fuel,
) -> str | None:
    """The plainest of the files and of the paths that all of `rests` and none of `nones` hold."""
    short = min(map(len, files), default=None)
    best = min((path for path in files if len(path) == short), key=plainness, default=None)
    close = [
        _left(patterns, none) for side, none in zip(rests, nones, strict=True) for patterns in side
    ]
    for i, j in combinations(range(len(close)), 2):
        close[i] = _close(close[i], close[j], blind, fuel)
        close[j] = _close(close[j], close[i], blind, fuel)
    if not all(close):
        return best
    left = iter(close)
    sides = [
        Side(tuple(machine(next(left)) for _ in side), _relevant(none, close, blind, fuel))
        for side, none in zip(rests, nones, strict=True)
    ]
    found = meet(sides, fuel=fuel, case=blind.case, most=short)
    return min((path for path in (best, found) if path is not None), key=plainness, default=None)


def _left(patterns: tuple[str, ...], none: Patterns) -> tuple[str, ...]:
    """The patterns that are not taken away as a whole, at a glance."""
    return tuple(
        pattern
        for pattern in patterns
        if pattern not in none.all and none.folders.isdisjoint(folders_of(shape(pattern).head))
    )


def _relevant(
    none: Patterns, close: Sequence[tuple[str, ...]], blind: Blind, fuel: Fuel
) -> Machine | None:
    """The machine of those patterns of `none` that may take something away, where it pays."""
    patterns = tuple(none.all)
    if len(patterns) > MANY:
        for each in close:
            patterns = _close(patterns, each, blind, fuel)
    return machine(patterns) if patterns else None


def _close(
    patterns: tuple[str, ...], others: tuple[str, ...], blind: Blind, fuel: Fuel
) -> tuple[str, ...]:
    """The patterns that may share a path with one of the others, by how their paths begin."""
    ours = [_ends(pattern, blind) for pattern in patterns]
    theirs = {_ends(pattern, blind) for pattern in others}
    fuel.burn((len(patterns) + len(theirs)) // 8)
    if len(patterns) * len(theirs) <= FEW:
        return tuple(
            pattern
            for pattern, one in zip(patterns, ours, strict=True)
            if any(_may_meet(one, other) for other in theirs)
        )
    heads = sorted({head for head, _, _ in theirs})
    known, lengths = set(heads), sorted({len(head) for head in heads})
    out = []
    for pattern, (head, _, _) in zip(patterns, ours, strict=True):
        at = bisect_left(heads, head)
        if (at < len(heads) and heads[at].startswith(head)) or any(
            head[:length] in known for length in lengths if length < len(head)
        ):
            out.append(pattern)
    return tuple(out)


def _ends(pattern: str, blind: Blind) -> tuple[str, str, bool]:
    head, tail, kind = shape(pattern)
    if blind.case:
        head, tail = blind.key(head), blind.key(tail)
    return head, tail, kind == "file"


def _may_meet(a: tuple[str, str, bool], b: tuple[str, str, bool]) -> bool:
    """May the patterns share a path, by how their paths begin and end?"""
    (x, tail_x, whole_x), (y, tail_y, whole_y) = a, b
    if whole_x and whole_y:
        return x == y
    begins = (x.startswith(y) and not whole_y) or (y.startswith(x) and not whole_x)
    return begins and (tail_x.endswith(tail_y) or tail_y.endswith(tail_x))


# --- the algebra --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Language:
    """A set of paths: the union of some clauses.

    `|`, `&` and `-` are those of sets. What grows beyond 256 clauses is refused with BadPattern.
    """

    clauses: tuple[Clause, ...] = ()

    @classmethod
    def of(cls, patterns: Iterable[str]) -> "Language":
        """The paths that lie in one of the patterns; BadPattern when one can't be used."""
        every = tuple(patterns_of(tuple(patterns)).all)
        return cls((Clause((every,)),) if every else ())

    def __or__(self, other: "Language") -> "Language":
        return _language((*self.clauses, *other.clauses))

    def __and__(self, other: "Language") -> "Language":
        return _language(
            Clause(tuple(dict.fromkeys((*a.every, *b.every))), _merged(a.none, b.none))
            for a in self.clauses
            for b in other.clauses
        )

    def __sub__(self, other: "Language") -> "Language":
        left = self
        for clause in other.clauses:  # outside a clause: outside one of `every`, or in `none`
            outside = [Clause((), none=patterns) for patterns in clause.every]
            left &= Language((*outside, *Language.of(clause.none).clauses))
        return left

    def accepts(self, path: str) -> bool:
        """Does the path lie in the language?"""
        return any(clause.accepts(path) for clause in self.clauses)

    def witness(self, fuel: Fuel | None = None) -> str | None:
        """The plainest path of the language, a shortest one; None when it is empty."""
        fuel = fuel or Fuel()
        found = (plainest((clause,), fuel) for clause in self.clauses)
        return min((path for path in found if path is not None), key=plainness, default=None)

    def within(self, other: "Language", fuel: Fuel | None = None) -> str | None:
        """None when all of the language lies in the other, else the plainest path that does not."""
        return (self - other).witness(fuel)


def _language(clauses: Iterable[Clause]) -> Language:
    kept: dict[Clause, None] = {}
    for clause in clauses:
        kept[clause] = None
        if len(kept) > CLAUSES:
            raise BadPattern(TOO_INTRICATE)
    return Language(tuple(kept))


def _merged(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*a, *b))) if a and b else a or b


EVERYTHING = Language.of(["**"])
