"""What resuming with changes, retry and fork share: a run's facts, and beginning it anew."""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from partita.cli.job import caps_of
from partita.cli.output import remark
from partita.cli.planfile import read_plan_file
from partita.cli.request import read_request
from partita.cli.running import resume_run, routes_for, settings_for
from partita.cli.shared import Meeting, follow_shared, go_on, meet
from partita.cli.sources import shaping
from partita.cli.traces import forget_tasks, landed_unnoticed, tasks_without_commits
from partita.cli.watch import is_interactive
from partita.core.codec import decode, encode
from partita.core.plan import Plan
from partita.core.planfile import read_plan
from partita.core.question import ROLES
from partita.core.start import Start
from partita.core.validity import Comparison, Done, Facts, Paid
from partita.engine.version import VERSION
from partita.errors import BadInput, RunInProgress
from partita.ports.store import RunRecord, Store
from partita.settings import Settings
from partita.wiring import (
    GitRepo,
    begin,
    models_of,
    open_repo,
    open_writing,
    own,
    owner_of,
    secrets_of,
    shared_by,
)

FIRST = "partita-1"  # the engine's version before versions were recorded


@dataclass(frozen=True)
class Desk:
    """A run that rests, and all that is needed to judge it and to begin it anew."""

    repo: GitRepo
    settings: Settings
    store: Store
    meeting: Meeting | None
    record: RunRecord
    flags: Mapping[str, object]
    as_json: bool

    @cached_property
    def start(self) -> Start:
        """What the run was told."""
        return decode(Start, self.record.options["start"])

    @cached_property
    def existing(self) -> frozenset[str]:
        """The files that the run starts from; plans are read against them."""
        files = asyncio.run(self.repo.files(self.start.base))
        return frozenset(entry.path for entry in files)

    @cached_property
    def plan(self) -> Plan | None:
        """The plan as it was designed or given; None before there was one."""
        path = self.repo.root / ".partita" / "runs" / self.record.id / "plan.json"
        text = path.read_text() if path.exists() else None
        if text is None:
            text = self.store.document(self.record.id, "plan.json")
        return None if text is None else self.read(json.loads(text))

    def read(self, data: dict[str, Any]) -> Plan:
        """The plan in the JSON of a plan file; BadInput when it is none."""
        plan = read_plan(data, base=self.start.base, existing=self.existing)
        if isinstance(plan, tuple):
            raise BadInput("the plan can't be used: " + "; ".join(p.text for p in plan))
        return plan

    @property
    def landed(self) -> bool:
        """Is its work on the user's branch, or was it, whatever the register says?"""
        events = self.store.events(self.record.id)
        return self.record.status in ("landed", "undone") or any(
            e.type == "landing" and e.data["outcome"] == "landed" for e in events
        )

    @property
    def unnoticed(self) -> str:
        """The commit by which it landed before anybody could write that down; "" for none."""
        return landed_unnoticed(self.repo, self.record) if self.meeting is None else ""

    @property
    def swept(self) -> bool:
        """Were its questions and answers removed?"""
        return bool(self.record.options.get("swept"))

    @cached_property
    def without_commits(self) -> frozenset[str]:
        """Its builds and tests whose commits are gone; BadInput when that of its base is."""
        if self.meeting is not None or self.swept:
            return frozenset()  # what machines share is held by the remote
        return tasks_without_commits(self.repo, self.record)

    @property
    def at_work(self) -> bool:
        """Is a process, or a worker, at work on it now?"""
        if self.meeting is not None:
            return self.record.exit is None
        return (owner_of(self.repo.root) or {}).get("run") == self.record.id


def open_desk(stack: ExitStack, prefix: str, flags: Mapping[str, object], *, as_json: bool) -> Desk:
    """The desk for the run of that prefix, open until the stack is left."""
    begin(_load_engine)
    repo = open_repo()
    settings = settings_for(repo.root, flags)
    shared, meeting = shared_by(repo, settings), None
    store: Store
    if shared is None:
        store = stack.enter_context(open_writing(repo, secrets_of(None, os.environ)))
    else:
        meeting = meet(stack, repo, shared)
        store = meeting.store
    return Desk(
        repo=repo,
        settings=settings,
        store=store,
        meeting=meeting,
        record=store.find(prefix),
        flags=flags,
        as_json=as_json,
    )


# --- what it was made from, and would be now ----------------------------------------------------


