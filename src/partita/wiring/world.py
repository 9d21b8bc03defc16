"""What a run is given: its world, and the sandbox that it is to run code in."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import platformdirs

from partita.adapters.clock import SystemClock
from partita.adapters.git import GitRepo
from partita.adapters.redact import Redactor
from partita.adapters.sandbox.choose import choose
from partita.adapters.sandbox.unprotected import Unprotected
from partita.adapters.search import FtsSearch
from partita.adapters.shelf import FolderShelf, StoreShelf
from partita.adapters.toolchain import PythonToolchain
from partita.core.start import Start
from partita.ports.journal import Journal
from partita.ports.model import Asker
from partita.ports.sandbox import Limits, Sandbox
from partita.ports.shelf import Shelf
from partita.ports.store import Store
from partita.ports.world import World
from partita.settings import Settings
from partita.wiring.later import Eventually, begin


def find_sandbox(settings: Settings) -> Eventually:
    """The best sandbox of this machine, tried out in the background."""
    return begin(lambda: asyncio.run(choose(allow_unsandboxed=settings.allow_unsandboxed)))


def no_sandbox() -> Eventually:
    """For runs that execute nothing: no time is spent on finding a sandbox."""
    return begin(Unprotected)


INSTALLER_VARIABLES = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)


def installer_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What pip and uv may know of the user's environment: where packages come from."""
    return {
        k: v
        for k, v in environ.items()
        if k.startswith(("PIP_", "UV_")) or k in INSTALLER_VARIABLES
    }


def build_world(
    run: str,
    start: Start,
    *,
    repo: GitRepo,
    store: Store,
    sandbox: Sandbox,
    asker: Asker,
    journal: Journal,
    settings: Settings,
    redactor: Redactor,
    shared: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> World:
    """Everything a run is given. `shared`: it is done by workers, whose machines come and go."""
    shelf: Shelf = FolderShelf(repo.root / ".partita" / "runs" / run, redactor.clean)
    if shared:
        shelf = StoreShelf(store, run, redactor.clean)
    cache = Path(platformdirs.user_cache_dir("partita")) / "environments"
    python = PythonToolchain(
        sandbox,
        cache,
        installer_env=installer_environment(environ),
        limits=Limits(seconds=settings.test_seconds),
    )
    return World(
        run=run,
        seed=start.seed,
        asker=asker,
        repo=repo,
        sandbox=sandbox,
        toolchains=(python,),
        store=store,
        clock=SystemClock(),
        search=FtsSearch(),
        shelf=shelf,
        journal=journal,
        generation=start.generation,
        patient=shared,
    )


def redactor_for(secrets: Sequence[str]) -> Redactor:
    """Takes those values, and what looks like a secret, out of text."""
    return Redactor(secrets)
