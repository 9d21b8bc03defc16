"""Retry and fork where workers do the runs: the client tells, they do."""

import signal
from dataclasses import replace

import answers
import pytest
from moments import started, until

from partita.adapters.clock import SystemClock
from partita.adapters.fleet import PostgresFleet
from partita.adapters.store.postgres import PostgresStore

pytestmark = [pytest.mark.sandbox, pytest.mark.postgres]


def members(url):
    fleet = PostgresFleet(url, "hello")
    try:
        return fleet.members()
    finally:
        fleet.close()


def test_a_retry_and_a_fork_are_done_by_workers(offering, database_url, tmp_path):
    shell, stub = offering(
        answers.analysis(),
        answers.plan(),
        answers.core(answers.BROKEN, times=1),
        answers.core(),
        answers.web(),
    )
    bare = str(tmp_path / "hello.git")
    shell.git("init", "-q", "--bare", "-b", "main", bare)
    shell.git("remote", "add", "origin", bare)
    shell.git("push", "-q", "origin", "main")
    shell.git("clone", "-q", bare, str(tmp_path / "elsewhere"))
    shell.extra |= {"PARTITA_DATABASE": database_url, "PARTITA_ROUNDS": "0"}
    elsewhere = replace(shell, folder=tmp_path / "elsewhere")
    with (
        PostgresStore(database_url, SystemClock(), project="hello") as store,
        started(elsewhere, "worker", "--slots", "2") as worker,
    ):
        until(lambda: members(database_url), "a worker")
        done = shell.partita("build", answers.REQUEST, "--depth", "quick", timeout=60)
        assert (done.code, store.find("last").status) == (1, "not accepted"), done.err
        run, before = store.find("last").id, len(stub.requests)
        done = shell.partita("retry", "core", timeout=60)
        assert (done.code, store.find(run).status) == (0, "landed"), done.err
        assert "tested again: web" in done.err
        assert len(stub.requests) == before + 1
        landed = shell.git("--git-dir", bare, "rev-parse", "main").strip()
        assert landed == store.find(run).result["commit"]
        done = shell.partita("fork", run, "--from", "web", timeout=60)
        assert done.code == 0, done.err
        assert store.find("last").options["forked_from"] == run
        assert len(stub.requests) == before + 2
        worker.send_signal(signal.SIGTERM)
        until(lambda: worker.poll() is not None, "the worker's end")
