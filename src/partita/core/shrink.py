"""Prompts that do not fit a model: how large they are, and what of them can be left out."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from partita.core.budget import words
from partita.core.question import Message, Question

SHRINKINGS = 3  # of one question, for one model
STEP = 0.6  # of the prompt is left, where nobody knows how much would fit
KEPT = 800  # characters of a quoted text that are never left out
SPARED = ("request", "the last lines")  # what is asked for, and where a reply is to go on
WRAPPING = 16  # tokens around a schema
MARK = 64  # characters that stand where something was left out

# Files that their reader may change come last, and are marked: sent whole, they would lose lines.
_OWN = re.compile(
    r"^# (?:Existing files you may change|Your files as they are now|Documents)$"
    r"(.*?)(?=^# |\Z)",
    re.MULTILINE | re.DOTALL,
)
_MATERIAL = re.compile(
    r"^<material of=\"([^\n]*?)\">\n(.*?)^</material>$", re.MULTILINE | re.DOTALL
)
_MARK = re.compile(r"^\[(\d+) lines left out(?:[;:][^\]\n]*)?\]$")


def prompt_tokens(question: Question) -> int:
    """Tokens of all that is sent, estimated a little high: texts, roles and the schema."""
    size = sum(words(m.text) for m in question.messages)
    if question.schema is not None:
        size += words(json.dumps(question.schema)) + WRAPPING
    return size


def fitted(question: Question, *, context: int, headroom: int) -> Question | None:
    """The question cut so that prompt and answer fit into `context` tokens, as far as can be.

    None where it fits as it is, or nothing of it can be left out.
    """
    room = context - question.max_output - headroom
    if prompt_tokens(question) <= room:
        return None
    return shrunk(question, room)


def shrunk(question: Question, target: int | None = None) -> Question | None:
    """The question with its longest quoted texts cut in their middle, to `target` tokens or near.

    Without a target about two fifths go. What is not quoted stays: the instructions, the id of
    the reply's tags, the schema, what is asked for. None where nothing can be left out. The same
    question always gives the same.
    """
    size = prompt_tokens(question)
    excess = size - (int(size * STEP) if target is None else target)
    if excess <= 0:
        return None
    texts = [m.text for m in question.messages]
    for own in (False, True):
        quotes = [q for i, m in enumerate(question.messages) for q in _quotes(i, m, texts[i])]
        before = sum(map(words, texts))
        chosen = [q for q in quotes if q.own is own]
        texts = _cut(texts, chosen, excess * 3 + MARK * len(chosen))
        excess -= before - sum(map(words, texts))
        if excess <= 0:
            break
    messages = tuple(replace(m, text=t) for m, t in zip(question.messages, texts, strict=True))
    found = replace(question, messages=messages)
    return found if prompt_tokens(found) < size else None


@dataclass(frozen=True, slots=True)
class _Quote:
    """The body of a quoted text: `text[start:end]` of that message."""

    message: int
    start: int
    end: int
    own: bool

    @property
    def size(self) -> int:
        return self.end - self.start


def _quotes(number: int, message: Message, text: str) -> list[_Quote]:
    """What may be cut in a message of the user's; other messages are answers, or instructions."""
    if message.role != "user":
        return []
    own = [found.span() for found in _OWN.finditer(text)]
    return [
        _Quote(
            number,
            found.start(2),
            found.end(2),
            any(start <= found.start() < end for start, end in own),
        )
        for found in _MATERIAL.finditer(text)
        if found[1] not in SPARED and found.end(2) - found.start(2) > KEPT
    ]


def _cut(texts: Sequence[str], quotes: Sequence[_Quote], characters: int) -> list[str]:
    """The texts with about so many characters less: the longest quotes are cut to one length."""
    level = _level([q.size for q in quotes], characters)
    found = list(texts)
    for quote in sorted(quotes, key=lambda q: (q.message, -q.start)):
        if quote.size > level:
            text = found[quote.message]
            body = _shortened(text[quote.start : quote.end], level, own=quote.own)
            found[quote.message] = text[: quote.start] + body + text[quote.end :]
    return found


def _level(sizes: Sequence[int], characters: int) -> int:
    """The length at which all that is longer must be cut for so many characters to go."""
    longest = sorted(sizes, reverse=True)
    for count in range(1, len(longest) + 1):
        following = longest[count] if count < len(longest) else KEPT
        left = sum(longest[:count]) - characters
        if left >= count * following:
            return left // count
    return KEPT


def _shortened(body: str, length: int, *, own: bool) -> str:
    """Head and tail of the body in about `length` characters, and between them what is missing.

    Whole lines where there are any; a line that is too long by itself is cut, too.
    """
    lines = body.splitlines(keepends=True)
    head, tail = _whole(lines, length * 2 // 3), _whole(lines[::-1], length // 3)[::-1]
    if len(head) + len(tail) >= len(lines):
        return body
    missing = lines[len(head) : len(lines) - len(tail)]
    if not head:
        head = [missing[0][: length * 2 // 3] + "\n"]
    if not tail:
        tail = [missing[-1][-(length // 3) :]]
    # What was left out before is counted again, so that the number is true.
    earlier = [int(found[1]) - 1 for line in missing if (found := _MARK.match(line.rstrip("\n")))]
    note = "; change this file by edits only" if own else ""
    mark = f"[{len(missing) + sum(earlier)} lines left out{note}]\n"
    return "".join((*head, mark, *tail))


def _whole(lines: Sequence[str], room: int) -> list[str]:
    """The first lines that fit into so many characters."""
    found = []
    for line in lines:
        room -= len(line)
        if room < 0:
            break
        found.append(line)
    return found
