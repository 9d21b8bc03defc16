"""What a plan will take, as ranges at most four times wide, and how its questions are divided."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil, sqrt

from partita.core.budget import Price, Usage
from partita.core.graph import critical_path, layers
from partita.core.pace import Pace, Seconds
from partita.core.plan import Estimate, Plan, Range, Task, WantedFile
from partita.core.thrift import Thrift, Use

WIDTH = 4  # high / low of every range, at most

# Measured over 55 build questions of sixteen real runs: 6.1 to 14.9 tokens of output per planned
# line (mean 10.1), 840 to 3,280 of a question beyond the files that it shows. A fix question's
# evidence, and the times of a first run, are guesses.
LINE = 10
BUILD = Range(low=850, high=3_300)
EVIDENCE = Range(low=400, high=1_200)
# Answers run shorter or longer than planned, with prose and tags around them.
SPREAD = Range(low=0.7, high=1.5)
UNLISTED = 80  # lines, for each pattern of a task that lists no files

CALL = 2.0  # seconds to the first token
SPEED = 60.0  # tokens a second
TESTS = Range(low=1.0, high=4.0)  # seconds of a task's checks
AROUND = Range(low=1.0, high=8.0)  # seconds to provision, integrate and land

FULL = 0.7  # of the output limit: what one question may ask for, since lines are estimates


USUAL = Pace()
AS_GUESSED = Thrift()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Load:
    """Calls, tokens and seconds of some questions, asked one after the other."""

    calls: float = 0
    input: float = 0
    output: float = 0

    def __add__(self, other: "_Load") -> "_Load":
        return _Load(
            calls=self.calls + other.calls,
            input=self.input + other.input,
            output=self.output + other.output,
        )

    def with_(self, thrift: Thrift) -> "_Load":
        return _Load(
            calls=self.calls * thrift.calls,
            input=self.input * thrift.input,
            output=self.output * thrift.output,
        )

    def times(self, factor: float) -> "_Load":
        return _Load(
            calls=self.calls * factor, input=self.input * factor, output=self.output * factor
        )

    @property
    def seconds(self) -> float:
        return self.calls * CALL + self.output / SPEED

    def cost(self, price: Price) -> int:
        return price.cost(Usage(input=ceil(self.input), output=ceil(self.output)))


def split(task: Task, max_output: int) -> tuple[tuple[WantedFile, ...], ...]:
    """The task's files by the questions they are asked in; one group, maybe empty, if they fit.

    When they may pass 70 % of `max_output` (tokens), each file is asked for alone, but for those
    of low importance, which share a question as far as it goes.
    """
    room = FULL * max_output
    if sum(_tokens(f) for f in task.files) <= room:
        return (task.files,)
    groups: list[list[WantedFile]] = []
    shared: list[WantedFile] = []
    for file in task.files:
        if file.importance != "low":
            groups.append([file])
        elif shared and sum(map(_tokens, shared)) + _tokens(file) <= room:
            shared.append(file)
        else:
            shared = [file]
            groups.append(shared)
    return tuple(map(tuple, groups))


def _tokens(file: WantedFile) -> int:
    return LINE * max(1, file.lines)


def estimate(
    plan: Plan,
    *,
    prices: tuple[Price, ...] | Price,
    max_output: int,
    rounds: int = 3,
    context_tokens: int = 0,
    slots: int = 4,
    pace: Pace = USUAL,
    thrift: Thrift = AS_GUESSED,
) -> Estimate:
    """What the plan will take from design's end on.

    `prices` are those of the coder's route, the first being asked first; `max_output` is its
    limit in tokens, `rounds` how often a task may be mended, `context_tokens` what each build
    question shows of the repository, `slots` how many tasks run at once, `pace` how many times as
    long as guessed they take here, `thrift` how many times as many calls and tokens.
    """
    low: dict[str, _Load] = {}
    high: dict[str, _Load] = {}
    mending: dict[str, _Load] = {}
    for task in plan.tasks:
        low[task.id], high[task.id], mending[task.id] = _loads(task, max_output, context_tokens)
    most = _mendings(plan, rounds)
    fixes = {ident: load.times(most) for ident, load in mending.items()}
    questions = _sum(low.values())
    least = questions.with_(thrift)
    largest = _sum((*high.values(), *fixes.values())).with_(thrift)
    calls = max(round(questions.calls), round(least.calls))  # each file is asked for, once at least
    fastest, slowest = {}, {}
    for task in plan.tasks:
        quick, slow = _phases(low[task.id], high[task.id], mending[task.id], most)
        fastest[task.id] = pace.applied(quick).both
        slowest[task.id] = pace.applied(slow).both
    return Estimate(
        calls=Range(low=float(calls), high=float(max(calls, ceil(largest.calls)))),
        tokens=_fit(least.input + least.output, largest.input + largest.output, whole=True),
        money=_money(least, largest, (prices,) if isinstance(prices, Price) else prices),
        seconds=_fit(
            AROUND.low + _shortest(plan, fastest, slots=slots),
            AROUND.high + _longest(plan, slowest, slots=slots),
        ),
        per_task={t.id: _fit(fastest[t.id], slowest[t.id]) for t in plan.tasks},
    )


def expected(plan: Plan, *, max_output: int, rounds: int = 3) -> dict[str, Seconds]:
    """Per task, the middle of what its phases are guessed to take, before any pace."""
    most = _mendings(plan, rounds)
    found = {}
    for task in plan.tasks:
        quick, slow = _phases(*_loads(task, max_output, 0), most)
        found[task.id] = Seconds(
            build=(quick.build + slow.build) / 2, test=(quick.test + slow.test) / 2
        )
    return found


def foretold(
    plan: Plan, *, max_output: int, rounds: int = 3, context_tokens: int = 0
) -> dict[str, Use]:
    """Per task, the middle of the calls and tokens guessed for it, before any thrift."""
    most = _mendings(plan, rounds)
    found = {}
    for task in plan.tasks:
        low, high, mending = _loads(task, max_output, context_tokens)
        both = low + high + mending.times(most)
        found[task.id] = Use(calls=both.calls / 2, input=both.input / 2, output=both.output / 2)
    return found


def _mendings(plan: Plan, rounds: int) -> float:
    """Rounds of mending per task at the most: about every second task needs one."""
    return min(rounds, 1) * ceil(len(plan.tasks) / 2) / max(1, len(plan.tasks))


def _phases(low: _Load, high: _Load, mending: _Load, most: float) -> tuple[Seconds, Seconds]:
    """The task's phases at their quickest and at their slowest."""
    mended = most * mending.seconds + (1 + most) * TESTS.high
    return (
        Seconds(build=low.seconds, test=TESTS.low),
        Seconds(build=high.seconds, test=mended),
    )


