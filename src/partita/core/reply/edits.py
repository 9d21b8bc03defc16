"""SEARCH/REPLACE blocks: read from a reply, and applied where they fit exactly once."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from partita.core.reply.value import Edit, Unreadable, glimpse

_SEARCH = re.compile(r"<{5,9} ?SEARCH>?[ \t\r]*")
_DIVIDER = re.compile(r"={7}[ \t\r]*")
_REPLACE = re.compile(r">{5,9} ?REPLACE<?[ \t\r]*")
_DIFF = re.compile(
    r"\*\*\* Begin Patch[ \t\r]*\n|diff --git |"
    r"(?:--- [^\n]*\n\+\+\+ [^\n]*\n)?@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@"
)
_SHOWN = 12
# How many characters of the file all edits together may look at; to look blind takes longer.
_MOST_WORK, _BLIND_WORK = 500_000_000, 30
_COMPARED, _COMPARED_WIDTH = 2_000, 200


def shows_edits(text: str) -> bool:
    """Whether a text is nothing but SEARCH/REPLACE blocks."""
    lines = text.strip().split("\n")
    return bool(_SEARCH.fullmatch(lines[0]) and _REPLACE.fullmatch(lines[-1]))


def is_diff(text: str) -> bool:
    """Whether a text is a unified diff or a patch of the kind `*** Begin Patch`."""
    return _DIFF.match(text.lstrip()) is not None


def read_edits(text: str) -> tuple[Edit, ...] | Unreadable:
    """The blocks of a text, in order; Unreadable when there is none or one is malformed."""
    edits: list[Edit] = []
    search: list[str] | None = None
    rest: list[str] | None = None
    for line in text.split("\n"):
        if search is None:
            if _SEARCH.fullmatch(line):
                search = []
            elif _REPLACE.fullmatch(line):
                return Unreadable(why="a REPLACE line without its SEARCH line")
        elif _SEARCH.fullmatch(line):
            return Unreadable(why=f"edit {len(edits) + 1} has no >>>>>>> REPLACE line")
        elif rest is None:
            if _DIVIDER.fullmatch(line):
                rest = []
            elif _REPLACE.fullmatch(line):
                return Unreadable(why=f"edit {len(edits) + 1} has no ======= line")
            else:
                search.append(line + "\n")
        elif _DIVIDER.fullmatch(line):
            return Unreadable(
                why=f"edit {len(edits) + 1} has two ======= lines: give the whole file instead"
            )
        elif _REPLACE.fullmatch(line):
            edits.append(Edit(search="".join(search), replace="".join(rest)))
            search = rest = None
        else:
            rest.append(line + "\n")
    if search is not None:
        return Unreadable(why=f"edit {len(edits) + 1} has no >>>>>>> REPLACE line")
    if not edits:
        return Unreadable(why="no <<<<<<< SEARCH block in it")
    return tuple(edits)


def apply_edits(original: str, edits: Sequence[Edit]) -> str | Unreadable:
    """`original` with each edit made, one after the other.

    The lines of `search` must occur exactly once; if they do not occur, they may differ in
    blanks, and the replacement then takes the indentation of what it replaces. An empty `search`
    stands for the whole of an empty file. Line endings of the original are kept. Unreadable names
    the edit and the nearest lines; or says that so many edits of so long a file are too much work.
    """
    text, work = original, 0
    for number, edit in enumerate(edits, start=1):
        if not edit.search.strip():
            if text.strip():
                return Unreadable(why=f"edit {number}: an empty SEARCH only fits an empty file")
            text = edit.replace
            continue
        exact = _apply_exactly(text, edit)
        work += len(text) * (1 if exact is not None else _BLIND_WORK)
        if work > _MOST_WORK:
            return Unreadable(why="so many edits take too long: give the whole file instead")
        made = _apply(text, edit) if exact is None else exact
        if isinstance(made, Unreadable):
            return Unreadable(why=f"edit {number} of {len(edits)}: {made.why}")
        text = made
    return text


def _apply_exactly(text: str, edit: Edit) -> str | None:
    """The text with its only exact match replaced; None if there is none, or more than one.

    Only for a text whose lines all end in a newline alone: the quick way for the usual case.
    """
    if "\r" in text or "\r" in edit.search or not text.endswith("\n"):
        return None
    search = edit.search if edit.search.endswith("\n") else edit.search + "\n"
    at = 0 if text.startswith(search) else text.find("\n" + search) + 1
    if (at == 0 and not text.startswith(search)) or text.find("\n" + search, at) >= 0:
        return None
    replace = "".join(line + "\n" for line in _bare(edit.replace))
    return text[:at] + replace + text[at + len(search) :]


def _apply(text: str, edit: Edit) -> str | Unreadable:
    lines, search, replace = _lines(text), _bare(edit.search), _bare(edit.replace)
    bare = [line.rstrip("\r\n") for line in lines]
    places = _places(bare, search)
    if not places:
        places = _places([_blind(line) for line in bare], [_blind(line) for line in search])
        if not places:
            return Unreadable(why=f"its SEARCH lines are not in the file{_nearest(bare, search)}")
        if len(places) == 1:
            there = bare[places[0] : places[0] + len(search)]
            fitted = _reindented(search, there, replace)
            if fitted is None:
                return Unreadable(
                    why=f"its SEARCH lines are indented otherwise in the file{_shown(there)}"
                )
            replace = fitted
    if len(places) > 1:
        where = ", ".join(str(place + 1) for place in places)
        return Unreadable(
            why=f"its SEARCH lines occur more than once (lines {where}); add lines around them"
        )
    start, end = places[0], places[0] + len(search)
    eol = "\r\n" if any(line.endswith("\r\n") for line in lines[start:end] or lines) else "\n"
    new = [line + eol for line in replace]
    if new and end == len(lines) and not lines[-1].endswith("\n"):
        new[-1] = new[-1][: -len(eol)]
    return "".join(lines[:start] + new + lines[end:])


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _bare(text: str) -> list[str]:
    return [line.rstrip("\r\n") for line in _lines(text)]


def _blind(line: str) -> str:
    return " ".join(line.split())


def _places(lines: list[str], search: list[str]) -> list[int]:
    """Up to three line numbers, from 0, where the lines occur in a row."""
    hay = "\n" + "\n".join(lines) + "\n"
    needle = "\n" + "\n".join(search) + "\n"
    places: list[int] = []
    at = hay.find(needle)
    while at >= 0 and len(places) < 3:  # noqa: PLR2004 - enough to say that it is not once
        places.append(hay.count("\n", 0, at))
        at = hay.find(needle, at + 1)
    return places


@dataclass(frozen=True, slots=True)
class _Shift:
    """How far the file is indented from what the model remembered."""

    added: str = ""
    removed: str = ""

    def apply(self, line: str) -> str | None:
        if not line.strip():
            return line
        if not line.startswith(self.removed):
            return None
        return self.added + line[len(self.removed) :]


def _reindented(search: list[str], there: list[str], replace: list[str]) -> list[str] | None:
    """The replacement with the file's indentation; None when no rule gives it.

    A line that the replacement took over from `search` keeps the bytes it has in the file.
    """
    kept = dict(zip(search, there, strict=True))
    pairs = {
        (_indent(old), _indent(new)) for old, new in zip(search, there, strict=True) if old.strip()
    }
    shifts = [shift for shift in map(_shift, pairs) if shift is not None]
    uniform = shifts[0] if len(set(shifts)) == 1 and len(shifts) == len(pairs) else None
    known = dict(pairs)
    if uniform is None and len(known) != len(pairs):
        return None
    fitted: list[str] = []
    for line in replace:
        new = kept.get(line)
        if new is None and uniform is not None:
            new = uniform.apply(line)
        if new is None:
            new = _by_known(line, known)
        if new is None:
            return None
        fitted.append(new)
    return fitted


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _shift(pair: tuple[str, str]) -> _Shift | None:
    old, new = pair
    if new.endswith(old):
        return _Shift(added=new[: len(new) - len(old)])
    if old.endswith(new):
        return _Shift(removed=old[: len(old) - len(new)])
    return None


def _by_known(line: str, known: dict[str, str]) -> str | None:
    """The line with the indentation that its own stands for elsewhere in the edit."""
    indent = _indent(line)
    if indent in known:
        return known[indent] + line[len(indent) :]
    return line if not line.strip() else None


def _nearest(lines: list[str], search: list[str]) -> str:
    """The part of the file that looks most like the search lines, to copy from."""
    offset = max(range(len(search)), key=lambda index: len(search[index].strip()))
    telling = search[offset].strip()[:_COMPARED_WIDTH]
    first: dict[str, int] = {}
    for number, line in enumerate(lines):
        if line.strip():
            first.setdefault(line.strip()[:_COMPARED_WIDTH], number)
        if len(first) >= _COMPARED:
            break
    close = get_close_matches(telling, list(first), n=1, cutoff=0.5)
    if not close:
        return f": nothing there resembles `{glimpse(telling)}`"
    start = max(0, first[close[0]] - offset)
    return _shown(lines[start : start + min(len(search) + 2, _SHOWN)])


def _shown(lines: list[str]) -> str:
    return "; the nearest lines are:\n" + "\n".join(
        line[:_COMPARED_WIDTH] for line in lines[:_SHOWN]
    )
