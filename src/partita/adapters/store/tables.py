"""All tables of a store on one database, whichever it is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from partita.adapters.store.answers import AnswerTable
from partita.adapters.store.database import Database, Transaction
from partita.adapters.store.ledger import LedgerTable
from partita.adapters.store.log import LogTable
from partita.adapters.store.runs import AttemptTable, DocumentTable, RunTable, SignalTable
from partita.ports.clock import Clock
from partita.ports.store import Blobs


class Tables(
    LogTable, LedgerTable, AnswerTable, SignalTable, DocumentTable, AttemptTable, RunTable
):
    """`ports.store.Store` but for the blobs, which are given; `with` closes it at the end."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        blobs: Blobs,
        redact: Callable[[dict[str, Any]], dict[str, Any]],
        project: str,
        me: str,
        lives: Callable[[Transaction, str], bool],
        permitted: Callable[[Transaction], None] = lambda _: None,
    ) -> None:
        LogTable.__init__(self, db, clock, redact)
        LedgerTable.__init__(
            self, db, clock, project=project, me=me, lives=lives, permitted=permitted
        )
        AnswerTable.__init__(self, db, blobs, clock, project=project)
        SignalTable.__init__(self, db, clock)
        DocumentTable.__init__(self, db)
        AttemptTable.__init__(self, db)
        RunTable.__init__(self, db, project=project)

    @contextmanager
    def together(self) -> Iterator[None]:
        """All that this thread writes inside is one transaction; nothing may be awaited there.

        What fails inside is taken back alone, and leaves the rest to go on if it is caught. Money
        before events: two that take them in different orders could wait for each other.
        """
        with self._db.write():
            yield

    def close(self) -> None:
        """Let go of the database."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
