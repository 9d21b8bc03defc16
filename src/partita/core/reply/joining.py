"""A text that was cut and its continuation, made one again."""

import re

MOST_REPEATED = 20

_TELLING = re.compile(r"\w.*?\w.*?\w", re.DOTALL)


def join(head: str, tail: str) -> str:
    """`head` and what a model wrote when asked to go on after it.

    A model may begin anew with up to twenty of the last lines of `head`, or with the one in which
    it was cut: the longest such overlap is written once. Whole lines that say next to nothing
    (`}`, blank ones) do not make an overlap by themselves, so that they are not lost.

    Law: for a text whose lines are all different and telling, a cut k, and j a line start at most
    twenty lines before k, or k itself: join(text[:k], text[j:]) == text; for j = k only if what
    follows does not begin again with what the cut line already holds.
    """
    starts = _line_starts(head)
    for start in starts:
        repeated = head[start:]
        if tail.startswith(repeated) and _is_overlap(repeated):
            return head + tail[len(repeated) :]
    shifted = tail.lstrip("\r\n")
    if len(shifted) < len(tail):
        for start in starts:
            repeated = head[start:]
            if "\n" in repeated and shifted.startswith(repeated) and _is_overlap(repeated):
                return head + shifted[len(repeated) :]
    return head + tail


def _line_starts(head: str) -> list[int]:
    """Where the last lines begin, furthest first: twenty whole ones and the one that was cut."""
    starts = [head.rfind("\n") + 1]
    while len(starts) <= MOST_REPEATED and starts[-1] > 0:
        starts.append(head.rfind("\n", 0, starts[-1] - 1) + 1)
    return [start for start in reversed(starts) if start < len(head)]


def _is_overlap(repeated: str) -> bool:
    """Telling lines, or just the one in which the cut fell, be it mere indentation."""
    return "\n" not in repeated or bool(_TELLING.search(repeated))
