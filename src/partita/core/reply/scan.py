"""One JSON document read with the slips that models make, or refused; never guessed at."""
# ruff: noqa: RUF001 - curly quotes and full-width punctuation are what it reads

import re
from dataclasses import dataclass, field
from typing import Any, Literal

MAX_DEPTH = 100

_SPACE = re.compile(r"[\s\x00\u200b-\u200d\u2060\ufeff]*")
_WORD = re.compile(r"[A-Za-z_$][\w$-]*")
_NUMBER = re.compile(r"[-+]?(?:\d+(?:_\d+)*)?(?:\.\d*)?(?:[eE][-+]?\d+)?")
_NUMBERISH = re.compile(r"[\w.+-]*")
_UNICODE = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
_CLOSERS = {'"': '"', "'": "'", "“": "”", "”": "”", "‘": "’", "’": "’"}
_PLAIN = {close: re.compile(rf"[^\\{close}]*") for close in set(_CLOSERS.values())}
_WORDS = {
    "true": True,
    "false": False,
    "null": None,
    "True": True,
    "False": False,
    "None": None,
}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "/": "/", "\\": "\\"}
_QUOTES = frozenset("\"'“”‘’")
# Other languages give these escapes a meaning of their own: what was meant can't be known.
_UNCLEAR = frozenset("xUN01234567av\n\r")
_COLONS, _COMMAS = ":：", ",，"
_BRACKETS = {"{": "}", "[": "]", "(": ")"}

