"""Where several machines meet: the shared database, the shared remote, the workers."""

import asyncio
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from partita.adapters.clock import SystemClock
from partita.adapters.fleet import PostgresFleet
from partita.adapters.git import GitRepo
from partita.adapters.git.remote import Limits as RemoteLimits
from partita.adapters.git.remote import clean
from partita.adapters.git.shared import SharedRepo
from partita.adapters.git.shared import open_shared as open_shared_repository
from partita.adapters.redact import Redactor
from partita.adapters.store.postgres import PostgresStore
from partita.errors import BadInput
from partita.settings import Settings, load_settings, user_file


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


def sweep_worktrees(repo: GitRepo, *, of: str = "") -> None:
    """Remove every worktree of ours, or of that run; only who has the repository to itself may."""
    folder = repo.root / ".partita" / "worktrees"
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    names = [name for name in names if not of or name.startswith(f"{of}-")]
    for name in names:
        asyncio.run(repo.discard(name))
    asyncio.run(repo.sweep_notes())


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
