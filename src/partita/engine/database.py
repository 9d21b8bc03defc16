"""The SQLite engine that DBOS is given: WAL, durable commits, and a clock for old SQLite."""

import sqlite3
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

UNIXEPOCH = (3, 42)  # the first SQLite whose unixepoch() knows 'subsec', which DBOS relies on


def engine_for(file: Path) -> sa.Engine:
    """An SQLAlchemy engine on the file, tuned as measured (FULL costs nothing, WAL is needed)."""
    engine = sa.create_engine(f"sqlite:///{file}", connect_args={"timeout": 10})

    def prepare(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        if sqlite3.sqlite_version_info < UNIXEPOCH:
            connection.create_function("unixepoch", 1, _subsecond)

    sa.event.listen(engine, "connect", prepare)
    return engine


def _subsecond(_modifier: str) -> float:
    return round(time.time(), 3)
