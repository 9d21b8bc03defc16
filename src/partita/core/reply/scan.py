"""One JSON document read with the slips that models make, or refused; never guessed at."""
# ruff: noqa: RUF001 - curly quotes and full-width punctuation are what it reads

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from partita.core.reply.strings import CLOSERS, SPACE, OutOfText, Wrong, member_at, read_string

MAX_DEPTH = 500
IN_PARENTHESES = "a value in parentheses"

_WORD = re.compile(r"[A-Za-z_$][\w$-]*")
_NUMBER = re.compile(
    r"(?P<hex>0[xX][0-9a-fA-F]+)|[-+]?(?:[0-9]+(?:_[0-9]+)*)?(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?"
)
_NUMBERISH = re.compile(r"[\w.+-]*")
_STRICT_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WORDS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "None"), None),
}
_WIDE = {
    "｛": "{",
    "｝": "}",
    "［": "[",
    "］": "]",
    "（": "(",
    "）": ")",
    "：": ":",
    "，": ",",
    "；": ";",
}
_BRACKETS = {"{": "}", "[": "]", "(": ")"}
# A comment that stands for what was left out: the document is not all there.
_LEFT_OUT = re.compile(
    r"(?i)(?:#|//|/\*)[\W_]*?(?:\.{3}|…)|(?=.*(?:\.{3}|…)).*"
    r"\b(?:more|others?|remaining|rest|omitted|so on|etc|similar|repeat|continues?)\b"
)
# The same without dots, where the comment stands in the place of the last item.
_OTHERS = re.compile(
    r"(?i)(?:#|//|/\*)\W*(?:(?:and|the|add|with|todo|plus)\W+){0,3}"
    r"(?:more|others?|remaining|rest|so on|etc|similar|similarly|same|additional|further|repeat|"
    r"continue|omitted|truncated|T?\d+ ?(?:\.\.|to|-|through) ?T?\d+)\b"
)

