"""What the durable engine keeps of runs: its workflows, the blobs they name, deleting them."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from dbos import DBOSClient

from partita.core.retention import blobs_in
from partita.engine.database import engine_for
from partita.engine.workflows import Plain

PAGE = 5_000  # workflows listed at a time
TOGETHER = 500  # workflows deleted in one transaction, fewer than any database's parameters
TABLE = "workflow_status"
SCHEMA = "dbos"  # on PostgreSQL


@dataclass(frozen=True, slots=True)
class Workflows:
    """The workflows in a database; without a client there are none, as no run ever began."""

    client: DBOSClient | None

    def ids(self) -> tuple[str, ...]:
        """Of every workflow, sorted."""
        found: list[str] = []
        while self.client is not None:
            page = self.client.list_workflows(
                load_input=False, load_output=False, limit=PAGE, offset=len(found)
            )
            found += (w.workflow_id for w in page)
            if len(page) < PAGE:
                break
        return tuple(sorted(set(found)))

    def blobs(self, ids: Sequence[str]) -> frozenset[str]:
        """All that may be keys of blobs in what the workflows were given, did and gave."""
        found: set[str] = set()
        if self.client is not None:
            for some in _portions(ids):
                for workflow in self.client.list_workflows(workflow_ids=list(some)):
                    found |= blobs_in(json.dumps([workflow.input, workflow.output], default=str))
            for ident in ids:
                steps = self.client.list_workflow_steps(ident)
                found |= blobs_in(json.dumps([s["output"] for s in steps], default=str))
        return frozenset(found)

    def delete(self, ids: Sequence[str]) -> None:
        """Delete them with all that they did; those that are gone are no error."""
        if self.client is not None:
            for some in _portions(ids):
                self.client.delete_workflows(list(some), delete_children=True)


@contextmanager
def open_workflows(database: Path | str) -> Iterator[Workflows]:
    """The workflows in an SQLite file, or in the PostgreSQL database of that URL."""
    engine = (
        engine_for(database) if isinstance(database, Path) else sa.create_engine(_url(database))
    )
    try:
        schema = None if isinstance(database, Path) else SCHEMA
        if not sa.inspect(engine).has_table(TABLE, schema=schema):
            yield Workflows(None)
            return
        client = DBOSClient(
            system_database_engine=engine, serializer=Plain(), retry_connection_errors=False
        )
        try:
            yield Workflows(client)
        finally:
            client.destroy()
    finally:
        engine.dispose()


def _url(url: str) -> str:
    """The URL with the driver that is here named in it."""
    return f"postgresql+psycopg://{url.partition('://')[2]}"


def _portions(ids: Collection[str]) -> Iterable[Sequence[str]]:
    every = sorted(ids)
    return (every[i : i + TOGETHER] for i in range(0, len(every), TOGETHER))