def recorded(desk: Desk) -> Facts:
    """What the run was made from."""
    options, start = desk.record.options, desk.start
    # Runs from before versions were recorded have no caps in their record either.
    first = version() if "caps" in options else FIRST
    return Facts(
        request=start.request,
        plan=None if start.plan is None else desk.read(start.plan),
        models={role: tuple(names) for role, names in options.get("models", {}).items()},
        version=options.get("version", first),
        settings=options.get("sources", {}).get("settings", {}),
    )


def present(desk: Desk, was: Facts, plan_file: str | None = None) -> tuple[Facts, Start]:
    """What it would now be made from, and what it would be told then."""
    sources, start = desk.record.options.get("sources", {}), desk.start
    request, data, settings = was.request, start.plan, shaping(desk.settings)
    if path := _there(sources.get("request", ""), "the request"):
        request = read_request(path)
    if path := plan_file or _there(sources.get("plan", ""), "the plan"):
        data = read_plan_file(Path(path))
    facts = Facts(
        request=request,
        plan=None if data is None else desk.read(data),
        models=models_now(desk)[0] if desk.flags.get("model") else was.models,
        version=version(),
        settings={name: settings.get(name, value) for name, value in was.settings.items()},
    )
    given: dict[str, Any] = dict(facts.settings)
    same = facts.plan == was.plan
    return facts, replace(start, request=request, plan=start.plan if same else data, **given)


def _there(path: str, what: str) -> str:
    """The path, if a file is still there."""
    if path and not Path(path).is_file():
        remark(f"{what} is no longer at {path}; the run keeps what stood there")
        return ""
    return path


def version() -> str:
    """The engine's version, which runs are bound to."""
    return VERSION


def models_now(desk: Desk) -> tuple[dict[str, tuple[str, ...]], dict[str, Any]]:
    """The models in force by role, and as the register keeps them."""
    if desk.meeting is not None:  # only the workers have keys
        settings = desk.settings
        routes = {str(r): tuple(settings.roles.get(r) or settings.model) for r in ROLES}
        return routes, {"models": {r: list(names) for r, names in routes.items() if names}}
    models = models_of(routes_for(desk.settings), os.environ)
    names = {role: tuple(m.name for m in some) for role, some in models.items()}
    return names, {
        "models": {role: list(some) for role, some in names.items()},
        "max_output": models["coder"][0].max_output,
        "context": models["coder"][0].context - models["coder"][0].headroom,
    }


def done_by(desk: Desk) -> Done:
    """What the run has so far, by its ledger and its log."""
    entries = [e for e in desk.store.entries(desk.record.id) if e.state == "settled"]
    paid = [Paid(activity=e.activity, task=e.task, cost=e.cost) for e in entries]
    events = [e.data for e in desk.store.events(desk.record.id) if e.type == "call.reused"]
    paid += [Paid(activity=d["activity"], task=d["task"], cost=0) for d in events]
    return Done(plan=desk.plan, answers=paid)


# --- anew ---------------------------------------------------------------------------------------


def refuse_at_work(desk: Desk) -> None:
    """A run is not changed under the hands of who does it: RunInProgress."""
    if desk.at_work:
        raise RunInProgress(
            f"run {desk.record.id} is at work",
            remedy=f"stop it first: partita cancel {desk.record.id}",
        )


def refuse_over(desk: Desk) -> None:
    """What landed, or was removed, is not begun anew: BadInput."""
    ident, status = desk.record.id, desk.record.status
    if status == "undone":
        raise BadInput(
            f"run {ident} has landed and was taken back",
            remedy="do it, or a part of it, once more, as a run of its own: "
            f"partita fork {ident} --from design (or another activity, or a task)",
        )
    if desk.landed or (status == "stopped" and desk.unnoticed):
        raise BadInput(
            f"run {ident} has landed",
            remedy=f"take it back: partita undo {ident}; or do a part of it once more, as a run "
            f"of its own: partita fork {ident} --from TASK",
        )
    if desk.swept:
        raise BadInput(
            f"run {ident} can't go on: its answers were removed by gc",
            remedy="start another: partita build; or do it once more as a run of its own, all of "
            f"which is paid again: partita fork {ident} --from engage",
        )
    if desk.record.exit == 0:
        raise BadInput(
            f"run {ident} is over: {status}",
            remedy=f"share what it paid for: partita fork {ident} --from ACTIVITY",
        )


