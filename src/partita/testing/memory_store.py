"""A store in memory that keeps the same laws as the real one."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from typing import Any

from partita.core.budget import Usage
from partita.errors import BadInput
from partita.ports.clock import Clock
from partita.ports.store import Event, RunRecord
from partita.testing.clock import FakeClock
from partita.testing.memory_data import Answer, Data, check_amount, dump, kept, load
from partita.testing.memory_ledger import MemoryLedger

LARGEST_EVENT = 64 * 1024
OPEN = ("running", "waiting")


class MemoryStore(MemoryLedger):
    """`ports.store.Store`; `reopen` gives the same data as a new process would see it."""

    def __init__(
        self, clock: Clock | None = None, *, data: Data | None = None, project: str = ""
    ) -> None:
        data = data or Data()
        with data.lock:
            me = next(data.numbers)
            data.living.add(me)
        super().__init__(data, clock or FakeClock(), project, me)

    def close(self) -> None:
        """What this store still holds counts as abandoned from now on."""
        self._data.living.discard(self._me)

    def reopen(self) -> "MemoryStore":
        """Close, and open the same data anew."""
        self.close()
        return MemoryStore(self._clock, data=self._data, project=self._project)

    def beside(self, project: str) -> "MemoryStore":
        """The same data, opened for another project."""
        return MemoryStore(self._clock, data=self._data, project=project)

    @contextmanager
    def together(self) -> Iterator[None]:
        """All that this thread writes inside is one transaction."""
        with self._data.lock:
            before = {f.name: copy(getattr(self._data, f.name)) for f in kept()}
            spoilt = {answer.number for answer in self._data.answers if answer.spoilt}
            try:
                yield
            except BaseException:
                for name, value in before.items():
                    setattr(self._data, name, value)
                for answer in self._data.answers:
                    answer.spoilt = answer.number in spoilt
                raise

    # Log

    def append(self, run: str, key: str, kind: str, data: dict[str, Any]) -> None:
        """Write it unless the key is there already; ValueError above 64 KiB of JSON."""
        text = dump(data)
        if len(text) > LARGEST_EVENT:
            msg = f"event {kind} {key[:60]} holds {len(text)} bytes"
            raise ValueError(msg)
        with self._data.lock:
            if (run, key) not in self._data.keys:
                seq, at = len(self._data.events) + 1, self._clock.now()
                self._data.keys[run, key] = seq - 1
                event = Event(seq=seq, at=at, run=run, type=kind, data={})
                self._data.events.append((event, text))

    def events(self, run: str, after: int = 0) -> Sequence[Event]:
        """The run's events with a higher `seq`, in order."""
        with self._data.lock:
            later = self._data.events[max(0, after) :]
        return [replace(event, data=json.loads(text)) for event, text in later if event.run == run]

    def told(self, run: str, key: str) -> Event | None:
        """The run's event of that key, or None."""
        with self._data.lock:
            place = self._data.keys.get((run, key))
            if place is None:
                return None
            event, text = self._data.events[place]
        return replace(event, data=json.loads(text))

    def latest(self, run: str, kinds: Sequence[str]) -> Sequence[Event]:
        """The last event of each task among those kinds, and of those of no task of each kind."""
        last: dict[tuple[bool, str], Event] = {}
        for event in self.events(run):
            if event.type in kinds:
                task = event.data.get("task")
                last[(True, task) if task is not None else (False, event.type)] = event
        return sorted(last.values(), key=lambda event: event.seq)

    # Answers

    def get(self, key: str, *, run: str, others: bool = True) -> dict[str, Any] | None:
        """The answer's JSON with `run` (who paid) added, or None."""
        for found in self._fitting(key, run, others=others):
            return {**load(found.answer), "run": found.run}
        return None

    def put(
        self, key: str, run: str, question: str, request: dict[str, Any], answer: dict[str, Any]
    ) -> None:
        """Keep it; the first one that the run has wins."""
        texts = dump(request), dump(answer)
        with self._data.lock:
            mine = self._fitting(key, run, others=False)
            if not mine:
                mine = [Answer(len(self._data.answers), key, run, *texts, self._project)]
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
            check_amount(cost)
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
                "request": load(found.request),
                "reply": load(found.answer),
            }
            for name, found in exchanges
        ]

    def _fitting(self, key: str, run: str, *, others: bool) -> list[Answer]:
        """The run's own first, then the oldest that others may use."""
        with self._data.lock:
            used = {n for who, _, n in self._data.exchanges if who == run}
            same = [a for a in self._data.answers if a.key == key]
        mine = [a for a in same if a.number in used]
        offered = [a for a in same if a.project == self._project and not a.spoilt]
        return mine + [a for a in offered if others and a.number not in used]

    # Signals

    def send(self, run: str, name: str, value: dict[str, Any]) -> bool:
        """False when that name already has a value."""
        text = dump(value)
        with self._data.lock:
            new = (run, name) not in self._data.signals
            self._data.signals.setdefault((run, name), text)
            return new

    def received(self, run: str, name: str) -> dict[str, Any] | None:
        """The value, or None so far."""
        text = self._data.signals.get((run, name))
        return None if text is None else load(text)

    def clear(self, run: str, name: str) -> None:
        """Forget it, so that it can be sent anew."""
        self._data.signals.pop((run, name), None)

    # Documents and attempts

    def put_document(self, run: str, name: str, text: str) -> None:
        """Write or replace it."""
        self._data.documents[run, name] = text

    def document(self, run: str, name: str) -> str | None:
        """Its text; None when there is none."""
        return self._data.documents.get((run, name))

    def documents(self, run: str) -> Sequence[str]:
        """The names of the run's documents, sorted."""
        return sorted(name for who, name in self._data.documents if who == run)

    def attempt(self, run: str, part: str) -> int:
        """Count one more beginning and give the count since the last progress."""
        with self._data.lock:
            times = self._data.attempts.get((run, part), 0) + 1
            self._data.attempts[run, part] = times
            return times

    def progressed(self, run: str, part: str) -> None:
        """The count begins anew."""
        self._data.attempts.pop((run, part), None)

    # Runs

    def create(self, record: RunRecord) -> None:
        """Enter a new run; ValueError when its id is taken."""
        with self._data.lock:
            if record.id in self._data.runs:
                msg = f"there is a run {record.id} already"
                raise ValueError(msg)
            self._data.runs[record.id] = self._project, record

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
            project, old = self._data.runs[run]
            if project != self._project:
                raise KeyError(run)
            kept = old.exit if exit_code is None else exit_code
            new = replace(
                old,
                status=status,
                exit=None if status in OPEN else kept,
                result=old.result if result is None else result,
                options=old.options if options is None else options,
            )
            self._data.runs[run] = project, new

    def find(self, prefix: str) -> RunRecord:
        """The run of that unique prefix, or the last one for "last"; BadInput otherwise."""
        mine = self.all()
        if prefix == "last" and mine:
            return mine[0]
        found = [r for r in mine if prefix and r.id.startswith(prefix)]
        exact = [r for r in found if r.id == prefix]
        if len(found) != 1 and not exact:
            raise BadInput(f"{len(found)} runs begin with {prefix!r}")
        return (exact or found)[0]

    def all(self) -> Sequence[RunRecord]:
        """Every run, newest first."""
        with self._data.lock:
            known = reversed(self._data.runs.values())
            return [record for project, record in known if project == self._project]

    # Blobs

    def keep(self, data: bytes) -> str:
        """Store it and give its SHA-256 in hex."""
        key = hashlib.sha256(data).hexdigest()
        self._data.blobs[key] = bytes(data)
        return key

    def load(self, key: str) -> bytes:
        """The bytes; KeyError when they are not there."""
        return self._data.blobs[key]
