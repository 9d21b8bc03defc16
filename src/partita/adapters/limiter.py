"""Limits kept in two tables: what a limiter does in each transaction, whichever database it is."""

import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from partita.core.limits import (
    CLOSED,
    WINDOW,
    Circuit,
    Later,
    Past,
    Record,
    Shut,
    decide,
    failed,
    pause_until,
    shut_message,
)
from partita.errors import CircuitOpen
from partita.ports.limiter import Rates, Wait

LONGEST_CALL = 1860.0  # seconds; a call is given up after half an hour, so its owner is gone
SWEPT = 32  # calls between two sweeps of what is older than the window

TABLES = (
    """CREATE TABLE IF NOT EXISTS partita_calls (
        ticket TEXT PRIMARY KEY,
        provider TEXT NOT NULL,
        owner TEXT NOT NULL,
        at DOUBLE PRECISION NOT NULL,
        tokens BIGINT NOT NULL,
        running INTEGER NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS partita_calls_now ON partita_calls (provider, running, at)",
    """CREATE TABLE IF NOT EXISTS partita_providers (
        provider TEXT PRIMARY KEY,
        paused_until DOUBLE PRECISION NOT NULL,
        failures INTEGER NOT NULL,
        failed_at DOUBLE PRECISION NOT NULL,
        opened INTEGER NOT NULL,
        open_until DOUBLE PRECISION NOT NULL)""",
)
SAVE = """
    INSERT INTO partita_providers (provider, paused_until, failures, failed_at, opened, open_until)
    VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (provider) DO UPDATE SET
        paused_until = excluded.paused_until, failures = excluded.failures,
        failed_at = excluded.failed_at, opened = excluded.opened, open_until = excluded.open_until
"""


class Rows(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    def fetchall(self) -> list[Any]:
        """What a query found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A transaction in which nobody else decides about the same provider.

    `now` is the time that all who share the tables go by, in seconds.
    """

    now: float
    execute: Callable[[str, tuple[object, ...]], Rows]

    def rows(self, sql: str, *args: object) -> list[Any]:
        """What a query gives; its parameters are written `?`."""
        return self.execute(sql, args).fetchall()

    def do(self, sql: str, *args: object) -> int:
        """Change something; gives how many rows."""
        return self.execute(sql, args).rowcount


class TableLimiter(ABC):
    """`ports.limiter.Limiter`; a subclass says how to take turns, who it is, and who is dead."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._admitted = 0

    @abstractmethod
    def _turn(self, provider: str) -> AbstractContextManager[Turn]:
        """A transaction alone with the provider."""

    @abstractmethod
    def _bury(self, turn: Turn, provider: str) -> int:
        """Give back what the dead hold of the provider; gives how many calls."""

    def admit(self, provider: str, rates: Rates, tokens: int) -> str | Wait:
        """A ticket, or how long to wait; CircuitOpen while the provider's circuit is open."""
        with self._turn(provider) as turn:
            decision = decide(_load(turn, provider, rates), rates, tokens=tokens, now=turn.now)
            if isinstance(decision, Later) and self._bury(turn, provider):
                decision = decide(_load(turn, provider, rates), rates, tokens=tokens, now=turn.now)
            match decision:
                case Shut(seconds=seconds):
                    message, remedy = shut_message(provider, seconds)
                    raise CircuitOpen(message, remedy=remedy)
                case Later(seconds=seconds, why=why):
                    return Wait(seconds=seconds, why=why)
            ticket = secrets.token_hex(12)
            turn.do(
                "INSERT INTO partita_calls (ticket, provider, owner, at, tokens, running)"
                " VALUES (?, ?, ?, ?, ?, 1)",
                *(ticket, provider, self._owner, turn.now, tokens),
            )
            self._sweep(turn, provider)
            return ticket

    def done(self, ticket: str, tokens: int | None) -> None:
        """The call is over; a ticket that is not known any more changes nothing."""
        with self._turn("") as turn:
            turn.do(
                "UPDATE partita_calls SET running = 0, tokens = coalesce(?, tokens)"
                " WHERE ticket = ?",
                *(tokens, ticket),
            )

    def pause(self, provider: str, seconds: float) -> None:
        """The provider asks to be left alone; the longest pause counts."""
        with self._turn(provider) as turn:
            before, circuit = _known(turn, provider)
            until = pause_until(before, seconds=seconds, now=turn.now)
            _save(turn, provider, until, circuit)

    def failed(self, provider: str) -> None:
        """A call found the provider dead."""
        with self._turn(provider) as turn:
            paused, circuit = _known(turn, provider)
            _save(turn, provider, paused, failed(circuit, now=turn.now))

    def answered(self, provider: str) -> None:
        """A call was answered: the circuit closes."""
        with self._turn(provider) as turn:
            paused, circuit = _known(turn, provider)
            if circuit != CLOSED:
                _save(turn, provider, paused, CLOSED)

    def _sweep(self, turn: Turn, provider: str) -> None:
        """Now and then, forget the calls that no rate counts any more."""
        self._admitted += 1
        if self._admitted % SWEPT == 1:
            turn.do(
                "DELETE FROM partita_calls WHERE provider = ? AND running = 0 AND at < ?",
                *(provider, turn.now - WINDOW),
            )


def _load(turn: Turn, provider: str, rates: Rates) -> Record:
    """What is to be known for a decision: without limits by the minute only what runs counts."""
    paused, circuit = _known(turn, provider)
    running = "SELECT at, tokens, running FROM partita_calls WHERE provider = ? AND running = 1"
    over = "SELECT at, tokens, running FROM partita_calls WHERE provider = ? AND running = 0"
    rows = list(turn.rows(running, provider))
    if rates.requests_per_minute is not None or rates.tokens_per_minute is not None:
        rows += turn.rows(f"{over} AND at > ?", provider, turn.now - WINDOW)
    calls = tuple(Past(at=at, tokens=tokens, running=bool(live)) for at, tokens, live in rows)
    return Record(calls=calls, paused_until=paused, circuit=circuit)


def _known(turn: Turn, provider: str) -> tuple[float, Circuit]:
    found = turn.rows(
        "SELECT paused_until, failures, failed_at, opened, open_until FROM partita_providers"
        " WHERE provider = ?",
        provider,
    )
    if not found:
        return 0.0, CLOSED
    paused, failures, failed_at, opened, open_until = found[0]
    return paused, Circuit(
        failures=failures, failed_at=failed_at, opened=opened, open_until=open_until
    )


def _save(turn: Turn, provider: str, paused: float, circuit: Circuit) -> None:
    turn.do(
        SAVE,
        *(provider, paused, circuit.failures, circuit.failed_at),
        *(circuit.opened, circuit.open_until),
    )