def refuse_rejected(desk: Desk) -> None:
    """What was said of a plan stands for all that is made of that plan: BadInput."""
    ident = desk.record.id
    if desk.record.status == "rejected":
        raise BadInput(
            f"the plan of run {ident} was rejected",
            remedy=f"have another made: partita fork {ident} --from design; or give your own: "
            f"partita resume {ident} --plan FILE --accept-changes",
        )


def require_tasks(desk: Desk, tasks: Sequence[str], *, remedy: str = "") -> Plan:
    """The run's plan, which holds all the tasks; BadInput, naming those there are, when not."""
    ident, plan = desk.record.id, desk.plan
    if plan is None or not desk.start.includes("build") or desk.start.dry_run:
        raise BadInput(
            f"run {ident} has no tasks: it "
            + ("has no plan yet" if plan is None else "only plans"),
            remedy=remedy or f"partita resume {ident}, or start another: partita build",
        )
    known = [t.id for t in plan.tasks]
    if unknown := [t for t in tasks if t not in known]:
        raise BadInput(
            f"run {ident} has no task {', '.join(unknown)}",
            remedy=remedy or f"its tasks: {', '.join(known[:50])}",
        )
    return plan


def broken(desk: Desk) -> list[str]:
    """The tasks that failed by themselves, not for what they wait for."""
    events = desk.store.events(desk.record.id)
    begun = {e.data["task"] for e in events if e.type == "task.building"}
    last: dict[str, str] = {}
    for event in events:
        if event.type.startswith("task."):
            last[event.data["task"]] = event.type
    return [task for task, kind in last.items() if kind == "task.failed" and task in begun]


def moved(comparison: Comparison) -> list[str]:
    """What becomes of the tasks, a line each kind."""
    lines = [f"done again: {t} ({why})" for t, why in comparison.again.items()]
    lines += [f"tested again: {t} ({why})" for t, why in comparison.tested.items()]
    if comparison.kept:
        lines.append(f"kept: {', '.join(comparison.kept)}")
    return lines


def take_up(desk: Desk, start: Start, options: Mapping[str, Any], *, anew: bool, why: str) -> int:
    """Write down what the run is told from now on, and see it to its end; the exit code.

    `anew`: over what it has, a new generation begins.
    """
    ident, store = desk.record.id, desk.store
    if anew:
        start = replace(start, generation=start.generation + 1)
    start = replace(start, interactive=is_interactive(as_json=desk.as_json))
    options = {**desk.record.options, **options, "start": encode(start)}
    note = f"note:{start.generation}:{why}"
    if desk.meeting is not None:
        return _share(desk, desk.meeting, start, options, anew=anew, note=(note, why))
    with own(desk.repo, ident):
        asyncio.run(desk.repo.finish_landing())
        if not desk.unnoticed:
            if anew and desk.without_commits:
                remark("commits of the run are gone; what they held is made again")
                forget_tasks(desk.repo, desk.without_commits)
            _forget_answers(desk, start)
            store.append(ident, note, "note", {"text": why})
            store.update(ident, status="interrupted", options=options)
        else:
            remark("a landing that was cut short is finished first; nothing else was changed")
    return resume_run(ident, desk.flags, as_json=desk.as_json)


def _share(
    desk: Desk,
    meeting: Meeting,
    start: Start,
    options: dict[str, Any],
    *,
    anew: bool,
    note: tuple[str, str],
) -> int:
    """The same where workers do the run."""
    ident, events = desk.record.id, desk.store.events(desk.record.id)
    caps = caps_of(desk.record, desk.settings, desk.flags)
    options = {**options, "budget": caps.run, "caps": encode(caps)}
    _forget_answers(desk, start)
    desk.store.append(ident, note[0], "note", {"text": note[1]})
    go_on(meeting, ident, start, options=options, anew=anew)
    after = events[-1].seq if events else 0
    return follow_shared(
        meeting, desk.record, start, cap=caps.run, as_json=desk.as_json, after=after
    )


def _forget_answers(desk: Desk, start: Start) -> None:
    """Approval was given to one plan and not to any other; doubts are of one request."""
    was, ident = desk.start, desk.record.id
    if (was.request, was.plan, was.depth) != (start.request, start.plan, start.depth):
        desk.store.clear(ident, "approval")
        if start.interactive:
            desk.store.clear(ident, "doubts")


def _load_engine() -> None:
    import partita.engine.host  # noqa: F401, PLC0415 - half a second, beside other start-up work
