"""The run's folder of documents, written for people."""

from typing import Protocol


class Shelf(Protocol):
    """Documents of one run, by relative name; secrets are taken out where they are written."""

    def put(self, name: str, text: str) -> None:
        """Write or replace the document atomically."""

    def path(self, name: str) -> str:
        """Where a reader finds it."""
