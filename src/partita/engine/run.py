"""START HERE: the whole journey of a run, top to bottom, and the loop that runs its tasks."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from partita.activities.analyse import analyse, with_events
from partita.activities.build import kinds
from partita.activities.design import design, foresee
from partita.activities.finalise import finalise
from partita.activities.integrate import integrate
from partita.activities.provision import provision
from partita.core.analysis import Analysis
from partita.core.codec import encode
from partita.core.estimate import expected
from partita.core.expansion import expand
from partita.core.pace import Seconds
from partita.core.plan import Estimate, Plan
from partita.core.report import Outcome
from partita.core.schedule import Finish, Schedule, Skip, StartBuild, StartTest
from partita.core.start import Start
from partita.core.state import (
    BuildStarted,
    Built,
    Deferred,
    Denied,
    Failed,
    Passed,
    RunState,
    TaskEvent,
    TestStarted,
    Wants,
    Widened,
)
from partita.core.words import count
from partita.engine.approval import approval, doubts
from partita.engine.turns import Children, Turns
from partita.errors import GitFailed
from partita.ports.repo import Conflict
from partita.ports.world import World

AT_ONCE = 100  # tasks of a plan in one event


async def journey(world: World, start: Start, children: Children) -> Outcome:
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
    took = expected(plan, max_output=world.asker.limit("coder"), rounds=start.rounds)
    _tell_plan(world, start, plan, figures, took)
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
    weights = {t: start.pace.applied(s) for t, s in took.items()}
    state = await carry_out(world, start, plan, children, weights)
    plan = state.plan  # with the scopes that were granted on the way
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


def _tell_plan(
    world: World, start: Start, plan: Plan, figures: Estimate, took: Mapping[str, Seconds]
) -> None:
    """The plan as a live view needs it, and the times from which later runs learn their pace.

    An event has bounds, so what passes the first tasks of a large plan follows in further ones.
    """
    lanes, times = _lanes(plan), _bare(took)
    for n in range(0, max(1, len(lanes)), AT_ONCE):
        some = lanes[n : n + AT_ONCE]
        told = {"tasks": some, "expected": {t["id"]: times[t["id"]] for t in some}}
        if n == 0:
            more = {"estimate": encode(figures), "pace": _bare(start.pace)}
            world.tell("planned", "planned", **told, **more)
        else:
            world.tell(f"planned:{n}", "planned.more", **told)


def _lanes(plan: Plan) -> list[dict[str, Any]]:
    """The tasks as a live view needs them."""
    return [{"id": t.id, "needs": list(t.needs), "uses": list(t.uses)} for t in plan.tasks]


def _tally(state: RunState) -> str:
    done = sum(1 for t in state.plan.tasks if state.phase(t.id) in ("passed", "deferred"))
    return f"{done} of {count(len(state.plan.tasks), 'task')} done"


async def carry_out(
    world: World, start: Start, plan: Plan, children: Children, weights: Mapping[str, Seconds]
) -> RunState:
    """Run the tasks by dataflow: decide, start in order, wait for the first, apply its event.

    `weights` are the tasks' expected seconds: what has most behind it starts first.
    """
    schedule = Schedule(state=RunState(plan=plan), slots=start.max_parallel, weights=weights)
    state, heard, turns = schedule.state, Heard(), Turns(list(start.asked))
    while True:
        for command in schedule.decide():
            match command:
                case Finish():
                    return state
                case Skip(task=task, why=why):
                    event: TaskEvent = Failed(task=task, why=why)
                case StartBuild(task=task):
                    event = BuildStarted(task=task)
                    arguments = {"base": await base_of(world, state, task), **heard.of(task)}
                    await children.start("build", state.plan, task, arguments)
                case StartTest(task=task):
                    event = TestStarted(task=task)
                    arguments = _test_arguments(schedule, task)
                    await children.start("test", state.plan, task, arguments)
            _move(world, schedule, event)
        event = await turns.next(children, state.phases)
        _move(world, schedule, event)
        if isinstance(event, Wants):
            answer = await _consider(world, start, state, event)
            heard.take(event, answer)
            _move(world, schedule, answer)


async def _consider(world: World, start: Start, state: RunState, wants: Wants) -> Widened | Denied:
    """Whether the task may write what it asks for, given all that runs or may run beside it."""
    if start.approve:
        why = "the plan was approved as it stands; do without it, or say in your file what it lacks"
        return Denied(task=wants.task, why=why)
    base = await base_of(world, state, wants.task)
    return expand(
        state.plan,
        state.phases,
        wants.task,
        wants.paths,
        blind=start.blind,
        there=await kinds(world, base, wants.paths),
        begun=state.commits,
    )


@dataclass(slots=True)
class Heard:
    """What became of the tasks' requests for more, for the builds that follow them."""

    rounds: dict[str, dict[str, Any]] = field(default_factory=dict)

    def take(self, wants: Wants, answer: Widened | Denied) -> None:
        """One more request of a task, and its answer."""
        before = self.rounds.get(wants.task, {"round": 1, "granted": [], "denied": []})
        paths = list(wants.paths)
        given, denied, said = paths, [], "Granted."
        if isinstance(answer, Denied):
            given, denied, said = [], paths, f"Refused: {answer.why}"
        self.rounds[wants.task] = {
            "round": before["round"] + 1,
            "answer": f"You asked for {', '.join(paths)}. {said}",
            "granted": before["granted"] + given,
            "denied": before["denied"] + denied,
        }

    def of(self, task: str) -> dict[str, Any]:
        """The arguments of the task's next build; none for its first."""
        return self.rounds.get(task, {})


async def base_of(world: World, state: RunState, task: str) -> str:
    """The commit a build starts from: all that the task needs merged into what there is of it,
    which at first is the run's base.
    """
    commit = state.commits.get(task, state.plan.base)
    for need in sorted(state.tasks[task].needs):
        merged = await world.repo.merge(commit, state.commits[need], f"{task}: what it needs")
        if isinstance(merged, Conflict):
            raise GitFailed(f"{need} does not merge into the base of {task}: {merged.paths}")
        commit = merged
    return commit


def _test_arguments(schedule: Schedule, task: str) -> dict[str, Any]:
    # Of tasks that use this one in turn, what they were built as: when they are mended depends
    # on chance, and a replay must find the same.
    state, under = schedule.state, schedule.under_test(task)
    commits = [state.commits[t] if passed else state.built[t] for t, passed in under.items()]
    return {"commit": state.commits[task], "providers": commits}


def _move(world: World, schedule: Schedule, event: TaskEvent) -> None:
    """Move on by the event, and write it into the log."""
    schedule.apply(event)
    names = {
        BuildStarted: "task.building",
        Built: "task.built",
        Wants: "task.asking",
        Widened: "task.widened",
        Denied: "task.denied",
        TestStarted: "task.testing",
        Passed: "task.passed",
        Deferred: "task.deferred",
        Failed: "task.failed",
    }
    kind, turn = names[type(event)], schedule.state.rounds.get(event.task, 0)
    key = f"{kind}:{event.task}" if turn <= 1 else f"{kind}:{event.task}:{turn}"
    world.tell(key, kind, **_bare(event))


def _bare(value: object) -> Any:
    """The dataclass as JSON, without its name; so those in a mapping."""
    if isinstance(value, Mapping):
        return {k: _bare(v) for k, v in value.items()}
    return {k: v for k, v in encode(value).items() if k != "type"}
