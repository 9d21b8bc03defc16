"""Scopes: which paths a task may write, may be shown and must leave alone, as path patterns.

A pattern is `/`-separated. In a segment `*` and `?` stand for any characters and for one (a
leading dot is nothing special), `[a-z]` and `[!x]` for one of a class, `{a,b}` for alternatives;
`**` as a whole segment stands for any number of segments, and at the end for at least one:
`dir/**` is what lies below dir, as is `dir/`. A backslash takes the special meaning away.
Letter case counts.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from partita.core.automaton import BadPattern, Fuel, Machine, Ranges, build, holds
from partita.core.meeting import meet
from partita.core.plan import Task

__all__ = [
    "BANNED",
    "UNWRITABLE",
    "BadPattern",
    "Fuel",
    "Scope",
    "bad_path",
    "collision",
    "head",
    "literal",
    "machine",
    "matches",
    "normalise",
    "overlap",
    "scope_of",
]

PATTERN = 1_024  # characters
PATH = 1_000  # characters
SEGMENT = 255  # bytes

_DRIVE = re.compile(r"[A-Za-z]:")
_SPECIAL = re.compile(r"[*?\[\]{}\\]")
_EVERYTHING = ("**",)


def _anywhere(segment: str) -> tuple[str, ...]:
    return (f"**/{segment}", f"**/{segment}/**")


# What is never written: characters, and names as patterns, so that what may be written stays a
# language that can be compared.
_NEVER_IN: tuple[tuple[str, Ranges], ...] = (
    ("control characters", ((0, 0x1F), (0x7F, 0x9F), (0x2028, 0x2029))),
    ("a character that UTF-8 can't hold", ((0xD800, 0xDFFF),)),
    ("a backslash", ((0x5C, 0x5C),)),
    (
        "an invisible character",
        ((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0xFEFF, 0xFEFF)),
    ),
)
BANNED: Ranges = tuple(sorted(r for _, ranges in _NEVER_IN for r in ranges))
_NEVER: tuple[tuple[str, tuple[str, ...]], ...] = (
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


def normalise(pattern: str) -> str:
    """The pattern's one spelling: no `./`, no doubled `/` or `**`, `dir/` as `dir/**`.

    BadPattern, with a sentence, when it can't be used.
    """
    shown = pattern[:80]
    if not pattern:
        raise BadPattern("a path pattern can't be empty")
    if len(pattern) > PATTERN:
        raise BadPattern(f"`{shown}...` is longer than {PATTERN:,} characters")
    if "\0" in pattern:
        raise BadPattern(f"{shown!r} holds a NUL character")
    if pattern[0] == "/" or _DRIVE.match(pattern):
        raise BadPattern(f"`{shown}` is absolute; write it relative to the repository's root")
    if pattern[0] == "!":
        raise BadPattern(f"`{shown}` starts with `!`; list what must be left alone under `forbid`")
    parts: list[str] = []
    for part in pattern.split("/"):
        if part == "..":
            raise BadPattern(f"`{shown}` leads out of the tree with `..`")
        if part not in ("", ".") and not (part == "**" and parts[-1:] == ["**"]):
            parts.append(part)
    below = pattern.endswith(("/", "/.")) or not parts
    if below and parts[-1:] != ["**"]:
        parts.append("**")
    normal = "/".join(parts)
    if len(normal) > PATTERN:
        raise BadPattern(f"`{shown}...` is longer than {PATTERN:,} characters")
    if normal != pattern:  # a leading `./` may have hidden what is refused above
        return normalise(normal)
    build((normal,))
    return normal


def literal(path: str) -> str:
    """The pattern that matches exactly the path, whatever it is made of."""
    if not path or any(part in ("", ".", "..") for part in path.split("/")):
        raise BadPattern(f"`{path[:80]}` is no relative path of a file")
    text = _SPECIAL.sub(r"\\\g<0>", path)
    return "\\" + text if text.startswith("!") else text


@lru_cache(maxsize=1_024)
def machine(patterns: tuple[str, ...]) -> Machine:
    """The machine of the patterns; BadPattern when one of them can't be used."""
    return build(tuple(dict.fromkeys(normalise(p) for p in patterns)))


def matches(pattern: str, path: str) -> bool:
    """Does the path lie in the pattern's language? False for what is no relative path."""
    return machine((pattern,)).accepts(path)


def overlap(
    a: Sequence[str],
    b: Sequence[str],
    *,
    minus_a: Sequence[str] = (),
    minus_b: Sequence[str] = (),
    fold: bool = False,
    fuel: Fuel | None = None,
) -> str | None:
    """A path in `a` less `minus_a` and in `b` less `minus_b`, about the shortest; None if none is.

    Exact. With `fold`, a path of `a` that differs from one of `b` in letter case at most.
    BadPattern when a pattern can't be used, or the fuel (a second's worth) does not suffice.
    """
    return _meet(tuple(a), tuple(b), tuple(minus_a), tuple(minus_b), fuel or Fuel(), fold=fold)


