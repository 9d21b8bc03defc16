"""A log of 100,000 events: how long `show` and `status` take, and how soon a tail has the next."""

import itertools
import json
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from arena import PARTITA, BenchmarkError, Home
from figures import Row, Section, of_many

from partita.adapters.clock import SystemClock
from partita.adapters.store import SqliteStore, open_readonly
from partita.ports.store import RunRecord

COUNT = 100_000
TASKS = 1_000
RUN = "20261121-120000-abcd"
SECONDS = 0.3
LOOK = 0.1  # seconds between two looks of who follows a run
TAILED = 20
COMMANDS = (
    ("show",),
    ("show", "last", "--part", "tasks"),
    ("status",),
)
UNBOUND = (("show", "last", "--part", "log"), ("show", "last", "--json"))
BEGAN = 1_795_262_400.0


def measure(runs: int) -> list[Section]:
    """The commands as they are installed, Python's start included, on one run that goes on."""
    with Home.fresh() as home:
        work = home.folder / "work"
        work.mkdir()
        environment = home.environment("http://127.0.0.1:9/v1")
        subprocess.run(["git", "init", "-q"], cwd=work, env=environment, check=True)
        fill(work / ".partita")
        rows = [_command(words, work, environment, runs, SECONDS) for words in COMMANDS]
        rows += [_command(words, work, environment, 1, None) for words in UNBOUND]
        rows += _tail(work / ".partita")
    return [Section(title=f"a run of {COUNT:,} events, {TASKS:,} tasks", rows=tuple(rows))]


def fill(state: Path) -> None:
    """A store whose one run has so many events and is still at work; written past the store."""
    with SqliteStore(state, SystemClock()) as store:
        record = RunRecord(id=RUN, request="a long one", options={}, created=BEGAN)
        store.create(record)
    rows = (
        (RUN, f"{kind}:{n}", BEGAN + n / 10, kind, json.dumps(data))
        for n, (kind, data) in enumerate(itertools.islice(_events(), COUNT))
    )
    with closing(sqlite3.connect(state / "partita.db")) as db, db:
        db.executemany(
            "INSERT INTO partita_events (run, key, at, type, data) VALUES (?, ?, ?, ?, ?)", rows
        )


def _events() -> Iterator[tuple[str, dict[str, Any]]]:
    names = [f"task-{n:04}" for n in range(TASKS)]
    yield "activity.started", {"activity": "design"}
    lanes = [{"id": name, "needs": [], "uses": []} for name in names]
    yield "planned", {"tasks": lanes, "estimate": {"seconds": {"low": 1, "high": 2}}}
    yield "activity.started", {"activity": "build"}
    for number in itertools.count():
        yield from _build(names[number % TASKS], number)


def _build(name: str, number: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a task that is mended once tells from its start to its end."""
    yield "task.building", {"task": name}
    yield from _call(f"build:{name}:{number}", name, 2 * number)
    yield "patch", {"name": f"build:{name}:{number}", "task": name, "files": 3, "rungs": ["tags"]}
    yield "task.built", {"task": name, "commit": "c" * 40}
    yield "task.testing", {"task": name}
    yield "gate", {"name": name, "turn": 0, "ok": False, "summary": "1 of 2 tests failed"}
    yield "task.fix", {"task": name, "round": 1, "of": 3, "why": "1 of 2 tests failed"}
    yield from _call(f"fix:{name}:{number}", name, 2 * number + 1)
    yield "tested", {"tree": "d" * 40, "report": "e" * 64}
    yield "gate", {"name": name, "turn": 1, "ok": True, "summary": "2 tests passed"}
    yield "task.passed", {"task": name, "commit": "f" * 40}


def _call(name: str, task: str, entry: int) -> Iterator[tuple[str, dict[str, Any]]]:
    about = {"name": name, "role": "coder", "task": task, "activity": "build", "entry": entry}
    call = {**about, "model": "openai:gpt-5-mini"}
    yield "call.started", {**call, "held": 64_000_000}
    usage = {"input": 900, "output": 300, "cache_read": 0, "seconds": 1.0, "finish": "stop"}
    yield "call.finished", {**call, "cost": 500_000, **usage}


def _command(
    words: tuple[str, ...], work: Path, environment: dict[str, str], runs: int, most: float | None
) -> Row:
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        done = subprocess.run(
            [PARTITA, *words], cwd=work, env=environment, capture_output=True, check=False
        )
        taken.append(time.perf_counter() - began)
        if done.returncode or not done.stdout:
            raise BenchmarkError(f"partita {' '.join(words)}: {done.stderr.decode()[-300:]}")
    return of_many(f"partita {' '.join(words)}", taken, "s", most=most)


def _tail(state: Path) -> list[Row]:
    """What one look costs at the end of the log, and how late who looks every LOOK seconds is."""
    late, looks, written = [], [], []
    with SqliteStore(state, SystemClock()) as writer, open_readonly(state) as reader:
        seen = reader.events(RUN)[-1].seq
        for number in range(TAILED):
            time.sleep(LOOK * number / TAILED)
            began = time.perf_counter()
            writer.append(RUN, f"tail:{number}", "note", {"text": "one more"})
            there = time.perf_counter()
            written.append((there - began) * 1000)
            while True:
                before = time.perf_counter()
                events = reader.events(RUN, after=seen)
                looks.append((time.perf_counter() - before) * 1000)
                if events:
                    break
                time.sleep(LOOK)
            # At worst it has just looked when the event is written.
            late.append(time.perf_counter() - there + LOOK)
            seen = events[-1].seq
    return [
        of_many("an event written", written, "ms"),
        of_many("one look for what is new", looks, "ms"),
        of_many("from written to seen, at worst", late, "s", most=SECONDS),
    ]
