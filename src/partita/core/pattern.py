"""The dialect of path patterns: reading them, their one spelling, what they name literally."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from partita.core.automaton import LAST, SLASH, BadPattern, Ranges, well_formed

PATTERN = 1_024  # characters
DEPTH = 4  # braces in braces
CHOICES = 128  # alternatives of one pattern
NAMES = 256  # literal names that one pattern may stand for

ANY: Ranges = ((0, SLASH - 1), (SLASH + 1, LAST))

STAR, DEEP, BELOW = "*", "**/", "**"  # BELOW is a `**` at the end


@dataclass(frozen=True, slots=True)
class Group:
    """Alternatives in braces."""

    alternatives: tuple[tuple["Part", ...], ...]


Part = int | Ranges | str | Group  # a character, a class (`?` included), a star of some kind

_DRIVE = re.compile(r"[A-Za-z]:")
_SPECIAL = re.compile(r"[*?\[\]{}\\]")
_PLAIN_SEGMENT = r"(?!\.\.?(?:/|\Z))[^/\0*?\[\]{}\\]+"
_PLAIN = re.compile(rf"(?![A-Za-z]:|!){_PLAIN_SEGMENT}(?:/{_PLAIN_SEGMENT})*+(?:/\*\*)?")


def normalise(pattern: str) -> str:
    """The pattern's one spelling: no `./`, no doubled `/` or `**`, `dir/` as `dir/**`.

    BadPattern, with a sentence, when it can't be used.
    """
    return pattern if plain(pattern) else _normal(pattern)


def plain(pattern: str) -> bool:
    """Is it a file or a folder (`F/**`) without anything special, in its one spelling?"""
    return len(pattern) <= PATTERN and _PLAIN.fullmatch(pattern) is not None


def _normal(pattern: str) -> str:
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
        return _normal(normal)
    read(normal)
    return normal


def literal(path: str) -> str:
    """The pattern that matches exactly the path, whatever it is made of."""
    if not well_formed(path):
        raise BadPattern(f"`{path[:80]}` is no relative path of a file")
    text = _SPECIAL.sub(r"\\\g<0>", path)
    return "\\" + text if text.startswith("!") else text


# --- reading ------------------------------------------------------------------------------------


@lru_cache(maxsize=4_096)
def read(pattern: str) -> tuple[Part, ...]:
    """The parts of a normalised pattern; BadPattern when it can't be read."""
    reader = _Reader(pattern)
    parts: list[Part] = []
    segments = pattern.split("/")
    for left, segment in zip(reversed(range(len(segments))), segments, strict=True):
        if segment == "**":
            parts.append(DEEP if left else BELOW)
            continue
        read_parts, end = reader.sequence(segment, 0, depth=0)
        if end < len(segment):
            raise BadPattern(f"`{pattern}` closes a brace that it never opened")
        parts += (*read_parts, SLASH) if left else read_parts
    return tuple(parts)


