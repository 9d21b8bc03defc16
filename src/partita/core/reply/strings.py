"""One string as models write it: other quotes, raw newlines, quotes and escapes JSON lacks."""
# ruff: noqa: RUF001 - curly quotes and full-width punctuation are what it reads

import json
import re

SPACE = re.compile(
    r"(?:[\s\x00\x7f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
    r"|\x1b\[[\d;]*[A-Za-z])*"
)
"""What stands between tokens: blanks, invisible characters, and the colours of a terminal."""

CLOSERS = {
    '"': '"',
    "'": "'",
    "`": "`",
    "“": "”“",
    "”": "”",
    "„": "“”",
    "‘": "’",
    "’": "’",
    "«": "»",
    "＂": "＂",
}
"""The quotes that open a string, and those that may end it."""

_PLAIN = {closers: re.compile(rf"[^\\{closers}]*") for closers in set(CLOSERS.values())}
_QUOTES = frozenset("".join(CLOSERS) + "".join(CLOSERS.values()))
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "/": "/", "\\": "\\"}
_KNOWN = frozenset('"\\/bfnrtu')
# What regular expressions mean by a backslash, which is kept. Of others (`\x`, `\_`, `\$`, digits)
# it can't be known whether the backslash was meant.
_KEPT = re.compile(r"[A-Za-z.()\[\]{}*+?^|-]")
# Backslashes that were not meant as JSON's, once others in the string were not: a regular
# expression's `\b`, a path from its drive on, and names as in `\Temp\new` or `\gamma \nabla`.
_LITERAL = re.compile(
    r"(?<!\\)(?:\\\\)*+(?:\\[bf]|\b[A-Za-z]:\\[bfnrt]|\b[A-Za-z]:\\[A-Za-z.][^\\\s]*\\[bfnrt])"
)
_NAMED = re.compile(r"(?<!\\)(?:\\\\)*+\\(?![bfnrtu])[A-Za-z]{3}")
_MAY_BE_NAMED = re.compile(r"(?<!\\)(?:\\\\)*+\\[nrt][a-z]")
_UNCLEAR = frozenset("xUNav")
# Strings without a slip but their quotes, by far the most, are met in one step.
_SIMPLE = {
    quote: re.compile(
        rf"""{quote}([^\\{quote}]*+(?:\\(?:["'\\/bfnrt]|u[0-9a-fA-F]{{4}})[^\\{quote}]*+)*+){quote}"""
    )
    for quote in ('"', "'")
}
_UNKNOWN_ESCAPES = "escapes that JSON does not know"
_DECODER = json.JSONDecoder(strict=False)
_ESCAPED = re.compile(r"(?:\\u[0-9a-fA-F]{4})+|\\.")
_CONTROL = re.compile(r"[\x00-\x1f]")
_UNICODE = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
_BYTE = re.compile(r"\\x([0-9a-fA-F]{2})")
_ENDS = frozenset(",}]，｝］;；")
_MEMBER = re.compile(r"""(?:"[^"\\\n]{0,200}"|'[^'\\\n]{0,200}'|“[^”\\\n]{0,200}”)\s*[:：]""")
# A straight quote, the first in a string of curly ones, that may end it.
_STRAIGHT_END = re.compile(r"""[^"]*[^"\s({\[:,=]"\s*[,:}\]]""")
_COMMENT = re.compile(r"#|//|/\*")
_BEFORE_OPENING, _AFTER_CLOSING = " \t(=", " \t.!?)>\\"
_STRUCTURE = frozenset(",:{}[]，：;+|&")


class OutOfText(Exception):
    """The text ended inside the document."""


class Wrong(Exception):
    """The grammar does not allow what stands at `at`."""

    def __init__(self, at: int, why: str, *, deep: bool = False) -> None:
        super().__init__(why)
        self.at, self.why, self.deep = at, why, deep


