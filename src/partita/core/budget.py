"""Money as integer nano-dollars, held before a call and settled after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from partita.errors import BudgetSpent

NANO = 1_000_000_000
SMALL = 0.0001  # dollars
LATIN = 0x2FF  # the last code point of the Latin blocks


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one call; `input` includes the cached ones. `estimated`: nobody reported them."""

    input: int
    output: int
    cache_read: int = 0
    cache_write: int = 0
    estimated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Nano-dollars per million tokens; a cache tier that is None costs what input costs."""

    input: int
    output: int
    cache_read: int | None = None
    cache_write: int | None = None
    source: str = ""

    def cost(self, usage: Usage) -> int:
        """Nano-dollars for the usage, rounded up."""
        read = self.input if self.cache_read is None else self.cache_read
        write = self.input if self.cache_write is None else self.cache_write
        plain = max(0, usage.input - usage.cache_read - usage.cache_write)
        total = (
            plain * self.input
            + usage.cache_read * read
            + usage.cache_write * write
            + usage.output * self.output
        )
        return -(-total // 1_000_000)

    def most(self, *, input_tokens: int, output_tokens: int) -> int:
        """The most that a call of this size can cost: input at its dearest tier, full output."""
        dearest = max(self.input, self.cache_read or 0, self.cache_write or 0)
        return -(-(input_tokens * dearest + output_tokens * self.output) // 1_000_000)


FREE = Price(input=0, output=0, source="local")


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What may be spent, what was, and what is held for calls in flight; None is no cap."""

    cap: int | None
    spent: int = 0
    held: int = 0

    @property
    def free(self) -> int | None:
        """What is left to hold; None where there is no cap."""
        return None if self.cap is None else self.cap - self.spent - self.held

    def hold(self, amount: int) -> "Budget":
        """Set `amount` aside, or raise BudgetSpent when the cap would be passed."""
        if self.free is not None and amount > self.free:
            raise BudgetSpent(
                f"the next call may cost up to {dollars(amount)}, and {dollars(max(0, self.free))} "
                f"of the {dollars(self.cap or 0)} budget is left",
                remedy="raise it: partita resume --budget DOLLARS",
                waits=amount <= (self.cap or 0) - self.spent,
            )
        return replace(self, held=self.held + amount)

    def settle(self, amount: int, actual: int) -> "Budget":
        """Turn a hold into what was really spent."""
        return replace(self, held=self.held - amount, spent=self.spent + actual)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The most that may be spent, in nano-dollars; None is no cap.

    `run` bounds the run, `task` each of its tasks, `roles` a role in it, `day` all runs of the
    project on one UTC day, `project` all its runs ever. `warn` is the percentage of a cap from
    which on the user is told.
    """

    run: int | None = None
    task: int | None = None
    roles: Mapping[str, int] = field(default_factory=dict)
    day: int | None = None
    project: int | None = None
    warn: int = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Pot:
    """Money that has a cap of its own: `key` is unique in a database, whatever its kind."""

    kind: Literal["run", "task", "role", "day", "project"]
    key: str
    cap: int | None


def day_of(at: float) -> str:
    """The UTC day of a moment in seconds, as YYYY-MM-DD."""
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def pots(
    caps: Caps, *, run: str, task: str | None, role: str, project: str, at: float
) -> tuple[Pot, ...]:
    """All that a call draws on; `at` is when it was held, in UTC seconds. Sorted by key."""
    found = [
        Pot(kind="run", key=f"run:{run}", cap=caps.run),
        Pot(kind="role", key=f"role:{run}:{role}", cap=caps.roles.get(role)),
        Pot(kind="day", key=f"day:{project}:{day_of(at)}", cap=caps.day),
        Pot(kind="project", key=f"project:{project}", cap=caps.project),
    ]
    if task is not None:
        found.append(Pot(kind="task", key=f"task:{run}:{task}", cap=caps.task))
    return tuple(sorted(found, key=lambda pot: pot.key))


def dollars(nano: int) -> str:
    """Money for people: two decimals from a dollar on, else four, or two digits that count."""
    value = nano / NANO
    if abs(value) >= 1:
        return f"${value:.2f}"
    return f"${value:.4f}" if not nano or abs(value) >= SMALL else f"${Decimal(f'{value:.2g}'):f}"


def words(text: str) -> int:
    """Tokens in the text, estimated a little high for admission (never below characters / 5).

    Characters / 3, bounded from below by the number of non-ASCII characters, which most
    tokenizers split into one token or more each.
    """
    wide = sum(1 for c in text if ord(c) > LATIN) if not text.isascii() else 0
    return -(-(len(text) - wide) // 3) + wide + 4
