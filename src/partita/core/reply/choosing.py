"""Which of the documents in a reply is the answer, by where they stand and what is said of them."""

import re
from collections.abc import Sequence

from partita.core.reply.strings import SPACE
from partita.core.reply.value import Unreadable, glimpse
from partita.core.reply.walk import BLANK, Document

# The nearest such word before a document says what it is: the answer, or only spoken of.
_CUES = re.compile(
    r"(?P<refused>\b(?:bad|wrong|invalid|incorrect|old|earlier|previous|rejected|draft|original|"
    r"examples?|sample|not|no|first)\s+(?:\w+\s+)?(?:answer|result|response|output|version)\b|"
    r"\b(?:not|never|don't|didn't|won't|wouldn't)\s+(?:use|return|give)\b)|"
    r"(?P<answer>\b(?:final(?:ly)?|answer|corrected|correction|revised|updated?|fixed|result|"
    r"actual(?:ly)?|better|improved|instead:|output|rather|should be|here (?:is|it is|you go)|but|"
    r"use|so:|now:|new|complete|full|response)\b)|"
    r"(?P<mention>\b(?:examples?|e\.g\.|for instance|such as|like|bad|wrong|invalid|instead of|not|"
    r"never|don't|avoid|earlier|previous(?:ly)?|old|original(?:ly)?|was|were|before|draft|input|"
    r"alternatively|alternative|if you prefer|(?:could|can|may|might) also|tests? (?:it )?with|"
    r"request|given|compar(?:e|ed|ison)|schema|template|replaces|rejected|incorrect)\b|//|/\*|#\s*\Z)",
    re.IGNORECASE,
)
_TAKEN_BACK = re.compile(
    r"(?<!if )\b(?:(?:that|this|it|the above)(?:'s|’s| is) "  # noqa: RUF001 - as models write it
    r"(?:wrong|incorrect|invalid|not (?:right|correct))\b"
    r"|(?:ignore|disregard|discard|scratch) (?:that|this|it|the (?:above|previous))\b"
    r"|i (?:made a mistake|was wrong)\b|let me (?:redo|fix|correct|rewrite|try again)\b"
    r"|correction:(?! none))",
    re.IGNORECASE,
)
_DANGLING = re.compile(r"(?:\A|\n)[ \t]*(?:```|~~~)[ \t]*\w+\Z")
# Before a document: the tag of what is not the answer yet.
_DRAFT_TAG = re.compile(r"<(?:draft|analysis|plan|notes)>[\s`~\w]{0,40}\Z", re.IGNORECASE)
_CLOSING_TAG = re.compile(r"</\w[^<>]{0,40}>")
_LOOKED_AT = 200
_SENTENCE = re.compile(r"[.!?;]\s")
_CALL = re.compile(r"\w\(\s*\Z")
_DATA = ("", "json", "jsonc", "json5", "jsonl", "yaml", "yml", "toml", "text", "txt", "plaintext")
_BRACKET = re.compile(r"\]\]>|[{}\[\]]")
_MEMBER = re.compile(r"""[^\n"'{}]{0,80}\n?[ \t]*["'](?:[\w .-]{0,60}["'])?\s*:""")
_GLUED = re.compile(r"[\w\[(]")
_TORN = re.compile(r"""["“”]\s*[,}\]]|[}\]]\s*[,}\]"]|\A\s*[}\]]""")


def chosen(text: str, documents: Sequence[Document], fits: Sequence[Document]) -> Document | str:
    """The document of `fits` that is meant, or a sentence that says why none can be told.

    `documents` are all that were met, the broken ones too; `fits` those that are whole and satisfy
    the schema, in order, at least one. The last one wins, for drafts come first; but an example,
    a footnote or code that follows the answer is not taken for it, and a broken last word is not
    replaced by what came before.
    """
    real = [each for each in fits if not each.shadowed and not _is_footnote(text, each)]
    cues = {each.start: _cue(text, each, documents) for each in real}
    said = [
        each
        for each in real
        if not (cues[each.start] == "mention" or _is_code(each) or _is_aside(text, each))
    ]
    if not said and len(real) == 1 and _stands_out(text, real[0]):
        said = real
    if not said:
        return "the only JSON in it is spoken of, not given as the answer"
    last = said[-1]
    listed = [each for each in said if _alike(each) and _alike(each) == _alike(last)]
    if not last.inline and len(listed) > 1:
        return "it lists several documents; give one that holds them all"
    if last.inline and cues[last.start] != "answer":
        blocks = [each for each in said if not each.inline]
        if blocks and last.announced and repr(last.values) != repr(blocks[-1].values):
            return "it holds several documents; give the one that is meant, and nothing else"
        last = blocks[-1] if blocks else last
    after = [each for each in documents if each.start >= last.end and each.why]
    if any(not each.inline for each in after):
        return f"the JSON can't be read: {after[-1].why}"
    torn = any(each.why and each.start < last.start for each in documents)
    if torn and _TORN.search(text, last.end):
        return "a part of it can't be read, and what follows may be the inside of that"
    later = [each.start for each in documents if each.start >= last.end]
    if _is_torn(text, last.end, min(later, default=len(text))):
        near = glimpse(text[max(0, last.end - 20) : last.end + 20])
        return f"the JSON can't be read: it goes on after its last bracket, near `{near}`"
    return last


