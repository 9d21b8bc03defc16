"""What tasks take here in calls and tokens: the guesses, corrected by what earlier runs took.

As a pace does for seconds, a thrift says how many times as much it really takes, learnt from the
logs of earlier runs. It changes what is foretold of a run, never what the run does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, fsum, log
from typing import Any

from partita.core.pace import Line

MOST = 8.0  # a factor lies between 1/8 and 8: beyond, something else than the guess went wrong
FULL = 4  # tasks; with fewer, a run counts for a part of a run
OTHER_MODEL = 0.25  # of a run: another model's tokens and slips say something, but little
OTHER_DEPTH = 0.5  # of a run: the plan of another depth has other tasks
TRACE, AGES = 1e-6, 1e12  # calls or tokens; no run takes so few, or so many


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Calls, and tokens in and out."""

    calls: float = 0.0
    input: float = 0.0
    output: float = 0.0

    def __add__(self, other: "Use") -> "Use":
        return Use(
            calls=self.calls + other.calls,
            input=self.input + other.input,
            output=self.output + other.output,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Thrift:
    """How many times as many calls and tokens as guessed are taken; `runs` have shown it."""

    calls: float = 1.0
    input: float = 1.0
    output: float = 1.0
    runs: int = 0

    @property
    def words(self) -> str:
        """What a figure that it went into is said with; "" where nothing was learnt."""
        if not self.runs:
            return ""
        return f"as {self.runs} earlier {'run' if self.runs == 1 else 'runs'} showed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one run teaches: its tasks that passed, what was guessed for them, what they took.

    `model` is the one that answered all their calls, "" where there were several. The guess is
    from before any thrift, and nothing in it or in what was taken is 0.
    """

    model: str
    depth: str
    tasks: int
    hoped: Use
    taken: Use


def thrift_of(runs: Iterable[Sequence[Line]], model: str, depth: str) -> Thrift:
    """The thrift for a run of that depth with the coder `model`, from the logs of earlier runs."""
    found = (sample(run) for run in runs)
    return learn([each for each in found if each is not None], model, depth)


def sample(events: Iterable[Line]) -> Sample | None:
    """What one run's log teaches; None where it lacks what is needed, or has it in another form.

    Left out are tasks that did not pass, and those that took an answer from an earlier run. Of a
    run that was begun anew, its last generation counts.
    """
    hoped: Mapping[str, Any] = {}
    depth = ""
    taken: dict[str, Use] = {}
    models: dict[str, set[str]] = {}
    passed: set[str] = set()
    reused: set[str] = set()
    for _, kind, data in events:
        task = str(data.get("task"))
        match kind:
            case "foreseen":
                hoped, depth = _mapping(data.get("hoped")), str(data.get("depth"))
                taken, models, passed, reused = {}, {}, set(), set()
            case "foreseen.more":
                hoped = {**hoped, **_mapping(data.get("hoped"))}
            case "call.finished":
                more = Use(
                    calls=1.0, input=_count(data.get("input")), output=_count(data.get("output"))
                )
                taken[task] = taken.get(task, Use()) + more
                models.setdefault(task, set()).add(str(data.get("model")))
            case "call.reused":
                reused.add(task)
            case "task.passed":
                passed.add(task)
            case _:
                pass
    good = sorted(t for t in passed - reused if t in hoped and t in taken)
    sums = (_sum(_use(hoped[t]) for t in good), _sum(taken[t] for t in good))
    if not all(min(use.calls, use.input, use.output) > 0 for use in sums):
        return None
    names = set().union(*(models[t] for t in good))
    return Sample(
        model=min(names) if len(names) == 1 else "",
        depth=depth,
        tasks=len(good),
        hoped=sums[0],
        taken=sums[1],
    )


def learn(samples: Sequence[Sample], model: str, depth: str) -> Thrift:
    """The thrift that the runs show; their order does not matter.

    A run says the ratios of what its tasks took to what was guessed, held within 1/8 to 8, and
    all runs the weighted mean of that, in logarithms, as if one more full run had gone just as
    guessed. A run of the same model and depth counts in full, of another for less. So each run
    that is added draws the factors to what it says.
    """
    weights = [_weight(s, model, depth) for s in samples]
    whole = fsum(weights) + 1.0

    def factor(ratios: Iterable[float]) -> float:
        logs = (max(-log(MOST), min(log(MOST), log(ratio))) for ratio in ratios)
        return exp(fsum(w * said for w, said in zip(weights, logs, strict=True)) / whole)

    return Thrift(
        calls=factor(s.taken.calls / s.hoped.calls for s in samples),
        input=factor(s.taken.input / s.hoped.input for s in samples),
        output=factor(s.taken.output / s.hoped.output for s in samples),
        runs=len(samples),
    )


def _weight(sample: Sample, model: str, depth: str) -> float:
    weight = min(1.0, sample.tasks / FULL)
    weight *= 1.0 if sample.model == model else OTHER_MODEL
    return weight * (1.0 if sample.depth == depth else OTHER_DEPTH)


def _sum(uses: Iterable[Use]) -> Use:
    return sum(uses, start=Use())


def _use(data: object) -> Use:
    given = _mapping(data)
    return Use(
        calls=_count(given.get("calls")),
        input=_count(given.get("input")),
        output=_count(given.get("output")),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _count(value: object) -> float:
    """The number, or 0 for what is no number of calls or tokens."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not TRACE < value < AGES:
        return 0.0
    return float(value)
