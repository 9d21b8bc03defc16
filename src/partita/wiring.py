"""Settings to World: the only place that names adapters."""

import asyncio
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs

from partita.adapters.clock import SystemClock
from partita.adapters.filesystem import blind
from partita.adapters.fleet import PostgresFleet
from partita.adapters.git import GitRepo, ensure_state_folder, find_repository, open_repository
from partita.adapters.git.remote import Limits as RemoteLimits
from partita.adapters.git.remote import clean
from partita.adapters.git.shared import SharedRepo
from partita.adapters.git.shared import open_shared as open_shared_repository
from partita.adapters.limiter_local import LocalLimiter, WithFallback
from partita.adapters.models.build import ModelSpec, build_model
from partita.adapters.models.prices import known_price, price_lines, price_of
from partita.adapters.models.spec import HOME
from partita.adapters.redact import Redactor
from partita.adapters.sandbox.choose import choose
from partita.adapters.sandbox.describe import describe
from partita.adapters.sandbox.orphans import kill_orphans
from partita.adapters.sandbox.unprotected import Unprotected
from partita.adapters.search import FtsSearch
from partita.adapters.shelf import FolderShelf, StoreShelf, copy_documents
from partita.adapters.store.lock import RepositoryLock, holder
from partita.adapters.store.postgres import PostgresStore
from partita.adapters.store.sqlite import SqliteStore, open_readonly
from partita.adapters.toolchain import PythonToolchain
from partita.core.budget import Price
from partita.core.schema import violations
from partita.core.start import Start
from partita.errors import BadInput, UnknownPrice
from partita.ports.journal import Journal
from partita.ports.limiter import Limiter, Rates
from partita.ports.model import Asker, Model
from partita.ports.sandbox import Limits, Sandbox
from partita.ports.shelf import Shelf
from partita.ports.store import Store
from partita.ports.world import World
from partita.settings import ModelTable, Routes, Settings, load_settings, user_file

