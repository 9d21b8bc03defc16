"""What is done to workflows from outside of them: submitted, cancelled, put back to work."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dbos import DBOS, DBOSClient, EnqueueOptions
from sqlalchemy import exc as sa_error

from partita.engine.database import engine_for, shared_engine
from partita.engine.version import VERSION
from partita.engine.workflows import Plain, workflow_id
from partita.errors import DatabaseLost

NAME = "partita"  # of the application, in DBOS's tables
OPEN = ["PENDING", "ENQUEUED", "DELAYED"]
CANCELLED = "CANCELLED"


def runs_queue(project: str) -> str:
    """Where the project's runs wait for a worker."""
    return f"partita-runs@{project}"


def tasks_queue(project: str) -> str:
    """Where its builds and tests wait for one."""
    return f"partita-tasks@{project}"


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (sa_error.OperationalError, sa_error.InterfaceError, sa_error.TimeoutError) as e:
        raise DatabaseLost(
            "the shared database does not answer",
            remedy="see that it runs and can be reached, then try again",
        ) from e


class Clerk:
    """Acts on the workflows in a database; `close` it. Runs none of them."""

    def __init__(self, client: DBOSClient, project: str | None) -> None:
        self._client = client
        self._project = project

    @classmethod
    def at(cls, url: str, project: str) -> "Clerk":
        """For a PostgreSQL database that workers share."""
        with _explained():
            client = DBOSClient(
                system_database_engine=shared_engine(url, connections=2),
                serializer=Plain(),
                application_name=NAME,
                retry_connection_errors=False,
            )
            try:
                client.list_workflows(limit=1)
            except sa_error.ProgrammingError:  # the first of all who come to this database
                DBOS.migrate(url)
        return cls(client, project)

    @classmethod
    def of(cls, file: Path) -> "Clerk":
        """For a SQLite file, whose lock the caller holds."""
        client = DBOSClient(
            system_database_engine=engine_for(file), serializer=Plain(), application_name=NAME
        )
        return cls(client, None)

    def status(self, ident: str) -> str | None:
        """DBOS's word for where the workflow stands; None where there is none."""
        with _explained():
            found = self._client.list_workflows(
                workflow_ids=[ident], load_input=False, load_output=False
            )
        return found[0].status if found else None

    def submit(self, run: str, generation: int) -> None:
        """Put the run where workers look for work; one that came to rest goes on."""
        assert self._project is not None
        ident = workflow_id(run, generation)
        options: EnqueueOptions = {
            "workflow_name": "run",
            "queue_name": runs_queue(self._project),
            "workflow_id": ident,
            "app_version": VERSION,
        }
        rested = self.status(ident) == CANCELLED
        with _explained():
            if rested:
                self._client.resume_workflow(ident, queue_name=options["queue_name"])
            else:
                self._client.enqueue(options, run)

    def revive(self, ident: str) -> None:
        """Put a child back to work that was cancelled when its run came to rest."""
        if self.status(ident) == CANCELLED:
            queue = None if self._project is None else tasks_queue(self._project)
            with _explained():
                self._client.resume_workflow(ident, queue_name=queue)

    def cancel(self, run: str) -> None:
        """Cancel all of the run's workflows that are not over, whatever their generation."""
        if found := self.open(run):
            with _explained():
                self._client.cancel_workflows(found)

    def cancel_here(self, parts: Iterable[str], worker: str) -> None:
        """Cancel those of the parts that the worker has in hand: begun after the run's were."""
        if not (wanted := sorted(parts)):
            return
        with _explained():
            found = self._client.list_workflows(
                workflow_ids=wanted, status="PENDING", load_input=False, load_output=False
            )
            if mine := [w.workflow_id for w in found if w.executor_id == worker]:
                self._client.cancel_workflows(mine)

    def open(self, run: str) -> list[str]:
        """The ids of the run's workflows that are not over and not cancelled."""
        with _explained():
            found = self._client.list_workflows(
                workflow_id_prefix=run, status=OPEN, load_input=False, load_output=False
            )
        return [w.workflow_id for w in found]

    def at_work(self) -> set[str]:
        """The workers that DBOS takes for at work on a part of the project's runs."""
        assert self._project is not None
        with _explained():
            found = self._client.list_workflows(
                status="PENDING",
                queue_name=[runs_queue(self._project), tasks_queue(self._project)],
                app_version=VERSION,
                load_input=False,
                load_output=False,
            )
        return {w.executor_id for w in found if w.executor_id}

    def close(self) -> None:
        """Let go of the database."""
        self._client.destroy()
