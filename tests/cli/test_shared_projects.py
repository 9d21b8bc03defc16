"""A project of a shared database is one repository, and a run that waits for nobody is found."""

import asyncio
import os
import subprocess
from types import SimpleNamespace

import pytest

from partita.adapters.clock import SystemClock
from partita.adapters.git import find_repository
from partita.adapters.store.postgres import PostgresStore
from partita.cli.shared import bind_project, check_project, is_stranded
from partita.engine.clerk import Clerk
from partita.errors import BadInput
from partita.ports.store import RunRecord


def repository(folder, text=None):
    """A repository with a commit of that text, or without any."""
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_AUTHOR_DATE": "1000000000 +0000"}
    who = ("-c", "user.name=U", "-c", "user.email=u@example.org")
    folder.mkdir()
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=folder, env=env, check=True)
    if text is not None:
        (folder / "a.txt").write_text(text)
        subprocess.run(["git", "add", "-A"], cwd=folder, env=env, check=True)
        subprocess.run(["git", *who, "commit", "-qm", text], cwd=folder, env=env, check=True)
    return find_repository(folder)


def head(repo):
    return asyncio.run(repo.base()).commit


@pytest.fixture
def store(database_url):
    with PostgresStore(database_url, SystemClock(), project="parts") as opened:
        yield opened


def meeting(store, repo, url="", workers=""):
    shared = SimpleNamespace(project="parts", remote="origin", url=url)
    return SimpleNamespace(store=store, repo=repo, shared=shared, workers=lambda: workers)


def test_a_name_is_tied_to_the_repository_that_came_first(store, tmp_path):
    one, other = repository(tmp_path / "one", "one"), repository(tmp_path / "other", "other")
    bind_project(store, one, "parts", head(one))
    bind_project(store, one, "parts", head(one))
    with pytest.raises(BadInput, match="another repository by the name of parts"):
        bind_project(store, other, "parts", head(other))
    bind_project(store, other, "others", head(other))


def test_a_clone_without_commits_is_not_taken_for_the_project_that_has_some(store, tmp_path):
    one, empty = repository(tmp_path / "one", "one"), repository(tmp_path / "empty")
    check_project(meeting(store, empty), "")
    check_project(meeting(store, one), head(one))
    with pytest.raises(BadInput, match="no commit yet"):
        check_project(meeting(store, empty), "")
    bind_project(store, empty, "parts", "")  # a worker's clone may be older than the first commit


def test_a_run_whose_client_died_before_it_was_queued_is_stranded(store, database_url):
    here = meeting(store, None, database_url, workers="north")
    store.create(RunRecord(id="r1", request="x", options={}, created=1.0))
    assert is_stranded(here, "r1")
    clerk = Clerk.at(database_url, "parts")
    clerk.submit("r1", 0)
    clerk.close()
    assert not is_stranded(here, "r1")
    store.send("r1", "cancel", {})
    assert not is_stranded(here, "r1")  # a worker will see it
    assert is_stranded(meeting(store, None, database_url), "r1")
