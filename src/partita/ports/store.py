"""What a run remembers: answers, the ledger, the event log, signals, documents and blobs."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from partita.core.budget import Budget, Caps, Pot, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of a run's log; `seq` grows by one in the order of writing, `at` is UTC seconds."""

    seq: int
    at: float
    run: str
    type: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger, in nano-dollars.

    `state`: "held", "settled", "released" (it never reached the model), "unconfirmed" (it may
    have been paid and no answer came: it counts as spent in full).
    """

    id: int
    run: str
    question: str
    model: str
    role: str
    task: str | None
    activity: str
    held: int
    cost: int
    usage: Usage | None
    state: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """How full a pot is: spent and held in nano-dollars, this hold included."""

    pot: Pot
    spent: int
    held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A hold: its entry in the ledger, and the pots that it filled to the share for warnings."""

    entry: int
    nearly: tuple[Filling, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What is known of a run from its start; `status` is kept up to date by the engine.

    `status`: "running", "waiting" (for an approval), "interrupted", "landed", "done" (asked for
    and given, nothing to land), "failed", "stopped".
    """

    id: str
    request: str
    options: dict[str, Any]
    created: float
    status: str = "running"
    exit: int | None = None
    result: dict[str, Any] | None = None


class Log(Protocol):
    """The event log; an event of the same run and key is written once."""

    def append(self, run: str, key: str, kind: str, data: dict[str, Any]) -> None:
        """Write it unless the key is there already."""

    def events(self, run: str, after: int = 0) -> Sequence[Event]:
        """The run's events with a higher `seq`, in order."""

    def told(self, run: str, key: str) -> Event | None:
        """The run's event of that key, or None; quick, however long the log is."""

    def latest(self, run: str, kinds: Sequence[str]) -> Sequence[Event]:
        """Of the run's events of these kinds the last of each task (`data["task"]`), and of those
        of no task the last of each kind; in order. Quick, however long the log is.
        """


class Ledger(Protocol):
    """Every hold and settlement; a hold and the check of the cap are one transaction."""

    def hold(
        self,
        run: str,
        question: str,
        *,
        model: str,
        role: str,
        task: str | None,
        activity: str,
        amount: int,
        caps: Caps,
    ) -> Held:
        """Set money aside in every pot that the call draws on.

        BudgetSpent names the pot whose cap would be passed, and how to raise it; then nothing is
        held. Fenced where this store belongs to a worker whose work was taken over.
        """

    def settle(self, entry: int, *, state: str, cost: int, usage: Usage | None) -> None:
        """Close a hold; a second settlement of the same entry changes nothing."""

    def budget(self, run: str, cap: int | None) -> Budget:
        """Spent and held so far; held, unconfirmed and settled all count."""

    def filling(self, pot: Pot) -> Filling:
        """How full the pot is now."""

    def entries(self, run: str | None) -> Sequence[Entry]:
        """The run's lines in order; of all runs of the project for None."""

    def abandon(self, run: str) -> int:
        """Mark holds that no living process owns "unconfirmed"; gives how many."""


class Answers(Protocol):
    """Finished model answers by the hash of all that they depended on."""

    def get(self, key: str, *, run: str, others: bool = True) -> dict[str, Any] | None:
        """The answer's JSON, or None; other runs' only with `others`, and never a spoilt one.

        The JSON has `run` added: the run that paid for it.
        """

    def put(
        self, key: str, run: str, question: str, request: dict[str, Any], answer: dict[str, Any]
    ) -> None:
        """Keep it; the first one kept wins. Durable when this returns."""

    def settled(
        self,
        key: str,
        run: str,
        question: str,
        request: dict[str, Any],
        answer: dict[str, Any],
        *,
        entry: int,
        cost: int,
        usage: Usage,
    ) -> None:
        """`put` and the ledger's `settle` in one transaction."""

    def transcript(self, run: str) -> Sequence[dict[str, Any]]:
        """Every exchange of the run in order: name, hash, request, reply."""

    def spoil(self, run: str, question: str) -> None:
        """The answer that the run used for the question was no good: `get` no longer gives it
        to other runs.
        """

    def used(self, run: str, question: str, key: str) -> None:
        """Note that the run's question was answered by that (perhaps older) answer."""


class Signals(Protocol):
    """Words from the user to a run, from any process: the first value of a name stays."""

    def send(self, run: str, name: str, value: dict[str, Any]) -> bool:
        """False when that name already has a value."""

    def received(self, run: str, name: str) -> dict[str, Any] | None:
        """The value, or None so far."""

    def clear(self, run: str, name: str) -> None:
        """Forget it, so that it can be sent anew."""


class Documents(Protocol):
    """The documents of runs, where no folder is shared by all who read them."""

    def put_document(self, run: str, name: str, text: str) -> None:
        """Write or replace it."""

    def document(self, run: str, name: str) -> str | None:
        """Its text; None when there is none."""

    def documents(self, run: str) -> Sequence[str]:
        """The names of the run's documents, sorted."""


class Attempts(Protocol):
    """How often a part of a run began without getting on: what kills its process is given up."""

    def attempt(self, run: str, part: str) -> int:
        """Count one more beginning, durably, and give the count since the last progress."""

    def progressed(self, run: str, part: str) -> None:
        """It got on, or rests in good order: the count begins anew."""


class Runs(Protocol):
    """The register of runs; each store sees only those of its project."""

    def create(self, record: RunRecord) -> None:
        """Enter a new run."""

    def update(
        self,
        run: str,
        *,
        status: str,
        exit_code: int | None = None,
        result: dict[str, Any] | None = None,
        options: dict[str, Any] | None = None,
    ) -> None:
        """Change what is known of it."""

    def find(self, prefix: str) -> RunRecord:
        """The run with that unique prefix, or the last one for "last"; BadInput otherwise."""

    def all(self) -> Sequence[RunRecord]:
        """Every run, newest first."""


class Blobs(Protocol):
    """Large texts by content; durable when `keep` returns."""

    def keep(self, data: bytes) -> str:
        """Store it and give its SHA-256 in hex."""

    def load(self, key: str) -> bytes:
        """The bytes; KeyError when they are not there."""


class Store(Log, Ledger, Answers, Signals, Documents, Attempts, Runs, Blobs, Protocol):
    """All of them: one SQLite file and a folder of blobs, or a PostgreSQL database."""

    def together(self) -> AbstractContextManager[None]:
        """All that this thread writes inside is one transaction; nothing may be awaited there."""

    def close(self) -> None:
        """Let go of it; what this store still holds counts as abandoned from now on."""
