"""Forks: what a new run shares with an older one, and how it is entered and begun."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from partita.cli.again import Desk, models_now, moved, require_tasks, version
from partita.cli.job import caps_of
from partita.cli.planfile import read_plan_file
from partita.cli.running import new_run_id, resume_run
from partita.cli.shared import follow_shared, submit
from partita.cli.watch import is_interactive
from partita.core.codec import encode
from partita.core.start import ACTIVITIES, Start
from partita.core.validity import compare, ripple
from partita.core.words import count
from partita.errors import BadInput
from partita.ports.store import RunRecord
from partita.wiring import now, own

AT_ONCE = "analyse"  # the question that stands for the analysis at the depth `quick`
LAST_OF_ANALYSIS = ACTIVITIES.index("assess")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """A run to be: its id, what it is told, its options, and what to tell of it.

    `shares` are the questions of the older run whose answers it takes along, whoever may use
    answers of other runs, and good or not: a complaint about a bad one was paid for, too.
    """

    run: str
    start: Start
    options: Mapping[str, Any]
    shares: tuple[Mapping[str, Any], ...]
    lines: tuple[str, ...]


def fork_of(desk: Desk, point: str | None, plan_file: str | None) -> Fork:
    """The fork at that point (None: only the plan is another); BadInput for an unknown one."""
    run = new_run_id()
    start, lines = desk.start, []
    if plan_file is not None:
        data = read_plan_file(Path(plan_file))
        plan = desk.read(data)
        if desk.plan is not None:
            lines += moved(compare(desk.plan, plan))
        start = replace(start, plan=data)
    redo = _redo(desk, point, run)
    if point is not None:
        lines.append(f"asked anew: {', '.join(key.partition(':')[2] for key in redo)}")
    start = replace(
        start,
        generation=0,
        redo={**start.redo, **redo},
        interactive=is_interactive(as_json=desk.as_json),
    )
    exchanges = desk.store.transcript(desk.record.id)
    shares = tuple(e for e in exchanges if not _anew(str(e["name"]), redo))
    if desk.swept:
        lines.append(
            f"the answers of {desk.record.id} were removed by gc: all is asked and paid for again"
        )
    else:
        lines.append(f"shared with {desk.record.id}: {count(len(shares), 'answer')}, at no cost")
    sources = desk.record.options.get("sources", {})
    caps = caps_of(desk.record, desk.settings, desk.flags)
    options = {
        **{name: value for name, value in desk.record.options.items() if name != "swept"},
        **(models_now(desk)[1] if desk.flags.get("model") else {}),
        "start": encode(start),
        "budget": caps.run,
        "caps": encode(caps),
        "forked_from": desk.record.id,
        "sources": {**sources, **({"plan": str(Path(plan_file).resolve())} if plan_file else {})},
        "version": version(),
    }
    return Fork(run=run, start=start, options=options, shares=shares, lines=tuple(lines))


def _redo(desk: Desk, point: str | None, salt: str) -> dict[str, str]:
    """What is asked anew from the point on, and the salt that tells the new answers."""
    if point is None:
        return {}
    kind, _, name = point.rpartition(":")
    if name in ACTIVITIES and kind in ("", "activity"):
        at = ACTIVITIES.index(name)
        names = (*((AT_ONCE,) if at <= LAST_OF_ANALYSIS else ()), *ACTIVITIES[at:])
        return {f"activity:{n}": salt for n in names}
    if kind not in ("", "task"):
        raise BadInput(f"{point!r} is neither an activity nor a task", remedy=_points(desk))
    plan = require_tasks(desk, (name,), remedy=_points(desk))
    return {f"task:{task}": salt for task in ripple(plan, {name: "asked anew"}).again}


def _points(desk: Desk) -> str:
    tasks = ", ".join(t.id for t in desk.plan.tasks[:50]) if desk.plan else "none yet"
    return f"activities: {', '.join(ACTIVITIES)}; tasks: {tasks}"


def _anew(question: str, redo: Mapping[str, str]) -> bool:
    """Is the question asked anew, by its name (`activity[:task]:turn`)?"""
    head, _, rest = question.partition(":")
    task = rest.partition(":")[0] if head in ("build", "fix") else ""
    activity = {"fix": "test", "documents": "finalise"}.get(head, head)
    return f"activity:{activity}" in redo or f"task:{task}" in redo


def launch(desk: Desk, fork: Fork) -> int:
    """Enter the run with the answers that it shares, and see it to its end; the exit code."""
    store, start = desk.store, fork.start
    record = RunRecord(
        id=fork.run,
        request=start.request,
        options=dict(fork.options),
        created=now(),
        status="interrupted",
    )
    with ExitStack() as stack:
        if desk.meeting is None:
            stack.enter_context(own(desk.repo, fork.run))
        with store.together():
            for e in fork.shares:
                store.put(e["hash"], fork.run, e["name"], e["request"], e["reply"])
        if desk.meeting is None:
            store.create(record)
            _note(desk, fork)
    if desk.meeting is None:
        return resume_run(fork.run, desk.flags, as_json=desk.as_json)
    submit(desk.meeting, replace(record, status="running"), start)
    _note(desk, fork)
    cap = fork.options["budget"]
    return follow_shared(desk.meeting, record, start, cap=cap, as_json=desk.as_json, after=0)


def _note(desk: Desk, fork: Fork) -> None:
    text = f"forked from run {desk.record.id}; {fork.lines[-1]}"
    desk.store.append(fork.run, "note:forked", "note", {"text": text})
