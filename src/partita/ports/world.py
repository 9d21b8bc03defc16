"""All that a run is given: built by `wiring`, replaced part by part in tests."""

from dataclasses import dataclass

from partita.ports.clock import Clock
from partita.ports.journal import Journal
from partita.ports.model import Asker
from partita.ports.repo import Repo
from partita.ports.sandbox import Sandbox, Toolchain
from partita.ports.search import Search
from partita.ports.shelf import Shelf
from partita.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The ports, for one run in one repository.

    `generation` tells the events of a run that was begun anew from those before. `patient`: the
    process stays at work while a person is awaited, so the run need not rest for it.
    """

    run: str
    seed: str
    asker: Asker
    repo: Repo
    sandbox: Sandbox
    toolchains: tuple[Toolchain, ...]
    store: Store
    clock: Clock
    search: Search
    shelf: Shelf
    journal: Journal
    generation: int = 0
    patient: bool = False

    def tell(self, key: str, kind: str, **data: object) -> None:
        """Write an event of this run to the log; a key that is there already is not written."""
        again = f"{self.generation}~" if self.generation else ""
        self.store.append(self.run, again + key, kind, dict(data))
