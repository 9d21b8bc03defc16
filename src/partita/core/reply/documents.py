"""One JSON document out of a reply: read tolerantly, accepted only against its schema."""

import re
from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from typing import Any

from partita.core.reply.choosing import (
    chosen,
    in_open_draft,
    more_was_announced,
    nothing_usable,
    taken_back,
)
from partita.core.reply.scan import MAX_DEPTH, Scanned
from partita.core.reply.thinking import spoken
from partita.core.reply.value import JsonRead, JsonRung, Unreadable, glimpse
from partita.core.reply.walk import BLANK, Document, Found, read_data, strict, walk
from partita.core.schema import violations

_WEB_PAGE = re.compile(r"\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_ENTITIES = (  # `&amp;` last: what it gives is no entity any more
    *(("&quot;", '"'), ("&#34;", '"'), ("&#39;", "'"), ("&apos;", "'")),
    *(("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")),
)
_ANNOTATIONS = frozenset(("$schema", "$id", "$comment", "title", "description", "examples"))
_NAME = re.compile(r"[A-Za-z_][\w-]*")
_ENDS_EARLY = re.compile(r"(?:^|\s)(?:-|[|>][+-]?)\Z|:\Z")  # YAML whose next value is missing
_INTRODUCTION = re.compile(r"\A[^\n]{1,200}:[ \t\r]*\n[ \t\r]*\n")


def read_json(
    text: str, schema: Mapping[str, Any] | None, *, finish: str = "stop"
) -> JsonRead | Unreadable:
    """The document that the reply holds.

    Valid JSON is returned untouched. Else each document amid prose, fences, thinking or markup
    is read, slips and all, and the last one that satisfies the schema is taken. A document that
    was cut comes back as `truncated`, with its finished parts only. `finish` is how the model
    stopped ("length": at its output limit). `schema` None or `{}` accepts anything. Unreadable
    lists what is wrong, for the model.
    """
    bare = text.strip(BLANK)
    cut = finish == "length"
    wanted = None if schema is None or set(schema) <= _ANNOTATIONS else schema
    try:
        value = strict(bare)
    except ValueError:
        pass
    else:
        read = _accept((value,), wanted, rung="whole")
        if cut and isinstance(value, int | float) and isinstance(read, JsonRead):
            return replace(read, truncated=True, problems=("more digits may have followed",))
        return read
    if _WEB_PAGE.match(bare):
        return Unreadable(why=f"the reply is a web page: `{glimpse(bare)}`")
    found = walk(bare)
    if found.fatal is not None:
        return found.fatal
    if found.open is not None:
        return _salvaged(found.open, wanted)
    if not cut and all(each.inline for each in found.documents):
        data = _bare_data(bare, wanted)
        if (
            data is not None
            and wanted is None
            and any(isinstance(value, dict) for each in found.documents for value in each.values)
        ):
            return Unreadable(why="it may be YAML that holds JSON; answer with the JSON alone")
        if data is not None:
            return data
    read = _best(found, bare, wanted, cut=cut)
    if isinstance(read, JsonRead) or cut:
        return read
    if found.halted is not None:
        return _salvaged(found.halted, wanted)
    shadowed = all(each.shadowed for each in found.documents)
    return (_escaped(bare, wanted) if shadowed else None) or read


def strict_documents(text: str) -> tuple[Any, ...]:
    """Every object or list in the reply that is valid JSON as it stands, in order.

    Nothing at all when any of them is cut or broken.
    """
    found = walk(text.strip(BLANK))
    if found.fatal or found.open:
        return ()
    if any(each.why or each.rung != "found" or each.slips for each in found.documents):
        return ()
    return tuple(each.values[0] for each in found.documents if flaw(each.values[0]) is None)


def _best(
    found: Found, text: str, schema: Mapping[str, Any] | None, *, cut: bool
) -> JsonRead | Unreadable:
    """The document that is meant and accepted, or what is wrong with the one most likely meant."""
    whole = [each for each in found.documents if not each.why]
    reads = {each.start: _accept(each.values, schema, rung=each.rung) for each in whole}
    fits = [each for each in whole if isinstance(reads[each.start], JsonRead)]
    best = chosen(text, found.documents, fits) if fits else ""
    if isinstance(best, Document):
        read = reads[best.start]
        assert isinstance(read, JsonRead)
        read = replace(read, problems=(*best.slips, *read.problems))
        if cut and text[best.end :].strip(BLANK + "`~"):
            return replace(
                read, truncated=True, problems=(*read.problems, "the reply was cut after it")
            )
        if more_was_announced(text, best.end) or in_open_draft(text, best):
            return replace(
                read, truncated=True, problems=(*read.problems, "the reply ends before the next")
            )
        if taken_back(text, best.end):
            return Unreadable(
                why="the words after the JSON take it back: give the one that is meant"
            )
        return read
    if best:
        return Unreadable(why=best)
    if (broken := nothing_usable(found.documents)) is not None:
        return broken
    refused = [each for each in whole if not each.shadowed]
    if refused:
        meant = max(refused, key=lambda each: each.end - each.start)
        read = reads[meant.start]
        assert isinstance(read, Unreadable)
        return read
    what = f"it begins `{glimpse(text)}`" if text else "it is empty"
    return Unreadable(why=f"the reply holds no JSON document: {what}")