Outcome = Literal["whole", "open", "broken", "alien", "deep"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What stands at a bracket.

    "whole": `value` ends before `end`. "open": the text, or the fence around it, ends first;
    `value` holds the finished members. "broken": a document with an error, `why`. "alien": no
    document (prose, code). "deep": nested beyond `MAX_DEPTH`. `end` is where to go on looking,
    `seen` how far was looked, `slips` what was mended. `sure` is False for an open bracket after
    which nothing but words came.
    """

    outcome: Outcome
    end: int
    seen: int = 0
    value: Any = None
    why: str = ""
    slips: tuple[str, ...] = ()
    sure: bool = True


def scan(text: str, start: int) -> Scanned:
    """Read the object or list that opens at `start`, in one pass and without recursion.

    Mended is what has one meaning: trailing and doubled commas, a missing comma before a quoted
    key or a bracket, `;` for it, `=` or `=>` after a quoted key, comments, other quotes and
    punctuation, Python's literals and tuples, bare keys, and what `read_string` mends in strings.
    """
    reader = _Reader(text, start)
    try:
        return reader.run()
    except OutOfText:
        return reader.open_end()
    except Wrong as wrong:
        near = " ".join(text[max(0, wrong.at - 20) : wrong.at + 20].split())
        if wrong.deep:
            return Scanned(outcome="deep", end=wrong.at, seen=wrong.at, why=wrong.why)
        if reader.committed:
            why = f"{wrong.why} near `{near}`"
            return Scanned(outcome="broken", end=wrong.at, seen=max(wrong.at, reader.pos), why=why)
        return Scanned(outcome="alien", end=reader.inner, seen=wrong.at)


@dataclass(slots=True)
class _Frame:
    """A container being read. `key` is the member whose value is awaited or was last read."""

    close: str
    items: list[Any] | None = None
    members: dict[str, Any] = field(default_factory=dict)
    key: str = ""
    filled: bool = False  # a value was read and no comma yet

    @property
    def value(self) -> Any:
        return self.members if self.items is None else self.items


class _Reader:
    def __init__(self, text: str, start: int) -> None:
        self.text = text
        self.pos = start
        self.stack: list[_Frame] = []
        self.inner = start + 1  # just after the innermost bracket that was opened
        self.last = start  # where the last value ended
        self.committed = False
        self.halt: int | None = None  # where a fence ended it
        self.slips: dict[str, None] = {}

    def run(self) -> Scanned:
        self._push(self._char())
        while True:
            char = self._next()
            frame = self.stack[-1]
            if char == frame.close:
                self._close(frame)
                if not self.stack:
                    return Scanned(
                        outcome="whole",
                        end=self.pos,
                        seen=self.pos,
                        value=frame.value,
                        slips=tuple(self.slips),
                    )
            elif frame.filled:
                self._separator(frame, char)
            elif frame.items is None:
                if char == "," and not frame.members:
                    self._slip("a comma too many")
                    self.pos += 1
                    char = self._next()
                frame.key = self._key(char)
                self._value(self._next())
            else:
                self._value(char)

    def open_end(self) -> Scanned:
        """The finished part: members of the open objects, items of the outermost open list."""
        root = self.stack[0]
        for frame, child in zip(self.stack, self.stack[1:], strict=False):
            if frame.items is not None:
                break
            frame.members[frame.key] = child.value
        return Scanned(
            outcome="open",
            end=len(self.text) if self.halt is None else self.halt,
            seen=len(self.text) if self.halt is None else self.halt,
            value=root.value,
            slips=tuple(self.slips),
            sure=self.committed,
        )

    def _wrong(self, why: str) -> Wrong:
        return Wrong(self.pos, why)

    def _slip(self, what: str) -> None:
        self.slips[what] = None

    def _char(self) -> str:
        char = self.text[self.pos]
        if char in _WIDE:
            self._slip("full-width punctuation")
            return _WIDE[char]
        return char

    def _next(self) -> str:
        """Skip blanks and comments; the character that follows.

        At the end of the text, or of the fence that the document stands in, OutOfText.
        """
        text = self.text
        while True:
            match = SPACE.match(text, self.pos)
            self.pos = match.end() if match else self.pos
            if self.pos >= len(text):
                raise OutOfText
            char = self._char()
            if char == "#" or (char == "/" and text.startswith(("//", "/*"), self.pos)):
                self._comment()
            elif char in "`~" and text.startswith(("```", "~~~"), self.pos):
                self.halt = self.pos
                raise OutOfText
            else:
                return char

    def _comment(self) -> None:
        text, start = self.text, self.pos
        block = text.startswith("/*", start)
        end = text.find("*/" if block else "\n", start)
        if end < 0:
            self.pos = len(text)
            raise OutOfText
        if _LEFT_OUT.match(text, start, min(end, start + 200)):
            raise self._wrong("a comment stands for what was left out")
        past = end + (2 if block else 1)
        if _OTHERS.match(text, start, end) and self._last_in_place(start, past):
            raise self._wrong("a comment stands for what was left out")
        self._slip("comments")
        self.pos = past

    def _last_in_place(self, start: int, past: int) -> bool:
        """Whether a comment stands where an item may be awaited, just before its list ends."""
        frame = self.stack[-1]
        after = SPACE.match(self.text, past).end()  # type: ignore[union-attr]
        if frame.close != "]" or not self.text.startswith("]", after):
            return False
        line = self.text[self.text.rfind("\n", 0, start) + 1 : start]
        return not frame.filled or not line.strip()

    def _push(self, opener: str) -> None:
        if len(self.stack) >= MAX_DEPTH:
            raise Wrong(self.pos, f"nested deeper than {MAX_DEPTH} levels", deep=True)
        if opener == "(":
            self._slip("Python's literals")
        self.stack.append(_Frame(_BRACKETS[opener], None if opener == "{" else []))
        self.pos += 1
        self.inner = self.pos

    def _close(self, frame: _Frame) -> None:
        if frame.close == ")" and frame.filled and len(frame.items or ()) == 1:
            raise self._wrong(IN_PARENTHESES)
        if not frame.filled and frame.value:
            self._slip("a trailing comma")
        self.pos += 1
        self.stack.pop()
        if self.stack:
            self._put(frame.value)

    def _put(self, value: Any) -> None:
        frame = self.stack[-1]
        if frame.items is None:
            frame.members[frame.key] = value
        else:
            frame.items.append(value)
        frame.filled = True
        self.committed = True
        self.last = self.pos

    def _separator(self, frame: _Frame, char: str) -> None:
        """The comma between two members or items, or what certainly stands for one."""
        frame.filled = False
        if char == ",":
            self.pos += 1
            if self._next() != ",":
                return
            if frame.items is not None:
                raise self._wrong("two commas in a row")
            self._slip("a comma too many")
            self.pos += 1
        elif frame.items is None:
            if char == ";":
                self.pos += 1
                if self._next() == frame.close:
                    self._slip("`;` for a comma")
                    return
            if not member_at(self.text, self.pos):
                raise self._wrong(f"want a comma or {frame.close}")
            self._slip("`;` for a comma" if char == ";" else "a missing comma")
        elif self._item_follows(frame, char):
            self._slip("a missing comma")
        else:
            raise self._wrong(f"want a comma or {frame.close}")

    def _item_follows(self, frame: _Frame, char: str) -> bool:
        """Whether a list without a comma here can only go on with its next item."""
        previous = frame.value[-1]
        if char in "{[" and isinstance(previous, dict | list):
            return True
        if "\n" not in self.text[self.last : self.pos]:
            return False
        if isinstance(previous, str):
            return char == self.text[self.last - 1] == '"'
        return isinstance(previous, int | float) and char.isdigit()

    def _key(self, char: str) -> str:
        quoted = char in CLOSERS
        if quoted:
            key = self._string(key=True)
        else:
            word = _WORD.match(self.text, self.pos)
            if word is None:
                raise self._wrong("want a key in double quotes")
            key = word.group()
            self.pos = word.end()
            if self.text.startswith(('":', "':"), self.pos):
                self.pos += 1
            self._slip("a key without quotes")
        colon = self._next()
        if colon == "=" and quoted:
            self._slip("`=` for a colon")
            self.pos += 1 + self.text.startswith("=>", self.pos)
        elif colon == ":":
            self.pos += 1
        else:
            raise self._wrong("want a colon after the key")
        self.committed = True
        return key

    def _value(self, char: str) -> None:
        if char in _BRACKETS:
            self._push(char)
        elif char in CLOSERS:
            self._put(self._string(key=False))
        elif char.isdigit() or char in "-+.":
            self._put(self._number())
        else:
            self._put(self._literal())

    def _string(self, *, key: bool) -> str:
        self.committed = True  # prose seldom puts a quote right after a bracket
        frame = self.stack[-1].close
        said, self.pos, slip = read_string(self.text, self.pos, key=key, frame=frame)
        if slip:
            self._slip(slip)
        return said

    def _literal(self) -> bool | None:
        word = _WORD.match(self.text, self.pos)
        if word is None:
            raise self._wrong("want a value")
        if word.end() >= len(self.text):
            raise OutOfText
        if word.group() not in _WORDS:
            raise self._wrong("text without quotes")
        if word.group() not in ("true", "false", "null"):
            self._slip("Python's literals")
        self.pos = word.end()
        return _WORDS[word.group()]

    def _number(self) -> int | float:
        match = _NUMBER.match(self.text, self.pos)
        token = match.group().replace("_", "") if match else ""
        end = match.end() if match else self.pos
        if _NUMBERISH.match(self.text, self.pos).end() >= len(self.text):  # type: ignore[union-attr]
            raise OutOfText
        digits = token.lstrip("+-")
        padded = len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
        if self.text[end].isalnum() or padded:
            raise self._wrong("a number in a form that JSON does not know")
        try:
            if match and match["hex"]:
                value: int | float = int(token, 16)
            else:
                value = int(token) if digits.isdigit() else float(token)
        except ValueError:
            raise self._wrong("no number that can be used") from None
        if value in (float("inf"), float("-inf")):
            raise self._wrong("a number too large")
        if not _STRICT_NUMBER.fullmatch(self.text, self.pos, end):
            self._slip("a number in a form that JSON does not know")
        self.pos = end
        return value