__all__ = [
    "Eventually",
    "GitRepo",
    "PostgresStore",
    "SharedBy",
    "SharedRepo",
    "SqliteStore",
    "SystemClock",
    "author_of",
    "begin",
    "blind",
    "build_world",
    "check_remote",
    "copy_documents",
    "describe",
    "find_sandbox",
    "here",
    "installer_environment",
    "limiter_for",
    "lock",
    "models_of",
    "no_sandbox",
    "now",
    "open_fleet",
    "open_postgres",
    "open_repo",
    "open_shared",
    "open_store",
    "open_writing",
    "own",
    "owner_of",
    "pause",
    "price_as",
    "rates_for",
    "reach",
    "reachable",
    "redactor_for",
    "secrets_of",
    "shared_by",
    "specification",
    "state_folder",
    "sweep_worktrees",
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


def open_store(*, write: bool = False, where: Path | None = None) -> SqliteStore | PostgresStore:
    """The store of the repository around a folder: its own, or the database it shares."""
    repo = open_repo(where)
    if (shared := shared_by(repo)) is not None:
        return PostgresStore(shared.url, SystemClock(), project=shared.project, readonly=not write)
    folder = repo.root / ".partita"
    return SqliteStore(folder, SystemClock()) if write else open_readonly(folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedBy:
    """Where several machines meet: the database, and the remote that content travels over."""

    url: str
    project: str
    remote: str


def shared_by(repo: GitRepo, settings: Settings | None = None) -> SharedBy | None:
    """What the settings in force say of other machines; None where this one works alone."""
    if settings is None:
        settings = load_settings(
            project=repo.root / "partita.toml",
            user=user_file(os.environ),
            environ=os.environ,
            flags={},
        )
    if settings.database is None:
        return None
    name = settings.project
    if name is None:
        name = project_of(open_shared_repository(repo.root, settings.remote).remote.url)
    return SharedBy(url=settings.database, project=name, remote=settings.remote)


def open_shared(repo: GitRepo, shared: SharedBy) -> SharedRepo:
    """The clone, as one whose commits travel by the shared remote."""
    return open_shared_repository(repo.root, shared.remote)


def check_remote(repo: GitRepo, shared: SharedBy) -> None:
    """RemoteLost when the remote says nothing within a few seconds."""
    short = RemoteLimits(refs=4.0, content=4.0)
    asyncio.run(open_shared_repository(repo.root, shared.remote, short).tip("main"))


@contextmanager
def open_fleet(shared: SharedBy) -> Iterator[PostgresFleet]:
    """The workers of the project, on a connection of their own."""
    fleet = PostgresFleet(shared.url, shared.project)
    try:
        yield fleet
    finally:
        fleet.close()


def reach(repo: GitRepo, shared: SharedBy) -> None:
    """See that the database and the remote answer; DatabaseLost or RemoteLost when not."""
    with open_postgres(shared, ()), open_fleet(shared) as fleet:
        fleet.members()
    check_remote(repo, shared)


def sweep_worktrees(repo: GitRepo) -> None:
    """Remove every worktree of ours; only who has the repository to itself may do so."""
    folder = repo.root / ".partita" / "worktrees"
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    for name in names:
        asyncio.run(repo.discard(name))


def author_of(repo: GitRepo) -> str:
    """The user's identity as "Name <mail>"."""
    return asyncio.run(repo.author())


def project_of(address: str) -> str:
    """The project's name, from the address of its remote: its last part, without `.git`."""
    last = re.split(r"[/:]", address.rstrip("/").removesuffix("/.git"))[-1].removesuffix(".git")
    name = re.sub(r"[^a-z0-9._-]+", "-", last.lower()).strip("-.")[:60]
    if not name:
        raise BadInput(
            f"{clean(address)[:80]!r} gives no name for the project",
            remedy="set one in your own settings file: project = NAME; or PARTITA_PROJECT",
        )
    return name


def open_postgres(
    shared: SharedBy, secrets: Sequence[str], *, worker: str | None = None
) -> PostgresStore:
    """The shared store, for who writes to it; those secrets are taken out of what is logged."""
    return PostgresStore(
        shared.url,
        SystemClock(),
        project=shared.project,
        redact=Redactor((*secrets, *Settings(database=shared.url).secrets)).clean_json,
        worker=worker,
    )


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


def pause(seconds: float) -> None:
    """Wait that long, in a command that has nothing else to do."""
    time.sleep(seconds)


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


def rates_for(routes: Mapping[str, Sequence[Model]], settings: Settings) -> dict[str, Rates]:
    """The limits of each provider: what its models' tables say, else the settings; the least."""
    least: dict[str, Rates] = {}
    for model in (model for route in routes.values() for model in route):
        table = settings.models.get(model.name)
        before = least.get(model.provider, Rates())
        limits: dict[str, int] = {}
        for ours, theirs in LIMITS.items():
            own = None if table is None else getattr(table, theirs)
            asked = (getattr(settings, theirs) if own is None else own, getattr(before, ours))
            if known := [limit for limit in asked if limit is not None]:
                limits[ours] = min(known)
        least[model.provider] = Rates(**limits)
    return least


LIMITS = {  # of Rates, and as settings and tables call them
    "in_flight": "calls_in_flight",
    "requests_per_minute": "requests_per_minute",
    "tokens_per_minute": "tokens_per_minute",
}


def limiter_for(
    settings: Settings, store: Store, tell: Callable[[str], None], *, alone: bool = False
) -> Limiter:
    """What the calls of this process share with others: a database's workers, or the user's own.

    `alone`: with nobody. `tell` hears why, where the user's own limits can't be shared.
    """
    if alone:
        return LocalLimiter(None, SystemClock())
    if settings.database is not None and isinstance(store, PostgresStore) and store.worker:
        return _limiter_of_workers(settings.database, store.worker)
    file = platformdirs.user_state_path("partita") / "limits.db"
    return WithFallback(
        lambda: LocalLimiter(file, SystemClock()), LocalLimiter(None, SystemClock()), tell
    )


@lru_cache(maxsize=1)
def _limiter_of_workers(database: str, worker: str) -> Limiter:
    """One for all runs that the worker has a part in."""
    from partita.adapters.limiter_postgres import PostgresLimiter  # noqa: PLC0415 - the driver

    return PostgresLimiter(database, worker)


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
