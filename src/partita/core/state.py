"""Where a run's tasks stand, and how events move them; `core.schedule` decides what is next."""

from dataclasses import dataclass, field, replace
from typing import Literal, assert_never

from partita.core.plan import Plan

Phase = Literal["waiting", "building", "built", "testing", "passed", "deferred", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildStarted:
    """A task's build was started."""

    task: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A task's patch parses, keeps its scope and its contracts, and is committed as `commit`."""

    task: str
    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TestStarted:
    """A task's tests, with what it uses merged under it, were started."""

    __test__ = False

    task: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A task passed its gates; `commit` holds it and all it needs."""

    task: str
    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """A task's own part is done; what fails lies in another's file and waits for integration."""

    task: str
    commit: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A task stays broken; `why` is one sentence."""

    task: str
    why: str


TaskEvent = BuildStarted | Built | TestStarted | Passed | Deferred | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """The tasks' phases; a task that is not in `phases` is waiting.

    `commits` holds the latest commit of each task, `built` the one that it was first built as.
    """

    plan: Plan
    phases: dict[str, Phase] = field(default_factory=dict)
    commits: dict[str, str] = field(default_factory=dict)
    built: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def phase(self, task: str) -> Phase:
        """Where the task stands."""
        return self.phases.get(task, "waiting")


def apply(state: RunState, event: TaskEvent) -> RunState:
    """The state after the event."""
    phase: Phase
    commits, built, reasons = state.commits, state.built, state.reasons
    match event:
        case BuildStarted():
            phase = "building"
        case Built(commit=commit):
            phase, commits = "built", {**commits, event.task: commit}
            built = {**built, event.task: commit}
        case TestStarted():
            phase = "testing"
        case Passed(commit=commit):
            phase, commits = "passed", {**commits, event.task: commit}
        case Deferred(commit=commit, why=why):
            phase, commits = "deferred", {**commits, event.task: commit}
            reasons = {**reasons, event.task: why}
        case Failed(why=why):
            phase, reasons = "failed", {**reasons, event.task: why}
        case _:
            assert_never(event)
    return replace(
        state,
        phases={**state.phases, event.task: phase},
        commits=commits,
        built=built,
        reasons=reasons,
    )
