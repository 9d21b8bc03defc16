"""The workers that share a database: who they are, which of them live, who watches over them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A worker; `age` is seconds since its last beat by the database's clock.

    `dead`: its work was taken over, or it left. It stays dead: a worker that comes back is another.
    """

    id: str
    host: str
    pid: int
    slots: int
    age: float
    dead: bool


class Fleet(Protocol):
    """Heartbeats and the guard; DatabaseLost when the database does not answer in time."""

    def join(self, worker: str, *, host: str, pid: int, slots: int) -> None:
        """Enter this worker as alive."""

    def beat(self, worker: str) -> bool:
        """Say that it lives; False when it was taken for dead and is fenced off."""

    def leave(self, worker: str) -> None:
        """Mark it dead at once, so that its work is taken over without waiting."""

    def members(self) -> Sequence[Member]:
        """Every worker of the project that is known, the dead of the last day included."""

    def guard(self) -> bool:
        """Try to become, or stay, the one guard of the project; True while this process is."""

    def bury(self, *, older: float) -> Sequence[str]:
        """Mark dead whose last beat is more than `older` seconds ago; gives all that are dead."""
