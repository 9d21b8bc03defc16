"""The contracts that other contracts speak of, so that no text leans on what its reader lacks."""

import re
from collections.abc import Sequence

from partita.core.plan import Contract

MOST = 20  # contracts that are shown for being mentioned
ROOM = 6_000  # characters of their text
TELLING = 5  # letters that a method's name needs, to stand for it without its class


def text_of(contract: Contract) -> str:
    """What a contract's reader is told of it, and may be told of others."""
    return f"{contract.signature} {contract.note}"


def mentioned(contracts: Sequence[Contract], shown: Sequence[Contract]) -> tuple[Contract, ...]:
    """Those of `contracts` that the text of `shown` names, and that their own text names in turn.

    In rounds: first what `shown` names, then what this names; in the order of `contracts` within
    each. A name is a contract's id or symbol as a whole word; of `Class.method` also its last part
    alone, if it has TELLING letters. At most MOST contracts and ROOM characters; one that is too
    long for what is left is passed over.
    """
    known = {c.id for c in shown}
    named = [(c, _names(c)) for c in contracts if c.id not in known]
    found: list[Contract] = []
    room, news = ROOM, list(shown)
    while news:
        text = "\n".join(text_of(c) for c in news)
        words = frozenset(re.findall(r"\w+", text))
        news = []
        for contract, names in named:
            if contract.id in known or not any(_says(text, words, *n) for n in names):
                continue
            known.add(contract.id)
            size = len(text_of(contract))
            if size <= room and len(found) < MOST:
                room -= size
                found.append(contract)
                news.append(contract)
    return tuple(found)


def _names(contract: Contract) -> tuple[tuple[str, frozenset[str]], ...]:
    """The names by which a text may speak of a contract, each with its words."""
    last = contract.symbol.rpartition(".")[2]
    short = last if len(last) >= TELLING else ""
    names = (contract.id, contract.symbol, short)
    return tuple((name, frozenset(re.findall(r"\w+", name))) for name in names if name)


def _says(text: str, words: frozenset[str], name: str, parts: frozenset[str]) -> bool:
    """Does the name stand in the text, not as a part of a longer one? With the words of both."""
    if not parts <= words:  # quick, and it settles most
        return False
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None
