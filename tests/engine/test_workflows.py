"""A run's workflows by themselves: what becomes of those that kill their process, or are left open.

A process that dies here is a `Host` that from one moment on writes nothing any more; that killed
ones are no different is shown once, at the end.
"""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from partita.adapters.clock import SystemClock
from partita.adapters.store.sqlite import SqliteStore
from partita.core.plan import Plan, Task
from partita.core.report import Outcome
from partita.core.start import Start
from partita.core.state import Passed
from partita.engine import place, workflows
from partita.engine.host import Host
from partita.errors import NotAccepted, Unreachable

RUN = "20260101-000000-aaaa"
MOST = 2  # deaths in a row, here; a life takes a second, and the number is not what is tested
PATIENCE = 20.0  # seconds for something to happen that must


class NoRepo:
    """Everything is here, and nobody else is there."""

    async def share(self, run, *commits):
        pass

    async def obtain(self, run, *commits):
        pass


class Died(BaseException):
    """The process ended at once: nobody put anything in order."""


@dataclass
class Mortal:
    """A store that ends with its process."""

    store: SqliteStore
    struck: threading.Event

    def __getattr__(self, name):
        if self.struck.is_set():
            raise Died
        return getattr(self.store, name)


def plan(*tasks, **objectives):
    made = [Task(id=t, objective=objectives.get(t, t), touch=(f"{t}.py",)) for t in tasks]
    return Plan(name="p", tasks=tuple(made))


@dataclass
class Lives:
    """One process after another, on one folder. `done` is what was done in any of them.

    `work` says how a task is done, and `after` what the run does when it has heard all of them.
    """

    folder: Path
    plan: Plan
    work: dict = field(default_factory=dict)
    after: object = None
    start: Start = field(default_factory=lambda: Start(request="r", seed="s"))
    done: list = field(default_factory=list)
    struck: threading.Event = field(default_factory=threading.Event)
    interrupted: bool = False
    ended: object = None  # instead of the host's own

    def live(self):
        """Live until the run ends: its outcome. Died, or what made it rest, is raised."""
        self.struck.clear()
        with SqliteStore(self.folder, SystemClock()) as store:
            host = Host(
                run=RUN,
                start=self.start,
                database=self.folder / "partita.db",
                build_world=lambda journal, _: SimpleNamespace(
                    store=Mortal(store, self.struck), repo=NoRepo(), journal=journal
                ),
            )
            host.workflows.kinds = {"build": self._build}
            host.workflows.travel = self._travel
            if self.ended is not None:
                told = {"of": host.of, "refuse": host.refuse, "ended": self.ended}
                host.workflows.places = SimpleNamespace(**told)
            return host.execute(self)

    def die(self):
        """Live until something is deadly."""
        with pytest.raises(Died):
            self.live()

    def rest(self, trouble):
        """Live until the run rests for that reason."""
        with pytest.raises(type(trouble)) as raised:
            self.live()
        assert raised.value is trouble

    def catch_up(self, events):
        self.ends = time.monotonic() + PATIENCE

    def show(self, events):
        if self.interrupted:
            raise KeyboardInterrupt
        assert time.monotonic() < self.ends, f"nothing happens any more: {self.done}"

    async def _build(self, place, plan, task, arguments):
        work = self.work.get(task.id, step)
        await work(self, place.world.journal, task)
        return Passed(task=task.id, commit="c1")

    async def _travel(self, world, start, children):
        for task in self.plan.tasks:
            await children.start("build", self.plan, task.id, {"base": "c0"})
        heard = [await children.first() for _ in self.plan.tasks]
        if self.after is not None:
            await self.after(self, world.journal, None)
        said = "; ".join(sorted(f"{e.task}: {getattr(e, 'why', 'passed')}" for e in heard))
        return Outcome(exit=0, status="done", summary=said)

    async def once(self, journal, name, trouble=None):
        """A step that notes that it was done, or that fails."""

        async def effect():
            if trouble is not None:
                raise trouble
            self.done.append(name)

        await journal.once(name, effect)

    async def strike(self):
        """Here the process dies."""
        self.struck.set()
        await asyncio.sleep(PATIENCE)


async def step(life, journal, task):
    await life.once(journal, task.objective)


async def deadly(life, journal, task):
    life.done.append("deadly")
    await life.strike()


