"""One JSON document out of a reply: read tolerantly, accepted only against its schema."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any, NoReturn

from partita.core.reply.fences import fences
from partita.core.reply.scan import MAX_DEPTH, Scanned, scan
from partita.core.reply.thinking import THINK_CLOSE, THINK_OPEN, UNCLOSED, spoken
from partita.core.reply.value import JsonRead, JsonRung, Unreadable, glimpse
from partita.core.reply.yaml_text import BadYaml, read_yaml
from partita.core.schema import violations

_BLANK = " \t\r\n\ufeff\u200b\u200c\u200d\u2060\x00"
_LANDMARK = re.compile(
    r"(?P<bracket>[{\[])|<!\[CDATA\[|(?P<final><\|message\|>|</think(?:ing)?>)|(?P<think><think)",
    re.IGNORECASE,
)
_LOOKS_STRICT = re.compile(r'\{\s*["}]|\[\s*["{\[\]\d\-tfn]')
_NEXT_START = re.compile(r"\n(?=[{\[])|\n[ \t]*```")
_STRICT_TRIES = 64
# Bounds after which a reply counts as noise: how often, on average, a character may be looked at,
# how many brackets may be tried, and how many documents may be met.
_LOOKS, _BRACKETS, _DOCUMENTS = 8, 20_000, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    """A document met in a reply.

    `why` says that it is broken, and how. `inline`: words precede it on its line. `shadowed`: it is
    indented or inline, and follows a bracket that opened no document, so it may be the inside of
    something else.
    """

    start: int
    end: int
    value: Any = None
    strict: bool = False
    inline: bool = False
    shadowed: bool = False
    why: str = ""


@dataclass(slots=True)
class _Found:
    """What a walk through a reply met: documents in order, or the reason to stop at one."""

    documents: list[_Document] = field(default_factory=list)
    alien: bool = False
    open: Scanned | None = None
    fatal: Unreadable | None = None


def read_json(
    text: str, schema: Mapping[str, Any] | None, *, finish: str = "stop"
) -> JsonRead | Unreadable:
    """The document that the reply holds.

    Valid JSON is returned untouched. Else each document amid prose, fences, thinking or markup
    is read, slips and all, and the last one that satisfies the schema is taken. A document that
    was cut comes back as `truncated`, with its finished parts only. `finish` is how the model
    stopped ("length": at its output limit). Unreadable lists what is wrong, for the model.
    """
    bare = text.strip(_BLANK)
    try:
        value = _strict(bare)
    except ValueError:
        pass
    else:
        return _accept(value, schema, rung="whole")
    found = _walk(bare)
    if found.fatal is not None:
        return found.fatal
    cut = finish == "length"
    fenced = None if cut else _fenced_yaml(bare, schema)
    if fenced is not None:
        return fenced
    if found.open is not None:
        return _salvaged(found.open, schema)
    read = _best(found, bare, schema)
    if isinstance(read, JsonRead):
        return _cut_after(read, found, bare) if cut else read
    return (None if cut else _bare_yaml(bare, schema)) or read


def strict_documents(text: str) -> tuple[Any, ...]:
    """Every object or list in the reply that is valid JSON as it stands, in order.

    Nothing at all when any of them is cut or broken.
    """
    found = _walk(text.strip(_BLANK))
    if found.fatal or found.open or any(not each.strict for each in found.documents):
        return ()
    return tuple(each.value for each in found.documents if _flaw(each.value) is None)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def _strict(text: str) -> Any:
    """Valid JSON without NaN and Infinity; ValueError otherwise."""
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError from None


def _walk(text: str) -> _Found:
    """Meet each document from left to right; what precedes the end of thinking does not count."""
    found = _Found()
    pos, tries, looks = 0, 0, _LOOKS * len(text) + 10_000
    while mark := _LANDMARK.search(text, pos):
        pos = mark.end()
        if mark["think"] and (opening := THINK_OPEN.match(text, mark.start())):
            closing = THINK_CLOSE.search(text, opening.end())
            if closing is None:
                found.fatal = UNCLOSED
                return found
            pos = closing.end()
        elif mark["final"]:
            found = _Found()
        elif mark["bracket"]:
            tries += 1
            read, strict = _read_at(text, mark.start(), allow_strict=tries <= _STRICT_TRIES)
            looks -= read.seen - mark.start()
            onward = _note(found, text, mark.start(), read, strict=strict)
            if looks < 0 or tries > _BRACKETS or len(found.documents) > _DOCUMENTS:
                found.fatal = Unreadable(why="the reply is a heap of brackets, not a document")
            if found.fatal or found.open or onward is None:
                return found
            pos = onward
    return found


def _read_at(text: str, start: int, *, allow_strict: bool) -> tuple[Scanned, bool]:
    """The document at a bracket, and whether it is valid JSON as it stands."""
    if allow_strict and _LOOKS_STRICT.match(text, start):
        try:
            value, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            pass
        else:
            return Scanned(outcome="whole", end=end, seen=end, value=value), True
    return scan(text, start), False


def _note(found: _Found, text: str, start: int, read: Scanned, *, strict: bool) -> int | None:
    """Enter what was read; where to go on, or None when nothing after it can be trusted.

    After a broken document its own inner parts would pass for documents, so the walk goes on only
    at a bracket in the first column or at a fence.
    """
    if read.outcome == "deep":
        found.fatal = Unreadable(why=f"the document can't be read: it is {read.why}")
    if read.outcome == "open":
        found.open = read
    if read.outcome not in ("whole", "broken"):
        found.alien = True
        return read.end
    before = text[text.rfind("\n", 0, start) + 1 : start]
    inline = bool(before.strip(_BLANK))
    why = read.why or _goes_on(text, read.end)
    found.documents.append(
        _Document(
            start=start,
            end=read.end,
            value=read.value,
            strict=strict,
            inline=inline,
            shadowed=found.alien and bool(before),
            why=why,
        )
    )
    if not why:
        return read.end
    onward = _NEXT_START.search(text, read.end)
    return None if onward is None else onward.end()


_AFTER = re.compile(r"""\s*(?:[}"']|\](?!\]>)|,\s*["'{\[])""")


def _goes_on(text: str, end: int) -> str:
    """Why the brackets that closed at `end` can't have been the end of the document."""
    if _AFTER.match(text, end):
        near = glimpse(text[max(0, end - 20) : end + 20])
        return f"it goes on after its last bracket, near `{near}`; is a quote not escaped?"
    return ""


def _best(found: _Found, text: str, schema: Mapping[str, Any] | None) -> JsonRead | Unreadable:
    """The last document that is accepted, or what is wrong with the one most likely meant."""
    usable = [each for each in found.documents if not each.why]
    if schema is None:
        usable = [each for each in usable if not each.shadowed and not _is_footnote(each)]
        usable.sort(key=lambda each: (not each.inline, isinstance(each.value, dict)))
    for each in reversed(usable if schema is None else found.documents):
        if each.why and not each.inline:
            break
        if not each.why:
            read = _accept(each.value, schema, rung="found" if each.strict else "mended")
            if isinstance(read, JsonRead):
                return read
    broken = [each for each in found.documents if each.why]
    if broken:
        return Unreadable(why=f"the JSON can't be read: {broken[-1].why}")
    if usable:
        meant = max(usable, key=lambda each: each.end - each.start)
        read = _accept(meant.value, schema, rung="found")
        if isinstance(read, Unreadable):
            return read
    what = f"it begins `{glimpse(text)}`" if text else "it is empty"
    return Unreadable(why=f"the reply holds no JSON document: {what}")


def _is_footnote(each: _Document) -> bool:
    """`[1]` in a sentence, or empty brackets."""
    some = each.value
    return (
        each.inline
        and isinstance(some, list)
        and len(some) <= 1
        and not any(isinstance(v, dict | list | str) for v in some)
    )


def _accept(
    value: Any, schema: Mapping[str, Any] | None, *, rung: JsonRung
) -> JsonRead | Unreadable:
    """The value if it is sound and satisfies the schema, after undoing one encoding too many."""
    flaw = _flaw(value)
    if flaw is not None:
        return Unreadable(why=f"the JSON can't be used: {flaw}")
    tolerated = ("slips in the JSON were mended",) if rung == "mended" else ()
    if schema is None:
        return JsonRead(value=value, rung=rung, problems=tolerated)
    wrong = violations(schema, value)
    if wrong and isinstance(value, str):
        try:
            inner = _strict(value)
        except ValueError:
            inner = None
        if inner is not None and _flaw(inner) is None and not violations(schema, inner):
            return JsonRead(value=inner, rung="found", problems=("JSON inside a JSON string",))
    if wrong:
        return Unreadable(why="the JSON does not fit what was asked:\n- " + "\n- ".join(wrong))
    return JsonRead(value=value, rung=rung, problems=tolerated)


def _salvaged(cut: Scanned, schema: Mapping[str, Any] | None) -> JsonRead | Unreadable:
    flaw = _flaw(cut.value)
    if flaw is not None:
        return Unreadable(why=f"the JSON was cut, and what is there can't be used: {flaw}")
    wrong = () if schema is None else violations(schema, cut.value)
    return JsonRead(value=cut.value, rung="salvaged", truncated=True, problems=wrong)


def _cut_after(read: JsonRead, found: _Found, text: str) -> JsonRead:
    """A reply cut in the words after a document may have gone on to a better one."""
    if not text[found.documents[-1].end :].strip(_BLANK + "`"):
        return read
    return replace(read, truncated=True, problems=(*read.problems, "the reply was cut after it"))


def _fenced_yaml(text: str, schema: Mapping[str, Any] | None) -> JsonRead | None:
    said = spoken(text, until=len(text))
    blocks = () if isinstance(said, Unreadable) or "```y" not in said.lower() else fences(said)
    for block in reversed(blocks):
        if block.closed and block.language in ("yaml", "yml"):
            read = _yaml(block.text, schema)
            if read is not None:
                return read
    return None


def _bare_yaml(text: str, schema: Mapping[str, Any] | None) -> JsonRead | None:
    """YAML without a fence: only if its keys are known, as any prose with a colon is YAML."""
    said = spoken(text, until=len(text))
    if schema is None or isinstance(said, Unreadable):
        return None
    read = _yaml(said, schema)
    known = schema.get("properties", {})
    if read is None or not isinstance(read.value, dict) or not set(read.value) & set(known):
        return None
    return read


def _yaml(text: str, schema: Mapping[str, Any] | None) -> JsonRead | None:
    if text.lstrip(_BLANK).startswith(("{", "[")):
        return None  # JSON that was refused: YAML would read it differently, not better
    try:
        value = read_yaml(text)
    except BadYaml:
        return None
    if not isinstance(value, dict | list):
        return None
    read = _accept(value, schema, rung="yaml")
    return read if isinstance(read, JsonRead) else None


def _flaw(value: Any) -> str | None:
    """What makes a value unfit to be stored and handed on, however it was written."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH + 1):
        below: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                if not all(isinstance(key, str) for key in each):
                    return "a key is not a string"
                below.extend(each)
                below.extend(each.values())
            elif isinstance(each, list):
                below.extend(each)
            elif isinstance(each, str):
                if not each.isascii() and any("\ud800" <= char <= "\udfff" for char in each):
                    return "a string holds half a surrogate pair"
            elif isinstance(each, float):
                if not isfinite(each):
                    return "a number is too large"
            elif each is not None and not isinstance(each, int):
                return f"a value is {type(each).__name__}, which JSON does not know"
        if not below:
            return None
        level = below
    return f"it is nested deeper than {MAX_DEPTH} levels"