def member_at(text: str, pos: int) -> bool:
    """Whether a quoted key and its colon stand at `pos`."""
    return _MEMBER.match(text, pos) is not None


def read_string(text: str, pos: int, *, key: bool, frame: str) -> tuple[str, int, str]:
    """The string that opens at `pos`, where it ends, and the slip in it ("" for none).

    A key ends at its first closing quote. A value ends at the first one that JSON could go on
    after; one before that is part of the text only as the half of a pair that stands around words,
    as in `he said "no" twice`, or as an apostrophe between letters. `frame` is the bracket that
    closes what it stands in. Raises OutOfText at a cut, Wrong where what was meant can't be known.
    """
    if text.startswith(('"""', "'''", "```"), pos):
        return _tripled(text, pos, frame)
    opener = text[pos]
    simple = _SIMPLE[opener].match(text, pos) if opener in _SIMPLE else None
    if simple and (key or _ends(text, simple.end() - 1, 0, frame)):
        body = simple[1]
        if opener == '"' and "\\'" not in body:
            said = _DECODER.raw_decode(text, pos)[0] if "\\" in body else body
        else:
            said = _ESCAPED.sub(_character, body)
        return said, simple.end(), _slip(opener, body)
    closers = CLOSERS[opener]
    plain = _PLAIN[closers]
    parts: list[str] = []
    start, inner, slip = pos, 0, ""
    pos += 1
    while True:
        match = plain.match(text, pos)
        end = match.end() if match else pos
        parts.append(text[pos:end])
        if end >= len(text):
            raise OutOfText
        pos = end
        if text[end] != "\\":
            if key or _ends(text, end, inner, frame):
                break
            if not _apostrophe(text, end):
                _want_inner(text, start, end, inner)
                inner += 1
            slip = "quotes inside a string"
            parts.append(text[end])
            pos += 1
        elif opener == "`" or inner % 2:
            raise Wrong(end, "a backslash between quotes that may themselves need one")
        else:
            piece, pos = _escape(text, end, opener)
            if text[end + 1] not in _KNOWN:
                slip = slip or _UNKNOWN_ESCAPES
            parts.append(piece)
    said, body = "".join(parts), text[start + 1 : pos]
    if slip == _UNKNOWN_ESCAPES and (
        _LITERAL.search(body) or (_NAMED.search(body) and _MAY_BE_NAMED.search(body))
    ):
        raise Wrong(start, "backslashes that may all be meant as such; double them")
    if opener in "“”„" and _STRAIGHT_END.match(body):
        raise Wrong(start, "a string that opens with one kind of quote and may end with another")
    if opener == "`" and "${" in said:
        raise Wrong(start, "a template that only a program can fill")
    return said, pos + 1, slip or _slip(opener, body)


def _slip(opener: str, body: str) -> str:
    if opener != '"':
        return "quotes that JSON does not know"
    return "raw control characters in a string" if _CONTROL.search(body) else ""


def _character(match: re.Match[str]) -> str:
    escaped = match.group()
    if escaped[1] != "u":
        return _ESCAPES.get(escaped[1], escaped[1])
    return bytes.fromhex(escaped.replace("\\u", "")).decode("utf-16-be", "surrogatepass")


def _ends(text: str, end: int, inner: int, frame: str) -> bool:
    """Whether the quote at `end` closes its value, which holds `inner` quotes so far."""
    after = SPACE.match(text, end + 1).end()  # type: ignore[union-attr]  # it matches nothing too
    if after >= len(text) or _is_end(text, after, frame):
        closes = True
    elif _COMMENT.match(text, after):
        closes = not _quoted_comment(text, after, text[end])
        if not closes:
            raise Wrong(end, "a quote inside a string without a backslash")
    elif inner:
        return False
    elif frame != "}":
        # An item on the next line: the comma between them is missing.
        closes = text[end] == text[after] == '"' and "\n" in text[end:after]
    else:
        closes = member_at(text, after)
    if closes and inner % 2:
        raise Wrong(end, "a quote inside a string without a backslash")
    return closes


