"""START HERE: the whole journey of a run, top to bottom, and the loop that runs its tasks."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from partita.activities.analyse import analyse, with_events
from partita.activities.design import design, foresee
from partita.activities.finalise import finalise
from partita.activities.integrate import integrate
from partita.activities.provision import provision
from partita.core.analysis import Analysis
from partita.core.codec import encode
from partita.core.plan import Plan
from partita.core.report import Outcome
from partita.core.schedule import Finish, Skip, StartBuild, StartTest, decide, under_test
from partita.core.start import Start
from partita.core.state import (
    BuildStarted,
    Built,
    Deferred,
    Failed,
    Passed,
    RunState,
    TaskEvent,
    TestStarted,
    apply,
)
from partita.core.words import count
from partita.engine.approval import approval, doubts
from partita.errors import GitFailed
from partita.ports.repo import Conflict
from partita.ports.world import World


class Children(Protocol):
    """Child workflows, as the loop needs them: start one, wait for the first to end."""

    async def start(self, kind: str, task: str, arguments: dict[str, Any]) -> None:
        """Start the child `kind` of a task."""

    async def first(self) -> TaskEvent:
        """The event of the child that ended first."""


async def journey(world: World, start: Start, children: Callable[[Plan], Children]) -> Outcome:
    """The whole product, top to bottom."""
    analysis = None
    if start.plan is None and not start.no_model:
        analysis = await analyse(world, start)
        analysis = await doubts(world, start, analysis)
        if (early := _ends_after_analysis(start, analysis)) is not None:
            return early
    with_events(world, "design", done=False)
    plan = await design(world, start, analysis)
    figures = await foresee(world, start, analysis, plan)
    with_events(world, "design", done=True, summary=count(len(plan.tasks), "task"))
    world.tell("planned", "planned", tasks=_lanes(plan), estimate=encode(figures))
    if start.dry_run or not start.includes("provision"):
        return Outcome(
            exit=0, status="planned", summary=f"{count(len(plan.tasks), 'task')} planned."
        )
    await approval(world, start, plan, figures)
    with_events(world, "provision", done=False)
    plan = await provision(world, start, plan)
    with_events(world, "provision", done=True)
    if not start.includes("build"):
        return Outcome(exit=0, status="provisioned", summary="Branches and environment are ready.")
    with_events(world, "build", done=False)
    weights = {t: (r.low + r.high) / 2 for t, r in figures.per_task.items()}
    state = await carry_out(world, start, plan, children(plan), weights)
    with_events(world, "build", done=True, summary=_tally(state))
    with_events(world, "test", done=False)
    whole = await integrate(world, start, plan, state)
    with_events(world, "test", done=True, summary="; ".join(v.summary for v in whole.verdicts))
    last = start if start.includes("finalise") else replace(start, land=False)
    with_events(world, "finalise", done=False)
    outcome = await finalise(world, last, analysis, plan, state, whole)
    with_events(world, "finalise", done=True, summary=outcome.summary)
    return outcome


def _ends_after_analysis(start: Start, analysis: Analysis) -> Outcome | None:
    judged = analysis.assessment
    if judged.answer:
        return Outcome(exit=0, status="answered", summary=judged.answer)
    if not start.includes("design"):
        return Outcome(exit=0, status="analysed", summary=analysis.brief.goal)
    if not judged.go:
        why = next((v.summary for v in judged.verdicts if v.gate == "go"), "no reason was given")
        return Outcome(
            exit=1,
            status="no go",
            summary=f"Not built: {why}",
            remedy="change the request, or plan it yourself: partita build --plan FILE",
        )
    return None


def _lanes(plan: Plan) -> list[dict[str, Any]]:
    """The tasks as a live view needs them."""
    return [{"id": t.id, "needs": list(t.needs), "uses": list(t.uses)} for t in plan.tasks]


def _tally(state: RunState) -> str:
    done = sum(1 for t in state.plan.tasks if state.phase(t.id) in ("passed", "deferred"))
    return f"{done} of {count(len(state.plan.tasks), 'task')} done"


async def carry_out(
    world: World, start: Start, plan: Plan, children: Children, weights: Mapping[str, float]
) -> RunState:
    """Run the tasks by dataflow: decide, start in order, wait for the first, apply its event.

    `weights` are the tasks' expected seconds: what has most behind it starts first.
    """
    state = RunState(plan=plan)
    while True:
        for command in decide(state, slots=start.max_parallel, weights=weights):
            match command:
                case Finish():
                    return state
                case Skip(task=task, why=why):
                    event: TaskEvent = Failed(task=task, why=why)
                case StartBuild(task=task):
                    event = BuildStarted(task=task)
                    await children.start("build", task, {"base": await base_of(world, state, task)})
                case StartTest(task=task):
                    event = TestStarted(task=task)
                    await children.start("test", task, _test_arguments(state, task))
            state = apply(state, event)
            _tell(world, event)
        event = await children.first()
        state = apply(state, event)
        _tell(world, event)


async def base_of(world: World, state: RunState, task: str) -> str:
    """The commit a task starts from: the run's base with all that the task needs merged in."""
    commit = state.plan.base
    for need in sorted(state.plan.task(task).needs):
        merged = await world.repo.merge(commit, state.commits[need], f"{task}: what it needs")
        if isinstance(merged, Conflict):
            raise GitFailed(f"{need} does not merge into the base of {task}: {merged.paths}")
        commit = merged
    return commit


def _test_arguments(state: RunState, task: str) -> dict[str, Any]:
    # Of tasks that use this one in turn, what they were built as: when they are mended depends
    # on chance, and a replay must find the same.
    under = under_test(state.plan, task)
    commits = [state.commits[t] if passed else state.built[t] for t, passed in under.items()]
    return {"commit": state.commits[task], "providers": commits}


def _tell(world: World, event: TaskEvent) -> None:
    names = {
        BuildStarted: "task.building",
        Built: "task.built",
        TestStarted: "task.testing",
        Passed: "task.passed",
        Deferred: "task.deferred",
        Failed: "task.failed",
    }
    kind = names[type(event)]
    body = {k: v for k, v in encode(event).items() if k != "type"}
    world.tell(f"{kind}:{event.task}", kind, **body)
