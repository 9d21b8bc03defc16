"""Settings to World: the only place that names adapters."""

from partita.adapters.clock import SystemClock
from partita.adapters.filesystem import blind
from partita.adapters.git import GitRepo
from partita.adapters.git.shared import SharedRepo
from partita.adapters.sandbox.describe import describe
from partita.adapters.scratch import remove_all as remove_scratch
from partita.adapters.shelf import copy_documents
from partita.adapters.store.postgres import PostgresStore
from partita.adapters.store.sqlite import SqliteStore
from partita.wiring.later import Eventually, begin, now, pause
from partita.wiring.local import (
    author_of,
    here,
    lock,
    open_repo,
    open_store,
    open_writing,
    own,
    owner_of,
    state_folder,
)
from partita.wiring.models import (
    limiter_for,
    models_of,
    price_as,
    rates_for,
    reachable,
    secrets_of,
    specification,
    warm,
)
from partita.wiring.shared import (
    SharedBy,
    check_remote,
    open_fleet,
    open_postgres,
    open_shared,
    reach,
    shared_by,
    sweep_worktrees,
)
from partita.wiring.world import (
    build_world,
    find_sandbox,
    installer_environment,
    no_sandbox,
    redactor_for,
)

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
    "remove_scratch",
    "secrets_of",
    "shared_by",
    "specification",
    "state_folder",
    "sweep_worktrees",
    "warm",
]
