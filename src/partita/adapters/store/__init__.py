"""What runs remember: in an SQLite file with a folder of blobs, or in a PostgreSQL database."""

from partita.adapters.store.lock import RepositoryLock, holder
from partita.adapters.store.postgres import PostgresStore
from partita.adapters.store.sqlite import SqliteStore, open_readonly

__all__ = ["PostgresStore", "RepositoryLock", "SqliteStore", "holder", "open_readonly"]
