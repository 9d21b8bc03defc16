"""A durable step: what recording it takes beside what it does, with 64 tasks at work at once."""

import tempfile
from statistics import median

from alone import Job, run
from figures import Row, Section
from workers import Fleet

from partita.testing.postgres import available

TASKS, STEPS = 64, 8
SQLITE, POSTGRES = 5.0, 12.0  # milliseconds, the targets


def measure() -> list[Section]:
    """Both databases; PostgreSQL writes to the disk before it says that something is written."""
    with tempfile.TemporaryDirectory(prefix="partita-bench-") as folder:
        job = Job(what="steps", folder=folder, tasks=TASKS, slots=TASKS, steps=STEPS)
        rows = list(_rows("SQLite", run(job)["overheads"], SQLITE))
    title = f"own overhead of a durable step, {TASKS} parallel tasks, {TASKS * STEPS} steps"
    if (why := available()) is not None:
        return [Section(title=title, rows=tuple(rows), note=f"PostgreSQL: {why}")]
    with Fleet(what="steps", tasks=TASKS, slots=TASKS, steps=STEPS) as fleet:
        rows += _rows("PostgreSQL", fleet.go(1).overheads, POSTGRES)
    return [Section(title=title, rows=tuple(rows))]


def _rows(where: str, seconds: list[float], most: float) -> list[Row]:
    values = sorted(1000 * s for s in seconds)
    middle, late = median(values), values[min(len(values) - 1, len(values) * 99 // 100)]
    return [
        Row(
            what=f"{where}, p50",
            value=f"{middle:.1f} ms",
            spread=f"{values[0]:.1f} - {values[-1]:.1f}",
            target=f"at most {most:g} ms",
            met=middle <= most,
        ),
        Row(what=f"{where}, p99", value=f"{late:.1f} ms"),
    ]
