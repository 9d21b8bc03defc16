"""The engine's rows on a real database: found by run, what they name, gone without a trace."""

import sqlite3

import pytest
from dbos import DBOS, SetWorkflowID

from partita.engine.database import engine_for
from partita.engine.retention import open_workflows
from partita.engine.workflows import Plain

OLD, NEW = "20261101-120000-00aa", "20261102-120000-00bb"
GIVEN, DONE, GAVE = ("a" * 64, "b" * 64, "c" * 64)


@pytest.fixture
def file(tmp_path):
    """An SQLite file that has seen two runs."""
    path = tmp_path / "partita.db"
    run_twice(
        {"system_database_url": f"sqlite:///{path}", "system_database_engine": engine_for(path)}
    )
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request):
    """The same, or a PostgreSQL database."""
    if request.param == "sqlite":
        return request.getfixturevalue("file")
    url = request.getfixturevalue("database_url")
    run_twice({"system_database_url": url})
    return url


def run_twice(where):
    """Two runs, each with a child that was given a blob, made one, and gave one."""
    DBOS(
        config={
            "name": "partita",
            "executor_id": "one",
            "application_version": "test",
            "log_level": "CRITICAL",
            "serializer": Plain(),
            **where,
        }
    )

    @DBOS.workflow(name="build")
    async def build(arguments):
        async def effect():
            return {"ok": DONE}

        await DBOS.run_step_async({"name": "tests"}, effect)
        return {"deep": [GAVE, arguments["task"]]}

    @DBOS.workflow(name="run")
    async def run(ident):
        with SetWorkflowID(f"{ident}:build:core:0123"):
            handle = await DBOS.start_workflow_async(build, {"plan": GIVEN, "task": "core"})
        return await handle.get_result(polling_interval_sec=0.01)

    DBOS.launch()
    try:
        for ident in (OLD, NEW):
            with SetWorkflowID(ident):
                handle = DBOS.start_workflow(run, ident)
            handle.get_result(polling_interval_sec=0.01)
    finally:
        DBOS.destroy(destroy_registry=True)


def rows(file):
    """How many rows name each run, in all tables of the engine."""
    with sqlite3.connect(file) as db:
        names = [n for (n,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {OLD: 0, NEW: 0}
        for name in names:
            for row in db.execute(f"SELECT * FROM {name}"):
                for run in found:
                    found[run] += any(run in str(value) for value in row)
    return found


def test_workflows_are_listed_and_deleted(database):
    with open_workflows(database) as workflows:
        every = workflows.ids()
        assert every == (OLD, f"{OLD}:build:core:0123", NEW, f"{NEW}:build:core:0123")
        workflows.delete(every[:2])
        assert workflows.ids() == every[2:]
        workflows.delete(every[:2])  # of a clean-up that was killed in the middle


def test_nothing_stays_of_what_they_did(file):
    before = rows(file)
    assert before[OLD] == before[NEW] > 4
    with open_workflows(file) as workflows:
        workflows.delete([OLD])
    assert rows(file) == {OLD: 0, NEW: before[NEW]}


def test_children_go_with_the_run_that_started_them(database):
    with open_workflows(database) as workflows:
        workflows.delete([OLD])
        assert workflows.ids() == (NEW, f"{NEW}:build:core:0123")


def test_blobs_are_found_wherever_workflows_name_them(database):
    with open_workflows(database) as workflows:
        assert workflows.blobs([f"{NEW}:build:core:0123"]) == {GIVEN, DONE, GAVE}
        assert workflows.blobs([]) == frozenset()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_where_no_run_ever_began_there_are_no_workflows(request, tmp_path, kind):
    shared = kind == "postgresql"
    where = request.getfixturevalue("database_url") if shared else tmp_path / "partita.db"
    with open_workflows(where) as workflows:
        assert workflows.ids() == ()
        assert workflows.blobs(["x"]) == frozenset()
        workflows.delete(["x"])


def test_nothing_is_left_open(file):
    with open_workflows(file) as workflows:
        workflows.delete(workflows.ids())
    with sqlite3.connect(file, isolation_level=None, timeout=0) as db:
        db.execute("VACUUM")
        assert db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
