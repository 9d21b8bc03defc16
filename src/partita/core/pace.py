"""How long tasks take here: what is expected of their phases, corrected by what earlier runs took.

An estimate is a guess in seconds; a pace says how many times as long it really takes, learnt from
the logs of runs that are over.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Any, Literal

Phase = Literal["build", "test"]
Line = tuple[float, str, Mapping[str, Any]]  # an event of a log: UTC seconds, type, data

MOST = 8.0  # a pace lies between 1/8 and 8: beyond, something else than pace went wrong
AGES = 1e9  # seconds; no task takes that long
FULL = 4  # samples; with fewer, a run counts for a part of a run


@dataclass(frozen=True, slots=True, kw_only=True)
class Seconds:
    """How long a task's two phases take: writing it, and testing it with the mending between."""

    build: float
    test: float

    @property
    def both(self) -> float:
        """Of the whole task."""
        return self.build + self.test


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many times as long as estimated builds and tests take."""

    build: float = 1.0
    test: float = 1.0

    def applied(self, expected: Seconds) -> Seconds:
        """The expected seconds at this pace."""
        return Seconds(build=expected.build * self.build, test=expected.test * self.test)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A phase of a task that ended well: seconds expected, before any pace, and seconds taken.

    Both are above 0. `model` is the one that wrote a build; "" for a test.
    """

    phase: Phase
    model: str
    expected: float
    taken: float


def pace_of(runs: Sequence[Sequence[Line]], model: str) -> Pace:
    """The pace here with the coder `model`, from the logs of earlier runs, each in its order."""
    return learn([samples(run) for run in runs], model)


def samples(events: Iterable[Line]) -> tuple[Sample, ...]:
    """What one run's log teaches; what it lacks, or holds in another form, teaches nothing.

    Left out are phases that failed, that took an answer from an earlier run, or whose clock was
    set back; builds that no model or several models wrote; and tasks that asked for more scope,
    whose builds were cut in pieces.
    """
    expected: Mapping[str, Any] = {}
    began: dict[str, float] = {}
    models: dict[str, set[str]] = {}
    asked: set[str] = set()
    found = []
    for at, kind, data in events:
        task = str(data.get("task"))
        match kind:
            case "planned":
                expected = _mapping(data.get("expected"))
            case "planned.more":
                expected = {**expected, **_mapping(data.get("expected"))}
            case "task.building" | "task.testing":
                began[task], models[task] = at, set()
            case "call.finished" if task in began:
                models[task].add(str(data.get("model")))
            case "call.reused":
                began.pop(task, None)
            case "task.asking":
                asked.add(task)
            case "task.built" | "task.passed" | "task.deferred" if task in began:
                phase: Phase = "build" if kind == "task.built" else "test"
                taken = at - began.pop(task)
                hoped = _seconds(_mapping(expected.get(task)).get(phase))
                whole = phase == "test" or (len(models[task]) == 1 and task not in asked)
                if whole and hoped and _seconds(taken):
                    model = "" if phase == "test" else min(models[task])
                    found.append(Sample(phase=phase, model=model, expected=hoped, taken=taken))
            case _:
                pass
    return tuple(found)


def learn(runs: Iterable[Sequence[Sample]], model: str) -> Pace:
    """The pace that the runs show; builds count where `model` wrote them.

    A run says the median of its ratios of taken to expected, held within 1/8 to 8, and all runs
    the median of that: one absurd run among three does not move it beyond what the others say.
    The result is drawn to 1 as if one more run had gone just as estimated: after n full runs it
    has gone n / (n + 1) of the way, in logarithms.
    """
    build, test = [], []
    for run in runs:
        build.append([s for s in run if s.phase == "build" and s.model == model])
        test.append([s for s in run if s.phase == "test"])
    return Pace(build=_factor(build), test=_factor(test))


def _factor(runs: Iterable[Sequence[Sample]]) -> float:
    said, weight = [], 0.0
    for run in runs:
        if run:
            middle = _median(log(s.taken) - log(s.expected) for s in run)
            said.append(max(-log(MOST), min(log(MOST), middle)))
            weight += min(1.0, len(run) / FULL)
    return exp(_median(said) * weight / (weight + 1)) if said else 1.0


def _median(values: Iterable[float]) -> float:
    ordered = sorted(values)
    half = len(ordered) // 2
    return (ordered[half] + ordered[~half]) / 2


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _seconds(value: object) -> float:
    """The number, or 0 for what is no length of time."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < AGES:
        return 0.0
    return float(value)
