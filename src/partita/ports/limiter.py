"""What calls to a provider share across processes: rates, calls in flight, pauses, a circuit."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """A provider's limits; None is no limit. Minutes slide: any 60 seconds count."""

    in_flight: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Not now: look again after so many seconds, for that reason."""

    seconds: float
    why: str  # "in flight", "requests per minute", "tokens per minute", "paused", "circuit"


class Limiter(Protocol):
    """Decisions are those of core/limits.py; an adapter only keeps what they are made on.

    Calls are quick and never wait themselves. A process that dies gives its tickets back.
    """

    def admit(self, provider: str, rates: Rates, tokens: int) -> str | Wait:
        """A ticket for one call of about so many tokens (input and output), or how long to wait.

        Raises CircuitOpen while the provider's circuit is open.
        """

    def done(self, ticket: str, tokens: int | None) -> None:
        """The call is over; `tokens` is what it really took, where known."""

    def pause(self, provider: str, seconds: float) -> None:
        """The provider asks to be left alone; the longest pause counts."""

    def failed(self, provider: str) -> None:
        """A call found the provider dead (unreachable, 5xx, no reply): enough of these in a row
        open its circuit.
        """

    def answered(self, provider: str) -> None:
        """A call was answered: the circuit closes, the count begins anew."""
