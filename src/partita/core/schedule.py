"""What a run does next: which tasks to build, to test, to give up, and when it is over.

Running is by dataflow. A task is built as soon as what it needs has passed, and tested as soon as
those whose contracts it uses have: a contract lets both be built at once. What is ready starts by
the longest chain behind it (list scheduling by levels: Hu 1961; compared with its rivals by Kwok
and Ahmad 1999), and no slot stays idle while something is ready, so that no run takes longer than
Graham's bound (1969).
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from partita.core.graph import layers, partners, provider_of, waits_for
from partita.core.pace import Seconds
from partita.core.state import BuildStarted, RunState, TaskEvent, TestStarted, Widened


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

DONE = frozenset({"passed", "deferred"})
THERE = DONE | {"built", "testing"}  # enough of a task for the tests of its partners
RUNNING = frozenset({"building", "testing"})
ALIKE = Seconds(build=1.0, test=1.0)


@dataclass(slots=True)
class _Circle:
    """Partners, the others that they use, and how many of both are not yet there."""

    members: frozenset[str]
    outside: frozenset[str]
    missing: int


@dataclass(slots=True, kw_only=True)
class Schedule:
    """The decisions of a run, kept up to date event by event: no effects, no chance.

    `slots` (at least 1) bounds builds and tests together, `weights` are the tasks' expected
    seconds (all alike when missing). An event costs the edges of the tasks that it concerns and a
    binary search for each that becomes ready; only a grant that orders tasks anew costs as much
    as the plan is large. Of tasks with one id the first counts.
    """

    state: RunState
    slots: int
    weights: Mapping[str, Seconds] = field(default_factory=dict)
    _place: dict[str, int] = field(init=False)
    _running: int = field(init=False)
    _asking: int = field(init=False)
    _done: int = field(init=False)
    # Who needs a task, who uses its contracts, and what a task uses, each with one contract of it.
    _needed_by: dict[str, list[str]] = field(init=False)
    _used_by: dict[str, list[str]] = field(init=False)
    _given: dict[str, dict[str, str]] = field(init=False)
    _circle: dict[str, _Circle] = field(init=False)
    _circles_over: dict[str, list[_Circle]] = field(init=False)
    # How many of what a task needs, and of whose contracts it uses, have not passed.
    _unmet: dict[str, int] = field(init=False)
    _unproven: dict[str, int] = field(init=False)
    # Every start there may be, the least urgent first; where a task's build and its test stand
    # there; which of them are ready, in order, and by task.
    _starts: list[StartBuild | StartTest] = field(init=False)
    _build: dict[str, int] = field(init=False)
    _test: dict[str, int] = field(init=False)
    _ready: list[int] = field(init=False)
    _listed: dict[str, int] = field(init=False)
    # The failed and the skipped, each with the failure that was the cause; the skips to be told.
    _dead: dict[str, str] = field(init=False, default_factory=dict)
    _skips: dict[str, Skip] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        if self.slots < 1:
            msg = "a run needs at least one slot"
            raise ValueError(msg)
        self._lay_out()

    def decide(self) -> tuple[Command, ...]:
        """Name what to do next; do none of it. Nothing to do but wait gives ().

        Skips come first, then tests, then builds, those with the longest way still behind them
        first; Finish stands last, and then nothing runs once the commands before it are applied.
        """
        skips = [self._skips[task] for task in sorted(self._skips)]
        if not self._running and not self._ready and not self._asking:
            return (*skips, Finish(self._done == len(self.state.tasks)))
        free = max(0, self.slots - self._running)
        chosen = self._ready[max(0, len(self._ready) - free) :]
        return (*skips, *(self._starts[number] for number in reversed(chosen)))

    def apply(self, event: TaskEvent) -> None:
        """Move on by the event; ValueError, and nothing changed, when it can't happen now."""
        task, old = event.task, self.state.phase(event.task)
        if isinstance(event, BuildStarted | TestStarted) and task not in self._listed:
            msg = f"{type(event).__name__} can't happen to `{task}`, which is not ready for it"
            raise ValueError(msg)
        self.state.take(event)
        new = self.state.phase(task)
        self._running += (new in RUNNING) - (old in RUNNING)
        self._asking += (new == "asking") - (old == "asking")
        if isinstance(event, Widened) and event.needs:
            self._lay_out()
            return
        if new == "failed":
            self._skips.pop(task, None)
            self._dead.setdefault(task, task)
            self._give_up(task)
        self._look(task)
        if task in self._circle and (new in THERE) != (old in THERE):
            self._came(self._circle[task], 1 if new in THERE else -1)
        if new in DONE:
            self._passed(task)

    def under_test(self, task: str) -> dict[str, bool]:
        """The tasks whose work must lie under a task's tests, in the plan's order.

        The value tells whether it must have passed: not so for those that use the task in turn,
        whose own providers then belong there, too.
        """
        if circle := self._circle.get(task):
            members = circle.members - {task}
            below = members | circle.outside
        else:
            members, below = frozenset(), frozenset(self._given[task])
        return {p: p not in members for p in sorted(below, key=self._place.__getitem__)}

    def _lay_out(self) -> None:
        """All that follows from the plan and the phases."""
        plan, tasks, phase = self.state.plan, self.state.tasks, self.state.phase
        providers = provider_of(plan)
        self._place = {task: place for place, task in enumerate(tasks)}
        self._needed_by = {task: [] for task in tasks}
        self._used_by = {task: [] for task in tasks}
        self._given, self._unmet, self._unproven = {}, {}, {}
        for ident, task in tasks.items():
            given: dict[str, str] = {}
            for contract in task.uses:
                if providers.get(contract, ident) != ident:
                    given.setdefault(providers[contract], contract)
            self._given[ident] = given
            for need in task.needs:
                if need in tasks:
                    self._needed_by[need].append(ident)
            for provider in given:
                self._used_by[provider].append(ident)
            self._unmet[ident] = sum(phase(n) not in DONE for n in task.needs)
            self._unproven[ident] = sum(phase(p) not in DONE for p in given)
        self._draw_circles()
        self._rank()
        self._running = sum(phase(t) in RUNNING for t in tasks)
        self._asking = sum(phase(t) == "asking" for t in tasks)
        self._done = sum(phase(t) in DONE for t in tasks)
        self._ready, self._listed = [], {}
        self._dead |= {t: t for t in tasks if phase(t) == "failed" and t not in self._dead}
        for ident in tasks:
            self._look(ident)

    def _draw_circles(self) -> None:
        self._circle, self._circles_over = {}, {}
        mutual, phase = partners(self.state.plan), self.state.phase
        for task, others in mutual.items():
            if not others or task in self._circle:
                continue
            members = others | {task}
            outside = frozenset(p for m in members for p in self._given[m]) - members
            missing = sum(phase(m) not in THERE for m in members)
            missing += sum(phase(p) not in DONE for p in outside)
            circle = _Circle(members, outside, missing)
            self._circle.update(dict.fromkeys(members, circle))
            for provider in outside:
                self._circles_over.setdefault(provider, []).append(circle)

    def _rank(self) -> None:
        """Number all starts by urgency: tests before builds, then by what is behind them.

        Behind a start are the expected seconds of the longest chain that begins with it.
        """
        build = dict.fromkeys(self.state.tasks, 0.0)
        test = dict.fromkeys(self.state.tasks, 0.0)
        for layer in reversed(layers(waits_for(self.state.plan))):
            for task in layer:
                took, circle = self.weights.get(task, ALIKE), self._circle.get(task)
                mutual = circle.members if circle else ()
                chains = [build[other] for other in self._needed_by[task]]
                chains += [test[other] for other in self._used_by[task] if other not in mutual]
                test[task] = took.test + max(chains, default=0.0)
                build[task] = took.build + test[task]
        ranked = sorted(
            [(1, build[t], t) for t in build] + [(0, test[t], t) for t in test],
            key=lambda start: (start[0], -start[1], start[2]),
            reverse=True,
        )
        self._starts = [StartBuild(t) if kind else StartTest(t) for kind, _, t in ranked]
        self._build = {t: number for number, (kind, _, t) in enumerate(ranked) if kind}
        self._test = {t: number for number, (kind, _, t) in enumerate(ranked) if not kind}

    def _passed(self, task: str) -> None:
        """Tell those who wait for the task."""
        self._done += 1
        for waiting, others in ((self._unmet, self._needed_by), (self._unproven, self._used_by)):
            for other in others[task]:
                waiting[other] -= 1
                if not waiting[other]:
                    self._look(other)
        for circle in self._circles_over.get(task, ()):
            self._came(circle, 1)

    def _came(self, circle: _Circle, count: int) -> None:
        """So many more are there of what the tests of the circle wait for."""
        before = circle.missing
        circle.missing -= count
        if not before or not circle.missing:
            for member in sorted(circle.members):
                self._look(member)

    def _look(self, task: str) -> None:
        """Let the task stand among the ready exactly when it may start; skip it when blocked."""
        phase, start = self.state.phase(task), None
        if self._dead and phase in ("waiting", "built") and task not in self._dead:
            waited = (*self.state.tasks[task].needs, *self._given[task])
            if dead := [other for other in waited if other in self._dead]:
                self._skip(task, dead[0])
                self._give_up(task)
        if task in self._dead:
            pass
        elif phase == "waiting" and not self._unmet[task]:
            start = self._build[task]
        elif phase == "built":
            circle = self._circle.get(task)
            if not self._unproven[task] or (circle and not circle.missing):
                start = self._test[task]
        self._list(task, start)

    def _list(self, task: str, start: int | None) -> None:
        """Let this start of the task stand among the ready, and no other."""
        if self._listed.get(task) == start:
            return
        if (old := self._listed.pop(task, None)) is not None:
            del self._ready[bisect_left(self._ready, old)]
        if start is not None:
            insort(self._ready, start)
            self._listed[task] = start

    def _give_up(self, task: str) -> None:
        """Skip all that the dead task blocks, near or far, as long as it does not run."""
        todo = deque([task])
        while todo:
            cause = todo.popleft()
            for other in (*self._needed_by[cause], *self._used_by[cause]):
                if other not in self._dead and self.state.phase(other) in ("waiting", "built"):
                    self._skip(other, cause)
                    todo.append(other)

    def _skip(self, task: str, cause: str) -> None:
        root = self._dead[task] = self._dead[cause]
        need = cause in self.state.tasks[task].needs
        if root == cause:
            tie = "needs it" if need else f"uses its contract `{self._given[task][cause]}`"
        elif need:
            tie = f"needs `{cause}`, which waits for it"
        else:
            tie = f"uses the contract `{self._given[task][cause]}` of `{cause}`, which waits for it"
        self._skips[task] = Skip(task, f"`{root}` failed, and `{task}` {tie}")
        self._list(task, None)
