"""The guard: one of the workers sees to it that the work of those who died goes on elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass, field

from dbos import DBOS

from partita.engine.clerk import Clerk
from partita.engine.resting import SharedStore, close
from partita.ports.fleet import Fleet

SILENT = 7.0  # seconds without a heartbeat after which a worker is taken for dead


@dataclass(slots=True)
class Guard:
    """Looks after the workers of a project, on a connection of its own."""

    store: SharedStore
    fleet: Fleet
    clerk: Clerk
    tell: Callable[[str], None]
    _buried: set[str] = field(default_factory=set)

    def look(self) -> None:
        """If this is the guard now, take over what the dead had in hand.

        DBOS puts a part back into its queue only while the dead one is still its owner, so that a
        second guard changes nothing. It is no public name, but the public one asks no such thing.
        """
        if not self.fleet.guard():
            return
        dead = set(self.fleet.bury(older=SILENT))
        for worker in sorted(dead - self._buried):
            self.store.abandon_worker(worker)
            self._end_rests(worker)
            self._buried.add(worker)
        living = {member.id for member in self.fleet.members() if not member.dead}
        for worker in sorted(self.clerk.at_work() - living):
            if found := DBOS._recover_pending_workflows([worker]):  # noqa: SLF001
                self.tell(f"took over {len(found)} parts of runs from {worker}")

    def _end_rests(self, worker: str) -> None:
        """Bring to rest what the dead worker was about to."""
        for record in self.store.all():
            if record.status in ("running", "waiting"):
                word = self.store.received(record.id, "rest") or {}
                if word.get("by") == worker:
                    close(self.store, self.clerk, record.id)