class _Reader:
    """Reads the segments of one pattern, and counts its alternatives."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.choices = 0

    def sequence(self, text: str, here: int, *, depth: int) -> tuple[tuple[Part, ...], int]:
        """Read `text[here:]` up to the `,` or `}` that ends an alternative; with its position."""
        parts: list[Part] = []
        part: Part
        while here < len(text):
            char = text[here]
            if char == "}" or (char == "," and depth):
                break
            here += 1
            if char == "*":
                if parts[-1:] != [STAR]:
                    parts.append(STAR)
                continue
            if char == "?":
                part = ANY
            elif char == "[":
                part, here = self.bracket(text, here)
            elif char == "{":
                part, here = self.group(text, here, depth=depth + 1)
            else:
                if char == "\\":
                    char, here = self.escaped(text, here)
                part = ord(char)
            parts.append(part)
        return tuple(parts), here

    def group(self, text: str, here: int, *, depth: int) -> tuple[Group, int]:
        """Read alternatives, `here` being behind their `{`."""
        if depth > DEPTH:
            raise BadPattern(f"`{self.pattern}` nests braces more than {DEPTH} deep")
        alternatives: list[tuple[Part, ...]] = []
        while True:
            self.choices += 1
            if self.choices > CHOICES:
                raise BadPattern(f"a pattern has more than {CHOICES} alternatives")
            parts, here = self.sequence(text, here, depth=depth)
            alternatives.append(parts)
            if here >= len(text):
                raise BadPattern(
                    f"`{self.pattern}` has a `{{` that is not closed in its path segment"
                )
            here += 1
            if text[here - 1] == "}":
                return Group(tuple(alternatives)), here

    def escaped(self, text: str, here: int) -> tuple[str, int]:
        """The character that a backslash before `here` takes the special meaning from."""
        char = text[here : here + 1]
        # A path of Windows must not silently mean something else: `src\auth` is refused.
        if not char or char.isalnum() or char in "_.":
            what = repr(char) if char else "the end of a path segment"
            raise BadPattern(
                f"`{self.pattern}` has a backslash before {what}; write paths with `/`, and use a "
                "backslash only before a special character"
            )
        return char, here + 1

    def bracket(self, text: str, here: int) -> tuple[Ranges, int]:
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
                raise BadPattern(f"`{self.pattern}` uses a named class; write its characters out")
            first = False
            if char == "\\":
                char, here = self.escaped(text, here)
            high = char
            if text[here : here + 1] == "-" and text[here + 1 : here + 2] not in ("]", ""):
                high, here = text[here + 1], here + 2
                if high == "\\":
                    high, here = self.escaped(text, here)
                if high < char:
                    raise BadPattern(f"`{self.pattern}` has the backward range `{char}-{high}`")
            parts.append((ord(char), ord(high)))
        raise BadPattern(
            f"`{self.pattern}` has a `[` that is not closed in its path segment; "
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


# --- what is literal ----------------------------------------------------------------------------


class Shape(NamedTuple):
    """What can be said of a pattern without a machine.

    `head` and `tail`: what every path of it begins and ends with. `kind`: "file" (the head is the
    one path), "folder" (all that lies below the head, which ends with `/`) or "glob".
    """

    head: str
    tail: str
    kind: Literal["file", "folder", "glob"]


def shape(normal: str) -> Shape:
    """The shape of a normalised pattern."""
    special = _SPECIAL.search(normal)
    if special is None:
        return Shape(normal, normal, "file")
    if special.start() == len(normal) - 2 and normal.endswith("/**"):
        return Shape(normal[:-2], "", "folder")
    return _shape(normal)


@lru_cache(maxsize=4_096)
def _shape(normal: str) -> Shape:
    parts = read(normal)
    first = next((i for i, part in enumerate(parts) if not isinstance(part, int)), len(parts))
    head = _text(parts[:first])
    if first == len(parts):
        return Shape(head, head, "file")
    if parts[first:] == (BELOW,) and head:
        return Shape(head, "", "folder")
    last = next(i for i, part in enumerate(reversed(parts)) if not isinstance(part, int))
    return Shape(head, _text(parts[len(parts) - last :]), "glob")


def _text(parts: Iterable[Part]) -> str:
    return "".join(chr(part) for part in parts if isinstance(part, int))


def folders_of(path: str) -> Iterator[str]:
    """The folders that a path, or the text that paths begin with, lies in; outermost first."""
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)


def named(normal: str) -> tuple[list[str], list[str]]:
    """The files that a normalised pattern names, and texts whose folders it needs, both literally.

    Alternatives in braces count, wildcards and classes don't. Where they are more than 256, what
    stands before them counts.
    """
    head, _, kind = shape(normal)
    if kind != "glob":
        return [head] if kind == "file" else [], [head]
    heads = [""]
    segment: list[Part] = []
    for part in read(normal):
        if part in (DEEP, BELOW):
            return [], heads
        if part != SLASH:
            segment.append(part)
            continue
        names = _names(segment)
        if not names or len(heads) * len(names) > NAMES:
            return [], heads
        heads = [f"{head}{name}/" for head in heads for name in names]
        segment = []
    names = _names(segment)
    if len(heads) * len(names) > NAMES:
        names = []
    return [head + name for head in heads for name in names], heads


def _names(segment: Sequence[Part]) -> list[str]:
    """The segments that it stands for without a wildcard; none where they are too many."""
    return [name for name in dict.fromkeys(_words(segment)) if name not in ("", ".", "..")]


def _words(parts: Sequence[Part]) -> list[str]:
    words, after = [""], ""
    for part in parts:
        if isinstance(part, int):
            after += chr(part)
        elif isinstance(part, Group):
            more = [word for parts in part.alternatives for word in _words(parts)]
            if len(words) * len(more) > NAMES:
                return []
            words = [word + after + tail for word in words for tail in more]
            after = ""
        else:
            return []
    return [word + after for word in words]
