"""Scopes: which paths a task may write, may be shown and must leave alone, as path patterns.

A pattern is `/`-separated. In a segment `*` and `?` stand for any characters and for one (a
leading dot is nothing special), `[a-z]` and `[!x]` for one of a class, `{a,b}` for alternatives;
`**` as a whole segment stands for any number of segments, and at the end for at least one:
`dir/**` is what lies below dir, as is `dir/`. A backslash takes the special meaning away.
Letter case counts.
"""

import re
import unicodedata
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from partita.core.automaton import BadPattern, Fuel
from partita.core.language import (
    SHARP,
    Blind,
    Clause,
    Language,
    patterns_of,
    plainest,
    plainest_twin,
)
from partita.core.pattern import folders_of, literal, named, normalise, shape
from partita.core.plan import Task

__all__ = [
    "SHARP",
    "UNWRITABLE",
    "BadPattern",
    "Blind",
    "Fuel",
    "Scope",
    "bad_path",
    "collision",
    "head",
    "literal",
    "matches",
    "normalise",
    "overlap",
    "scope_of",
]

PATH = 1_000  # characters
SEGMENT = 255  # bytes
NEED = 50  # steps that it takes to begin a comparison


def _anywhere(segment: str) -> tuple[str, ...]:
    return (f"**/{segment}", f"**/{segment}/**")


# What is never written, as patterns, so that what may be written stays a language.
_NEVER: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("control characters", _anywhere("*[\x01-\x1f\x7f-\x9f\u2028\u2029]*")),
    ("a character that UTF-8 can't hold", _anywhere("*[\ud800-\udfff]*")),
    ("a backslash", _anywhere("*\\\\*")),
    (
        "an invisible character",
        _anywhere("*[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]*"),
    ),
    ("a drive letter", ("[a-zA-Z]:*", "[a-zA-Z]:*/**")),
    (
        "git's own folder",
        (
            *_anywhere("{.[gG][iI][tT],[gG][iI][tT]~1}"),
            *_anywhere("{.[gG][iI][tT],[gG][iI][tT]~1}:*"),
        ),
    ),
    (
        "Partita's own folder",
        (".[pP][aA][rR][tT][iI][tT][aA]", ".[pP][aA][rR][tT][iI][tT][aA]/**"),
    ),
    ("a name that ends with a space or a dot", _anywhere("*[ .]")),
)
UNWRITABLE = tuple(pattern for _, patterns in _NEVER for pattern in patterns)

# Paths that are plainly none of these.
_FINE = re.compile(r"(?:[\w+@-][\w+@.-]{0,199}+(?<!\.)(?:/|\Z))+(?<!/)", re.ASCII)


def matches(pattern: str, path: str) -> bool:
    """Does the path lie in the pattern's language? False for what is no relative path."""
    return patterns_of((pattern,)).accepts(path)


def overlap(
    a: Sequence[str],
    b: Sequence[str],
    *,
    minus_a: Sequence[str] = (),
    minus_b: Sequence[str] = (),
    blind: Blind = SHARP,
    fuel: Fuel | None = None,
) -> str | None:
    """A shortest path in `a` less `minus_a` and in `b` less `minus_b`; None when there is none.

    Exact. Where the file system is `blind`, a path of `a` that is for it the same file as one of
    `b`. Of the shortest paths it is one that reads well. BadPattern when a pattern can't be used,
    or the fuel (a second's worth) does not suffice.
    """
    one, other = (
        Clause((tuple(map(blind.read, every)),), tuple(map(blind.read, none)))
        for every, none in ((a, minus_a), (b, minus_b))
    )
    if blind.case:
        return plainest_twin(one, other, fuel or Fuel())
    return plainest((one, other), fuel or Fuel())


def head(pattern: str) -> tuple[str, bool]:
    """The text that every path of the pattern begins with, and whether that is all of it."""
    found = shape(normalise(pattern))
    return found.head, found.kind == "file"


def collision(
    a: Sequence[str],
    b: Sequence[str],
    *,
    minus_a: Sequence[str] = (),
    minus_b: Sequence[str] = (),
    blind: Blind = SHARP,
    fuel: Fuel | None = None,
) -> tuple[str, str, str] | None:
    """The pattern of each where one names a file that the other needs as a folder, and the file.

    Both literally: a wildcard that could stand for the name does not count; alternatives in braces
    do, up to 256 of a pattern. What lies in `minus_a` or `minus_b` is neither named nor needed by
    its side. The first pattern of `a` counts, then the first of `b`. BadPattern as for overlap.
    """
    fuel = fuel or Fuel()
    sides = [
        (tuple(map(blind.read, every)), tuple(map(blind.read, none)))
        for every, none in ((a, minus_a), (b, minus_b))
    ]
    found: list[tuple[int, int, str, str, str, tuple[str, ...]]] = []
    for namer, needer in ((0, 1), (1, 0)):
        files = _named_files(*sides[namer], blind, fuel)
        lengths = {len(key) for key in files}
        patterns, none = sides[needer]
        for here, pattern in enumerate(patterns if files else ()):
            for folder in _needed_folders(pattern, lengths, fuel):
                there, path = files.get(blind.key(folder), (-1, ""))
                if path:
                    places = (there, here) if namer == 0 else (here, there)
                    found.append((*places, path, pattern, folder, none))
    for i, j, path, pattern, folder, none in sorted(found):
        if _needs(pattern, folder, none, fuel):
            return a[i], b[j], path
    return None


