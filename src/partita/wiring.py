"""Settings to World: the only place that names adapters."""

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs

from partita.adapters.clock import SystemClock
from partita.adapters.filesystem import blind
from partita.adapters.git import GitRepo, ensure_state_folder, find_repository, open_repository
from partita.adapters.models.build import ModelSpec, build_model
from partita.adapters.models.prices import known_price, price_lines, price_of
from partita.adapters.models.spec import HOME
from partita.adapters.redact import Redactor
from partita.adapters.sandbox.choose import choose
from partita.adapters.sandbox.describe import describe
from partita.adapters.sandbox.orphans import kill_orphans
from partita.adapters.sandbox.unprotected import Unprotected
from partita.adapters.search import FtsSearch
from partita.adapters.shelf import FolderShelf
from partita.adapters.store.lock import RepositoryLock, holder
from partita.adapters.store.sqlite import SqliteStore, open_readonly
from partita.adapters.toolchain import PythonToolchain
from partita.core.budget import Price
from partita.core.schema import violations
from partita.core.start import Start
from partita.errors import BadInput, UnknownPrice
from partita.ports.journal import Journal
from partita.ports.model import Asker, Model
from partita.ports.sandbox import Limits, Sandbox
from partita.ports.world import World
from partita.settings import ModelTable, Routes, Settings

__all__ = [
    "Eventually",
    "GitRepo",
    "SqliteStore",
    "SystemClock",
    "begin",
    "blind",
    "build_world",
    "describe",
    "find_sandbox",
    "here",
    "installer_environment",
    "lock",
    "models_of",
    "no_sandbox",
    "now",
    "open_repo",
    "open_store",
    "open_writing",
    "own",
    "owner_of",
    "price_as",
    "reachable",
    "redactor_for",
    "secrets_of",
    "specification",
    "state_folder",
    "warm",
]

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


def open_repo(where: Path | None = None, *, make: bool = False) -> GitRepo:
    """The repository around a folder (here by default); `make` starts one in an empty folder."""
    where = where or Path.cwd()
    if make:
        return open_repository(where)
    repo = find_repository(where)
    if repo is None:
        raise BadInput(f"{where} is not in a git repository", remedy="cd into one, or: git init")
    return repo


def open_store(*, write: bool = False, where: Path | None = None) -> SqliteStore:
    """The store of the repository around a folder."""
    folder = open_repo(where).root / ".partita"
    return SqliteStore(folder, SystemClock()) if write else open_readonly(folder)


def open_writing(repo: GitRepo, secrets: Sequence[str]) -> SqliteStore:
    """The store of a run's own process; those secrets are taken out of what it logs."""
    redact = Redactor(secrets).clean_json
    return SqliteStore(state_folder(repo), SystemClock(), redact=redact)


def state_folder(repo: GitRepo) -> Path:
    """`.partita` of the repository, made when it is not there."""
    return ensure_state_folder(repo.root)


def lock(repo: GitRepo) -> RepositoryLock:
    """The lock that the one process at work in the repository holds."""
    return RepositoryLock(state_folder(repo))


def own(repo: GitRepo, run: str) -> RepositoryLock:
    """The repository taken for that run, and what a killed owner left running ended."""
    taken = lock(repo).take(run)
    kill_orphans(repo.root / ".partita" / "worktrees")
    return taken


def owner_of(where: Path | None = None) -> dict[str, Any] | None:
    """Who is at work in the repository: pid and run, or None."""
    return holder(open_repo(where).root / ".partita")


@dataclass(slots=True)
class Eventually:
    """Something slow that is begun early, beside other start-up work."""

    future: "Future[Any]"

    def get(self) -> Any:
        """The value, or what went wrong, as soon as it is known."""
        return self.future.result()


def begin(work: Callable[[], Any]) -> Eventually:
    """Start it in a thread of its own; a process that ends does not wait for it."""
    future: Future[Any] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as e:  # noqa: BLE001 - handed over whole to who asks
            future.set_exception(e)

    threading.Thread(target=run, daemon=True).start()
    return Eventually(future)


def find_sandbox(settings: Settings) -> Eventually:
    """The best sandbox of this machine, tried out in the background."""
    return begin(lambda: asyncio.run(choose(allow_unsandboxed=settings.allow_unsandboxed)))


def no_sandbox() -> Eventually:
    """For runs that execute nothing: no time is spent on finding a sandbox."""
    return begin(Unprotected)


def now() -> float:
    """Seconds since the epoch."""
    return SystemClock().now()


def price_as(provider: str, model: str) -> Price | None:
    """The list price of a model that is not really called."""
    return known_price(provider, model)


def models_of(routes: Routes, environ: Mapping[str, str]) -> dict[str, tuple[Model, ...]]:
    """The models of each role's route; UnknownPrice names every one that has none."""
    built: dict[str, Model] = {}
    for route in routes.roles.values():
        for table in route:
            if table.name not in built:
                built[table.name] = build_model(specification(table, environ))
    unknown = [m for m in built.values() if m.price is None]
    if unknown:
        names = ", ".join(m.name for m in unknown)
        lines = "\n".join(price_lines(m.name) for m in unknown)
        raise UnknownPrice(
            f"the price of {names} is not known, so no budget could be kept",
            remedy=f"set it in your own configuration file:\n{lines}",
        )
    return {role: tuple(built[t.name] for t in route) for role, route in routes.roles.items()}


def specification(table: ModelTable, environ: Mapping[str, str]) -> ModelSpec:
    """A configured model with its key and its price looked up."""
    url = table.base_url or HOME[table.wire]
    price = price_of(table.price, url, None if table.base_url else table.wire, table.model)
    given = {
        name: value
        for name in ("max_output", "context", "timeout", "thinking")
        if (value := getattr(table, name)) is not None
    }
    return ModelSpec(
        name=table.name,
        wire=table.wire,
        model=table.model,
        base_url=table.base_url,
        key=environ.get(table.key_env),
        key_env=table.key_env,
        price=price,
        json_mode=table.json_mode,
        **given,
    )


def warm(routes: Routes, environ: Mapping[str, str]) -> Eventually:
    """Import the SDK of the first model, and what reads answers, while other things start."""

    def work() -> None:
        first = next(iter(routes.roles.values()))[0]
        build_model(specification(first, environ)).warm()
        violations({}, None)

    return begin(work)


def secrets_of(routes: Routes | None, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The values that must never be written anywhere."""
    names = {"OPENAI_API_KEY", "ANTHROPIC_API_KEY"}
    if routes is not None:
        names |= {t.key_env for route in routes.roles.values() for t in route if t.key_env}
    return tuple(environ[name] for name in sorted(names) if environ.get(name))


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
    store: SqliteStore,
    sandbox: Sandbox,
    asker: Asker,
    journal: Journal,
    settings: Settings,
    redactor: Redactor,
    environ: Mapping[str, str] = os.environ,
) -> World:
    """Everything a run is given."""
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
        shelf=FolderShelf(repo.root / ".partita" / "runs" / run, redactor.clean),
        journal=journal,
    )


def redactor_for(secrets: Sequence[str]) -> Redactor:
    """Takes those values, and what looks like a secret, out of text."""
    return Redactor(secrets)


def here(where: Path | None = None) -> Path | None:
    """The top of the repository around a folder (the current one); None when there is none."""
    repo = find_repository(where or Path.cwd())
    return None if repo is None else repo.root


def reachable(url: str) -> bool:
    """Does anything accept a connection at the URL's host and port? Nothing is sent."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=3):
            return True
    except OSError:
        return False
