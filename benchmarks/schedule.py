"""Simulated runs of the real scheduler: how near they come to the shortest run there can be."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from heapq import heappop, heappush, heapreplace
from math import log
from random import Random
from statistics import mean
from time import process_time

from figures import Row, Section

from partita.core.graph import waves
from partita.core.pace import Seconds
from partita.core.plan import Contract, Plan, Task
from partita.core.schedule import Finish, Schedule, Skip, StartBuild, StartTest
from partita.core.state import BuildStarted, Built, Failed, Passed, RunState, TestStarted

GRAPHS = 200
KINDS = ("layered", "sparse", "fan-out")
MIDDLE = 60.0  # seconds, the median of a task
SPREADS = (0.5, 1.0)  # of the logarithm of a task's seconds
KNOWN, GUESSED, WAVES = 1.02, 1.06, 0.80  # the targets
LARGE = (10_000, 20_000)
DECIDED = 2.0  # seconds for 10,000 tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A plan, how many of its tasks run at once, and how long they will take."""

    kind: str
    plan: Plan
    slots: int
    took: Mapping[str, Seconds]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A simulated run: its length, the most that ran at once, processor seconds of deciding."""

    makespan: float
    most: int
    done: int
    deciding: float


def case(seed: int, *, spread: float, most: int = 2_000, contracts: float = 0.0) -> Case:
    """The case of that number: ten to `most` tasks and one to 64 slots, drawn evenly."""
    rng = Random(seed)
    count, slots = rng.randint(10, most), rng.randint(1, 64)
    return _case(KINDS[seed % len(KINDS)], count, slots, rng, spread=spread, contracts=contracts)


def _case(
    kind: str, count: int, slots: int, rng: Random, *, spread: float, contracts: float
) -> Case:
    """Log-normal durations, of which 60 to 95 % are the build and the rest the test.

    Of what a task waits for, the share `contracts` is used by contract, the rest needed.
    """
    tasks = []
    for i, before in enumerate(_edges(kind, count, rng)):
        used = {j for j in before if rng.random() < contracts}
        tasks.append(
            Task(
                id=f"t{i}",
                objective="",
                touch=(f"t{i}/**",),
                needs=tuple(f"t{j}" for j in before if j not in used),
                uses=tuple(f"c{j}" for j in before if j in used),
                provides=(f"c{i}",),
            )
        )
    took = {}
    for task in tasks:
        whole, share = rng.lognormvariate(log(MIDDLE), spread), rng.uniform(0.6, 0.95)
        took[task.id] = Seconds(build=whole * share, test=whole * (1 - share))
    agreed = tuple(Contract(id=c, kind="function", signature="") for t in tasks for c in t.provides)
    plan = Plan(name=kind, tasks=tuple(tasks), contracts=agreed)
    return Case(kind=kind, plan=plan, slots=slots, took=took)


def _edges(kind: str, count: int, rng: Random) -> list[list[int]]:
    """Per task, the earlier ones that it waits for.

    "layered": one to three of the layer before; "sparse": none to two of all before, one on
    average; "fan-out": a tree, each task behind one of all before.
    """
    if kind == "sparse":
        picks = (rng.choice((0, 1, 1, 2)) for _ in range(count))
        return [
            sorted({rng.randrange(i) for _ in range(n)} if i else ()) for i, n in enumerate(picks)
        ]
    if kind == "fan-out":
        return [[rng.randrange(i)] if i else [] for i in range(count)]
    width = count ** rng.random()
    found: list[list[int]] = []
    before: range = range(0)
    while len(found) < count:
        wide = min(count - len(found), max(1, round(width * rng.uniform(0.5, 1.5))))
        layer = range(len(found), len(found) + wide)
        found += [sorted(rng.sample(before, min(len(before), rng.randint(1, 3)))) for _ in layer]
        before = layer
    return found


def guessed(took: Mapping[str, Seconds], rng: Random) -> dict[str, Seconds]:
    """The durations, each wrong by up to a factor of two either way."""
    return {
        task: Seconds(
            build=s.build * 2 ** rng.uniform(-1, 1), test=s.test * 2 ** rng.uniform(-1, 1)
        )
        for task, s in took.items()
    }


def mended(took: Mapping[str, Seconds], rng: Random) -> dict[str, Seconds]:
    """The durations where every fourth test begins one to three rounds of mending."""
    return {
        task: Seconds(
            build=s.build,
            test=s.test + (rng.randint(1, 3) * s.both if rng.random() < 1 / 4 else 0.0),
        )
        for task, s in took.items()
    }


def simulate(given: Case, weights: Mapping[str, Seconds], failing: Iterable[str] = ()) -> Ran:
    """Run the case to its end: a build, then a test, each holding a slot, given back between."""
    broken = frozenset(failing)
    began = process_time()
    schedule = Schedule(state=RunState(plan=given.plan), slots=given.slots, weights=weights)
    deciding = process_time() - began
    running: list[tuple[float, str, Built | Passed | Failed]] = []
    now, most = 0.0, 0
    while True:
        began = process_time()
        commands = schedule.decide()
        for command in commands:
            match command:
                case StartBuild(task=task):
                    schedule.apply(BuildStarted(task=task))
                case StartTest(task=task):
                    schedule.apply(TestStarted(task=task))
                case Skip(task=task, why=why):
                    schedule.apply(Failed(task=task, why=why))
                case _:
                    pass
        deciding += process_time() - began
        for command in commands:
            match command:
                case Finish():
                    done = sum(p == "passed" for p in schedule.state.phases.values())
                    return Ran(makespan=now, most=most, done=done, deciding=deciding)
                case StartBuild(task=task):
                    end = now + given.took[task].build
                    heappush(running, (end, task, Built(task=task, commit="c")))
                case StartTest(task=task):
                    good = Passed(task=task, commit="c")
                    event = Failed(task=task, why="it broke") if task in broken else good
                    heappush(running, (now + given.took[task].test, task, event))
                case _:
                    pass
        most = max(most, len(running))
        now, _, ended = heappop(running)
        began = process_time()
        schedule.apply(ended)
        deciding += process_time() - began


def bounds(given: Case) -> tuple[float, float]:
    """No schedule is shorter than the first; none that idles no slot is longer than the second.

    They are max(critical path, work / slots) and Graham's bound, of the graph of the phases.
    """
    ends: dict[str, float] = {}
    for task in given.plan.tasks:
        took = given.took[task.id]
        built = max((ends[n] for n in task.needs), default=0.0) + took.build
        providers = (f"t{c[1:]}" for c in task.uses)
        ends[task.id] = max(built, *(ends[p] for p in providers), 0.0) + took.test
    path = max(ends.values())
    share = sum(s.both for s in given.took.values()) / given.slots
    return max(path, share), share + path * (1 - 1 / given.slots)


def in_waves(given: Case) -> float:
    """How long it takes when each wave waits for the one before; in a wave, the longest first."""
    total = 0.0
    for wave in waves(given.plan):
        free = [0.0] * given.slots
        for seconds in sorted((given.took[t].both for t in wave), reverse=True):
            heapreplace(free, free[0] + seconds)
        total += max(free)
    return total


def measure() -> list[Section]:
    """The issue's graphs at two spreads, then the time that deciding takes."""
    return [*(_makespans(spread) for spread in SPREADS), _decisions()]


