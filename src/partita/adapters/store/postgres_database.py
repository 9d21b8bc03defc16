"""One PostgreSQL database shared by machines: a connection, transactions, and their failures.

Only where such a database is used is this module imported: the driver takes its time.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from partita.adapters.store import migrations
from partita.adapters.store.database import Args, Database, Rows, Transaction
from partita.errors import (
    BadInput,
    BadSettings,
    DatabaseLost,
    OutsideFailure,
    PartitaError,
    RefusedCredentials,
)

OLDEST = 140_000  # the first that ends sessions which say nothing
PATIENCE = 5  # seconds without a sign of life after which a peer is taken for lost
SESSION = {  # milliseconds and seconds; the server too must notice that we are gone
    "statement_timeout": "10000",
    "idle_in_transaction_session_timeout": "5000",
    "tcp_keepalives_idle": "3",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "3",
}
REACH = "check that it runs and that this machine may reach it; then go on: partita resume"
LATE = (errors.QueryCanceled, errors.LockNotAvailable, errors.IdleInTransactionSessionTimeout)
COLLIDED = (errors.DeadlockDetected, errors.SerializationFailure)
# All that the driver has to say of a connection that broke, our errors say; nobody's terminal
# should show it besides.
logging.getLogger("psycopg").addHandler(logging.NullHandler())
PLACE = re.compile(r"%|\?|:([a-z_]+)")


class PostgresDatabase(Database):
    """Reads committed data; a connection that broke is made anew by the next use.

    What begins and ends transactions travels with the statement after it, to save round trips.
    Raises BadSettings for an address that can't be read, DatabaseLost for one without an answer.
    `session` holds settings of the server for this connection, `patience` is in seconds.
    """

    dialect = "postgresql"
    _begin = "BEGIN"

    def __init__(
        self,
        url: str,
        *,
        readonly: bool = False,
        patience: int = PATIENCE,
        session: dict[str, str] | None = None,
    ) -> None:
        super().__init__()
        self._readonly = readonly
        settings = {**SESSION, **(session or {})}
        if readonly:
            settings["default_transaction_read_only"] = "on"
        self._info = _info(url, settings, patience)
        host = self._info.get("host") or self._info.get("hostaddr") or "localhost"
        port = self._info.get("port") or 5432
        self.name = f"{host}:{port}/{self._info.get('dbname') or ''}"
        self.backup = f"the database {self.name}"
        self._connection: psycopg.Connection[Any] | None = None
        self._waiting: list[str] = []
        self._connect()
        try:
            if not readonly:
                migrations.migrate(self)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of it."""
        with self._lock:
            self._drop()

    def damaged(self, what: str) -> OutsideFailure:
        """The error for contents that are not what we wrote."""
        return OutsideFailure(
            f"the tables partita_... of {self.name} are damaged: {what[:200]}",
            remedy="restore the database from a backup, or use another",
        )

    def known(self, table: str) -> bool:
        """Whether the table is there."""
        return bool(self.read(bool, "SELECT 1 WHERE to_regclass(?) IS NOT NULL", (table,)))

    def _transaction(self) -> Transaction:
        return _Statements(self)

    def run(self, sql: str, args: Args) -> Rows:
        """Run one statement, after those that wait to go with it."""
        waiting, self._waiting = self._waiting, []
        fresh = self._depth == 0 or waiting[:1] == [self._begin]
        with self._explained():
            try:
                return self._sent(waiting, sql, args)
            except psycopg.Error:
                # A connection that broke while nothing was under way has lost nothing.
                if not (fresh and self._broken):
                    raise
            self._connect()
            return self._sent(waiting, sql, args)

    def _sent(self, before: list[str], sql: str, args: Args) -> Rows:
        if self._connection is None:
            raise errors.ConnectionDoesNotExist
        if not before:
            return self._connection.execute(_translated(sql), args)
        with self._connection.pipeline():
            for control in before:
                self._connection.execute(control.encode())
            return self._connection.execute(_translated(sql), args)

    def _query(self, sql: str, args: Args) -> list[Any]:
        return self.run(sql, args).fetchall()

    def _control(self, sql: str) -> None:
        if sql != "COMMIT":
            self._waiting.append(sql)
        elif self._waiting[:1] == [self._begin]:
            self._waiting = []  # nothing was done
        else:
            self.run(sql, ())

    def _take_back(self, part: str | None) -> bool:
        unsent = self._begin if part is None else f"SAVEPOINT {part}"
        if unsent in self._waiting:
            del self._waiting[self._waiting.index(unsent) :]
            return True
        self._waiting = []
        try:
            if part is None:
                self._sent([], "ROLLBACK", ())
            else:
                self._sent([f"ROLLBACK TO {part}"], f"RELEASE {part}", ())
        except psycopg.Error:
            self._drop()
            return False
        return True

    def _collided(self, error: BaseException | None) -> bool:
        return isinstance(error, COLLIDED)

    @property
    def _broken(self) -> bool:
        return self._connection is None or self._connection.closed

    def _connect(self) -> None:
        self._drop()
        try:
            connection = psycopg.connect(**self._info, autocommit=True)
        except psycopg.Error as e:
            raise self._refused(e) from e
        if connection.info.server_version < OLDEST:
            connection.close()
            raise BadInput(
                f"the PostgreSQL at {self.name} is too old",
                remedy="use version 14 or newer",
            )
        self._connection = connection

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
        self._connection = None

    def _refused(self, error: psycopg.Error) -> PartitaError:
        said, whole = self._cleaned(error), str(error)
        if "authentication failed" in whole or "no password supplied" in whole:
            return RefusedCredentials(
                f"the database {self.name} does not let us in: {said}",
                remedy="set the user and the password in its URL, or PGPASSWORD",
            )
        if f'database "{self._info.get("dbname")}" does not exist' in whole:
            return BadInput(
                f"there is no database {self.name}",
                remedy=f"make it: createdb {self._info.get('dbname')}",
            )
        return DatabaseLost(f"the database {self.name} can't be reached: {said}", remedy=REACH)

    def _cleaned(self, error: psycopg.Error) -> str:
        """What the driver says first, in one line and without the password.

        Later lines guess at reasons; but where several addresses failed, each has a line.
        """
        first, *others = str(error).strip().splitlines() or [type(error).__name__]
        said = (others[-1].strip("\t -") if first.endswith(":") and others else first)[:300]
        password = str(self._info.get("password") or "")
        return said.replace(password, "...") if password else said

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except psycopg.DataError as e:
            raise ValueError(self._cleaned(e)) from e
        except psycopg.Error as e:
            raise self._told(e) from e

    def _told(self, error: psycopg.Error) -> OutsideFailure:
        said = self._cleaned(error)
        if self._broken:
            self._drop()
            return DatabaseLost(f"the connection to {self.name} broke: {said}", remedy=REACH)
        if isinstance(error, LATE):
            return DatabaseLost(f"{self.name} did not answer in time: {said}", remedy=REACH)
        if isinstance(error, COLLIDED):
            return DatabaseLost(
                f"others kept {self.name} busy: {said}", remedy="go on: partita resume"
            )
        if isinstance(error, errors.ReadOnlySqlTransaction) and self._readonly:
            return OutsideFailure(f"{self.name} was opened for reading only: {said}")
        if isinstance(error, errors.ReadOnlySqlTransaction | errors.DiskFull):
            return DatabaseLost(
                f"{self.name} takes no changes now: {said}", remedy="see its log and its free space"
            )
        if isinstance(error, errors.InsufficientPrivilege):
            return OutsideFailure(
                f"{self.name} does not allow it: {said}",
                remedy="give the role its database: ALTER DATABASE NAME OWNER TO ROLE",
            )
        if isinstance(error, psycopg.ProgrammingError | psycopg.IntegrityError):
            return self.damaged(said)
        return OutsideFailure(
            f"{self.name} can't be used: {said}", remedy="see its log and its free space"
        )


