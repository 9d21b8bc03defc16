"""A fleet in memory that keeps the same laws as the real one."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from partita.errors import Fenced
from partita.ports.fleet import Member
from partita.testing.clock import FakeClock


@dataclass
class _Harbour:
    """What a database would hold: members, when each last beat, and each project's guard."""

    members: dict[str, tuple[str, Member]] = field(default_factory=dict)
    beats: dict[str, float] = field(default_factory=dict)
    guards: dict[str, "MemoryFleet"] = field(default_factory=dict)


class MemoryFleet:
    """`ports.fleet.Fleet`; `beside` is another process at the same database."""

    def __init__(
        self, clock: FakeClock, project: str = "", *, harbour: _Harbour | None = None
    ) -> None:
        self._clock = clock
        self._project = project
        self._harbour = harbour or _Harbour()

    def beside(self, project: str | None = None) -> "MemoryFleet":
        """The same data, for another process, and perhaps another project."""
        name = self._project if project is None else project
        return MemoryFleet(self._clock, name, harbour=self._harbour)

    def join(self, worker: str, *, host: str, pid: int, slots: int) -> None:
        """Enter this worker as alive; Fenced when the name belongs to a dead one."""
        new = Member(id=worker, host=host, pid=pid, slots=slots, age=0.0, dead=False)
        known = self._harbour.members.setdefault(worker, (self._project, new))
        if known != (self._project, new):
            raise Fenced(f"there was a worker {worker} before this one")
        self._harbour.beats[worker] = self._clock.now()

    def beat(self, worker: str) -> bool:
        """Say that it lives; False when it was taken for dead."""
        lives = worker in {m.id for m in self.members() if not m.dead}
        if lives:
            self._harbour.beats[worker] = self._clock.now()
        return lives

    def leave(self, worker: str) -> None:
        """Mark it dead at once."""
        project, member = self._harbour.members.get(worker, ("", None))
        if member is not None and project == self._project:
            self._harbour.members[worker] = project, replace(member, dead=True)

    def members(self) -> Sequence[Member]:
        """Every worker of the project that is known."""
        now = self._clock.now()
        mine = [
            replace(member, age=now - self._harbour.beats[member.id])
            for project, member in self._harbour.members.values()
            if project == self._project
        ]
        return sorted(mine, key=lambda m: (m.dead, m.host, m.id))

    def guard(self) -> bool:
        """Try to become, or stay, the one guard of the project."""
        return self._harbour.guards.setdefault(self._project, self) is self

    def bury(self, *, older: float) -> Sequence[str]:
        """Mark dead whose last beat is more than `older` seconds ago; gives all that are dead."""
        for member in self.members():
            if member.age > older:
                self.leave(member.id)
        return sorted(m.id for m in self.members() if m.dead)

    def close(self) -> None:
        """Let go of the guard's place."""
        if self._harbour.guards.get(self._project) is self:
            del self._harbour.guards[self._project]