def _is_end(text: str, at: int, frame: str) -> bool:
    if text[at] in ")）":
        return frame == ")"
    return text[at] in _ENDS or text.startswith(("```", "~~~"), at)


def _quoted_comment(text: str, at: int, quote: str) -> bool:
    """Whether what looks like a comment may be the string going on after a quote of its own."""
    end = text.find("*/" if text.startswith("/*", at) else "\n", at)
    comment = text[at : end if end >= 0 else len(text)].rstrip(" \t\r,}]);")
    return bool(comment.count(quote) % 2) or comment.endswith(quote)


def _apostrophe(text: str, at: int) -> bool:
    return text[at] in "'’" and text[at - 1].isalpha() and text[at + 1 : at + 2].isalpha()


def _want_inner(text: str, start: int, at: int, inner: int) -> None:
    """Raise Wrong unless the quote at `at` is the half of a pair around words inside the string."""
    before, after = text[at - 1], text[at + 1]
    if inner % 2:
        rest = SPACE.match(text, at + 1).end()  # type: ignore[union-attr]
        fits = not before.isspace() and before not in _STRUCTURE and after in _AFTER_CLOSING
        fits = fits and text[rest] not in _STRUCTURE and text[rest] not in _QUOTES
        fits = fits or _closes_both(text, at)
    else:
        fits = at > start + 1 and before in _BEFORE_OPENING
        fits = fits and not after.isspace() and after not in _STRUCTURE and after not in _QUOTES
    if not fits:
        raise Wrong(at, "a quote inside a string without a backslash")


def _closes_both(text: str, at: int) -> bool:
    """Whether the next quote ends the string and this one the words in it: `he said "no"",`."""
    after = SPACE.match(text, at + 2).end()  # type: ignore[union-attr]
    before = text[at - 1]
    plain = not before.isspace() and before not in _STRUCTURE and before not in _QUOTES
    return plain and text[at + 1] == text[at] and text[after : after + 1] in tuple(",}]")


def _tripled(text: str, pos: int, frame: str) -> tuple[str, int, str]:
    """A string in three quotes, as in Python; without escapes, which would be Python's."""
    quotes = text[pos : pos + 3]
    end = text.find(quotes, pos + 3)
    if end < 0:
        raise OutOfText
    said = text[pos + 3 : end]
    after = SPACE.match(text, end + 3).end()  # type: ignore[union-attr]
    if after < len(text) and not _is_end(text, after, frame):
        raise Wrong(end, "three quotes inside a string")
    if quotes == "```" or "\\" in said:
        raise Wrong(pos, "three quotes around a string; use one, and escape what is in it")
    return said, end + 3, "quotes that JSON does not know"


def _escape(text: str, pos: int, opener: str) -> tuple[str, int]:
    if pos + 1 >= len(text):
        raise OutOfText
    char = text[pos + 1]
    if char in _ESCAPES:
        return _ESCAPES[char], pos + 2
    if char in _QUOTES:
        return char, pos + 2
    if char == "u":
        return _unicode(text, pos)
    if opener == "'" and (byte := _BYTE.match(text, pos)):
        return chr(int(byte[1], 16)), byte.end()  # Python and JavaScript agree on it
    if char in _UNCLEAR or not _KEPT.match(char):
        raise Wrong(pos, "a backslash that JSON does not know; double it")
    return "\\" + char, pos + 2


def _unicode(text: str, pos: int) -> tuple[str, int]:
    """A run of escapes by number, read together: two of them can make one character."""
    run = _UNICODE.match(text, pos)
    if run is None:
        if len(text) - pos < len("\\u0000"):
            raise OutOfText
        raise Wrong(pos, "an escape without its four digits; double the backslash")
    units = bytes.fromhex(run.group().replace("\\u", ""))
    return units.decode("utf-16-be", "surrogatepass"), run.end()
