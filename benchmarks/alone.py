"""The engine and the model port alone, in a process of their own: what `alone.run` was asked for.

`python benchmarks/alone.py JOB` is that process; JOB is the JSON of a `Job`. It prints figures as
one JSON line. Its tasks have two steps, a build and a test, each of which asks one question of a
model in the same process, which takes its seeded seconds; nothing is written but the store.
"""

import asyncio
import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

SEED = 1
LEAST, MOST = 0.5, 1.5  # seconds of a call
PROMPT, REPLY = 6_000, 3_000  # characters
PROJECT = "bench"
RUN = "20261121-120000-abcd"


class AloneError(Exception):
    """The process did not do what is to be measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What the process is to do.

    `what`: "tasks" (a run of them, by the real scheduler) or "steps" (`steps` durable steps in
    each of them, all at once). `url` is a PostgreSQL database, else SQLite in `folder`. `role`:
    "owner" does it all, "worker" serves until it is terminated.
    """

    what: str = "tasks"
    folder: str
    url: str = ""
    role: str = "owner"
    tasks: int = 1_000
    slots: int = 64
    steps: int = 8
    number: int = 1


def run(job: Job, *, seconds: float = 600.0) -> dict[str, Any]:
    """What the process printed; AloneError when it fails or takes longer."""
    process = start(job)
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AloneError(f"no end within {seconds:g} s: {err[-600:]}") from None
    if process.returncode != 0:
        raise AloneError(f"exit code {process.returncode}: {err[-1_200:]}")
    figures: dict[str, Any] = json.loads(out.splitlines()[-1])
    return figures


