"""How calls to models end when they fail: one stable word each, for counting."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from partita.errors import (
    CircuitOpen,
    ContentRefused,
    ContextTooLong,
    MalformedReply,
    ModelFailure,
    RateLimited,
    ServerFailed,
    Unreachable,
)

Outcome = Literal[
    "rate_limited",
    "unreachable",
    "stalled",
    "cut_off",
    "server_failed",
    "html",
    "empty",
    "malformed",
    "context_too_long",
    "refused",
    "circuit_open",
]

# What the wires say in their sentences, so that the word is found again by who counts.
PAGE = "an HTML page"
EMPTY = "the reply is empty"
CUT = "the reply is not whole"
STALLED = "stalled"
BROKE = "the connection broke"

_KINDS: tuple[tuple[type[ModelFailure], Outcome], ...] = (
    (RateLimited, "rate_limited"),
    (CircuitOpen, "circuit_open"),
    (ServerFailed, "server_failed"),
    (ContextTooLong, "context_too_long"),
    (ContentRefused, "refused"),
)
_PHRASES: tuple[tuple[str, Outcome], ...] = ((PAGE, "html"), (EMPTY, "empty"), (CUT, "cut_off"))


def outcome_of(failure: ModelFailure) -> Outcome:
    """The word for the failure."""
    for kind, word in _KINDS:
        if isinstance(failure, kind):
            return word
    if isinstance(failure, Unreachable):
        if failure.silent or STALLED in failure.message:
            return "stalled"
        return "cut_off" if BROKE in failure.message else "unreachable"
    if isinstance(failure, MalformedReply):
        for phrase, word in _PHRASES:
            if phrase in failure.message:
                return word
    return "malformed"


def is_dead(failure: ModelFailure) -> bool:
    """Does the failure speak for a provider that is down, and not only for a bad call?"""
    return isinstance(failure, Unreachable | ServerFailed)


def is_alive(failure: ModelFailure) -> bool:
    """Does the failure show that the provider is there and reads what it is asked?"""
    return isinstance(failure, RateLimited | ContextTooLong | ContentRefused)


def is_final(failure: ModelFailure) -> bool:
    """Would the same question fare no better at another time?"""
    return isinstance(failure, ContextTooLong | ContentRefused)


def count_outcomes(events: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, int]:
    """How often each outcome is in a log, given as the events' types and data; sorted by word."""
    found = Counter(
        str(data.get("outcome", "malformed")) for kind, data in events if kind == "call.failed"
    )
    return dict(sorted(found.items()))
