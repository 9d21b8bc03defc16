"""How a run is watched: a live picture on a terminal, plain lines elsewhere, or JSON lines."""

import json
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TextIO

from partita.ports.store import Event
from partita.present.printable import printable
from partita.present.progress import Lane, Progress, line

if TYPE_CHECKING:
    from rich.console import RenderableType

STYLES = {
    "passed": "green",
    "failed": "red",
    "building": "cyan",
    "testing": "yellow",
    "waits for the whole": "magenta",
}


class Lines:
    """A line per event worth one, on standard error."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr

    def show(self, events: Sequence[Event]) -> None:
        """Print what is new."""
        for event in events:
            text = line(event)
            if text:
                self._out.write(f"{printable(text)}\n")
                self._out.flush()

    def catch_up(self, events: Sequence[Event]) -> None:
        """An earlier process printed these."""

    def pause(self) -> None:
        """Lines leave room for a question."""

    def go_on(self) -> None:
        """Nothing was stopped."""

    def close(self) -> None:
        """Nothing to put back."""


class JsonLines:
    """Every event as `{seq, at, run, type, ...}` on standard output."""

    def catch_up(self, events: Sequence[Event]) -> None:
        """An earlier process printed these."""

    def show(self, events: Sequence[Event]) -> None:
        """Print what is new."""
        for e in events:
            body = {"seq": e.seq, "at": e.at, "run": e.run, "type": e.type, **e.data}
            sys.stdout.write(json.dumps(body, ensure_ascii=False) + "\n")
            sys.stdout.flush()

    def close(self) -> None:
        """Nothing to put back."""


class Picture:
    """A live picture on a terminal: activities, a lane per task, calls, money, time."""

    def __init__(self, cap: int | None, now: Callable[[], float]) -> None:
        from rich.console import Console  # noqa: PLC0415 - drawn only on a terminal
        from rich.live import Live  # noqa: PLC0415

        self._cap = cap
        self._now = now
        self._progress = Progress()
        self._console = Console(stderr=True)
        self._live = Live(
            console=self._console, refresh_per_second=8, get_renderable=self._draw, transient=True
        )
        self._live.start()

    def show(self, events: Sequence[Event]) -> None:
        """Take in what is new; the picture redraws itself."""
        self._progress.take(events)
        for event in events:
            text = line(event)
            if text and event.type not in ("activity.started", "task.building", "task.testing"):
                self._console.print(printable(text), markup=False, highlight=False, style="dim")

    def catch_up(self, events: Sequence[Event]) -> None:
        """Fold in what an earlier process printed."""
        self._progress.take(events)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._live.stop()

    def pause(self) -> None:
        """Make room for a question."""
        self._live.stop()

    def go_on(self) -> None:
        """Draw again after a question."""
        self._live.start()

    def _draw(self) -> "RenderableType":
        return frame(self._progress, self._cap, self._now())


def frame(progress: Progress, cap: int | None, now: float) -> "RenderableType":
    """The live picture at the time `now`: activities, a lane per task, calls, money, time left."""
    from rich.console import Group  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    head = Text()
    for name in dict.fromkeys(progress.done):
        head.append(f"{name} ", "green")
    if progress.activity and progress.activity not in progress.done:
        head.append(f"{progress.activity} …", "bold")
    table = Table.grid(padding=(0, 2))
    for lane in progress.lanes.values():
        table.add_row(*_row(lane, now))
    past = now - progress.began if progress.began else 0.0
    left = ""
    if progress.lanes:
        low, high = (max(0.0, s - past) for s in progress.seconds)
        left = f", about {low:.0f} to {high:.0f} s left"
    flight = f"{len(progress.calls)} calls in flight" if progress.calls else "no call in flight"
    foot = f"{flight}, {progress.asked} answered; {progress.money(cap)}; {past:.0f} s{left}"
    return Group(head, table, Text(foot, "dim"))


def _row(lane: Lane, now: float) -> tuple["RenderableType", ...]:
    from rich.text import Text  # noqa: PLC0415

    active = lane.state in ("building", "testing")
    age = f"{now - lane.since:.0f} s" if active and lane.since else ""
    return (
        Text(f"  {lane.task}"),
        Text(lane.state, STYLES.get(lane.state, "dim")),
        Text(lane.doing if active else "", "dim"),
        Text(age, "dim"),
    )
