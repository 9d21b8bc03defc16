"""What every command that runs something does: prepare, start or resume, watch, conclude."""

import asyncio
import gc
import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from partita.cli.conclude import conclude
from partita.cli.watch import Watch, is_interactive
from partita.core.codec import decode, encode
from partita.core.pace import Pace, pace_of
from partita.core.report import Outcome
from partita.core.start import Start
from partita.errors import BadInput, NoModel, PartitaError
from partita.ports.journal import Journal
from partita.ports.model import Model
from partita.ports.store import RunRecord
from partita.ports.world import World
from partita.settings import (
    LOCAL_ENDPOINTS,
    Routes,
    Settings,
    load_settings,
    resolve_routes,
    user_file,
)
from partita.wiring import (
    Eventually,
    GitRepo,
    SqliteStore,
    SystemClock,
    begin,
    blind,
    build_world,
    find_sandbox,
    here,
    models_of,
    no_sandbox,
    now,
    open_repo,
    open_writing,
    own,
    reachable,
    redactor_for,
    secrets_of,
    warm,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A run that is about to start or go on, with all that it is given."""

    run: str
    start: Start
    repo: GitRepo
    store: SqliteStore
    settings: Settings
    routes: Mapping[str, Sequence[Model]]
    secrets: tuple[str, ...]
    sandbox: Eventually
    reuse: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a command line asks for: where, with which settings, and the run's own options."""

    request: str
    into: Path | None = None
    flags: Mapping[str, object]
    options: Mapping[str, Any]
    as_json: bool = False


def settings_for(root: Path | None, flags: Mapping[str, object]) -> Settings:
    """The settings in force for the repository at `root`."""
    return load_settings(
        project=None if root is None else root / "partita.toml",
        user=user_file(os.environ),
        environ=os.environ,
        flags={k: v for k, v in flags.items() if v is not None and v is not False and v != ()},
    )


def routes_for(settings: Settings) -> Routes:
    """The models in force; where there is none, the local servers that answer are named."""
    try:
        return resolve_routes(settings, os.environ)
    except NoModel as e:
        looked = [(name, url, reachable(url)) for name, url in LOCAL_ENDPOINTS]
        for name, url, answers in looked:
            if answers:
                message = f"{e.message}; but {name} seems to answer at {url}"
                raise NoModel(message, remedy=f"use it: export OPENAI_BASE_URL={url}") from e
        places = ", ".join(f"{name} ({url})" for name, url, _ in looked)
        raise NoModel(f"{e.message}; no local server answers: {places}", remedy=e.remedy) from e


def start_run(wanted: Wanted) -> int:
    """Start a run and see it to its end; the exit code."""
    engine = begin(_load_engine)
    settings = settings_for(here(wanted.into), wanted.flags)
    planning = wanted.options.get("dry_run") or wanted.options.get("until") in EARLY
    sandbox = no_sandbox() if planning else find_sandbox(settings)
    routes = routes_for(settings)
    warm(routes, os.environ)
    models = models_of(routes, os.environ)
    repo = open_repo(wanted.into, make=True)  # made only once nothing is missing
    start = _start(wanted, repo, settings)
    sandbox.get()  # refused before any money is spent
    with ExitStack() as stack:
        run = new_run_id()
        stack.enter_context(own(repo, run))
        store = stack.enter_context(open_writing(repo, secrets_of(None, os.environ)))
        start = replace(start, pace=_pace(store, models["coder"][0].name))
        store.create(
            RunRecord(
                id=run,
                request=start.request,
                options={
                    "start": encode(start),
                    "budget": settings.budget,
                    "models": {r: [m.name for m in ms] for r, ms in models.items()},
                    "max_output": models["coder"][0].max_output,
                },
                created=now(),
            )
        )
        job = Job(
            run=run,
            start=start,
            repo=repo,
            store=store,
            settings=settings,
            routes=models,
            secrets=secrets_of(routes, os.environ),
            sandbox=sandbox,
        )
        engine.get()
        return carry_through(job, as_json=wanted.as_json)


EARLY = ("engage", "discover", "plan", "assess", "design")


LEARNT_FROM = 10  # the latest runs of the repository


def _pace(store: SqliteStore, coder: str) -> Pace:
    """How long tasks take here with that coder, by the logs of earlier runs."""
    logs = (store.events(record.id) for record in store.all()[:LEARNT_FROM])
    return pace_of([[(e.at, e.type, e.data) for e in log] for log in logs], coder)


def _start(wanted: Wanted, repo: GitRepo, settings: Settings) -> Start:
    base = asyncio.run(repo.base())
    return Start(
        request=wanted.request,
        seed=secrets.token_hex(8),
        base=base.commit,
        branch=base.branch,
        subfolder=base.subfolder,
        interactive=is_interactive(as_json=wanted.as_json),
        blind=blind(repo.root),
        **{
            "depth": settings.depth,
            "max_parallel": settings.max_parallel,
            "rounds": settings.rounds,
            "test_command": settings.test_command,
            "approve": settings.approve,
            **wanted.options,
        },
    )


def resume_run(prefix: str, flags: Mapping[str, object], *, as_json: bool) -> int:
    """Go on with a run that rests; the exit code."""
    engine = begin(_load_engine)
    repo = open_repo()
    settings = settings_for(repo.root, flags)
    sandbox = find_sandbox(settings)
    with ExitStack() as stack:
        store = stack.enter_context(open_writing(repo, secrets_of(None, os.environ)))
        record = store.find(prefix)
        stack.enter_context(own(repo, record.id))
        if record.status not in ("running", "waiting", "interrupted"):
            raise BadInput(
                f"run {record.id} has ended: {record.status}",
                remedy='start another: partita build "..."',
            )
        asyncio.run(repo.finish_landing())
        store.abandon(record.id)
        store.clear(record.id, "cancel")
        start = decode(Start, record.options["start"])
        start = replace(start, interactive=is_interactive(as_json=as_json))
        routes = resolve_routes(_with_models(settings, record, flags), os.environ)
        if not flags.get("budget"):
            settings = replace(settings, budget=record.options["budget"])
        options = {**record.options, "budget": settings.budget}
        store.update(record.id, status="running", options=options)
        job = Job(
            run=record.id,
            start=start,
            repo=repo,
            store=store,
            settings=settings,
            routes=models_of(routes, os.environ),
            secrets=secrets_of(routes, os.environ),
            sandbox=sandbox,
        )
        engine.get()
        return carry_through(job, as_json=as_json)


def _with_models(settings: Settings, record: RunRecord, flags: Mapping[str, object]) -> Settings:
    """The run's own models, unless the command line names others."""
    names = record.options.get("models", {})
    if flags.get("model") or not names:
        return settings
    return replace(settings, roles={role: tuple(route) for role, route in names.items()})


def carry_through(job: Job, *, as_json: bool) -> int:
    """Run the job, keep its record, say how it ended; the exit code."""
    watch = Watch(
        as_json=as_json,
        cap=job.settings.budget,
        send=lambda name, value: job.store.send(job.run, name, value),
    )
    ended: Outcome | PartitaError | KeyboardInterrupt | Exception
    try:
        ended = execute(job, watch)
    except (Exception, KeyboardInterrupt) as e:  # noqa: BLE001 - each has its own ending
        ended = e
    finally:
        watch.close()
    return conclude(job, ended, as_json=as_json)


def execute(job: Job, watch: Watch) -> Outcome:
    """Run the job to its end; raises what made it rest."""
    from partita.engine.asking import Lanes, RouteAsker  # noqa: PLC0415 - DBOS takes half a second
    from partita.engine.host import Host  # noqa: PLC0415

    gc.freeze()  # all that was imported stays; from here on there is garbage to look for
    gc.enable()
    redactor = redactor_for(job.secrets)

    def world(journal: Journal, lanes: Lanes) -> World:
        asker = RouteAsker(
            run=job.run,
            routes=job.routes,
            store=job.store,
            clock=SystemClock(),
            journal=journal,
            lanes=lanes,
            cap=job.settings.budget,
            clean=redactor.clean,
            reuse=job.reuse and job.settings.answer_cache,
        )
        return build_world(
            job.run,
            job.start,
            repo=job.repo,
            store=job.store,
            sandbox=job.sandbox.get(),
            asker=asker,
            journal=journal,
            settings=job.settings,
            redactor=redactor,
        )

    host = Host(
        run=job.run,
        start=job.start,
        database=job.repo.root / ".partita" / "partita.db",
        build_world=world,
        calls_in_flight=job.settings.calls_in_flight,
    )
    return host.execute(watch)


def new_run_id() -> str:
    """`YYYYMMDD-HHMMSS-xxxx`, in UTC."""
    stamp = datetime.fromtimestamp(now(), UTC).strftime("%Y%m%d-%H%M%S")
    return f"{stamp}-{secrets.token_hex(2)}"


def _load_engine() -> None:
    import partita.engine.host  # noqa: F401, PLC0415 - half a second, beside other start-up work
