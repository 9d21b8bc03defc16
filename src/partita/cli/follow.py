"""Following a run that other processes do: its events as they come, its questions, its end."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from partita.cli.output import last_line, remark, say
from partita.cli.watch import Watch
from partita.core.budget import dollars
from partita.core.codec import decode
from partita.core.report import Outcome
from partita.errors import AwaitingAnswer, OutsideFailure
from partita.ports.store import RunRecord, Store
from partita.wiring import now, pause

LOOK = 0.2  # seconds between two looks
WORD = 5.0  # seconds after which a run that nobody seems to do is looked at more closely


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """A run to follow. `alive` says who is at work on it, "" for nobody; `remedy` what to do then.

    `landed` is called once the run has landed, and gives a line for the user.
    """

    run: str
    store: Store
    as_json: bool
    cap: int | None
    alive: Callable[[], str]
    remedy: str
    landed: Callable[[Outcome], str] = lambda _outcome: ""


def follow(given: Following, *, after: int = 0) -> int:
    """Show the run from event `after` on until it is over or rests; the exit code."""
    watch = Watch(as_json=given.as_json, cap=given.cap, run=given.run, store=given.store)
    watch.catch_up([e for e in given.store.events(given.run) if e.seq <= after])
    seen = after
    try:
        seen, record = _until_rest(given, watch, seen)
    except KeyboardInterrupt:
        watch.close()
        return _left(given)
    finally:
        watch.close()
    return _concluded(given, record, seen)


def _until_rest(given: Following, watch: Watch, seen: int) -> tuple[int, RunRecord]:
    quiet = 0.0
    while True:
        record = given.store.find(given.run)
        events = given.store.events(given.run, after=seen)
        seen = events[-1].seq if events else seen
        watch.show(events)
        if record.exit is not None:
            return seen, record
        if record.status == "waiting" and not watch.interactive:
            raise AwaitingAnswer(
                f"run {given.run} waits for an answer",
                remedy=f"partita approve {given.run} (or reject): it goes on by itself then",
            )
        quiet = 0.0 if events else quiet + LOOK
        if quiet >= WORD:
            quiet = 0.0
            if not given.alive():
                raise OutsideFailure(f"nobody is at work on {given.run}", remedy=given.remedy)
        pause(LOOK)


def _left(given: Following) -> int:
    remark(f"run {given.run} goes on without you")
    remark(f"  follow it: partita resume {given.run}; stop it: partita cancel {given.run}")
    return AwaitingAnswer.exit_code


def _concluded(given: Following, record: RunRecord, seen: int) -> int:
    outcome = decode(Outcome, record.result) if record.result else None
    if outcome is None:
        outcome = Outcome(exit=record.exit or 0, status=record.status, summary=record.status)
    line = given.landed(outcome) if outcome.status == "landed" else ""
    spent = given.store.budget(given.run, None).spent
    if given.as_json:
        facts: dict[str, Any] = {
            name: getattr(outcome, name)
            for name in ("exit", "status", "summary", "branch", "commit", "kept", "remedy")
        }
        last_line(seq=seen + 1, at=now(), run=given.run, **facts, spent_nano_dollars=spent)
        return outcome.exit
    tell_outcome(given.run, outcome, spent, line)
    return outcome.exit


def tell_outcome(run: str, outcome: Outcome, spent: int, line: str = "") -> None:
    """The last words of a command that ran or followed a run."""
    tell = say if outcome.exit == 0 else remark
    sys.stderr.flush()
    tell(outcome.summary if outcome.exit == 0 else f"partita: {outcome.summary}")
    if line:
        tell(f"  {line}")
    if outcome.kept:
        tell(f"  kept on the branch {outcome.kept}")
    for text in outcome.remedy.splitlines():
        tell(f"  {text}")
    if outcome.status != "answered":
        tell(f"run {run}, {dollars(spent)} spent; partita show {run}")
