"""What runs remember, in one SQLite file and a folder of blobs below `.partita/`."""

from partita.adapters.store.lock import RepositoryLock, holder
from partita.adapters.store.sqlite import SqliteStore, open_readonly

__all__ = ["RepositoryLock", "SqliteStore", "holder", "open_readonly"]