Outcome = Literal["whole", "open", "broken", "alien", "deep"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What stands at a bracket.

    "whole": `value` ends before `end`. "open": the text ends first; `value` holds the finished
    members. "broken": a document with an error, `why`. "alien": no document (prose, code).
    "deep": nested beyond `MAX_DEPTH`. `end` is where to go on looking, `seen` how far was looked.
    """

    outcome: Outcome
    end: int
    seen: int = 0
    value: Any = None
    why: str = ""


def scan(text: str, start: int) -> Scanned:
    """Read the object or list that opens at `start`, in one pass and without recursion.

    Tolerated: trailing commas, comments, single and smart quotes, Python's literals and tuples,
    bare keys, raw newlines in strings, escapes that JSON does not know. A quote inside a string
    ends it; if the grammar does not go on from there, the document is refused.
    """
    reader = _Reader(text, start)
    try:
        return reader.run()
    except _OutOfText:
        return reader.open_end()
    except _Wrong as wrong:
        if wrong.deep:
            return Scanned(outcome="deep", end=wrong.at, seen=wrong.at, why=wrong.why)
        if reader.committed:
            return Scanned(outcome="broken", end=wrong.at, seen=wrong.at, why=wrong.why)
        return Scanned(outcome="alien", end=reader.inner, seen=wrong.at)


class _OutOfText(Exception):
    """The text ended inside the document."""


class _Wrong(Exception):
    """The grammar does not allow what stands at `at`."""

    def __init__(self, at: int, why: str, *, deep: bool = False) -> None:
        super().__init__(why)
        self.at, self.why, self.deep = at, why, deep


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
        self.committed = False

    def run(self) -> Scanned:
        self._push()
        while True:
            char = self._next()
            frame = self.stack[-1]
            if char == frame.close:
                if char == ")" and frame.filled and len(frame.items or ()) == 1:
                    raise self._wrong("a value in parentheses")
                self.pos += 1
                self.stack.pop()
                if not self.stack:
                    return Scanned(outcome="whole", end=self.pos, seen=self.pos, value=frame.value)
                self._put(frame.value)
            elif frame.filled:
                if char not in _COMMAS:
                    raise self._wrong(f"want a comma or {frame.close}")
                self.pos += 1
                frame.filled = False
                self._refuse_empty_item()
            elif frame.items is None:
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
        return Scanned(outcome="open", end=len(self.text), seen=len(self.text), value=root.value)

    def _wrong(self, why: str) -> _Wrong:
        line = self.text.count("\n", 0, self.pos) + 1 if self.committed else 0
        near = " ".join(self.text[max(0, self.pos - 20) : self.pos + 20].split())
        return _Wrong(self.pos, f"line {line}: {why} near `{near}`")

    def _next(self) -> str:
        """Skip blanks and comments; the character that follows."""
        text = self.text
        while True:
            match = _SPACE.match(text, self.pos)
            self.pos = match.end() if match else self.pos
            if self.pos >= len(text):
                raise _OutOfText
            char = text[self.pos]
            if char == "#" or text.startswith("//", self.pos):
                end = text.find("\n", self.pos)
            elif text.startswith("/*", self.pos):
                end = text.find("*/", self.pos + 2)
                end = end + 1 if end >= 0 else end
            else:
                return char
            if end < 0:
                self.pos = len(text)
                raise _OutOfText
            self.pos = end + 1

    def _push(self) -> None:
        if len(self.stack) >= MAX_DEPTH:
            raise _Wrong(self.pos, f"nested deeper than {MAX_DEPTH} levels", deep=True)
        opener = self.text[self.pos]
        self.stack.append(_Frame(_BRACKETS[opener], None if opener == "{" else []))
        self.pos += 1
        self.inner = self.pos

    def _put(self, value: Any) -> None:
        frame = self.stack[-1]
        if frame.items is None:
            frame.members[frame.key] = value
        else:
            frame.items.append(value)
        frame.filled = True
        self.committed = True

    def _refuse_empty_item(self) -> None:
        if self._next() in _COMMAS:
            raise self._wrong("two commas in a row")

    def _key(self, char: str) -> str:
        if char in _QUOTES:
            key = self._string(char)
        else:
            word = _WORD.match(self.text, self.pos)
            if word is None:
                raise self._wrong("want a key in double quotes")
            key = word.group()
            self.pos = word.end()
        if self._next() not in _COLONS:
            raise self._wrong("want a colon after the key")
        self.pos += 1
        self.committed = True
        return key

    def _value(self, char: str) -> None:
        if char in _BRACKETS:
            self._push()
        elif char in _QUOTES:
            value = self._string(char)
            self._put(value)
            self._refuse_quoted_comment(_CLOSERS[char])
        elif char.isdigit() or char in "-+.":
            self._put(self._number())
        else:
            self._put(self._literal())

    def _literal(self) -> bool | None:
        word = _WORD.match(self.text, self.pos)
        if word is None:
            raise self._wrong("want a value")
        if word.end() >= len(self.text):
            raise _OutOfText
        if word.group() not in _WORDS:
            raise self._wrong("text without quotes")
        self.pos = word.end()
        return _WORDS[word.group()]

    def _number(self) -> int | float:
        match = _NUMBER.match(self.text, self.pos)
        token = match.group().replace("_", "") if match else ""
        end = match.end() if match else self.pos
        if _NUMBERISH.match(self.text, self.pos).end() >= len(self.text):  # type: ignore[union-attr]
            raise _OutOfText
        digits = token.lstrip("+-")
        if self.text[end].isalnum() or (
            len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
        ):
            raise self._wrong("a number in a form that JSON does not know")
        try:
            value: int | float = int(token) if digits.isdigit() else float(token)
        except ValueError:
            raise self._wrong("no number that can be used") from None
        if value in (float("inf"), float("-inf")):
            raise self._wrong("a number too large")
        self.pos = end
        return value

    def _string(self, opener: str) -> str:
        """The string that opens here, up to the first closing quote without a backslash."""
        self.committed = True  # prose seldom puts a quote right after a bracket
        text, close = self.text, _CLOSERS[opener]
        plain = _PLAIN[close]
        parts: list[str] = []
        pos = self.pos + 1
        while True:
            match = plain.match(text, pos)
            end = match.end() if match else pos
            parts.append(text[pos:end])
            if end >= len(text):
                raise _OutOfText
            if text[end] == close:
                self.pos = end + 1
                return "".join(parts)
            pos = end
            piece, pos = self._escape(pos)
            parts.append(piece)

    def _escape(self, pos: int) -> tuple[str, int]:
        text = self.text
        if pos + 1 >= len(text):
            raise _OutOfText
        char = text[pos + 1]
        if char in _ESCAPES:
            return _ESCAPES[char], pos + 2
        if char in _QUOTES:
            return char, pos + 2
        if char == "u":
            return self._unicode(pos)
        if char in _UNCLEAR:
            self.pos = pos
            raise self._wrong("a backslash that JSON does not know; double it")
        return "\\" + char, pos + 2

    def _unicode(self, pos: int) -> tuple[str, int]:
        """A run of escapes by number, read together: two of them can make one character."""
        run = _UNICODE.match(self.text, pos)
        if run is None:
            if len(self.text) - pos < len("\\u0000"):
                raise _OutOfText
            self.pos = pos
            raise self._wrong("an escape without its four digits; double the backslash")
        units = bytes.fromhex(run.group().replace("\\u", ""))
        return units.decode("utf-16-be", "surrogatepass"), run.end()

    def _refuse_quoted_comment(self, quote: str) -> None:
        """A "comment" after a string that holds its quote is the string going on, unescaped."""
        space = _SPACE.match(self.text, self.pos)
        at = space.end() if space else self.pos
        if not self.text.startswith(("#", "//", "/*"), at):
            return
        end = self.text.find("*/" if self.text.startswith("/*", at) else "\n", at)
        if self.text.find(quote, at, end if end >= 0 else len(self.text)) >= 0:
            raise self._wrong("a quote inside a string without a backslash")
