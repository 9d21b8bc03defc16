"""Taking out of a store what no run needs any more."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A blob in the store: its size in bytes, and when it was last kept, in UTC seconds."""

    size: int
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """How many rows were deleted, and the blobs that those which stay may name."""

    rows: int
    named: frozenset[str]


class Sweeping(Protocol):
    """The part of a store that lets go. The ledger and the register of runs are never touched."""

    def forget(self, runs: Collection[str], *, really: bool) -> Forgotten:
        """Delete the runs' events, exchanges, signals, attempts and bulky documents at once.

        Their answers go, too, but those that another run has used. Not `really`: what it would
        do is told, and nothing is done. Doing it again deletes nothing.
        """

    def kept(self) -> Mapping[str, Kept]:
        """Every blob of the store by its key."""

    def throw(self, blobs: Collection[str]) -> int:
        """Delete those blobs; gives the bytes. One that is not there is no error."""

    def size(self) -> int:
        """How many bytes the database takes, blobs in files not counted."""

    def shrink(self) -> bool:
        """Give the room of deleted rows back to the disk; False while others keep it busy."""
