"""How a run is watched from the command line, and how its questions are put to the user."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from partita.cli.output import remark
from partita.cli.prompts import confirm, prompt
from partita.ports.store import Event, Store
from partita.present.printable import printable
from partita.present.views import JsonLines, Lines

WANTED = {"approval.wanted": "approval", "doubts.wanted": "doubts"}  # and the signal that answers


@dataclass(slots=True)
class Watch:
    """Shows a run as JSON, drawn on a terminal, or as plain lines; the store takes its answers."""

    as_json: bool
    cap: int | None
    run: str
    store: Store
    interactive: bool = field(init=False)
    _view: Any = field(init=False)
    _open: Event | None = None  # the last question that the run put, until it was asked here
    _waits: bool = False  # whether the run waited at the end of the last look

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
        self._note(events)

    def show(self, events: Sequence[Event]) -> None:
        """Show what is new, and ask the user what the run asks."""
        self._view.show(events)
        self._note(events)
        if not self.interactive or self._open is None:
            return
        # A run puts its question before it waits: what is open now is what it waited for then.
        if self._waits and not self._settled(self._open):
            self._view.pause()
            self._ask(self._open)
            self._view.go_on()
            self._open = None
        self._waits = self._waiting()

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._view.close()

    def _note(self, events: Sequence[Event]) -> None:
        for event in events:
            if event.type in WANTED:
                self._open = event

    def _ask(self, event: Event) -> None:
        """Put the question, unless it is settled elsewhere before it is answered here."""
        answer = self._approval(event) if event.type == "approval.wanted" else self._doubts(event)
        if answer is None or not self.store.send(self.run, WANTED[event.type], answer):
            remark(self._elsewhere(event))

    def _approval(self, event: Event) -> dict[str, Any] | None:
        click.echo("\n".join(map(printable, event.data["text"].splitlines())), err=True)
        yes = confirm("Build this?", lambda: self._settled(event))
        if yes is None:
            return None
        return {"approved": yes, "why": "" if yes else "at the terminal"}

    def _doubts(self, event: Event) -> dict[str, Any] | None:
        answers = {}
        for doubt in event.data["doubts"]:
            question, default = doubt["question"], doubt["default"]
            shown = printable(question)
            answers[question] = prompt(shown, default, lambda: self._settled(event))
            if answers[question] is None:
                return None
        return {"answers": answers}

    def _waiting(self) -> bool:
        return self.store.find(self.run).status == "waiting"

    def _settled(self, event: Event) -> bool:
        words = (WANTED[event.type], "cancel")
        told = any(self.store.received(self.run, word) is not None for word in words)
        return told or not self._waiting()

    def _elsewhere(self, event: Event) -> str:
        """What became of the question meanwhile."""
        if self.store.received(self.run, "cancel") is not None:
            return "cancelled elsewhere"
        if (got := self.store.received(self.run, WANTED[event.type])) is None:
            return "the run does not wait for it any more"
        if event.type == "approval.wanted":
            return "approved elsewhere" if got.get("approved") else "rejected elsewhere"
        return "answered elsewhere"


def is_interactive(*, as_json: bool) -> bool:
    """Can the user be asked?"""
    return not as_json and sys.stdin.isatty() and sys.stderr.isatty()