def _named_files(
    patterns: tuple[str, ...], none: tuple[str, ...], blind: Blind, fuel: Fuel
) -> dict[str, tuple[int, str]]:
    """The files that the patterns name, by their keys: the first such pattern, and the file."""
    files: dict[str, tuple[int, str]] = {}
    taken = patterns_of(none)
    for place, pattern in enumerate(patterns):
        names, _ = named(normalise(pattern))
        fuel.burn(1 + len(names))
        for path in names:
            if not taken.accepts(path):
                files.setdefault(blind.key(path), (place, path))
    return files


def _needed_folders(pattern: str, lengths: Container[int], fuel: Fuel) -> Iterator[str]:
    """The folders of these lengths that the pattern names in front of its files."""
    seen = set()
    for text in named(normalise(pattern))[1]:
        fuel.burn(1 + text.count("/") * len(text) // 1_024)
        for folder in folders_of(text):
            if len(folder) in lengths and folder not in seen:
                seen.add(folder)
                yield folder


def _needs(pattern: str, folder: str, none: tuple[str, ...], fuel: Fuel) -> bool:
    """Has the pattern a path below the folder that is not taken away?"""
    if not none and shape(normalise(pattern)).kind != "glob":
        return True
    fuel.burn(NEED)
    below = Clause(((pattern,), (literal(folder) + "/**",)), none)
    return plainest((below,), fuel) is not None


def bad_path(path: str) -> str | None:
    """Why a file can't be written at the path, as a clause ("it is absolute"); None if it can."""
    if len(path) <= PATH and _FINE.fullmatch(path):
        return None
    return _why_not(path)


def _why_not(path: str) -> str | None:
    if not path:
        return "it is empty"
    if len(path) > PATH:
        return f"it is longer than {PATH:,} characters"
    if path.startswith("/"):
        return "it is absolute"
    for part in path.split("/"):
        if part == "":
            return "it has an empty segment"
        if part in (".", ".."):
            return f"it has the segment `{part}`"
        if len(part.encode("utf-8", "surrogatepass")) > SEGMENT:
            return f"it has a segment longer than {SEGMENT} bytes"
    if "\0" in path:  # part of no path, so that no pattern speaks of it
        return "it holds control characters"
    if patterns_of(UNWRITABLE).accepts(path):
        return "it holds " + next(why for why, never in _NEVER if patterns_of(never).accepts(path))
    if not unicodedata.is_normalized("NFC", path):
        return "it is not in Unicode's composed form (NFC)"
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Three path languages: `touch` (may write), `read` (may be shown), `forbid` (never)."""

    touch: tuple[str, ...]
    read: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()

    @property
    def language(self) -> Language:
        """What may be written: touch less forbid, less what can never be written.

        Exact but for paths too long or not in NFC, which count as if they could be written. So do
        all of a scope's comparisons.
        """
        return Language.of(self.touch) - Language.of((*self.forbid, *UNWRITABLE))

    def may_write(self, path: str) -> bool:
        """Is it in touch, not in forbid, and a path that can be written at all?"""
        return (
            bad_path(path) is None
            and patterns_of(self.touch).accepts(path)
            and not patterns_of(self.forbid).accepts(path)
        )

    def overlaps(
        self, other: "Scope", *, blind: Blind = SHARP, fuel: Fuel | None = None
    ) -> str | None:
        """A shortest path that this scope may write and the other, too, or None.

        Where the file system is `blind`, a path that is for it a file that the other may write.
        """
        return overlap(
            self.touch,
            other.touch,
            minus_a=(*self.forbid, *UNWRITABLE),
            minus_b=other.forbid,
            blind=blind,
            fuel=fuel,
        )

    def within(self, other: "Scope", *, fuel: Fuel | None = None) -> str | None:
        """A shortest path that this scope may write and the other not; None when there is none."""
        theirs = Language.of(other.touch) - Language.of(other.forbid)
        return self.language.within(theirs, fuel)

    def example(self, *, fuel: Fuel | None = None) -> str | None:
        """A shortest path that may be written; None when there is none."""
        return self.language.witness(fuel)


def scope_of(task: Task) -> Scope:
    """The task's scope."""
    return Scope(touch=task.touch, read=task.read, forbid=task.forbid)
