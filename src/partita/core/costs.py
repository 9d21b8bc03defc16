"""What was spent, from the lines of the ledger: grouped, against caps, against estimates."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, Literal

from partita.core.budget import Caps, Usage, day_of

By = Literal["run", "task", "role", "model", "day"]
BYS: tuple[By, ...] = ("run", "task", "role", "model", "day")
PLANNING = ("engage", "discover", "plan", "analyse", "assess", "design")
NO_TASK = "(no task)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the ledger, in nano-dollars; `state` as in ports/store.py, `at` UTC seconds."""

    run: str
    task: str | None
    role: str
    model: str
    activity: str
    at: float
    state: str
    held: int
    cost: int
    usage: Usage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """What cost nothing: an answer reused, which saved so many nano-dollars, or a call that failed.

    `failed` says how, in one of the words that outcomes have; "" for an answer.
    """

    run: str
    task: str | None
    role: str
    model: str
    at: float
    saved: int = 0
    failed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The sums of a group: money in nano-dollars, everything else counted.

    `calls` are those that went out, those in flight included; `input` has the cached tokens in it.
    `cost` is what counts as spent. Of it, `unconfirmed` may not have been billed (no answer
    came), and `estimated` was settled without the provider's word. `held` is for calls in flight.
    `reused` answers were paid for earlier, and `saved` what they cost then. `failed` are calls
    that failed, by how.
    """

    key: str = ""
    calls: int = 0
    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cost: int = 0
    held: int = 0
    unconfirmed: int = 0
    unconfirmed_calls: int = 0
    estimated: int = 0
    estimated_calls: int = 0
    reused: int = 0
    saved: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: "Row") -> "Row":
        sums = {n: getattr(self, n) + getattr(other, n) for n in FIGURES}
        failed = Counter(self.failed) + Counter(other.failed)
        return Row(key=self.key, failed=dict(sorted(failed.items())), **sums)


FIGURES = (
    "calls",
    "input",
    "output",
    "cache_read",
    "cache_write",
    "cost",
    "held",
    "unconfirmed",
    "unconfirmed_calls",
    "estimated",
    "estimated_calls",
    "reused",
    "saved",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """How full a cap is: `kind` is that of a pot, `name` says which one, money in nano-dollars."""

    kind: str
    name: str
    cap: int
    spent: int
    held: int

    @property
    def percent(self) -> int:
        """The share of the cap that is spent or held, rounded down."""
        taken = self.spent + self.held
        return 100 * taken // self.cap if self.cap else 100 * bool(taken)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure of an estimate, and what it came to."""

    low: float
    high: float
    actual: int

    @property
    def verdict(self) -> str:
        """Is what it came to "below", "within" or "above" the range?"""
        if self.actual < self.low:
            return "below"
        return "above" if self.actual > self.high else "within"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A run's estimate against what it took after planning; money in nano-dollars."""

    run: str
    calls: Figure
    tokens: Figure
    money: Figure


def grouped(lines: Iterable[Line], asides: Iterable[Aside], by: By) -> tuple[Row, ...]:
    """A row for each group: runs and days in their order, the others by what they cost.

    Tasks of several runs stand apart, as RUN/TASK.
    """
    every: list[Line | Aside] = [*lines, *asides]
    several = len({each.run for each in every}) > 1
    found: dict[str, _Sums] = {}
    for each in every:
        key = _key(each, by, several=several)
        if key not in found:
            found[key] = _Sums()
        found[key].take(each)
    rows = [sums.row(key) for key, sums in found.items()]
    if by in ("run", "day"):
        return tuple(sorted(rows, key=lambda row: row.key))
    return tuple(sorted(rows, key=lambda row: (-row.cost, row.key)))


def total(rows: Iterable[Row]) -> Row:
    """The sum of the rows."""
    return reduce(Row.__add__, rows, Row(key="total"))


def _key(each: Line | Aside, by: By, *, several: bool) -> str:
    match by:
        case "run":
            return each.run
        case "task":
            task = each.task or NO_TASK
            return f"{each.run}/{task}" if several else task
        case "role":
            return each.role
        case "model":
            return each.model
        case "day":
            return day_of(each.at)


