"""A store in memory that keeps the same laws as the real one."""

import hashlib
import itertools
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from partita.core.budget import Budget, Usage
from partita.errors import BadInput
from partita.ports.clock import Clock
from partita.ports.store import Entry, Event, RunRecord
from partita.testing.clock import FakeClock

LARGEST_EVENT = 64 * 1024
OPEN = ("running", "waiting")


@dataclass
class _Answer:
    number: int
    key: str
    run: str
    request: str
    answer: str
    spoilt: bool = False


@dataclass
class _Data:
    """What a file would hold; JSON is kept as text, so that nobody can change it from outside."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    events: list[tuple[Event, str]] = field(default_factory=list)
    keys: set[tuple[str, str]] = field(default_factory=set)
    entries: dict[int, Entry] = field(default_factory=dict)
    owners: dict[int, int] = field(default_factory=dict)
    living: set[int] = field(default_factory=set)
    answers: list["_Answer"] = field(default_factory=list)
    exchanges: dict[tuple[str, str, int], None] = field(default_factory=dict)
    signals: dict[tuple[str, str], str] = field(default_factory=dict)
    runs: dict[str, RunRecord] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)


class MemoryStore:
    """`ports.store.Store`; `reopen` gives the same data as a new process would see it."""

    def __init__(self, clock: Clock | None = None, *, data: _Data | None = None) -> None:
        self._clock = clock or FakeClock()
        self._data = data or _Data()
        with self._data.lock:
            self._me = next(self._data.numbers)
            self._data.living.add(self._me)

    def close(self) -> None:
        """What this store still holds counts as abandoned from now on."""
        self._data.living.discard(self._me)

    def reopen(self) -> "MemoryStore":
        """Close, and open the same data anew."""
        self.close()
        return MemoryStore(self._clock, data=self._data)

    # Log

    def append(self, run: str, key: str, kind: str, data: dict[str, Any]) -> None:
        """Write it unless the key is there already; ValueError above 64 KiB of JSON."""
        text = _dump(data)
        if len(text) > LARGEST_EVENT:
            msg = f"event {kind} {key[:60]} holds {len(text)} bytes"
            raise ValueError(msg)
        with self._data.lock:
            if (run, key) not in self._data.keys:
                self._data.keys.add((run, key))
                seq, at = len(self._data.events) + 1, self._clock.now()
                event = Event(seq=seq, at=at, run=run, type=kind, data={})
                self._data.events.append((event, text))

    def events(self, run: str, after: int = 0) -> Sequence[Event]:
        """The run's events with a higher `seq`, in order."""
        with self._data.lock:
            later = self._data.events[max(0, after) :]
        return [replace(event, data=json.loads(text)) for event, text in later if event.run == run]

    # Ledger

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
        cap: int | None,
    ) -> int:
        """Set money aside and give the entry's id; BudgetSpent when the cap would be passed."""
        _check_amount(amount)
        with self._data.lock:
            self.budget(run, cap).hold(amount)
            ident = len(self._data.entries) + 1
            self._data.owners[ident] = self._me
            self._data.entries[ident] = Entry(
                id=ident,
                run=run,
                question=question,
                model=model,
                role=role,
                task=task,
                activity=activity,
                held=amount,
                cost=0,
                usage=None,
                state="held",
                at=self._clock.now(),
            )
            return ident

    def settle(self, entry: int, *, state: str, cost: int, usage: Usage | None) -> None:
        """Close a hold; KeyError when there is no such entry."""
        if state not in ("settled", "released", "unconfirmed"):
            raise ValueError(state)
        _check_amount(cost)
        with self._data.lock:
            before = self._data.entries[entry]
            if before.state == "held":
                most = max(cost, before.held)
                counts = {"settled": cost, "released": 0, "unconfirmed": most}[state]
                after = replace(before, state=state, cost=counts, usage=usage)
                self._data.entries[entry] = after

    def budget(self, run: str, cap: int | None) -> Budget:
        """Spent and held so far."""
        lines = self.entries(run)
        held = sum(line.held for line in lines if line.state == "held")
        return Budget(cap=cap, spent=sum(line.cost for line in lines), held=held)

    def entries(self, run: str) -> Sequence[Entry]:
        """The run's lines in order."""
        with self._data.lock:
            return [entry for entry in self._data.entries.values() if entry.run == run]

    def abandon(self, run: str) -> int:
        """Mark holds of closed stores "unconfirmed"; gives how many."""
        with self._data.lock:
            dead = [
                entry
                for entry in self.entries(run)
                if entry.state == "held" and self._data.owners[entry.id] not in self._data.living
            ]
            for entry in dead:
                self.settle(entry.id, state="unconfirmed", cost=entry.held, usage=None)
            return len(dead)

    # Answers

    def get(self, key: str, *, run: str, others: bool = True) -> dict[str, Any] | None:
        """The answer's JSON with `run` (who paid) added, or None."""
        for found in self._fitting(key, run, others=others):
            return {**_load(found.answer), "run": found.run}
        return None

    def put(
        self, key: str, run: str, question: str, request: dict[str, Any], answer: dict[str, Any]
    ) -> None:
        """Keep it; the first one that the run has wins."""
        texts = _dump(request), _dump(answer)
        with self._data.lock:
            mine = self._fitting(key, run, others=False)
            if not mine:
                mine = [_Answer(len(self._data.answers), key, run, *texts)]
                self._data.answers += mine
            self._data.exchanges.setdefault((run, question, mine[0].number))

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
        """`put` and the ledger's `settle`, both or neither."""
        with self._data.lock:
            self._data.entries[entry]
            _check_amount(cost)
            self.put(key, run, question, request, answer)
            self.settle(entry, state="settled", cost=cost, usage=usage)

    def used(self, run: str, question: str, key: str) -> None:
        """Note who else was answered by it; KeyError when there is nothing that `get` gives."""
        with self._data.lock:
            found = self._fitting(key, run, others=True)
            if not found:
                raise KeyError(key)
            self._data.exchanges.setdefault((run, question, found[0].number))

    def spoil(self, run: str, question: str) -> None:
        """The answer that the run last used for the question is not given to other runs."""
        with self._data.lock:
            numbers = [n for who, name, n in self._data.exchanges if (who, name) == (run, question)]
            if numbers:
                self._data.answers[numbers[-1]].spoilt = True

    def transcript(self, run: str) -> Sequence[dict[str, Any]]:
        """Every exchange in order: name, hash, request, reply."""
        with self._data.lock:
            exchanges = [
                (name, self._data.answers[n]) for who, name, n in self._data.exchanges if who == run
            ]
        return [
            {
                "name": name,
                "hash": found.key,
                "request": _load(found.request),
                "reply": _load(found.answer),
            }
            for name, found in exchanges
        ]

    def _fitting(self, key: str, run: str, *, others: bool) -> list[_Answer]:
        """The run's own first, then the oldest that others may use."""
        with self._data.lock:
            used = {n for who, _, n in self._data.exchanges if who == run}
            same = [a for a in self._data.answers if a.key == key]
        mine = [a for a in same if a.number in used]
        return mine + [a for a in same if others and a.number not in used and not a.spoilt]

    # Signals

    def send(self, run: str, name: str, value: dict[str, Any]) -> bool:
        """False when that name already has a value."""
        text = _dump(value)
        with self._data.lock:
            new = (run, name) not in self._data.signals
            self._data.signals.setdefault((run, name), text)
            return new

    def received(self, run: str, name: str) -> dict[str, Any] | None:
        """The value, or None so far."""
        text = self._data.signals.get((run, name))
        return None if text is None else _load(text)

    def clear(self, run: str, name: str) -> None:
        """Forget it, so that it can be sent anew."""
        self._data.signals.pop((run, name), None)

    # Runs

    def create(self, record: RunRecord) -> None:
        """Enter a new run; ValueError when its id is taken."""
        with self._data.lock:
            if record.id in self._data.runs:
                msg = f"there is a run {record.id} already"
                raise ValueError(msg)
            self._data.runs[record.id] = record

    def update(
        self,
        run: str,
        *,
        status: str,
        exit_code: int | None = None,
        result: dict[str, Any] | None = None,
        options: dict[str, Any] | None = None,
    ) -> None:
        """Change what is given; KeyError when there is no such run."""
        with self._data.lock:
            old = self._data.runs[run]
            kept = old.exit if exit_code is None else exit_code
            self._data.runs[run] = replace(
                old,
                status=status,
                exit=None if status in OPEN else kept,
                result=old.result if result is None else result,
                options=old.options if options is None else options,
            )

    def find(self, prefix: str) -> RunRecord:
        """The run of that unique prefix, or the last one for "last"; BadInput otherwise."""
        if prefix == "last" and self._data.runs:
            return self.all()[0]
        if prefix in self._data.runs:
            return self._data.runs[prefix]
        found = [r for r in self.all() if prefix and r.id.startswith(prefix)]
        if len(found) != 1:
            raise BadInput(f"{len(found)} runs begin with {prefix!r}")
        return found[0]

    def all(self) -> Sequence[RunRecord]:
        """Every run, newest first."""
        with self._data.lock:
            return list(reversed(self._data.runs.values()))

    # Blobs

    def keep(self, data: bytes) -> str:
        """Store it and give its SHA-256 in hex."""
        key = hashlib.sha256(data).hexdigest()
        self._data.blobs[key] = bytes(data)
        return key

    def load(self, key: str) -> bytes:
        """The bytes; KeyError when they are not there."""
        return self._data.blobs[key]


def _dump(value: object) -> str:
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except (TypeError, RecursionError) as e:
        msg = f"no JSON form: {e}"
        raise ValueError(msg) from e


def _load(text: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(text)
    return value


def _check_amount(amount: int) -> None:
    if amount < 0:
        msg = f"{amount} nano-dollars is no amount"
        raise ValueError(msg)
