"""SEARCH/REPLACE blocks that stand in a reply by themselves, for one file that is not named."""

import re

from partita.core.reply.edits import read_edits
from partita.core.reply.fences import path_above
from partita.core.reply.thinking import spoken
from partita.core.reply.value import Edit, Unreadable

_MARK = re.compile(r"^<{5,9} ?SEARCH>?[ \t\r]*$", re.MULTILINE)
_CUT_MARK = re.compile(r"(?:\A|\n)<{5,9} ?[A-Z]{0,6}\Z")


def read_lone_edits(text: str) -> tuple[Edit, ...] | Unreadable:
    """The blocks of a reply, in order, less what was thought before them.

    Unreadable for none, for one that is malformed or was begun and cut, and where the lines above
    them name several files.
    """
    first = _MARK.search(text)
    said = spoken(text, until=len(text) if first is None else first.start())
    if isinstance(said, Unreadable):
        return said
    if _CUT_MARK.search(said[-50:].rstrip()):
        return Unreadable(why="it ends where another edit begins")
    paths = {path_above(said, mark.start()) for mark in _MARK.finditer(said)} - {""}
    if len(paths) > 1:
        return Unreadable(why="it edits several files; put the edits of each into its <file> tag")
    return read_edits(said)
