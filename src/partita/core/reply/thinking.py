"""What a model said to itself, told apart from what it answered."""

import re

from partita.core.reply.value import Unreadable

THINK_OPEN = re.compile(r"<think(?:ing)?>", re.IGNORECASE)
THINK_CLOSE = re.compile(r"</think(?:ing)?>", re.IGNORECASE)
UNCLOSED = Unreadable(why="the reply never came to an end of its thinking; answer at once")

_LEADING = re.compile(r"\s*<think(?:ing)?>", re.IGNORECASE)
_FINAL = re.compile(r"<\|channel\|>final[^<\n]{0,80}<\|message\|>")
_AFTER = re.compile(r"(?:\s*<\|(?:return|end|im_end|eot_id|endoftext)\|>)+\s*\Z")
_LINE_CLOSE = re.compile(r"</think(?:ing)?>[ \t\r]*$", re.IGNORECASE | re.MULTILINE)


def spoken(text: str, *, until: int) -> str | Unreadable:
    """The reply without thinking that precedes offset `until`, and without chat-template marks.

    `until` is where content begins whose bytes are not ours to touch: a file may well hold a
    line `</think>`. Leading `<think>` blocks are dropped wherever they end.
    """
    finals = [match.end() for match in _FINAL.finditer(text)]
    dangling = _LINE_CLOSE.search(text)
    if finals:
        text = text[finals[-1] :]
    elif dangling and dangling.start() < until and not THINK_OPEN.search(text, 0, dangling.start()):
        text = text[dangling.end() :]
    text = text.lstrip("\ufeff\u200b\u2060\x00")
    at = 0
    while opening := _LEADING.match(text, at):
        closing = THINK_CLOSE.search(text, opening.end())
        if closing is None:
            return UNCLOSED
        at = closing.end()
    return _without_marks(text[at:])


def _without_marks(text: str) -> str:
    # Only the end can hold them: searching it keeps the pattern linear.
    tail = text[-400:]
    marks = _AFTER.search(tail)
    return text if marks is None else text[: len(text) - len(tail) + marks.start()]