class _Statements:
    """`Transaction` on the connection."""

    def __init__(self, db: PostgresDatabase) -> None:
        self._db = db

    def execute(self, sql: str, args: Args = (), /) -> Rows:
        return self._db.run(sql, args)


def _info(url: str, session: dict[str, str], patience: int) -> dict[str, Any]:
    """How to connect; what the URL itself says goes first, but for the session's settings."""
    unreadable = BadSettings(
        "the address of the database can't be read",
        remedy="write it as postgresql://USER@HOST:PORT/NAME, with %40 for @ and "
        "%2F for / in the password",
    )
    try:
        given = conninfo_to_dict(url)
    except psycopg.Error:
        raise unreadable from None  # what the driver says may hold the password
    place = f"{given.get('host') or ''}{given.get('dbname') or ''}"
    port = str(given.get("port") or "5432")
    if "@" in place or not port.replace(",", "").isdecimal():
        raise unreadable  # a part of the password was taken for something that is shown
    options = " ".join(f"-c {name}={value}" for name, value in session.items())
    own = f"{options} {given.get('options') or ''}".strip()
    return {
        "application_name": "partita",
        "client_encoding": "utf8",
        "connect_timeout": patience,
        "keepalives": 1,
        "keepalives_idle": 2,
        "keepalives_interval": 1,
        "keepalives_count": max(1, patience - 2),
        "tcp_user_timeout": patience * 1000,
        **given,
        "options": own,
    }


@lru_cache(maxsize=256)
def _translated(sql: str) -> bytes:
    """The statement with the driver's marks for arguments."""

    def mark(found: re.Match[str]) -> str:
        if found[0] == "%":
            return "%%"
        return "%s" if found[0] == "?" else f"%({found[1]})s"

    return PLACE.sub(mark, sql).encode()
