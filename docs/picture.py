# noqa: INP001 - a script, no package
"""Draw docs/picture.svg from the log of a real run: what a terminal showed while it ran, and last.

.venv/bin/python docs/picture.py                 the demo, run now in a temporary folder
.venv/bin/python docs/picture.py FOLDER [RUN]    a run that the repository in FOLDER remembers
"""

import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from partita.core.budget import dollars
from partita.ports.store import Event
from partita.present.progress import Progress, line
from partita.present.views import frame
from partita.wiring import open_store

HERE = Path(__file__).parent
WIDTH = 100
QUIET = ("activity.started", "task.building", "task.testing")  # the live view shows these itself


def busiest(events: Sequence[Event]) -> int:
    """How many events there had been when most calls were in flight (the last such moment)."""
    progress, found, most = Progress(), len(events), 0
    for number, event in enumerate(events, 1):
        progress.take([event])
        if len(progress.calls) >= max(most, 1):
            found, most = number, len(progress.calls)
    return found


def said(console: Console, events: Sequence[Event]) -> None:
    """The lines that the live view leaves behind."""
    for event in events:
        text = line(event)
        if text and event.type not in QUIET:
            console.print(text, markup=False, highlight=False, style="dim")


def draw(folder: Path, run: str, *, title: str, command: str, replayed: bool = False) -> str:
    """The picture as SVG; `replayed`: the answers were recorded ones, and nothing was spent."""
    with open_store(where=folder) as store:
        record = store.find(run)
        events = store.events(record.id)
        spent = dollars(store.budget(record.id, None).spent)
    cap = record.options["budget"]
    moment = busiest(events)
    progress = Progress()
    progress.take(events[:moment])
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(f"$ {command}", style="bold", markup=False, highlight=False)
    said(console, events[:moment])
    console.print(frame(progress, cap, events[moment - 1].at))
    console.rule("a moment later, at its end", style="dim")
    said(console, events[moment:])
    summary = (record.result or {}).get("summary", record.status)
    console.print(summary, markup=False, highlight=False)
    cost = f"would have cost {spent}; cost now: nothing" if replayed else f"{spent} spent"
    console.print(f"run {record.id}, {cost}", markup=False, highlight=False)
    # The fonts of rich's own template are fetched from a server; whoever looks has a font.
    return re.sub(r"@font-face \{[^}]*\}\s*", "", console.export_svg(title=title))


def main(arguments: Sequence[str]) -> None:
    """Draw the run that the arguments name, else the demo."""
    if arguments:
        folder, run = Path(arguments[0]), (*arguments, "last")[1]
        with open_store(where=folder) as store:
            request = " ".join(store.find(run).request.split())
        svg = draw(folder, run, title="partita", command=f'partita build "{request[:70]}"')
    else:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "demo"
            program = Path(sys.executable).with_name("partita")
            subprocess.run([program, "demo", "--into", folder], check=True)
            title = "partita demo (recorded answers)"
            svg = draw(folder, "last", title=title, command="partita demo", replayed=True)
    (HERE / "picture.svg").write_text(svg)


if __name__ == "__main__":
    main(sys.argv[1:])
