"""Ranking documents with SQLite's full-text index, or by plain counts where it has none."""

import math
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing

from partita.core.discovery.words import terms, words
from partita.ports.search import Document

# Of a word found in the path, the symbols, the prose.
_WEIGHTS = (4.0, 2.0, 2.0)
_STEM_SUFFIXES = ("ings", "ing", "ies", "ed", "es", "s")
_SHORTEST_STEM = 3


def _in_memory() -> sqlite3.Connection:
    return sqlite3.connect(":memory:")


class FtsSearch:
    """Search by FTS5 with BM25 over path, symbols and prose; nothing is kept between calls."""

    def __init__(self, connect: Callable[[], sqlite3.Connection] = _in_memory) -> None:
        self._connect = connect

    def rank(self, documents: Sequence[Document], query: str, *, limit: int) -> tuple[str, ...]:
        """The paths of the best documents, at most `limit`; ties by path."""
        asked = terms(query)
        if not asked or limit <= 0 or not documents:
            return ()
        ordered = sorted(documents, key=lambda d: d.path)
        try:
            with closing(self._connect()) as db:
                best = _by_index(db, ordered, asked, limit)
        except sqlite3.OperationalError:  # this SQLite was built without FTS5
            best = _by_counts(ordered, asked, limit)
        return tuple(dict.fromkeys(ordered[n].path for n in best))


def _fields(document: Document) -> tuple[str, str, str]:
    """Words only: camelCase and snake_case apart, nothing that SQLite could not encode."""
    return (
        " ".join(words(document.path)),
        " ".join(words(document.symbols)),
        " ".join(words(document.prose)),
    )


def _by_index(
    db: sqlite3.Connection, documents: Sequence[Document], asked: Sequence[str], limit: int
) -> list[int]:
    db.execute(
        "CREATE VIRTUAL TABLE page USING fts5(path, symbols, prose,"
        " tokenize='porter unicode61 remove_diacritics 2')"
    )
    db.executemany(
        "INSERT INTO page(rowid, path, symbols, prose) VALUES (?, ?, ?, ?)",
        ((n, *_fields(d)) for n, d in enumerate(documents)),
    )
    # Every term is letters and digits in quotes, so that no request is a syntax error.
    match = " OR ".join(f'"{term}"' for term in asked)
    rows = db.execute(
        "SELECT rowid FROM page WHERE page MATCH ?"
        " ORDER BY round(bm25(page, ?, ?, ?), 9), rowid LIMIT ?",
        (match, *_WEIGHTS, limit),
    )
    return [row[0] for row in rows]


def _by_counts(documents: Sequence[Document], asked: Sequence[str], limit: int) -> list[int]:
    """Rare words weigh more, repeated ones less and less, as in BM25."""
    wanted = {_stem(term) for term in asked}
    counts: list[Counter[str]] = []
    for document in documents:
        found: Counter[str] = Counter()
        for text, weight in zip(_fields(document), _WEIGHTS, strict=True):
            for word in text.split():
                if (stem := _stem(word)) in wanted:
                    found[stem] += int(weight * 2)
        counts.append(found)
    spread = Counter(stem for found in counts for stem in found)
    rarity = {stem: math.log(1 + len(documents) / n) for stem, n in spread.items()}
    scores = [
        round(sum(rarity[s] * n / (n + 4) for s, n in sorted(found.items())), 9) for found in counts
    ]
    best = sorted((n for n, score in enumerate(scores) if score), key=lambda n: (-scores[n], n))
    return best[:limit]


def _stem(word: str) -> str:
    for suffix in _STEM_SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST_STEM:
            return word[: -len(suffix)]
    return word
