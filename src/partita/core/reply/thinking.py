"""What a model said to itself, told apart from what it answered."""

import re

from partita.core.reply.value import Unreadable

THINK_OPEN = re.compile(r"<think(?:ing)?>|\[THINK\]", re.IGNORECASE)
THINK_CLOSE = re.compile(r"</think(?:ing)?>|\[/THINK\]", re.IGNORECASE)
_ASIDES = (
    r"(?:think(?:ing)?|thoughts?|reasoning|reflection|scratchpad|antthinking|inner_monologue"
    r"|seed:think)"
)
ASIDE_OPEN = re.compile(rf"<{_ASIDES}(?:\s[^<>\n]{{0,80}})?>|\[THINK\]", re.IGNORECASE)
"""As THINK_OPEN, and where other models think aloud; for replies that hold no markup."""
ASIDE_CLOSE = re.compile(rf"</{_ASIDES}>|\[/THINK\]", re.IGNORECASE)
ANALYSIS = re.compile(r"<\|channel\|>\s*analysis\b[^<\n]{0,80}<\|message\|>")
"""Where a model of the harmony format begins to think; it answers on another channel."""
UNCLOSED = Unreadable(why="the reply never came to an end of its thinking; answer at once")

_LEADING = re.compile(r"\s*(?:<think(?:ing)?>|\[THINK\])", re.IGNORECASE)
_FINAL = re.compile(r"<\|channel\|>\s*final\b[^<\n]{0,80}<\|message\|>")
_AFTER = re.compile(r"(?:\s*<\|(?:return|end|im_end|eot_id|endoftext)\|>)+\s*\Z")
_LINE_CLOSE = re.compile(
    r"(?:</think(?:ing)?>|\[/THINK\])[ \t\r]*$",
    re.IGNORECASE | re.MULTILINE,
)


def spoken(text: str, *, until: int) -> str | Unreadable:
    """The reply without thinking that precedes offset `until`, and without chat-template marks.

    `until` is where content begins whose bytes are not ours to touch: a file may well hold a
    line `</think>`, or show the channels of a chat template. Leading `<think>` blocks are dropped
    wherever they end, and so is all before the final channel of a reply that begins with one.
    """
    channels = text.lstrip("\ufeff\u200b\u2060\x00 \t\r\n").startswith("<|")
    final = _FINAL.search(text) if channels else _FINAL.search(text, 0, until)
    if channels and final is None and ANALYSIS.search(text, 0, until):
        return UNCLOSED
    dangling = _LINE_CLOSE.search(text)
    if final is not None:
        text = text[final.end() :]
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