def _alike(each: Document) -> str:
    """What precedes it on its line, whatever its number in a list."""
    return re.sub(r"\d+", "1", each.before) if each.before.strip(BLANK) else ""


def _is_torn(text: str, start: int, end: int) -> bool:
    """Whether what follows a document is the rest of it: a member, or a bracket opened before."""
    if _MEMBER.match(text, start) or _GLUED.match(text, start):
        return True
    depth = 0
    for bracket in _BRACKET.finditer(text, start, end):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(bracket.group(), 0)
        if depth < 0:
            return True
    return False


def more_was_announced(text: str, end: int) -> bool:
    """Whether the reply ends in words that lead to another document, which is missing."""
    rest = text[end:].rstrip(BLANK)[-_LOOKED_AT:]
    return bool(_DANGLING.search(rest) or rest.endswith(":"))


def in_open_draft(text: str, each: Document) -> bool:
    """Whether the tag of a draft stands before it that nothing closes: the answer is to come."""
    before = text[max(0, each.start - _LOOKED_AT) : each.start]
    closed = _CLOSING_TAG.search(text, each.end, each.end + 3 * _LOOKED_AT)
    return _DRAFT_TAG.search(before) is not None and closed is None


def taken_back(text: str, end: int) -> bool:
    """Whether the words after a document say that it is not the answer after all."""
    return _TAKEN_BACK.search(text, end, end + 3 * _LOOKED_AT) is not None


def _cue(text: str, each: Document, documents: Sequence[Document]) -> str:
    """What its sentence says of a document before it: "answer", "mention" or ""."""
    since = max((other.end for other in documents if other.end <= each.start), default=0)
    words = text[max(since, each.start - _LOOKED_AT) : each.start].rstrip(" \t\r")
    if not each.inline:
        words = _led_to(words.rstrip(BLANK))
    words = words[words.rfind("\n") + 1 :]
    words = words[max((m.end() for m in _SENTENCE.finditer(words)), default=0) :]
    cue = ""
    for match in _CUES.finditer(words):
        cue = "answer" if match["answer"] else "mention"
    return cue


def _led_to(words: str) -> str:
    """The text whose last line leads to a block, without the fence that opens just before it."""
    lines = words.rstrip(BLANK).split("\n")
    if lines[-1].lstrip().startswith(("```", "~~~")):
        lines = "\n".join(lines[:-1]).rstrip(BLANK).split("\n")
    return "" if lines[-1].lstrip().startswith(("```", "~~~")) else lines[-1].rstrip("/*# ")


def _is_footnote(text: str, each: Document) -> bool:
    """Empty brackets or a list of numbers in a sentence, as `[1]`, `- [ ] todo` or `init() {}`."""
    value = each.values[0]
    if any(isinstance(item, dict | list | str) for item in value):
        return False
    if _goes_on(text, each):
        return True
    before = each.before.strip(BLANK)
    return bool(before) and (not each.announced or not (value or before.endswith((":", ">"))))


def _is_aside(text: str, each: Document) -> bool:
    """In the midst of a sentence that does not lead to it."""
    return each.inline and not each.announced and _goes_on(text, each)


def _stands_out(text: str, each: Document) -> bool:
    """On lines of its own, or at the end of a line that leads to it."""
    return not each.inline or (each.announced and not _goes_on(text, each))


def _goes_on(text: str, each: Document) -> bool:
    """Whether words follow on its line."""
    after = SPACE.match(text, each.end).end()  # type: ignore[union-attr]  # it matches nothing too
    if "\n" in text[each.end : after] or text.startswith(("<", "]]>"), after):
        return False
    rest = text[after : after + _LOOKED_AT].partition("\n")[0]
    return bool(rest.strip(" \t\r.!`*_)\"'<>|;"))


def _is_code(each: Document) -> bool:
    """A literal amid the code of another language, or what a function is called with."""
    if _CALL.search(each.before):
        return True
    return each.fence is not None and each.fence not in _DATA and each.inline


def nothing_usable(documents: Sequence[Document]) -> Unreadable | None:
    """Why the broken documents, if there are any, can't be read."""
    broken = [each for each in documents if each.why]
    return Unreadable(why=f"the JSON can't be read: {broken[-1].why}") if broken else None