def few(monkeypatch):
    """Give up soon."""
    for module in (place, workflows):
        monkeypatch.setattr(module, "MOST_ATTEMPTS", MOST)


@pytest.fixture
def lives(tmp_path, monkeypatch):
    few(monkeypatch)
    return lambda *tasks, **more: Lives(tmp_path, plan(*tasks), **more)


GIVEN_UP = (
    f"was given up: its process died {MOST} times in a row while it was at work, "
    "without getting any further"
)


def test_a_task_that_kills_its_process_is_given_up_and_the_run_goes_on(lives):
    life = lives("bad", work={"bad": deadly})
    for _ in range(MOST):
        life.die()
    outcome = life.live()
    assert (outcome.exit, outcome.summary) == (0, f"bad: the build of bad {GIVEN_UP}")
    assert life.done == ["deadly"] * MOST


def test_a_task_that_was_done_before_another_kills_its_process_stays_done(lives):
    async def deadly_later(life, journal, task):
        await done.wait()
        await deadly(life, journal, task)

    async def good(life, journal, task):
        await step(life, journal, task)
        done.set()

    done = asyncio.Event()
    life = lives("bad", "good", work={"bad": deadly_later, "good": good})
    for _ in range(MOST):
        life.die()
    assert life.live().summary == f"bad: the build of bad {GIVEN_UP}; good: passed"
    assert Counter(life.done) == {"deadly": MOST, "good": 1}


def test_what_the_run_itself_kills_its_process_with_is_given_up_too(lives):
    life = lives("good", after=deadly)
    outcome = None
    while outcome is None and len(life.done) <= 4 * MOST:
        with suppress(Died):
            outcome = life.live()
    assert outcome is not None
    assert (outcome.exit, outcome.status) == (1, "not accepted")
    assert outcome.summary.startswith("the run was given up: its process died ")
    assert life.done[0] == "good"
    assert len(life.done) > MOST


def test_who_gets_one_step_further_each_time_is_never_given_up(lives):
    most = MOST + 2

    async def slow(life, journal, task):
        for n in range(most):
            done = len(life.done)
            await life.once(journal, f"step {n}")
            if len(life.done) > done:
                await life.strike()

    life = lives("slow", work={"slow": slow})
    for _ in range(most):
        life.die()
    assert life.live().summary == "slow: passed"
    assert life.done == [f"step {n}" for n in range(most)]


def test_one_that_got_further_is_given_up_where_it_does_not_any_more(lives):
    async def stuck(life, journal, task):
        await life.once(journal, "first")
        await life.once(journal, "second")
        await deadly(life, journal, task)

    life = lives("stuck", work={"stuck": stuck})
    for _ in range(MOST):
        life.die()
    assert life.live().summary == f"stuck: the build of stuck {GIVEN_UP}"
    assert life.done == ["first", "second"] + ["deadly"] * MOST


def test_an_orderly_rest_is_no_death(lives):
    gone = Unreachable("no network")

    async def offline(life, journal, task):
        await life.once(journal, "asked", gone)

    life = lives("task", work={"task": offline})
    for _ in range(MOST + 1):
        life.rest(gone)
    life.work = {}
    assert life.live().summary == "task: passed"


def test_deaths_before_and_after_a_rest_are_not_added_up(lives):
    gone = Unreachable("no network")

    async def offline(life, journal, task):
        await life.once(journal, "asked", gone)

    life = lives("task")
    for work in ([deadly] * (MOST - 1) + [offline]) * 2:
        life.work = {"task": work}
        if work is deadly:
            life.die()
        else:
            life.rest(gone)
    life.work = {}
    assert life.live().summary == "task: passed"


def test_who_presses_ctrl_c_kills_nothing(lives):
    async def waits(life, journal, task):
        life.interrupted = True
        await asyncio.sleep(PATIENCE)

    life = lives("task", work={"task": waits})
    for _ in range(MOST + 1):
        life.interrupted = False
        with pytest.raises(KeyboardInterrupt):
            life.live()
    life.work, life.interrupted = {}, False
    assert life.live().summary == "task: passed"


def test_who_cancels_a_run_that_is_just_over_is_given_its_end(lives):
    life = lives("task")
    database = life.folder / "partita.db"

    def show(events):
        """Between two looks at the run it ends, and then is cancelled."""
        ended = "SELECT 1 FROM workflow_status WHERE workflow_uuid = ? AND status = 'SUCCESS'"
        while time.monotonic() < life.ends:
            with closing(sqlite3.connect(database)) as connection:
                if connection.execute(ended, (RUN,)).fetchone():
                    break
            time.sleep(0.01)
        with SqliteStore(life.folder, SystemClock()) as store:
            store.send(RUN, "cancel", {})

    life.show = show
    assert life.live().summary == "task: passed"


