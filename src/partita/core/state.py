"""Where a run's tasks stand, and how events move them; `core.schedule` decides what is next."""

from dataclasses import dataclass, field, replace
from typing import Literal, assert_never

from partita.core.graph import first
from partita.core.plan import Plan, Task

Phase = Literal["waiting", "building", "asking", "built", "testing", "passed", "deferred", "failed"]


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
class Wants:
    """A build ended with a request for more scope, the literal `paths`; `why` is one sentence.

    `commit` holds what the task has so far, "" for nothing.
    """

    task: str
    paths: tuple[str, ...]
    why: str
    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Widened:
    """A request for more scope was granted: `touch` is added, and the task comes after `needs`."""

    task: str
    touch: tuple[str, ...]
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """A request for more scope was refused; `why` is one sentence."""

    task: str
    why: str


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


TaskEvent = (
    BuildStarted | Built | Wants | Widened | Denied | TestStarted | Passed | Deferred | Failed
)

AFTER: dict[type[TaskEvent], tuple[Phase, ...]] = {
    BuildStarted: ("waiting",),
    Built: ("building",),
    Wants: ("building",),
    Widened: ("asking",),
    Denied: ("asking",),
    TestStarted: ("built",),
    Passed: ("testing",),
    Deferred: ("testing",),
    Failed: ("waiting", "building", "asking", "built", "testing"),
}


@dataclass(slots=True, kw_only=True)
class RunState:
    """The tasks' phases; a task that is not in `phases` is waiting.

    `plan` grows with the scopes that are granted. `commits` holds the latest commit of each task,
    `built` the one that it was first built as, `reasons` why it failed, was deferred or denied
    more scope, `rounds` how many of its builds were started.
    """

    plan: Plan
    phases: dict[str, Phase] = field(default_factory=dict)
    commits: dict[str, str] = field(default_factory=dict)
    built: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    rounds: dict[str, int] = field(default_factory=dict)
    tasks: dict[str, Task] = field(init=False)

    def __post_init__(self) -> None:
        self.tasks = {t.id: t for t in first(self.plan.tasks)}

    def phase(self, task: str) -> Phase:
        """Where the task stands."""
        return self.phases.get(task, "waiting")

    def take(self, event: TaskEvent) -> None:
        """Move on by the event; ValueError when it can't follow where its task stands."""
        task, old = event.task, self.phase(event.task)
        if task not in self.tasks or old not in AFTER[type(event)]:
            there = f"which is {old}" if task in self.tasks else "which the plan does not hold"
            msg = f"{type(event).__name__} can't happen to `{task}`, {there}"
            raise ValueError(msg)
        match event:
            case BuildStarted():
                self.phases[task] = "building"
                self.rounds[task] = self.rounds.get(task, 0) + 1
            case Built(commit=commit):
                self.phases[task] = "built"
                self.commits[task] = self.built[task] = commit
            case Wants(commit=commit):
                self.phases[task] = "asking"
                if commit:
                    self.commits[task] = commit
            case Widened():
                self.phases[task] = "waiting"
                self.plan = widen(self.plan, event)
                self.tasks[task] = self.plan.task(task)
            case Denied(why=why):
                self.phases[task] = "waiting"
                self.reasons[task] = why
            case TestStarted():
                self.phases[task] = "testing"
            case Passed(commit=commit):
                self.phases[task] = "passed"
                self.commits[task] = commit
                self.reasons.pop(task, None)
            case Deferred(commit=commit, why=why):
                self.phases[task] = "deferred"
                self.commits[task] = commit
                self.reasons[task] = why
            case Failed(why=why):
                self.phases[task] = "failed"
                self.reasons[task] = why
            case _:
                assert_never(event)


def widen(plan: Plan, event: Widened) -> Plan:
    """The plan with the granted paths and the order that they cost; what is there stays first."""
    return replace(
        plan,
        tasks=tuple(
            replace(
                t,
                touch=tuple(dict.fromkeys((*t.touch, *event.touch))),
                needs=tuple(dict.fromkeys((*t.needs, *event.needs))),
            )
            if t.id == event.task
            else t
            for t in plan.tasks
        ),
    )
