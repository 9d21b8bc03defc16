"""Whether a provider may be called now: by its rates, its pauses and its circuit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

WINDOW = 60.0  # seconds: a minute that slides
LOOK = 0.05  # seconds after which a full provider is looked at again: nobody knows when a call ends
OPENS_AFTER = 5  # failures in a row
FIRST_REST, LONGEST_REST = 30.0, 300.0  # seconds that a circuit stays open
LONGEST_PAUSE = 3600.0  # seconds; whoever asks for more is asked again after that
FORGOTTEN = 600.0  # seconds after which an old failure says nothing of today


class Bounds(Protocol):
    """A provider's limits; None is no limit."""

    @property
    def in_flight(self) -> int | None:
        """Calls at once."""

    @property
    def requests_per_minute(self) -> int | None:
        """Calls that begin in any 60 seconds."""

    @property
    def tokens_per_minute(self) -> int | None:
        """Tokens, input and output, of the calls that begin in any 60 seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A call that was let through `at` that time (seconds), for about so many tokens."""

    at: float
    tokens: int
    running: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """A provider's failures in a row, the last of them at `failed_at`.

    `opened` counts how often the circuit opened since the last answer; 0 is closed. Past
    `open_until` one call at a time tries whether the provider is back.
    """

    failures: int = 0
    failed_at: float = 0.0
    opened: int = 0
    open_until: float = 0.0


CLOSED = Circuit()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is known of a provider: the calls of the last minute and those that still run."""

    calls: Sequence[Past] = ()
    paused_until: float = 0.0
    circuit: Circuit = CLOSED


@dataclass(frozen=True, slots=True)
class Go:
    """The call may be made now."""


@dataclass(frozen=True, slots=True)
class Later:
    """Not now; it may be allowed after so many seconds, and not before, as far as is known."""

    seconds: float
    why: str


@dataclass(frozen=True, slots=True)
class Shut:
    """The circuit is open for so many seconds more."""

    seconds: float


Decision = Go | Later | Shut


def decide(record: Record, bounds: Bounds, *, tokens: int, now: float) -> Decision:
    """Whether a call of about so many tokens may begin.

    A call larger than the limit of tokens is let through alone, once the minute is empty.
    """
    circuit = remembered(record.circuit, now)
    if circuit.opened and now < circuit.open_until:
        return Shut(circuit.open_until - now)
    if circuit.opened and any(c.running and c.at >= circuit.open_until for c in record.calls):
        return Later(LOOK, "circuit")
    # A clock that was set back leaves times in the future, which count for a bounded while.
    recent = sorted((c for c in record.calls if abs(now - c.at) < WINDOW), key=lambda c: c.at)
    pause = record.paused_until - now
    waits = (
        (pause if pause <= LONGEST_PAUSE else 0.0, "paused"),
        (_for_requests(recent, bounds.requests_per_minute, now), "requests per minute"),
        (_for_tokens(recent, bounds.tokens_per_minute, tokens, now), "tokens per minute"),
    )
    seconds, why = max(waits, key=lambda wait: wait[0])
    if seconds > 0:
        return Later(seconds, why)
    running = sum(c.running for c in record.calls)
    if bounds.in_flight is not None and running >= max(1, bounds.in_flight):
        return Later(LOOK, "in flight")
    return Go()


def _for_requests(recent: Sequence[Past], most: int | None, now: float) -> float:
    if most is None or len(recent) < max(1, most):
        return 0.0
    return recent[len(recent) - max(1, most)].at + WINDOW - now


def _for_tokens(recent: Sequence[Past], most: int | None, tokens: int, now: float) -> float:
    if most is None:
        return 0.0
    total, wait = sum(c.tokens for c in recent), 0.0
    for call in recent:
        if total + tokens <= most:
            break
        total -= call.tokens
        wait = call.at + WINDOW - now
    return wait


def pause_until(before: float, *, seconds: float, now: float) -> float:
    """Until when a provider is left alone that asks for so many seconds; the longest counts."""
    if before > now + LONGEST_PAUSE:
        before = 0.0
    return max(before, now + min(max(0.0, seconds), LONGEST_PAUSE))


def failed(circuit: Circuit, *, now: float) -> Circuit:
    """The circuit after one more call that found the provider dead.

    It opens after five in a row, and again, for twice as long, when a trial fails. A call that
    began before it opened, and fails while it is open, says nothing new.
    """
    circuit = remembered(circuit, now)
    if circuit.opened and now < circuit.open_until:
        return circuit
    circuit = replace(circuit, failures=circuit.failures + 1, failed_at=now)
    if not circuit.opened and circuit.failures < OPENS_AFTER:
        return circuit
    rest = min(LONGEST_REST, FIRST_REST * 2.0 ** min(circuit.opened, 10))
    return replace(circuit, opened=circuit.opened + 1, open_until=now + rest)


def remembered(circuit: Circuit, now: float) -> Circuit:
    """The circuit, or a closed one where its last failure is of another day."""
    return circuit if -1.0 <= now - circuit.failed_at <= FORGOTTEN else CLOSED


def shut_message(provider: str, seconds: float) -> tuple[str, str]:
    """What the user is told of an open circuit, and the remedy."""
    left = max(1, round(seconds))
    return (
        f"{provider} failed again and again and is left alone for {left} s more",
        f"partita resume, in {left} s or later",
    )
