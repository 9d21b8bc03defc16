"""How a run is watched from the command line, and how its questions are put to the user."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from partita.ports.store import Event
from partita.present.views import JsonLines, Lines

Send = Callable[[str, dict[str, Any]], object]


@dataclass(slots=True)
class Watch:
    """Shows a run as JSON, drawn on a terminal, or as plain lines; `send` carries answers back."""

    as_json: bool
    cap: int | None
    send: Send
    interactive: bool = field(init=False)
    _view: Any = field(init=False)

    def __post_init__(self) -> None:
        self.interactive = is_interactive(as_json=self.as_json)
        drawn = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        if self.as_json:
            self._view = JsonLines()
        elif drawn and "NO_COLOR" not in os.environ:
            from partita.present.views import Picture  # noqa: PLC0415 - only where it is drawn
            from partita.wiring import now  # noqa: PLC0415

            self._view = Picture(self.cap, now)
        else:
            self._view = Lines()

    def catch_up(self, events: Sequence[Event]) -> None:
        """Take in what an earlier process showed already."""
        self._view.catch_up(events)

    def show(self, events: Sequence[Event]) -> None:
        """Show what is new, and ask the user what the run asks."""
        self._view.show(events)
        for event in events:
            if self.interactive and event.type in ("approval.wanted", "doubts.wanted"):
                self._view.pause()
                self._ask(event)
                self._view.go_on()

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._view.close()

    def _ask(self, event: Event) -> None:
        if event.type == "approval.wanted":
            click.echo(event.data["text"], err=True)
            yes = click.confirm("Build this?", default=True, err=True)
            self.send("approval", {"approved": yes, "why": "" if yes else "at the terminal"})
            return
        answers = {}
        for doubt in event.data["doubts"]:
            question, default = doubt["question"], doubt["default"]
            answers[question] = click.prompt(question, default=default, err=True)
        self.send("doubts", {"answers": answers})


def is_interactive(*, as_json: bool) -> bool:
    """Can the user be asked?"""
    return not as_json and sys.stdin.isatty() and sys.stderr.isatty()