def test_a_refusal_that_can_not_be_written_down_now_is_so_later(lives):
    gone = OSError("the disk is full")

    async def refuses(life, journal, task):
        raise NotAccepted("no")

    def ended(place, outcome):
        raise gone

    life = lives("task", after=refuses)
    life.ended = ended
    life.rest(gone)
    life.ended = None
    assert life.live().summary == "no"


# Begun anew


def test_what_is_unchanged_is_adopted_and_what_is_changed_is_done_again(lives):
    life = lives("one", "two")
    assert life.live().summary == "one: passed; two: passed"
    life.start = replace(life.start, generation=1)
    life.plan = plan("one", "two", two="two, otherwise")
    assert life.live().summary == "one: passed; two: passed"
    assert sorted(life.done) == ["one", "two", "two, otherwise"]
    life.start = replace(life.start, generation=2, redo={"task:one": "salt"})
    assert life.live().summary == "one: passed; two: passed"
    assert sorted(life.done) == ["one", "one", "two", "two, otherwise"]


@pytest.mark.parametrize("dies", [True, False], ids=["died", "rested"])
def test_what_an_older_generation_left_open_goes_on_only_where_it_is_still_wanted(lives, dies):
    gone = Unreachable("no network")

    async def halfway(life, journal, task):
        await life.once(journal, f"{task.objective}, the first half")
        if life.start.generation == 0:
            await both.wait()
            if dies:
                await life.strike()
            await life.once(journal, "never", gone)
        await life.once(journal, f"{task.objective}, the second half")

    both = asyncio.Barrier(2)
    life = lives("one", "two", work={"one": halfway, "two": halfway})
    if dies:
        life.die()
    else:
        life.rest(gone)
    life.start = replace(life.start, generation=1)
    life.plan = plan("one", "two", two="2")
    assert life.live().summary == "one: passed; two: passed"
    time.sleep(0.3)
    assert sorted(life.done) == [
        "2, the first half",
        "2, the second half",
        "one, the first half",
        "one, the second half",
        "two, the first half",
    ]


def test_an_older_generation_that_waits_for_ever_does_not_go_on_beside_the_new_one(lives):
    async def wait(life, journal, task):
        life.done.append(f"{task.objective} begins")
        await life.strike()

    life = lives("two", work={"two": wait})
    life.die()
    life.start = replace(life.start, generation=1)
    life.plan = plan("two", two="2")
    life.die()  # the first death of the new one; both would begin again in the next life
    life.work = {}
    assert life.live().summary == "two: passed"
    assert life.done == ["two begins", "2 begins", "2"]


def test_a_later_version_begins_anew_what_an_older_one_left_open(lives, monkeypatch):
    life = lives("task", work={"task": deadly})
    life.die()
    life.start, life.work = replace(life.start, generation=1), {}
    for module in ("host", "children"):  # who reads it there by name
        monkeypatch.setattr(f"partita.engine.{module}.VERSION", "partita-later", raising=False)
    assert life.live().summary == "task: passed"


# Real deaths


def kill_me_again_and_again(folder):
    """Processes, one after another, of which a task kills all that it may; printed is how each
    ended, and what the last one made of the run.
    """

    async def kills(life, journal, task):
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.MonkeyPatch.context() as monkeypatch:
        few(monkeypatch)
        for _ in range(MOST + 1):
            child = os.fork()
            if child == 0:
                print(Lives(folder, plan("bad"), work={"bad": kills}).live().summary, flush=True)
                os._exit(0)
            _, status = os.waitpid(child, 0)
            print(os.waitstatus_to_exitcode(status), flush=True)


@pytest.mark.kill
def test_a_task_that_really_kills_its_process_is_given_up(tmp_path):
    code = f"import test_workflows as t; t.kill_me_again_and_again(t.Path({str(tmp_path)!r}))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    ends = [str(-signal.SIGKILL)] * MOST
    assert done.stdout.splitlines() == [*ends, f"bad: the build of bad {GIVEN_UP}", "0"], (
        done.stderr
    )
