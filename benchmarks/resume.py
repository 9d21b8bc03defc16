"""A run that was killed half way: how long `partita resume` takes to its first new question."""

import shutil
import tempfile
import time
from pathlib import Path
from random import Random

from arena import BenchmarkError
from figures import Section, of_many
from kill.place import Home, Place
from kill.provider import Provider
from kill.script import MOST, REQUEST, questions, rules

SECONDS = 3.0
LONGEST = 60.0


def measure(runs: int) -> list[Section]:
    """The command as it is installed, Python's start included."""
    top = Path(tempfile.mkdtemp(prefix="partita-bench-"))
    try:
        taken = [_once(top / f"run-{n}") for n in range(runs)]
    finally:
        shutil.rmtree(top, ignore_errors=True)
    row = of_many("start to first new question", taken, "s", most=SECONDS)
    return [Section(title=f"resume after SIGKILL, half of {MOST} tasks", rows=(row,))]


def _once(folder: Path) -> float:
    home = Home(folder)
    with Provider(rules(MOST), Random(1)) as provider:
        home.prepare(provider.url)
        place = Place(home, folder / "repo")
        place.begin()
        first = place.start("build", REQUEST, "--depth", "quick", now=time.time())
        _until(lambda: provider.answered >= questions(MOST) // 2, "half of the answers")
        first.kill()
        time.sleep(0.5)  # in which what was in flight ends
        before = len(provider.requests)
        again = place.start("resume", "last", now=time.time())
        _until(lambda: len(provider.requests) > before, "a new question")
        taken = provider.requests[before].start - again.began
        again.kill()
    return taken


def _until(look: object, what: str) -> None:
    assert callable(look)
    end = time.monotonic() + LONGEST
    while not look():
        if time.monotonic() > end:
            raise BenchmarkError(f"never came: {what}")
        time.sleep(0.002)
