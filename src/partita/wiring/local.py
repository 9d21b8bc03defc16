"""The repository of the command line and what is kept in it: its store, its lock."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from partita.adapters.clock import SystemClock
from partita.adapters.git import GitRepo, ensure_state_folder, find_repository, open_repository
from partita.adapters.redact import Redactor
from partita.adapters.sandbox.orphans import kill_orphans
from partita.adapters.store.lock import RepositoryLock, holder
from partita.adapters.store.postgres import PostgresStore
from partita.adapters.store.sqlite import SqliteStore, open_readonly
from partita.errors import BadInput
from partita.wiring.shared import shared_by


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
    asyncio.run(repo.sweep_notes())
    return taken


def owner_of(where: Path | None = None) -> dict[str, Any] | None:
    """Who is at work in the repository: pid and run, or None."""
    return holder(open_repo(where).root / ".partita")


def here(where: Path | None = None) -> Path | None:
    """The top of the repository around a folder (the current one); None when there is none."""
    repo = find_repository(where or Path.cwd())
    return None if repo is None else repo.root


def author_of(repo: GitRepo) -> str:
    """The user's identity as "Name <mail>"."""
    return asyncio.run(repo.author())
