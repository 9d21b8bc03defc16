"""The documents met on a walk through a reply, from left to right: JSON, YAML and TOML."""

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

from partita.core.reply.scan import IN_PARENTHESES, Scanned, scan
from partita.core.reply.thinking import ANALYSIS, ASIDE_CLOSE, ASIDE_OPEN, UNCLOSED
from partita.core.reply.value import JsonRung, Unreadable, glimpse
from partita.core.reply.yaml_text import BadYaml, read_yaml

BLANK = " \t\r\n\ufeff\u200b\u200c\u200d\u2060\x00"
_ANNOUNCED = re.compile(r"(?:[:=>→]|\b(?:is|are|be|return|to))[\s*_`\"'(]*\Z")

_LANDMARK = re.compile(
    r"(?P<think>\[THINK\]|<(?=think|thought|reason|reflec|scratch|antthink|inner_mono|seed:))"
    r"|(?P<close></(?:think|thought|reason|reflec|scratch|antthink|inner_mono|seed:)[^<>\n]{0,12}>|\[/THINK\])"
    r"|(?P<skip><!\[CDATA\[|\x1b\[[\d;]*[a-z])"
    r"|(?P<channel><\|channel\|>|<\|message\|>)"
    r"|^(?P<indent>[ \t]*)(?P<ticks>`{3,}|~{3,})[ \t]*(?P<data>ya?ml|toml)\b[^\n]*$"
    r"|^(?P<tuple>[ \t]*\((?=\s*(?:[\[{(\"'\d-]|None\b|True\b|False\b)))"
    r"|(?P<bracket>[{\[｛［])",  # noqa: RUF001 - full-width brackets
    re.IGNORECASE | re.MULTILINE,
)
_LOOKS_STRICT = re.compile(r'\{\s*["}]|\[\s*["{\[\]\d\-tfn]')
_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})([^`\n]*)$", re.MULTILINE)
_GOES_ON = re.compile(r"""\s*(?:[}"']|\](?!\]>)|(?P<comma>,\s*["'{\[]))""")
_EXTRA = re.compile(r"\s*[}\]]{1,3}(?=\s*(?:\Z|```|~~~))")
_BULLET = re.compile(r"[\s\x00\ufeff\u200b-\u200d\u2060>]*(?:[-*+]|\d{1,3}[.)])?\s*")
_MEMBER_OF = re.compile(r"""["'”]\s*[:=]\s*\Z""")
_CLOSED = re.compile(r"\s*\)")
_INDEXED = re.compile(r"[\w)}\]\"'`]")
_STRICT_TRIES = 64
_BEFORE = 300  # characters of a line that are looked at before a document
# Bounds after which a reply counts as noise: how often, on average, a character may be looked at,
# how many brackets may be tried, and how many documents may be met.
_LOOKS, _BRACKETS, _DOCUMENTS = 8, 20_000, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document met in a reply.

    `values` are the meanings it may have: one, or two for a YAML whose versions do not agree.
    `slips` is what was mended in it, `why` that it is broken, and how. `before` precedes it on its
    line. `shadowed`: a bracket that opened no document is open around it, so that it may be the
    inside of something else. `fence` is the language of the fence it stands in, None for no fence.
    """

    start: int
    end: int
    values: tuple[Any, ...] = ()
    rung: JsonRung = "found"
    slips: tuple[str, ...] = ()
    before: str = ""
    shadowed: bool = False
    fence: str | None = None
    why: str = ""

    @property
    def inline(self) -> bool:
        """Whether words precede it on its line."""
        return not _BULLET.fullmatch(self.before)

    @property
    def announced(self) -> bool:
        """Whether the words before it on its line lead to it, as in `Answer: {...}`."""
        return _ANNOUNCED.search(self.before[-40:]) is not None


@dataclass(slots=True)
class Found:
    """What a walk met: documents in order, and why it ended before the end of the reply.

    `open`: in a document that is cut. `halted`: the last document that lacks its end, although
    the reply goes on. `fatal`: nothing in the reply can be trusted.
    """

    documents: list[Document] = field(default_factory=list)
    open: Scanned | None = None
    halted: Scanned | None = None
    fatal: Unreadable | None = None
    depth: int = 0  # of brackets that opened no document


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def strict(text: str) -> Any:
    """Valid JSON without NaN and Infinity; ValueError otherwise."""
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError from None


def walk(text: str) -> Found:
    """Meet each document from left to right; what precedes the end of thinking does not count."""
    found = Found()
    fences = _Fences(text)
    pos, tries, vain, looks = 0, 0, 0, _LOOKS * len(text) + 10_000
    while mark := _LANDMARK.search(text, pos):
        closed = text.count("}", pos, mark.start()) + text.count("]", pos, mark.start())
        found.depth = max(0, found.depth - closed)
        pos = mark.end()
        onward: int | None = pos
        if mark["think"]:
            onward = _after_thinking(found, text, mark.start())
        elif mark["close"] or (mark["channel"] and mark["channel"].lower() == "<|message|>"):
            found = Found()
        elif mark["channel"] and (analysis := ANALYSIS.match(text, mark.start())):
            onward = text.find("<|channel|>", analysis.end())
            if onward < 0:
                found.fatal = UNCLOSED
        elif mark["data"]:
            onward = _data(found, text, mark)
        elif mark["bracket"] or mark["tuple"]:
            tries, start = tries + 1, mark.end() - 1
            strictly = vain <= _STRICT_TRIES and _LOOKS_STRICT.match(text, start) is not None
            read, exact = _read_at(text, start, strictly=strictly)
            vain += strictly and not exact
            looks -= read.seen - start
            if not (mark["tuple"] and read.why.startswith(IN_PARENTHESES)):
                onward = _enter(found, text, start, read, fences, exact=exact)
        if looks < 0 or tries > _BRACKETS or len(found.documents) > _DOCUMENTS:
            found.fatal = Unreadable(why="the reply is a heap of brackets, not a document")
        if found.fatal or found.open or onward is None:
            return found
        pos = onward
    return found


def _after_thinking(found: Found, text: str, start: int) -> int:
    opening = ASIDE_OPEN.match(text, start)
    if opening is None or (start and text[start - 1] in "`\"'"):
        return start + 1
    closing = ASIDE_CLOSE.search(text, opening.end())
    if closing is None:
        found.fatal = UNCLOSED
        return len(text)
    return closing.end()


def _read_at(text: str, start: int, *, strictly: bool) -> tuple[Scanned, bool]:
    """The document at a bracket, and whether it was found valid JSON as it stands."""
    if text[start] == "[" and start and _INDEXED.match(text, start - 1):
        return Scanned(outcome="alien", end=start + 1, seen=start + 1), False  # `d["name"]`
    if strictly:
        try:
            value, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            pass
        else:
            return Scanned(outcome="whole", end=end, seen=end, value=value), True
    return scan(text, start), False


def _enter(
    found: Found, text: str, start: int, read: Scanned, fences: "_Fences", *, exact: bool
) -> int | None:
    """Note what stands at a bracket; where to go on, or None when nothing after can be trusted."""
    before = text[max(0, start - _BEFORE) : start]
    before = before[before.rfind("\n") + 1 :]
    last = found.documents[-1] if found.documents else None
    if last is not None and start - len(before) < last.end:
        before = (last.before + text[last.end : start])[-_BEFORE:]
    document = Document(
        start=start,
        end=read.end,
        values=(read.value,),
        rung="found" if exact or not read.slips else "mended",
        slips=read.slips,
        before=before,
        shadowed=bool(found.depth and before)
        or _MEMBER_OF.search(text, max(0, start - 20), start) is not None
        or _in_parentheses(text, before, read.end),
        fence=fences.at(start),
    )
    alien = read.outcome == "alien"
    if read.outcome == "open" and not read.sure:  # a lone bracket in the last words is no document
        alien = document.inline and not document.announced
    if alien:
        end = min(read.end, start + 1) if read.outcome == "open" else read.end
        inside = text[start:end]
        opened = sum(inside.count(bracket) for bracket in "{[")
        found.depth += max(1, opened - inside.count("}") - inside.count("]"))
        return end
    if read.outcome == "deep":
        found.fatal = Unreadable(why=f"the document can't be read: it is {read.why}")
        return None
    if read.outcome == "open" and read.end >= len(text):
        found.open = read
        return None
    if read.outcome == "whole":
        return _finish(found, text, document, fences)
    why = read.why or "it lacks its last brackets"
    line = text.count("\n", 0, read.end) + 1
    found.halted = read if read.outcome == "open" else None
    found.documents.append(_broken(document, f"line {line}: {why}"))
    return _resume(text, document, read.end, fences)


def _in_parentheses(text: str, before: str, end: int) -> bool:
    """Whether the document is an item of a tuple or of a call, or the first one of a cut tuple."""
    if before.rstrip().endswith("("):
        return _CLOSED.match(text, end) is None or before.count("(") > before.count(")") + 1
    return before.rstrip().endswith(",") and before.count("(") > before.count(")")


def _finish(found: Found, text: str, document: Document, fences: "_Fences") -> int | None:
    """Enter a document whose brackets are closed, unless the text shows that it goes on."""
    end = document.end
    goes_on = _GOES_ON.match(text, end)
    quoted = document.before[-1:] in ('"', "'") and text.startswith(document.before[-1], end)
    if goes_on is None or quoted:
        found.documents.append(document)
        return end
    extra = _EXTRA.match(text, end)
    alone = document.rung == "found" and not document.inline and not document.shadowed
    if extra and alone and not text[: document.start].rstrip().endswith((":", ",", '"')):
        end, slips = extra.end(), ("a bracket too many",)
        found.documents.append(
            Document(
                start=document.start,
                end=end,
                values=document.values,
                rung="mended",
                slips=slips,
                before=document.before,
                fence=document.fence,
            )
        )
        return end
    near = glimpse(text[max(0, end - 20) : end + 20])
    why = f"it goes on after its last bracket, near `{near}`; is a quote not escaped?"
    found.documents.append(_broken(document, why))
    return None if goes_on["comma"] else _resume(text, document, end, fences)


def _broken(document: Document, why: str) -> Document:
    return Document(
        start=document.start,
        end=document.end,
        before=document.before,
        shadowed=document.shadowed,
        fence=document.fence,
        why=why,
    )


def _resume(text: str, document: Document, at: int, fences: "_Fences") -> int | None:
    """Where a document that broke at `at` is certainly over; None if that can't be told.

    Its own inner parts would pass for documents, so that is: the end of its fence; else the end of
    its line, if all of it is in one; else a line that is its closing bracket.
    """
    if (end := fences.end(document.start)) is not None:
        return end
    eol = text.find("\n", at)
    eol = len(text) if eol < 0 else eol
    closer = {"{": "}", "[": "]"}.get(text[document.start], "")
    rest = text[at:eol].rstrip(" \t\r;,.`")
    in_line = "\n" not in text[document.start : at]
    if in_line and (rest.endswith(closer) or (document.inline and rest[-1:] not in tuple("{[(:"))):
        return eol
    indent = document.before[: len(document.before) - len(document.before.lstrip())]
    closing = re.compile(rf"\n{re.escape(indent)}{re.escape(closer)}[;,]?[ \t\r]*$", re.MULTILINE)
    last = closing.search(text, at)
    return None if last is None else last.end()


def _data(found: Found, text: str, mark: re.Match[str]) -> int | None:
    """A fence of YAML or TOML, whole; one that is never closed was cut."""
    body = min(mark.end() + 1, len(text))
    closing = re.compile(
        rf"^[ \t]{{0,{len(mark['indent'])}}}{mark['ticks']}[ \t\r]*$", re.MULTILINE
    )
    close = closing.search(text, body)
    document = Document(start=mark.start(), end=close.end() if close else len(text))
    if close is None:
        found.documents.append(_broken(document, "its fence is never closed"))
        return None
    values, rung, why = read_data(text[body : close.start()], mark["data"].lower())
    found.documents.append(
        Document(
            start=document.start, end=document.end, values=values, rung=rung, fence="", why=why
        )
    )
    return document.end


def read_data(text: str, language: str) -> tuple[tuple[Any, ...], JsonRung, str]:
    """The values that a text of YAML or TOML may have, its rung, and why it has none."""
    values: tuple[Any, ...] = ()
    if language == "toml":
        try:
            values = (tomllib.loads(text.replace("\r\n", "\n")),)
        except (ValueError, RecursionError) as e:
            return (), "toml", f"the TOML can't be read: {glimpse(str(e))}"
        return values, "toml", ""
    try:
        values = read_yaml(text)
    except BadYaml as e:
        return (), "yaml", f"the YAML can't be read: {e}"
    if not all(isinstance(value, dict | list) for value in values):
        return (), "yaml", "the YAML is a single word or nothing"
    return values, "yaml", ""


class _Fences:
    """The fenced parts of a text, found once, when first asked for."""

    def __init__(self, text: str) -> None:
        self._marks = _FENCE.finditer(text)
        self._spans: list[tuple[int, int | None, str]] = []
        self._text = text
        self._known = False

    def at(self, pos: int) -> str | None:
        """The language of the fence around `pos`, in lower case; None outside."""
        span = self._span(pos)
        return None if span is None else span[2]

    def end(self, pos: int) -> int | None:
        """Where the fence around `pos` is closed."""
        span = self._span(pos)
        return None if span is None else span[1]

    def _span(self, pos: int) -> tuple[int, int | None, str] | None:
        if not self._known:
            self._spans = list(self._read())
            self._known = True
        low, high = 0, len(self._spans)
        while low < high:
            middle = (low + high) // 2
            if self._spans[middle][0] <= pos:
                low = middle + 1
            else:
                high = middle
        span = self._spans[low - 1] if low else None
        return span if span and (span[1] is None or pos < span[1]) else None

    def _read(self) -> Iterator[tuple[int, int | None, str]]:
        opener: re.Match[str] | None = None
        for mark in self._marks:
            if opener is None:
                opener = mark
            elif not mark[2].strip() and mark[1].startswith(opener[1]):
                yield opener.start(), mark.end(), _language(opener)
                opener = None
        if opener is not None:
            yield opener.start(), None, _language(opener)


def _language(opener: re.Match[str]) -> str:
    words = opener[2].split()
    return words[0].lower() if words else ""
