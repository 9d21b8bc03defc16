"""The database engines that DBOS is given: one file's, or one that machines share."""

import sqlite3
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

UNIXEPOCH = (3, 42)  # the first SQLite whose unixepoch() knows 'subsec', which DBOS relies on


def engine_for(file: Path) -> sa.Engine:
    """An SQLAlchemy engine on the file, tuned as measured (FULL costs nothing, WAL is needed)."""
    engine = sa.create_engine(f"sqlite:///{file}", connect_args={"timeout": 10}, pool_size=16)

    def prepare(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        if sqlite3.sqlite_version_info < UNIXEPOCH:
            connection.create_function("unixepoch", 1, _subsecond)

    sa.event.listen(engine, "connect", prepare)
    return engine


def _subsecond(_modifier: str) -> float:
    return round(time.time(), 3)


def shared_engine(url: str, *, connections: int) -> sa.Engine:
    """An engine on a PostgreSQL database, whose connections notice within seconds that they broke.

    A worker that stops within a transaction must not keep what it has locked: the server ends it.
    """
    kept = "-c idle_in_transaction_session_timeout=5000 -c statement_timeout=30000"
    server = "-c tcp_keepalives_idle=3 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=3"
    address = sa.make_url(url).set(drivername="postgresql+psycopg")
    return sa.create_engine(
        address,
        pool_size=connections,
        max_overflow=8,
        pool_timeout=30,
        connect_args={
            "connect_timeout": 5,
            "keepalives": 1,
            "keepalives_idle": 3,
            "keepalives_interval": 1,
            "keepalives_count": 3,
            "tcp_user_timeout": 5000,
            "options": f"{kept} {server}",
        },
    )


def pending(engine: sa.Engine, executor: str) -> frozenset[str]:
    """The ids of the workflows that were at work when that executor ended, or are now."""
    if not sa.inspect(engine).has_table("workflow_status"):
        return frozenset()
    query = sa.text(
        "SELECT workflow_uuid FROM workflow_status"
        " WHERE status = 'PENDING' AND executor_id = :executor"
    )
    with engine.connect() as connection:
        return frozenset(connection.execute(query, {"executor": executor}).scalars())
