"""Whether a failed model call is tried again, and after how long."""

from dataclasses import dataclass

from partita.errors import (
    MalformedReply,
    PartitaError,
    RateLimited,
    ServerFailed,
    Unreachable,
)

MALFORMED_RETRIES = 2  # each one may have been paid for


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often and how long one question waits for one model.

    `attempts` counts calls, the first included. `patience_seconds` bounds the sum of all waits
    between them. Waits that the provider does not name start at `base` seconds, double up to
    `cap`, and are spread by chance over their upper half, so that parallel callers part.
    """

    attempts: int = 4
    patience_seconds: float = 25.0
    base: float = 0.5
    cap: float = 8.0

    def next_wait(
        self, failure: PartitaError, attempt: int, waited: float, jitter: float
    ) -> float | None:
        """Seconds to wait before the next call, or None: give up on this model.

        `attempt` calls have been made (1 after the first), `waited` seconds were spent in waits
        so far, `jitter` is a chance number in [0, 1). A wait that the provider asked for is kept
        exactly where it fits into the patience left; where it does not, waiting less would only
        be refused again, so the next model of the route takes over.
        """
        if attempt >= self.attempts or not _transient(failure):
            return None
        if isinstance(failure, MalformedReply) and attempt > MALFORMED_RETRIES:
            return None
        wait = self._asked_for(failure)
        if wait is None:
            # The exponent is bounded: 2.0 ** 1100 would overflow.
            step = min(self.cap, self.base * 2.0 ** min(attempt - 1, 60))
            wait = step * (0.5 + 0.5 * jitter)
        return wait if waited + wait <= self.patience_seconds else None

    def _asked_for(self, failure: PartitaError) -> float | None:
        if not isinstance(failure, RateLimited) or failure.retry_after is None:
            return None
        return failure.retry_after if failure.retry_after >= 0 else None  # NaN is not >= 0


def _transient(failure: PartitaError) -> bool:
    """Whether the same question may be answered when it is asked again."""
    return isinstance(failure, RateLimited | Unreachable | ServerFailed | MalformedReply)