def start(job: Job) -> "subprocess.Popen[str]":
    """The process, at work."""
    return subprocess.Popen(
        [sys.executable, __file__, json.dumps(asdict(job))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def seconds_of(name: str) -> float:
    """How long the model takes for the question of that name."""
    return Random(f"{SEED}:{name}").uniform(LEAST, MOST)


def ideal(tasks: int, slots: int) -> float:
    """Seconds that no schedule of so many tasks can be quicker than."""
    took = [
        seconds_of(f"{kind}:{task_name(n)}") for n in range(tasks) for kind in ("build", "test")
    ]
    longest = max(a + b for a, b in zip(took[::2], took[1::2], strict=True))
    return max(sum(took) / slots, longest)


def task_name(number: int) -> str:
    """Its id."""
    return f"t{number:04}"


@dataclass(slots=True)
class Seen:
    """What the process measures of itself: steps in seconds, calls by the clock of all."""

    overheads: list[float] = field(default_factory=list)
    calls: int = 0
    first_call: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def called(self) -> None:
        """One more call begins."""
        with self.lock:
            self.calls += 1
            self.first_call = self.first_call or time.time()


SEEN = Seen()


class Timed:
    """A model in this process that takes its time and no more."""

    name, provider, max_output, headroom, context = "timed", "timed", 16_000, 0, 200_000

    @property
    def price(self) -> Any:
        """Not free, so that the ledger has something to count."""
        from partita.core.budget import Price  # noqa: PLC0415 - in the process only

        return Price(input=1_000, output=4_000)

    async def complete(self, question: Any) -> Any:
        """Some text."""
        from partita.core.budget import Usage  # noqa: PLC0415
        from partita.core.question import Answer  # noqa: PLC0415

        SEEN.called()
        await asyncio.sleep(seconds_of(question.name))
        usage = Usage(input=PROMPT // 4, output=REPLY // 4)
        text = f"{question.name} " * (REPLY // (len(question.name) + 1))
        return Answer(text=text, finish="stop", usage=usage, model="timed")


class Nowhere:
    """A repository of one machine that holds nothing."""

    async def share(self, run: str, *commits: str) -> None:
        """Nobody else is there."""

    async def obtain(self, run: str, *commits: str) -> None:
        """All is there."""


class Unseen:
    """Nobody watches."""

    def catch_up(self, events: Any) -> None:
        """Nothing to show."""

    def show(self, events: Any) -> None:
        """Nothing to show."""


async def _ask(place: Any, kind: str, task: Any) -> str:
    from partita.core.question import Message, Question  # noqa: PLC0415

    name = f"{kind}:{task.id}"
    text = f"{name} " * (PROMPT // (len(name) + 1))
    question = Question(
        name=name,
        role="coder",
        activity="build",
        task=task.id,
        messages=(Message(role="user", text=text),),
        max_output=2_000,
    )
    answer = await place.world.asker.ask(question)
    return hashlib.sha1(answer.text.encode(), usedforsecurity=False).hexdigest()


async def _build(place: Any, plan: Any, task: Any, arguments: Mapping[str, Any]) -> Any:
    from partita.core.state import Built  # noqa: PLC0415

    del plan, arguments
    return Built(task=task.id, commit=await _ask(place, "build", task))


async def _test(place: Any, plan: Any, task: Any, arguments: Mapping[str, Any]) -> Any:
    from partita.core.state import Passed  # noqa: PLC0415

    del plan, arguments
    return Passed(task=task.id, commit=await _ask(place, "test", task))


async def _steps(count: int, place: Any, plan: Any, task: Any, arguments: Mapping[str, Any]) -> Any:
    """Steps of which only what they take beside their effect is measured."""
    from partita.core.state import Passed  # noqa: PLC0415

    del plan, arguments
    for number in range(count):
        took = [0.0]

        async def effect(name: str = f"{task.id}:{number}", took: list[float] = took) -> Any:
            began = time.perf_counter()
            await asyncio.sleep(seconds_of(name))
            took[0] = time.perf_counter() - began
            return {"key": "0" * 64, "cost": 1, "cached": False, "last": True}

        began = time.perf_counter()
        await place.world.journal.once(f"step:{number}", effect)
        SEEN.overheads.append(time.perf_counter() - began - took[0])
    return Passed(task=task.id, commit="0" * 40)


def _plan(tasks: int) -> Any:
    from partita.core.plan import Plan, Task  # noqa: PLC0415

    many = tuple(
        Task(id=task_name(n), objective=f"part {n}", touch=(f"parts/{task_name(n)}.py",))
        for n in range(tasks)
    )
    return Plan(name="bench", tasks=many, base="0" * 40)


async def _travel(job: Job, world: Any, start: Any, children: Any) -> Any:
    """A run that is nothing but its tasks."""
    from partita.core.pace import Seconds  # noqa: PLC0415
    from partita.core.report import Outcome  # noqa: PLC0415
    from partita.engine.run import carry_out  # noqa: PLC0415

    plan = _plan(job.tasks)
    if job.what == "steps":
        for task in plan.tasks:
            await children.start("test", plan, task.id, {"commit": "0" * 40, "providers": []})
        for _ in plan.tasks:
            await children.first()
        done = job.tasks
    else:
        weights = {
            t.id: Seconds(build=seconds_of(f"build:{t.id}"), test=seconds_of(f"test:{t.id}"))
            for t in plan.tasks
        }
        state = await carry_out(world, start, plan, children, weights)
        done = sum(state.phase(t.id) == "passed" for t in plan.tasks)
    return Outcome(exit=0 if done == job.tasks else 1, status="done", summary=f"{done} passed")


def _kinds(job: Job) -> Mapping[str, Any]:
    if job.what == "steps":
        return {"build": _build, "test": partial(_steps, job.steps)}
    return {"build": _build, "test": _test}


def _world(store: Any, limiter: Any, start: Any, journal: Any, lanes: Any) -> Any:
    from partita.adapters.clock import SystemClock  # noqa: PLC0415
    from partita.core.budget import Caps  # noqa: PLC0415
    from partita.engine.asking import RouteAsker  # noqa: PLC0415
    from partita.ports.world import World  # noqa: PLC0415

    asker = RouteAsker(
        run=RUN,
        routes={"coder": (Timed(),)},
        store=store,
        clock=SystemClock(),
        journal=journal,
        lanes=lanes,
        limiter=limiter,
        caps=Caps(run=1_000_000_000_000),
    )
    nothing: Any = None
    return World(
        run=RUN,
        seed=start.seed,
        asker=asker,
        repo=Nowhere(),
        sandbox=nothing,
        toolchains=(),
        store=store,
        clock=SystemClock(),
        search=nothing,
        shelf=nothing,
        journal=journal,
    )


def _start(job: Job) -> Any:
    from partita.core.start import Start  # noqa: PLC0415

    return Start(request="bench", seed="5" * 16, base="0" * 40, max_parallel=job.slots)


def _own(job: Job) -> dict[str, Any]:
    """Do it all on SQLite; a run that is there already goes on."""
    from partita.adapters.clock import SystemClock  # noqa: PLC0415
    from partita.adapters.limiter_local import LocalLimiter  # noqa: PLC0415
    from partita.adapters.store import SqliteStore  # noqa: PLC0415
    from partita.engine.host import Host  # noqa: PLC0415
    from partita.ports.store import RunRecord  # noqa: PLC0415

    folder = Path(job.folder)
    told = _start(job)
    with SqliteStore(folder, SystemClock()) as store:
        if not store.all():
            store.create(RunRecord(id=RUN, request="bench", options={}, created=time.time()))
        store.abandon(RUN)
        limiter = LocalLimiter(folder / "limits.db", SystemClock())
        host = Host(
            run=RUN,
            start=told,
            database=folder / "partita.db",
            build_world=partial(_world, store, limiter, told),
            calls_in_flight=job.slots,
        )
        host.workflows.kinds = _kinds(job)
        host.workflows.travel = partial(_travel, job)
        began = time.perf_counter()
        outcome = host.execute(Unseen())
        wall = time.perf_counter() - began
        store.update(RUN, status="done", exit_code=outcome.exit)
    if outcome.exit != 0:
        raise AloneError(outcome.summary)
    return {"wall": wall}


def _serve(job: Job) -> dict[str, Any]:
    """Work as one of several on PostgreSQL until told to stop."""
    from partita.adapters.clock import SystemClock  # noqa: PLC0415
    from partita.adapters.fleet import PostgresFleet  # noqa: PLC0415
    from partita.adapters.limiter_local import LocalLimiter  # noqa: PLC0415
    from partita.adapters.store import PostgresStore  # noqa: PLC0415
    from partita.engine import worker  # noqa: PLC0415

    told, ident = _start(job), f"bench-{job.number}"
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    limiter = LocalLimiter(None, SystemClock())
    with (
        PostgresStore(job.url, SystemClock(), project=PROJECT, worker=ident) as store,
        closing(PostgresFleet(job.url, PROJECT)) as fleet,
        closing(PostgresFleet(job.url, PROJECT)) as other,
    ):

        def make(_run: str, journal: Any, lanes: Any) -> tuple[Any, Any]:
            return told, _world(store, limiter, told, journal, lanes)

        began = time.perf_counter()
        worker.Worker(
            ident=ident,
            host="bench",
            pid=os.getpid(),
            slots=job.slots,
            url=job.url,
            project=PROJECT,
            store=store,
            fleet=fleet,
            other=other,
            make=make,
            pulse=lambda: None,
            calls_in_flight=job.slots,
            tell=lambda _text: None,
            stop=stop,
            kinds=_kinds(job),
            travel=partial(_travel, job),
        ).serve()
        wall = time.perf_counter() - began
    return {"wall": wall}


def main() -> None:
    """Do the job and print what was measured."""
    job = Job(**json.loads(sys.argv[1]))
    began = time.time()
    figures = _own(job) if job.role == "owner" else _serve(job)
    own = resource.getrusage(resource.RUSAGE_SELF)
    figures |= {
        "began": began,
        "cpu": own.ru_utime + own.ru_stime,
        "rss": own.ru_maxrss * 1024,
        "calls": SEEN.calls,
        "first_call": SEEN.first_call,
        "overheads": SEEN.overheads,
    }
    print(json.dumps(figures), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