class _Sums:
    """A row while it is being added up."""

    def __init__(self) -> None:
        self.figures: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()

    def take(self, each: Line | Aside) -> None:
        if isinstance(each, Line):
            for name, amount in _figures(each):
                self.figures[name] += amount
        elif each.failed:
            self.failed[each.failed] += 1
        else:
            self.figures["reused"] += 1
            self.figures["saved"] += each.saved

    def row(self, key: str) -> Row:
        return Row(key=key, failed=dict(sorted(self.failed.items())), **self.figures)


def _figures(line: Line) -> Iterator[tuple[str, int]]:
    """What the line adds to which figures of its row."""
    if line.state == "released":
        return
    yield "calls", 1
    if line.state == "held":
        yield "held", line.held
        return
    yield "cost", line.cost
    if line.state == "unconfirmed":
        yield "unconfirmed", line.cost
        yield "unconfirmed_calls", 1
    if line.usage is None:
        return
    if line.state == "settled" and line.usage.estimated:
        yield "estimated", line.cost
        yield "estimated_calls", 1
    yield "input", line.usage.input
    yield "output", line.usage.output
    yield "cache_read", line.usage.cache_read
    yield "cache_write", line.usage.cache_write


def aside_of(run: str, at: float, kind: str, data: Mapping[str, Any]) -> Aside | None:
    """What an event of a run's log tells beside the ledger; None for events that tell nothing.

    Logs of older versions do not say how a call failed: it is "failed".
    """
    if kind not in ("call.reused", "call.failed"):
        return None
    saved = data.get("saved")
    return Aside(
        run=run,
        task=data.get("task"),
        role=str(data.get("role")),
        model=str(data.get("model")),
        at=at,
        saved=saved if isinstance(saved, int) and kind == "call.reused" else 0,
        failed=str(data.get("outcome") or "failed") if kind == "call.failed" else "",
    )


def fills(lines: Sequence[Line], caps: Caps, *, run: str | None, today: str) -> tuple[Fill, ...]:
    """How full the caps are: those of the run, where one is named, and those of the project.

    `lines` are those of all the project's runs.
    """
    wanted: list[tuple[str, str, int | None, list[Line]]] = []
    mine = [line for line in lines if line.run == run]
    if run is not None:
        wanted.append(("run", run, caps.run, mine))
        roles = sorted(caps.roles.items())
        wanted += [("role", r, cap, [e for e in mine if e.role == r]) for r, cap in roles]
        tasks = sorted(
            {e.task for e in mine if e.task is not None} if caps.task is not None else ()
        )
        wanted += [("task", t, caps.task, [e for e in mine if e.task == t]) for t in tasks]
    wanted.append(("day", today, caps.day, [e for e in lines if day_of(e.at) == today]))
    wanted.append(("project", "all runs", caps.project, list(lines)))
    return tuple(
        Fill(
            kind=kind,
            name=name,
            cap=cap,
            spent=sum(e.cost for e in drawn if e.state != "held"),
            held=sum(e.held for e in drawn if e.state == "held"),
        )
        for kind, name, cap, drawn in wanted
        if cap is not None
    )


def compared(run: str, estimate: object, lines: Iterable[Line]) -> Comparison | None:
    """The run's estimate, as its log has it, against its ledger; None where it can't be read.

    What planning took is left out, as it is in estimates.
    """
    after = [e for e in lines if e.run == run and e.activity.split(":")[0] not in PLANNING]
    row = total(grouped(after, (), "run"))
    actual = {"calls": row.calls, "tokens": row.input + row.output, "money": row.cost}
    figures = {}
    for name, came_to in actual.items():
        given = estimate.get(name) if isinstance(estimate, Mapping) else None
        if not isinstance(given, Mapping):
            return None
        low, high = given.get("low"), given.get("high")
        if not isinstance(low, int | float) or not isinstance(high, int | float):
            return None
        figures[name] = Figure(low=low, high=high, actual=came_to)
    return Comparison(run=run, **figures)