def _accept(
    values: tuple[Any, ...], schema: Mapping[str, Any] | None, *, rung: JsonRung
) -> JsonRead | Unreadable:
    """The one of the values that is sound and satisfies the schema."""
    reads = [_accept_one(value, schema, rung=rung) for value in values]
    good = [read for read in reads if isinstance(read, JsonRead)]
    if len(good) > 1:
        return Unreadable(
            why="the YAML means different things in its versions (yes, no, 010 ...): answer in JSON"
        )
    return good[0] if good else reads[0]


def _accept_one(
    value: Any, schema: Mapping[str, Any] | None, *, rung: JsonRung
) -> JsonRead | Unreadable:
    """The value, after undoing one encoding too many if only that fits."""
    if (why := flaw(value)) is not None:
        return Unreadable(why=f"the JSON can't be used: {why}")
    wrong = () if schema is None else violations(schema, value)
    if not wrong:
        return JsonRead(value=value, rung=rung)
    if schema is not None and isinstance(value, str):
        try:
            inner = strict(value)
        except ValueError:
            inner = None
        if inner is not None and flaw(inner) is None and not violations(schema, inner):
            return JsonRead(value=inner, rung="found", problems=("JSON inside a JSON string",))
    return Unreadable(why="the JSON does not fit what was asked:\n- " + "\n- ".join(wrong))


def _salvaged(cut: Scanned, schema: Mapping[str, Any] | None) -> JsonRead | Unreadable:
    if (why := flaw(cut.value)) is not None:
        return Unreadable(why=f"the JSON was cut, and what is there can't be used: {why}")
    wrong = () if schema is None else violations(schema, cut.value)
    return JsonRead(value=cut.value, rung="salvaged", truncated=True, problems=(*cut.slips, *wrong))


def _escaped(text: str, schema: Mapping[str, Any] | None) -> JsonRead | None:
    r"""A document written as `{\"a\": 1}` or `{&quot;a&quot;: 1}`: escaped once too often.

    Only if it is valid JSON once that is undone.
    """
    opener = re.search(r"[{\[]", text)
    end = max(text.rfind("}"), text.rfind("]")) + 1
    if opener is None or end <= opener.start():
        return None
    inner, problem = text[opener.start() : end], "quotes escaped once too often"
    if '\\"' in inner:
        try:
            inner = strict('"' + inner.replace("\r", "").replace("\n", "\\n") + '"')
        except ValueError:
            return None
    elif '"' not in inner and ("&quot;" in inner or "&#34;" in inner):
        problem = "entities of XML for quotes"
        for entity, char in _ENTITIES:
            inner = inner.replace(entity, char)
    else:
        return None
    try:
        read = _accept((strict(inner),), schema, rung="mended")
    except ValueError:
        return None
    return replace(read, problems=(problem,)) if isinstance(read, JsonRead) else None


def _bare_data(text: str, schema: Mapping[str, Any] | None) -> JsonRead | Unreadable | None:
    """YAML or TOML without a fence, or in one that does not say so.

    Any prose with a colon is YAML: so the keys must be known to the schema; without a schema there
    must be two lower-case keys and a list or a mapping below one.
    """
    said = spoken(text, until=len(text))
    if isinstance(said, Unreadable):
        return None
    said = _INTRODUCTION.sub("", said.strip(BLANK), count=1)
    if fenced := re.fullmatch(r"(```+|~~~+)[ \t]*\w{0,10}[ \t]*\n(.*\n)[ \t]*\1", said, re.DOTALL):
        said = fenced[2]
    if said.startswith(("{", "[", '"', "'", "```", "~~~")):
        return None  # JSON that was refused: YAML would read it differently, not better
    if _ENDS_EARLY.search(said[-80:]):
        return None
    for language in ("yaml", "toml"):
        values, rung, why = read_data(said, language)
        if why or not values[0]:
            continue
        if schema is None and rung == "toml":
            return Unreadable(why="it may be TOML or a program; answer in JSON")
        if all(_is_data(value, schema) for value in values):
            return _accept(values, schema, rung=rung)
    return None


def _is_data(value: Any, schema: Mapping[str, Any] | None) -> bool:
    if not isinstance(value, dict) or not value:
        return False
    if schema is not None:
        known = schema.get("properties")
        return isinstance(known, dict) and set(value) <= set(known)
    named = all(isinstance(key, str) and _NAME.fullmatch(key) and key.islower() for key in value)
    return (
        named and len(value) > 1 and any(isinstance(each, dict | list) for each in value.values())
    )


def flaw(value: Any) -> str | None:
    """What makes a value unfit to be stored and handed on, however it was written."""
    level: list[Any] = [value]
    for depth in range(MAX_DEPTH + 1):
        if depth == MAX_DEPTH and any(isinstance(each, dict | list) for each in level):
            break
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
