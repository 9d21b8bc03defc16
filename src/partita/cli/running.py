"""What every command that runs something does: prepare, start or resume, watch, conclude."""

import asyncio
import gc
import os
import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from partita.cli.conclude import conclude
from partita.cli.follow import Following, follow
from partita.cli.job import Job, caps_of, with_caps, world_of
from partita.cli.output import remark
from partita.cli.shared import (
    check_base,
    check_project,
    follow_shared,
    go_on,
    is_stranded,
    meet,
    submit,
)
from partita.cli.sources import shaping
from partita.cli.watch import Watch, is_interactive
from partita.core.codec import decode, encode
from partita.core.pace import pace_of
from partita.core.question import ROLES
from partita.core.report import Outcome
from partita.core.start import Start
from partita.core.thrift import thrift_of
from partita.engine.version import VERSION
from partita.errors import BadInput, NoModel, PartitaError
from partita.ports.journal import Journal
from partita.ports.store import RunRecord, Store
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
    GitRepo,
    author_of,
    begin,
    blind,
    find_sandbox,
    here,
    models_of,
    no_sandbox,
    now,
    open_repo,
    open_writing,
    own,
    owner_of,
    reachable,
    secrets_of,
    shared_by,
    warm,
)

if TYPE_CHECKING:
    from partita.engine.asking import Lanes


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a command line asks for: where, with which settings, and the run's own options."""

    request: str
    into: Path | None = None
    flags: Mapping[str, object]
    options: Mapping[str, Any]
    sources: Mapping[str, Any] = field(default_factory=dict)  # as cli/sources.py has them
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
    if settings.database is not None:
        return _submit_run(wanted, settings)
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
        start = _learnt(start, store, models["coder"][0].name)
        options = {
            **_options(wanted, start, settings),
            "models": {r: [m.name for m in ms] for r, ms in models.items()},
            "max_output": models["coder"][0].max_output,
            "context": models["coder"][0].context - models["coder"][0].headroom,
        }
        store.create(RunRecord(id=run, request=start.request, options=options, created=now()))
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


def _options(wanted: Wanted, start: Start, settings: Settings) -> dict[str, Any]:
    """What the register keeps of how a run was started."""
    return {
        "start": encode(start),
        "budget": settings.budget,
        "caps": encode(settings.caps),
        "sources": {**wanted.sources, "settings": shaping(settings)},
        "version": VERSION,
    }


def _submit_run(wanted: Wanted, settings: Settings) -> int:
    """Have workers do the run, and follow it; the exit code."""
    repo = open_repo(wanted.into)
    shared = shared_by(repo, settings)
    assert shared is not None
    named = {r: settings.roles.get(r) or settings.model for r in ROLES}
    with ExitStack() as stack:
        meeting = meet(stack, repo, shared)
        start = replace(_start(wanted, repo, settings), author=author_of(repo))
        start = _learnt(start, meeting.store, (named["coder"] or ("",))[0])
        check_base(meeting, start)
        check_project(meeting, start.base)
        record = RunRecord(
            id=new_run_id(),
            request=start.request,
            options={
                **_options(wanted, start, settings),
                "models": {role: list(names) for role, names in named.items() if names},
            },
            created=now(),
        )
        submit(meeting, record, start)
        if not meeting.workers():
            remark("no worker is there yet; the run waits for one: partita worker --database URL")
        return follow_shared(
            meeting, record, start, cap=settings.budget, as_json=wanted.as_json, after=0
        )


EARLY = ("engage", "discover", "plan", "assess", "design")


LEARNT_FROM = 10  # the latest runs of the repository


def _learnt(start: Start, store: Store, coder: str) -> Start:
    """The start with what earlier runs showed: how long tasks take here, and what they cost."""
    logs = [
        [(e.at, e.type, e.data) for e in store.events(record.id)]
        for record in store.all()[:LEARNT_FROM]
    ]
    return replace(start, pace=pace_of(logs, coder), thrift=thrift_of(logs, coder, start.depth))


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
    """Go on with a run that rests, or follow one that is at work; the exit code."""
    engine = begin(_load_engine)
    repo = open_repo()
    settings = settings_for(repo.root, flags)
    if settings.database is not None:
        return _resume_shared(prefix, repo, settings, flags, as_json=as_json)
    sandbox = find_sandbox(settings)
    with ExitStack() as stack:
        store = stack.enter_context(open_writing(repo, secrets_of(None, os.environ)))
        record = store.find(prefix)
        if (owner_of(repo.root) or {}).get("run") == record.id:
            return _follow(repo, store, record, as_json=as_json)
        stack.enter_context(own(repo, record.id))
        _require_open(record)
        asyncio.run(repo.finish_landing())
        store.abandon(record.id)
        store.clear(record.id, "cancel")
        start = replace(
            decode(Start, record.options["start"]), interactive=is_interactive(as_json=as_json)
        )
        routes = resolve_routes(_with_models(settings, record, flags), os.environ)
        settings = with_caps(settings, caps_of(record, settings, flags))
        options = {**record.options, "budget": settings.budget, "caps": encode(settings.caps)}
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


def _resume_shared(
    prefix: str, repo: GitRepo, settings: Settings, flags: Mapping[str, object], *, as_json: bool
) -> int:
    """The same for a run that workers do."""
    shared = shared_by(repo, settings)
    assert shared is not None
    with ExitStack() as stack:
        meeting = meet(stack, repo, shared)
        record = meeting.store.find(prefix)
        start = decode(Start, record.options["start"])
        caps = caps_of(record, settings, flags)
        events = meeting.store.events(record.id)
        if record.exit is not None or is_stranded(meeting, record.id):
            _require_open(record)
            options = {**record.options, "budget": caps.run, "caps": encode(caps)}
            go_on(meeting, record.id, start, options=options, anew=False)
        return follow_shared(
            meeting,
            record,
            start,
            cap=caps.run,
            as_json=as_json,
            after=events[-1].seq if events else 0,
        )


def _follow(repo: GitRepo, store: Store, record: RunRecord, *, as_json: bool) -> int:
    """Follow a run that another process of this machine is at work on."""
    pid = (owner_of(repo.root) or {}).get("pid", "another")
    remark(f"process {pid} is at work on run {record.id}; following it")
    events = store.events(record.id)
    return follow(
        Following(
            run=record.id,
            store=store,
            as_json=as_json,
            cap=record.options.get("budget"),
            alive=lambda: str((owner_of(repo.root) or {}).get("pid", "")),
            remedy=f"go on with it: partita resume {record.id}",
        ),
        after=events[-1].seq if events else 0,
    )


def _require_open(record: RunRecord) -> None:
    if record.status not in ("running", "waiting", "interrupted"):
        raise BadInput(
            f"run {record.id} has ended: {record.status}",
            remedy='start another: partita build "..."',
        )


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
        run=job.run,
        store=job.store,
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
    from partita.engine.host import Host  # noqa: PLC0415 - DBOS takes half a second

    gc.freeze()  # all that was imported stays; from here on there is garbage to look for
    gc.enable()

    def world(journal: Journal, lanes: "Lanes") -> World:
        return world_of(job, journal, lanes)

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
