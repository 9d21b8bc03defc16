"""A worker's life: it joins, serves, and after its own trouble begins again as another."""

import asyncio
import json
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from partita.cli.job import Job, with_caps, world_of
from partita.cli.output import document, remark, say, table
from partita.cli.running import routes_for, settings_for
from partita.cli.shared import bind_project
from partita.core.budget import Caps
from partita.core.codec import decode
from partita.core.start import Start
from partita.errors import BadInput, DatabaseLost, GitFailed, OutsideFailure, RemoteLost
from partita.ports.journal import Journal
from partita.ports.world import World
from partita.settings import Settings, resolve_routes
from partita.wiring import (
    Eventually,
    GitRepo,
    PostgresStore,
    SharedBy,
    SharedRepo,
    check_remote,
    find_sandbox,
    models_of,
    open_fleet,
    open_postgres,
    open_repo,
    open_shared,
    own,
    pause,
    reach,
    remove_scratch,
    secrets_of,
    shared_by,
    sweep_worktrees,
)

if TYPE_CHECKING:
    from partita.engine.asking import Lanes

BREATH = 1.0  # seconds before it begins again
LONGEST_WAIT = 30.0  # seconds between two tries to reach the database and the remote


def serve(flags: Mapping[str, Any], *, as_json: bool) -> int:
    """Serve until stopped; the exit code. Fenced off or cut off, it begins again as another."""
    repo = open_repo()
    settings = settings_for(repo.root, flags)
    shared = _meeting_place(repo, settings)
    sandbox = find_sandbox(settings)
    routes_for(settings)  # a missing key is said now, not in the middle of a run
    sandbox.get()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with ExitStack() as stack:
            stack.enter_context(own(repo, "of a worker"))
            _reach(repo, shared, stop)
            if not stop.is_set():
                _work(stack, repo, settings, shared, sandbox, stop, as_json=as_json)
    except OutsideFailure as e:
        if not stop.is_set():
            remark(f"partita: {e.message}; beginning again as another worker")
            _again()
    remark("stopped; what was not finished is done by other workers")
    # Threads of the engine may still wait for the database; nothing of them is needed.
    sys.stdout.flush()
    sys.stderr.flush()
    remove_scratch()
    os._exit(0)


def _meeting_place(repo: GitRepo, settings: Settings) -> SharedBy:
    shared = shared_by(repo, settings)
    if shared is None:
        raise BadInput(
            "a worker needs a database to take its work from",
            remedy="partita worker --database postgresql://HOST/NAME, or set PARTITA_DATABASE",
        )
    return shared


def _reach(repo: GitRepo, shared: SharedBy, stop: threading.Event) -> None:
    """Wait until both the database and the remote answer, or the worker is stopped."""
    wait = 1.0
    while not stop.is_set():
        try:
            reach(repo, shared)
        except (DatabaseLost, RemoteLost) as e:
            remark(f"partita: {e.message}; trying again in {wait:.0f} s")
            stop.wait(wait)
            wait = min(LONGEST_WAIT, wait * 2)
        else:
            return


def _work(
    stack: ExitStack,
    repo: GitRepo,
    settings: Settings,
    shared: SharedBy,
    sandbox: Eventually,
    stop: threading.Event,
    *,
    as_json: bool,
) -> None:
    from partita.engine.worker import Worker  # noqa: PLC0415 - DBOS takes half a second

    ident = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
    store = stack.enter_context(open_postgres(shared, secrets_of(None, os.environ), worker=ident))
    fleet, other = (stack.enter_context(open_fleet(shared)) for _ in range(2))
    clone = open_shared(repo, shared)
    bind_project(store, repo, shared.project, asyncio.run(repo.base()).commit)
    sweep_worktrees(repo)  # of a worker that died here; their work goes on elsewhere
    asyncio.run(clone.tidy())

    def make(run: str, journal: Journal, lanes: "Lanes") -> tuple[Start, World]:
        job = _job(run, clone, store, settings, sandbox)
        return job.start, world_of(job, journal, lanes)

    def tell(text: str) -> None:
        if as_json:
            say(json.dumps({"worker": ident, "text": text}))
        else:
            remark(text)

    worker = Worker(
        ident=ident,
        host=socket.gethostname(),
        pid=os.getpid(),
        slots=settings.slots,
        url=shared.url,
        project=shared.project,
        store=store,
        fleet=fleet,
        other=other,
        make=make,
        pulse=lambda: check_remote(repo, shared),
        calls_in_flight=settings.calls_in_flight,
        tell=tell,
        left=lambda run: tidy_run(clone, run),
        stop=stop,
    )
    remark(f"worker {ident} serves {shared.project} with {settings.slots} slots; Ctrl-C stops it")
    try:
        worker.serve()
    except RemoteLost:
        with suppress(OutsideFailure):
            fleet.leave(ident)  # others need not wait until it is taken for dead
        raise


def tidy_run(clone: SharedRepo, run: str) -> None:
    """Leave nothing of a run in the clone of a worker that no longer has a part in it."""
    with suppress(GitFailed):  # what can't be removed now is when the next worker begins here
        sweep_worktrees(clone, of=run)
        asyncio.run(clone.leave(run))


def _job(
    run: str, repo: GitRepo, store: PostgresStore, settings: Settings, sandbox: Eventually
) -> Job:
    """The run as its submitter wants it, with the models and keys of this machine."""
    record = store.find(run)
    options = record.options
    settings = with_caps(settings, decode(Caps, options["caps"]))
    if names := options.get("models"):
        settings = replace(settings, roles={role: tuple(route) for role, route in names.items()})
    routes = resolve_routes(settings, os.environ)
    return Job(
        run=run,
        start=decode(Start, options["start"]),
        repo=repo,
        store=store,
        settings=settings,
        routes=models_of(routes, os.environ),
        secrets=(*secrets_of(routes, os.environ), *settings.secrets),
        sandbox=sandbox,
        shared=True,
    )


def _again() -> None:
    """Become a new process in place of this one: nothing of the old worker is left in it."""
    pause(BREATH)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "partita", *sys.argv[1:]])  # noqa: S606


def list_workers(flags: Mapping[str, Any], *, as_json: bool) -> int:
    """The project's workers, those that went within the last day included."""
    repo = open_repo()
    shared = _meeting_place(repo, settings_for(repo.root, flags))
    with open_fleet(shared) as fleet:
        members = fleet.members()
    if as_json:
        facts = ("id", "host", "pid", "slots", "age", "dead")
        document({"workers": [{name: getattr(m, name) for name in facts} for m in members]})
        return 0
    rows = [
        (m.id, m.host, str(m.pid), str(m.slots), "gone" if m.dead else f"{m.age:.0f} s ago")
        for m in members
    ]
    table(("worker", "host", "pid", "slots", "last heard"), rows)
    return 0
