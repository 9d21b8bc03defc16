"""1,000 tasks of two calls each, 64 at once: wall against ideal, memory, the database's size."""

import signal
import subprocess
import tempfile
import time
from pathlib import Path

from alone import AloneError, Job, ideal, run, start
from arena import PARTITA, Home
from figures import Row, Section

TASKS, SLOTS = 1_000, 64
RATIO = 1.12
MEMORY, DATABASE = 300, 100  # megabytes of 10^6 bytes
FIRST_CALL = 3.0  # seconds


def measure(tasks: int = TASKS) -> list[Section]:
    """The engine and the model port alone, on SQLite; then the same, killed half way."""
    with Home.fresh() as home:
        work = home.folder / "work"
        environment = home.environment("http://127.0.0.1:9/v1")
        subprocess.run(["git", "init", "-q", str(work)], env=environment, check=True)
        state = work / ".partita"
        went = run(Job(folder=str(state), tasks=tasks, slots=SLOTS))
        sizes = _sizes(state)
        swept = subprocess.run(
            [PARTITA, "gc"], cwd=work, env=environment, capture_output=True, text=True, check=False
        )
        if swept.returncode != 0:
            raise AloneError(f"partita gc: {swept.stderr[-600:]}")
        after = _sizes(state)
    least = ideal(tasks, SLOTS)
    ratio = went["wall"] / least
    rows = [
        Row(
            what="wall, of ideal",
            value=f"{ratio:.3f}",
            spread=f"{went['wall']:.1f} of {least:.1f} s",
            target=f"at most {RATIO:g}",
            met=ratio <= RATIO,
        ),
        Row(what="  processor", value=f"{1000 * went['cpu'] / went['calls']:.1f} ms a call"),
        _megabytes("the process", went["rss"], MEMORY),
        _megabytes("the database", sizes["database"], DATABASE),
        Row(
            what="  after partita gc",
            value=f"{after['database'] / 1e6:.1f} MB",
            target="less",
            met=after["database"] < sizes["database"],
        ),
        _megabytes("the blobs beside it", sizes["blobs"], None),
        _resumed(tasks),
    ]
    title = f"{tasks:,} tasks of two calls at 0.5 to 1.5 s, {SLOTS} slots, engine and model port"
    return [Section(title=title, rows=tuple(rows))]


def _resumed(tasks: int) -> Row:
    """From the start of the process that goes on to the first call that was not made before."""
    with tempfile.TemporaryDirectory(prefix="partita-bench-") as folder:
        job = Job(folder=folder, tasks=tasks, slots=SLOTS)
        process = start(job)
        time.sleep(ideal(tasks, SLOTS) / 2)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        went = run(job)
    seconds = went["first_call"] - went["began"]
    return Row(
        what="killed half way: start to first new call",
        value=f"{seconds:.2f} s",
        target=f"at most {FIRST_CALL:g} s",
        met=seconds <= FIRST_CALL,
    )


def _sizes(folder: Path) -> dict[str, int]:
    files = [p for p in folder.rglob("*") if p.is_file()]
    database = [p for p in files if p.name.startswith("partita.db")]
    blobs = [p for p in files if p.is_relative_to(folder / "blobs")]
    return {
        "database": sum(p.stat().st_size for p in database),
        "blobs": sum(p.stat().st_blocks * 512 for p in blobs),
    }


def _megabytes(what: str, size: int, most: int | None) -> Row:
    return Row(
        what=what,
        value=f"{size / 1e6:.1f} MB",
        target="" if most is None else f"at most {most} MB",
        met=None if most is None else size <= most * 1e6,
    )
