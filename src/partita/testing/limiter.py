"""A limiter in memory that keeps the same laws as the real ones."""

import itertools
import secrets
import threading
from dataclasses import dataclass, field, replace

from partita.core.limits import (
    CLOSED,
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
from partita.ports.clock import Clock
from partita.ports.limiter import Rates, Wait
from partita.testing.clock import FakeClock


@dataclass
class _Provider:
    calls: dict[str, Past] = field(default_factory=dict)
    owners: dict[str, int] = field(default_factory=dict)
    paused_until: float = 0.0
    circuit: Circuit = CLOSED


@dataclass
class _Shared:
    lock: threading.RLock = field(default_factory=threading.RLock)
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    providers: dict[str, _Provider] = field(default_factory=dict)


class MemoryLimiter:
    """`ports.limiter.Limiter`; `another` gives a second process's view of the same record."""

    def __init__(self, clock: Clock | None = None, *, shared: _Shared | None = None) -> None:
        self._clock = clock or FakeClock()
        self._shared = shared or _Shared()
        self._me = next(self._shared.numbers)

    def another(self) -> "MemoryLimiter":
        """As another process sees it."""
        return MemoryLimiter(self._clock, shared=self._shared)

    def die(self) -> None:
        """Give back what this process holds, as when it was killed."""
        with self._shared.lock:
            for provider in self._shared.providers.values():
                for ticket, owner in provider.owners.items():
                    if owner == self._me:
                        provider.calls[ticket] = replace(provider.calls[ticket], running=False)

    def admit(self, provider: str, rates: Rates, tokens: int) -> str | Wait:
        """A ticket, or how long to wait; CircuitOpen while the provider's circuit is open."""
        with self._shared.lock:
            known, now = self._provider(provider), self._clock.now()
            record = Record(
                calls=tuple(known.calls.values()),
                paused_until=known.paused_until,
                circuit=known.circuit,
            )
            match decide(record, rates, tokens=tokens, now=now):
                case Shut(seconds=seconds):
                    message, remedy = shut_message(provider, seconds)
                    raise CircuitOpen(message, remedy=remedy)
                case Later(seconds=seconds, why=why):
                    return Wait(seconds=seconds, why=why)
            ticket = secrets.token_hex(12)
            known.calls[ticket] = Past(at=now, tokens=tokens, running=True)
            known.owners[ticket] = self._me
            return ticket

    def done(self, ticket: str, tokens: int | None) -> None:
        """The call is over; a ticket that is not known any more changes nothing."""
        with self._shared.lock:
            for provider in self._shared.providers.values():
                if (call := provider.calls.get(ticket)) is not None:
                    took = call.tokens if tokens is None else tokens
                    provider.calls[ticket] = replace(call, tokens=took, running=False)

    def pause(self, provider: str, seconds: float) -> None:
        """The provider asks to be left alone; the longest pause counts."""
        with self._shared.lock:
            known = self._provider(provider)
            known.paused_until = pause_until(
                known.paused_until, seconds=seconds, now=self._clock.now()
            )

    def failed(self, provider: str) -> None:
        """A call found the provider dead."""
        with self._shared.lock:
            known = self._provider(provider)
            known.circuit = failed(known.circuit, now=self._clock.now())

    def answered(self, provider: str) -> None:
        """A call was answered: the circuit closes."""
        with self._shared.lock:
            self._provider(provider).circuit = CLOSED

    def _provider(self, name: str) -> _Provider:
        return self._shared.providers.setdefault(name, _Provider())