def _loads(task: Task, max_output: int, context_tokens: int) -> tuple[_Load, _Load, _Load]:
    """The task's questions at the least, at the most, and one round of mending it."""
    groups = split(task, max_output)
    lines = sum(_tokens(f) for f in task.files) or LINE * UNLISTED * max(1, len(task.touch))
    calls = len(groups)
    shown = calls * context_tokens
    low = _Load(calls=calls, input=calls * BUILD.low + shown, output=lines * SPREAD.low)
    high = _Load(calls=calls, input=calls * BUILD.high + shown, output=lines * SPREAD.high)
    mending = _Load(
        calls=1,
        input=BUILD.high + EVIDENCE.high + context_tokens + lines,
        output=min(lines, max_output),
    )
    return low, high, mending


def _sum(loads: Iterable[_Load]) -> _Load:
    return sum(loads, start=_Load())


def _money(least: _Load, largest: _Load, prices: tuple[Price, ...]) -> Range:
    """Nano-dollars by the price asked first; by the dearest where the first is free."""
    if not prices:
        return Range(low=0.0, high=0.0)
    first = prices[0]
    if not largest.cost(first):
        first = max(prices, key=largest.cost)
    if not largest.cost(first):
        return Range(low=0.0, high=0.0)
    return _fit(max(1, least.cost(first)), largest.cost(first), whole=True)


def _shortest(plan: Plan, seconds: Mapping[str, float], *, slots: int) -> float:
    """No schedule is shorter than its longest chain, or than all work shared evenly."""
    chain = 0.0
    ends: dict[str, float] = {}
    needs = {t.id: t.needs for t in plan.tasks}
    for layer in layers(needs):
        for ident in layer:
            begin = max((ends[n] for n in needs[ident] if n in ends), default=0.0)
            ends[ident] = begin + seconds[ident]
            chain = max(chain, ends[ident])
    return max(chain, sum(seconds.values()) / slots)


def _longest(plan: Plan, seconds: Mapping[str, float], *, slots: int) -> float:
    """No schedule that leaves no slot idle is longer than Graham's bound."""
    chain = sum(seconds[i] for i in critical_path(plan, seconds))
    return sum(seconds.values()) / slots + chain * (1 - 1 / slots)


def _fit(low: float, high: float, *, whole: bool = False) -> Range:
    """The range, drawn in around its geometric middle where it is too wide."""
    if high > WIDTH * low:
        middle = sqrt(low * high)
        low, high = middle / sqrt(WIDTH), middle * sqrt(WIDTH)
    if whole:
        low = max(1, ceil(low))
        high = max(low, min(int(high), WIDTH * low))
    return Range(low=float(low), high=float(high))
