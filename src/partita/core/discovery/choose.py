"""What a model is shown of a repository within a budget of tokens."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from partita.core.analysis import Excerpt
from partita.core.discovery.languages import is_code
from partita.core.discovery.relevance import RELEVANT, Ranked
from partita.core.discovery.symbols import NOTHING, Symbols

CHARACTERS_PER_TOKEN = 4
_FRAME = 8  # characters that a prompt puts around an excerpt, at least
_MAX_OUTLINES = 60
_MAX_OUTLINE = 3_000  # characters
_FOR_PATHS = 5  # one part in so many of the budget is kept for bare paths
_FOR_OUTLINES = 5  # and of the rest, so much for outlines
_ONE_FILE = 4  # no file may take more than this part, unless the request names it


class Shown(NamedTuple):
    """See the fields of the same names of `Findings`."""

    relevant: tuple[Excerpt, ...]
    outline: tuple[str, ...]
    left_out: int


@dataclass(slots=True)
class _Room:
    """What is left of the budget, in characters."""

    free: int
    taken: dict[str, Excerpt] = field(default_factory=dict)

    def take(self, excerpt: Excerpt, *, keep: int) -> None:
        """Add it, if so many characters stay free."""
        price = len(excerpt.path) + len(excerpt.text) + len(excerpt.why) + _FRAME
        if price <= self.free - keep:
            self.free -= price
            self.taken[excerpt.path] = excerpt


def choose(
    ranked: Sequence[Ranked],
    texts: Mapping[str, str],
    symbols: Mapping[str, Symbols],
    *,
    tokens: int,
    files: int,
    named: Collection[str] = (),
) -> Shown:
    """Relevant files whole or by their signature lines, then other code so, then bare paths.

    `files` is how many the commit has: what is shown of none of the three ways is counted in
    `left_out`. All that is shown costs at most `tokens`, at four characters a token.
    """
    budget = max(0, tokens) * CHARACTERS_PER_TOKEN
    # A path is the repository's text too: one with a line break in it could say anything.
    sayable = [r for r in ranked if r.path.isprintable()]
    for_paths = min(sum(len(r.path) + 1 for r in sayable), budget // _FOR_PATHS)
    for_outlines = (budget - for_paths) // _FOR_OUTLINES
    room = _Room(budget)
    for item in sayable:
        text = texts.get(item.path, "")
        asked_for = item.path in named
        if item.score < RELEVANT or not text.strip():
            continue
        if asked_for or len(text) <= budget // _ONE_FILE:
            keep = for_paths + (0 if asked_for else for_outlines)
            room.take(Excerpt(path=item.path, text=text, why=item.why), keep=keep)
        if item.path not in room.taken:
            _take_outline(room, item, symbols, keep=for_paths)
    others = [r for r in sayable if r.path not in room.taken and is_code(r.path)]
    for item in others[:_MAX_OUTLINES]:
        _take_outline(room, item, symbols, keep=for_paths)
    outline: list[str] = []
    for item in sayable:
        if item.path not in room.taken and len(item.path) < room.free:
            room.free -= len(item.path) + 1
            outline.append(item.path)
    relevant = tuple(room.taken.values())
    return Shown(relevant, tuple(outline), max(0, files - len(relevant) - len(outline)))


def _take_outline(room: _Room, item: Ranked, symbols: Mapping[str, Symbols], *, keep: int) -> None:
    if text := _outline(symbols.get(item.path, NOTHING)):
        room.take(Excerpt(path=item.path, text=text, why=item.why, whole=False), keep=keep)


def _outline(found: Symbols) -> str:
    """As many whole lines as the bound holds; the last says when there are more."""
    lines: list[str] = []
    size = 0
    for line in found.defs:
        size += len(line) + 1
        if size > _MAX_OUTLINE:
            return "\n".join([*lines, "..."])
        lines.append(line)
    return "\n".join(lines)
