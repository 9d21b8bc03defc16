"""What a run does next: which tasks to build, to test, to give up, and when it is over.

Running is by dataflow. A task is built as soon as what it needs has passed, and tested as soon as
those whose contracts it uses have: a contract lets both be built at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from partita.core.graph import layers, partners, provider_of, waits_for
from partita.core.plan import Plan, Task
from partita.core.state import RunState


@dataclass(frozen=True, slots=True)
class StartBuild:
    """Build the task on a base that holds what it needs."""

    task: str


@dataclass(frozen=True, slots=True)
class StartTest:
    """Test the built task with what it uses merged under it."""

    task: str


@dataclass(frozen=True, slots=True)
class Skip:
    """The task can't be done, since one that it waits for failed; `why` is one sentence."""

    task: str
    why: str


@dataclass(frozen=True, slots=True)
class Finish:
    """Nothing runs and nothing can start; `ok` when every task passed or was deferred."""

    ok: bool


Command = StartBuild | StartTest | Skip | Finish

DONE = ("passed", "deferred")


def decide(
    state: RunState, *, slots: int, weights: Mapping[str, float] | None = None
) -> tuple[Command, ...]:
    """Name what to do next; do none of it. Nothing to do but wait gives ().

    Skips come first, then tests, then builds, the tasks with the longest way still behind them
    first; Finish stands last, and then nothing runs once the commands before it are applied.
    `slots` (at least 1) bounds builds and tests together, `weights` are the tasks' expected
    seconds (all alike when missing).
    """
    if slots < 1:
        msg = "a run needs at least one slot"
        raise ValueError(msg)
    plan, providers = state.plan, provider_of(state.plan)
    skips = _skips(state, providers)
    given_up = {s.task for s in skips}
    tests, builds, running = [], [], 0
    for task in plan.tasks:
        match state.phase(task.id):
            case "building" | "testing":
                running += 1
            case "built" if task.id not in given_up:
                if _testable(state, task, providers):
                    tests.append(task.id)
            case "waiting" if task.id not in given_up:
                if all(state.phase(n) in DONE for n in task.needs):
                    builds.append(task.id)
            case _:
                pass
    if not running and not tests and not builds:
        return (*skips, Finish(all(state.phase(t.id) in DONE for t in plan.tasks)))
    behind = _behind(plan, weights or {}) if len(tests) + len(builds) > 1 else {}

    def urgency(ident: str) -> tuple[float, str]:
        return -behind.get(ident, 0), ident

    starts: list[Command] = [
        *map(StartTest, sorted(tests, key=urgency)),
        *map(StartBuild, sorted(builds, key=urgency)),
    ]
    return (*skips, *starts[: max(0, slots - running)])


def _testable(state: RunState, task: Task, providers: Mapping[str, str]) -> bool:
    """Has all that the task uses passed, or is it at least built where the use is mutual?"""
    if all(state.phase(p) in DONE for _, p in _provided(task, providers)):
        return True
    if not any(partners(state.plan)[task.id]):
        return False
    return all(
        state.phase(p) in DONE if outside else state.phase(p) in (*DONE, "built", "testing")
        for p, outside in under_test(state.plan, task.id).items()
    )


def under_test(plan: Plan, ident: str) -> dict[str, bool]:
    """The tasks whose work must lie under a task's tests, in the plan's order.

    The value tells whether it must have passed: not so for those that use the task in turn,
    whose own providers then belong there, too.
    """
    providers, circle = provider_of(plan), {ident, *partners(plan)[ident]}
    used = {p for t in plan.tasks if t.id in circle for _, p in _provided(t, providers)}
    return {t.id: t.id not in circle for t in plan.tasks if t.id in (used | circle) - {ident}}


def _skips(state: RunState, providers: Mapping[str, str]) -> list[Skip]:
    """All that a failure blocks, near or far, as long as it does not run."""
    dead = {t.id for t in state.plan.tasks if state.phase(t.id) == "failed"}
    found: dict[str, str] = {}
    again = bool(dead)
    while again:
        again = False
        for task in state.plan.tasks:
            if task.id not in dead and state.phase(task.id) in ("waiting", "built"):
                why = _blocked(task, dead, providers)
                if why:
                    found[task.id] = why
                    dead.add(task.id)
                    again = True
    return [Skip(ident, found[ident]) for ident in sorted(found)]


def _provided(task: Task, providers: Mapping[str, str]) -> list[tuple[str, str]]:
    """The contracts that the task has from others, each with the task that provides it."""
    return [(c, providers[c]) for c in task.uses if c in providers and providers[c] != task.id]


def _blocked(task: Task, dead: set[str], providers: Mapping[str, str]) -> str:
    for need in task.needs:
        if need in dead:
            return f"`{need}` failed, and `{task.id}` needs it"
    for contract, provider in _provided(task, providers):
        if provider in dead:
            return f"`{provider}` failed, and `{task.id}` uses its contract `{contract}`"
    return ""


def _behind(plan: Plan, weights: Mapping[str, float]) -> dict[str, float]:
    """Per task, the seconds of the longest chain that starts with it."""
    waits = waits_for(plan)
    chain: dict[str, float] = {}
    after: dict[str, float] = {}
    for layer in reversed(layers(waits)):
        for ident in layer:
            chain[ident] = weights.get(ident, 1.0) + after.get(ident, 0.0)
            for other in waits[ident]:
                after[other] = max(after.get(other, 0.0), chain[ident])
    return chain