def _makespans(spread: float) -> Section:
    known, wrong, late, graham, barrier = [], [], [], [], []
    for seed in range(GRAPHS):
        given, rng = case(seed, spread=spread), Random(-1 - seed)
        least, longest = bounds(given)
        ran = simulate(given, given.took).makespan
        blind = simulate(given, guessed(given.took, rng)).makespan
        known.append(ran / least)
        wrong.append(blind / least)
        graham.append(max(ran, blind) / longest)
        barrier.append(ran / in_waves(given))
        real = replace(given, took=mended(given.took, rng))
        late.append(simulate(real, given.took).makespan / bounds(real)[0])
    return Section(
        title=f"{GRAPHS} random graphs, 10 to 2,000 tasks, 1 to 64 slots, "
        f"log-normal durations of spread {spread:g}",
        rows=(
            _ratio("mean makespan, of the lower bound", known, KNOWN),
            _ratio("the same, estimates wrong by up to 2 either way", wrong, GUESSED),
            _ratio("the same, 1 to 3 unforeseen fixes in every fourth test", late),
            _ratio("mean makespan, of barrier waves", barrier, WAVES),
            Row(
                what="longest, of Graham's bound",
                value=f"{max(graham):.3f}",
                target="at most 1",
                met=max(graham) <= 1 + 1e-9,
            ),
        ),
    )


def _ratio(what: str, values: list[float], most: float | None = None) -> Row:
    return Row(
        what=what,
        value=f"{mean(values):.4f}",
        spread=f"{min(values):.2f} - {max(values):.2f}",
        target="" if most is None else f"at most {most:g}",
        met=None if most is None else mean(values) <= most,
    )


def _decisions() -> Section:
    rows = []
    for count in LARGE:
        given = _case("sparse", count, 64, Random(count), spread=1.0, contracts=1 / 3)
        most = DECIDED * count / LARGE[0]
        broken = [t.id for t in given.plan.tasks[:: count // 20]]
        for what, failing in (("", []), (", 20 of them fail", broken)):
            ran = simulate(given, given.took, failing)
            rows.append(
                Row(
                    what=f"{count:,} tasks{what} ({ran.done:,} pass)",
                    value=f"{ran.deciding:.2f} s",
                    target=f"at most {most:g} s",
                    met=ran.deciding <= most,
                )
            )
    return Section(
        title="all decisions of a run, 64 slots, in seconds of the processor", rows=tuple(rows)
    )
