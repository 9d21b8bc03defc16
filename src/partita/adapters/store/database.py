"""What the tables need of a database: transactions, reads, and failures told in sentences."""

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Literal, Protocol, TypeVar

from partita.errors import OutsideFailure

T = TypeVar("T")
Args = Sequence[Any] | Mapping[str, Any]
Dialect = Literal["sqlite", "postgresql"]

COLLISIONS = 10  # transactions that are tried anew because others stood in their way


class Rows(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""


class Transaction(Protocol):
    """Statements that take effect together; `?` and `:name` stand for arguments."""

    def execute(self, sql: str, args: Args = (), /) -> Rows:
        """Run one statement."""


class Database(ABC):
    """A connection behind a lock: any thread may use it, one at a time.

    SQL is written once for both dialects. `name` is what a user knows it by, `backup` what he
    would have to restore if rows that must be there are gone.
    """

    dialect: Dialect
    name: str
    backup: str

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._undone = False  # the transaction is gone, though what it was for goes on

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """One transaction; all or nothing. Inside another of this thread's it is a part of that.

        A part that fails is taken back alone, and what is around it may go on.
        """
        with self._lock, self._explained():
            part = f"part{self._depth}" if self._depth else None
            self._undone = self._undone and part is not None
            self._standing()
            self._control(f"SAVEPOINT {part}" if part else self._begin)
            self._depth += 1
            try:
                yield self._transaction()
                self._standing()
                self._control(f"RELEASE {part}" if part else "COMMIT")
            except BaseException:
                self._undone = not self._take_back(part)
                raise
            finally:
                self._depth -= 1

    def _standing(self) -> None:
        if self._undone:
            raise OutsideFailure(f"a transaction of {self.name} was undone", remedy="try again")

    def transact(self, work: Callable[[Transaction], T]) -> T:
        """`work` in one transaction, done anew where another transaction stood in its way."""
        with self._lock:
            for _ in range(COLLISIONS):
                try:
                    with self.write() as tx:
                        return work(tx)
                except OutsideFailure as e:
                    if self._depth or not self._collided(e.__cause__):
                        raise
            with self.write() as tx:
                return work(tx)

    def read(self, make: Callable[..., T], sql: str, args: Args = ()) -> list[T]:
        """`make(*row)` for each row of the query; a row that does not fit is damage."""
        with self._lock, self._explained():
            rows = self._query(sql, args)
        try:
            return [make(*row) for row in rows]
        except (ValueError, TypeError, RecursionError) as e:
            raise self.damaged(f"a row that can't be read ({e})") from e

    @abstractmethod
    def close(self) -> None:
        """Let go of it."""

    @abstractmethod
    def damaged(self, what: str) -> OutsideFailure:
        """The error for contents that are not what we wrote."""

    @abstractmethod
    def known(self, table: str) -> bool:
        """Whether the table is there."""

    _begin: str

    @abstractmethod
    def _transaction(self) -> Transaction: ...

    @abstractmethod
    def _control(self, sql: str) -> None: ...

    @abstractmethod
    def _take_back(self, part: str | None) -> bool:
        """Undo the part, or the whole transaction for None; False when all of it is gone already.

        Never raises over the error that led here.
        """

    @abstractmethod
    def _query(self, sql: str, args: Args) -> list[Any]: ...

    @abstractmethod
    def _collided(self, error: BaseException | None) -> bool: ...

    @abstractmethod
    def _explained(self) -> AbstractContextManager[None]:
        """Turns the driver's errors into ours."""


def dump(value: object) -> str:
    """JSON in ASCII, so that any text can be stored; ValueError for what JSON can't say."""
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except (TypeError, RecursionError) as e:
        msg = f"no JSON form: {e}"
        raise ValueError(msg) from e


def load_object(text: str) -> dict[str, Any]:
    """The JSON object in the text; ValueError when it is none."""
    value = json.loads(text)
    if not isinstance(value, dict):
        msg = f"want a JSON object, not {type(value).__name__}"
        raise ValueError(msg)  # noqa: TRY004 - one error for all that can't be read
    return value
