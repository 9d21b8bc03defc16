"""A run that a process is to do: all that it is given, and the world that is made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from partita.cli.standing import standing
from partita.core.budget import Caps
from partita.core.codec import decode
from partita.core.start import Start
from partita.ports.journal import Journal
from partita.ports.model import Model
from partita.ports.store import RunRecord, Store
from partita.ports.world import World
from partita.settings import Settings
from partita.settings.keys import KEYS
from partita.wiring import (
    Eventually,
    GitRepo,
    SystemClock,
    build_world,
    limiter_for,
    rates_for,
    redactor_for,
)

if TYPE_CHECKING:
    from partita.engine.asking import Lanes


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A run that is about to start or go on, with all that it is given."""

    run: str
    start: Start
    repo: GitRepo
    store: Store
    settings: Settings
    routes: Mapping[str, Sequence[Model]]
    secrets: tuple[str, ...]
    sandbox: Eventually
    reuse: bool = True
    shared: bool = False  # done by workers, whose machines come and go


def world_of(job: Job, journal: Journal, lanes: "Lanes") -> World:
    """All that the job's run is given, in this process."""
    from partita.engine.asking import RouteAsker  # noqa: PLC0415 - DBOS takes half a second

    redactor = redactor_for(job.secrets)
    asker = RouteAsker(
        run=job.run,
        routes=job.routes,
        store=job.store,
        clock=SystemClock(),
        journal=journal,
        lanes=lanes,
        limiter=limiter_for(
            job.settings,
            job.store,
            lambda why: job.store.append(job.run, "limits.alone", "limits.alone", {"why": why}),
            alone=not job.reuse,  # a playback, which calls nobody
        ),
        caps=job.settings.caps,
        rates=rates_for(job.routes, job.settings),
        redo=job.start.redo,
        generation=job.start.generation,
        known=standing(job.store, job.run, job.start.generation),
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
        shared=job.shared,
    )


CAPS = {
    "budget": "run",
    "task_budget": "task",
    "role_budgets": "roles",
    "day_budget": "day",
    "project_budget": "project",
}


def caps_of(record: RunRecord, settings: Settings, flags: Mapping[str, object]) -> Caps:
    """The caps that a run was started with, but for those that the command line names.

    Of the roles, too, only those that it names. The caps of the day and the project are also
    those of the settings in force, where these are lower: they bound more than this run.
    """
    kept = record.options.get("caps")
    caps = decode(Caps, kept) if kept else Caps(run=record.options["budget"])
    named = {cap for flag, cap in CAPS.items() if flags.get(flag)}
    changed = {cap: getattr(settings.caps, cap) for cap in named}
    if "roles" in named:
        roles = {**caps.roles, **KEYS["role_budgets"].parse(flags["role_budgets"])}
        changed["roles"] = {role: most for role, most in roles.items() if most is not None}
    for cap in {"day", "project"} - named:
        both = (getattr(caps, cap), getattr(settings.caps, cap))
        changed[cap] = min((most for most in both if most is not None), default=None)
    return replace(caps, **changed)


def with_caps(settings: Settings, caps: Caps) -> Settings:
    """The settings with those caps."""
    return replace(
        settings,
        budget=caps.run,
        task_budget=caps.task,
        role_budgets=caps.roles,
        day_budget=caps.day,
        project_budget=caps.project,
        warn_at=caps.warn,
    )
