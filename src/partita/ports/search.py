"""Ranking documents by a query, for choosing what a model is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What is indexed of a file: its path, its symbols, its docstrings or headings."""

    path: str
    symbols: str = ""
    prose: str = ""


class Search(Protocol):
    """Best-first ranking; a document without any match is not listed."""

    def rank(self, documents: Sequence[Document], query: str, *, limit: int) -> tuple[str, ...]:
        """The paths of the best documents, at most `limit`."""
