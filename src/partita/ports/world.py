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
    """The ports, for one run in one repository."""

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

    def tell(self, key: str, kind: str, **data: object) -> None:
        """Write an event of this run to the log; a key that is there already is not written."""
        self.store.append(self.run, key, kind, dict(data))