def _meet(
    a: tuple[str, ...],
    b: tuple[str, ...],
    minus_a: tuple[str, ...],
    minus_b: tuple[str, ...],
    fuel: Fuel,
    *,
    fold: bool,
    banned: Ranges = (),
) -> str | None:
    if not fold:
        fuel.burn(len(a) * len(b) // 8)
        others = {_ends(q) for q in b}
        a = tuple(p for p in a if any(_may_meet(_ends(p), other) for other in others))
        others = {_ends(p) for p in a}
        b = tuple(q for q in b if any(_may_meet(_ends(q), other) for other in others))
    if not a or not b:
        return None
    return meet(
        machine(a),
        machine(b),
        machine(minus_a),
        machine(minus_b),
        fuel=fuel,
        fold=fold,
        banned=banned,
    )


def head(pattern: str) -> tuple[str, bool]:
    """The text that every path of the pattern begins with, and whether that is all of it."""
    first, _, whole = _ends(pattern)
    return first, whole


@lru_cache(maxsize=4_096)
def _ends(pattern: str) -> tuple[str, str, bool]:
    """The text that every path begins with, the one that it ends with, and whether they are all."""
    normal = normalise(pattern)
    first, text, whole, here = "", "", True, 0
    while here < len(normal):
        char = normal[here]
        if char in "*?[]{}":
            first, text, whole = text if whole else first, "", False
        else:
            here += char == "\\"
            text += normal[here]
        here += 1
    if whole:
        return text, text, True
    return first, text.removeprefix("/"), False  # `**/x` matches `x`, too


def _may_meet(a: tuple[str, str, bool], b: tuple[str, str, bool]) -> bool:
    """May the patterns share a path, by how their paths begin and end?"""
    (x, tail_x, whole_x), (y, tail_y, whole_y) = a, b
    if whole_x and whole_y:
        return x == y
    begins = (x.startswith(y) and not whole_y) or (y.startswith(x) and not whole_x)
    return begins and (tail_x.endswith(tail_y) or tail_y.endswith(tail_x))


def collision(a: Sequence[str], b: Sequence[str]) -> tuple[str, str] | None:
    """The pattern of each where one names a file that the other needs as a folder, or None."""
    for one, other, turned in ((a, b, False), (b, a, True)):
        files = {head(p)[0]: p for p in one if head(p)[1]}
        for q in other:
            for folder in _folders(q):
                if folder in files:
                    return (q, files[folder]) if turned else (files[folder], q)
    return None


def _folders(pattern: str) -> Iterable[str]:
    """The folders that every path of the pattern lies in."""
    text, _ = head(pattern)
    return (text[:i] for i, char in enumerate(text) if char == "/")


def bad_path(path: str) -> str | None:
    """Why a file can't be written at the path, as a clause ("it is absolute"); None if it can."""
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
    for why, ranges in _NEVER_IN:
        if any(holds(ranges, ord(char)) for char in path):
            return f"it holds {why}"
    if machine(UNWRITABLE).accepts(path):
        return "it holds " + next(why for why, never in _NEVER if machine(never).accepts(path))
    if not unicodedata.is_normalized("NFC", path):
        return "it is not in Unicode's composed form (NFC)"
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Three path languages: `touch` (may write), `read` (may be shown), `forbid` (never)."""

    touch: tuple[str, ...]
    read: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()

    def may_write(self, path: str) -> bool:
        """Is it in touch, not in forbid, and a path that can be written at all?"""
        return (
            bad_path(path) is None
            and machine(self.touch).accepts(path)
            and not machine(self.forbid).accepts(path)
        )

    def overlaps(
        self, other: "Scope", *, fold: bool = False, fuel: Fuel | None = None
    ) -> str | None:
        """A path that both may write, or None; with `fold`, the same but for letter case.

        Exact but for paths too long or not in NFC, which count as if they could be written.
        """
        return _meet(
            self.touch,
            other.touch,
            (*self.forbid, *UNWRITABLE),
            other.forbid,
            fuel or Fuel(),
            fold=fold,
            banned=BANNED,
        )

    def example(self, *, fuel: Fuel | None = None) -> str | None:
        """A path that may be written; None when there is none."""
        return self.overlaps(Scope(touch=_EVERYTHING), fuel=fuel)


def scope_of(task: Task) -> Scope:
    """The task's scope."""
    return Scope(touch=task.touch, read=task.read, forbid=task.forbid)
