"""What the kills have cost: found by comparing the record with what the provider saw; pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from .place import cost
from .provider import Asked, Key
from .record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """One kill: when it was done, seconds of the system's clock, and the record just after it."""

    at: float
    seen: float
    record: Record | None


@dataclass(slots=True, kw_only=True)
class Findings:
    """What is wrong, in sentences, by the name that the last line gives it."""

    paid_twice: list[str] = field(default_factory=list)
    work_lost: list[str] = field(default_factory=list)
    differing_trees: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    ledger_off: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def add(self, other: "Findings") -> None:
        """Count the other's, too."""
        for name, found in other.by_name.items():
            getattr(self, name).extend(found)

    @property
    def by_name(self) -> Mapping[str, list[str]]:
        """The lists under their names."""
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def any(self) -> bool:
        """Is anything wrong?"""
        return any(self.by_name.values())


def of_records(kills: Sequence[Kill], asked: Sequence[Asked], end: Record, tasks: int) -> Findings:
    """All that the records and the provider's requests tell of a run of so many tasks."""
    found = Findings(
        paid_twice=paid_twice(kills, asked),
        work_lost=work_lost(kills, end),
        leftovers=[f"a workflow is not over: {name}" for name in end.unfinished],
        ledger_off=ledger_off(asked, end),
    )
    if (end.status, end.exit) != ("landed", 0):
        found.broken.append(f"it ended as {end.status}, exit code {end.exit}")
    if len(end.passed) != tasks:
        found.work_lost.append(f"{len(end.passed)} of {tasks} tasks passed")
    return found


def paid_twice(kills: Sequence[Kill], asked: Iterable[Asked]) -> list[str]:
    """Requests for what was answered already.

    A question may come again only if a kill lies between, after which no answer is on record.
    """
    found = []
    for key, requests in _by_key(asked).items():
        known = _first_known(key, kills)
        for before, again in pairwise([None, *requests]):
            assert again is not None
            late = known is not None and again.start > known
            if late or (before is not None and not _lost(key, before, again, kills)):
                found.append(f"{_name(key, kills)} was asked again at {again.start:.3f}")
    return found


def _lost(key: Key, before: Asked, again: Asked, kills: Sequence[Kill]) -> bool:
    """Is there a kill between the two that explains why the first has no answer on record?"""
    return any(
        before.start <= kill.at <= again.start
        and not (kill.record is not None and key in kill.record.answers)
        for kill in kills
    )


def in_flight_lost(asked: Sequence[Asked], end: Record | None, found: Findings) -> int:
    """Requests whose answer is not on record and that were not paid twice: what a kill may cost."""
    return 0 if end is None else len(asked) - len(end.answers) - len(found.paid_twice)


def work_lost(kills: Sequence[Kill], end: Record) -> list[str]:
    """What one record has and a later one has not: answers, settlements, tasks, events."""
    found = []
    records = [k.record for k in kills if k.record is not None] + [end]
    for before, after in pairwise(records):
        found += [f"the answer to {q} is gone" for k, q in before.answers.items()
                  if k not in after.answers]  # fmt: skip
        found += [f"the settlement of {q} is gone" for q, n in before.settled.items()
                  if after.settled.get(q, 0) < n]  # fmt: skip
        found += [f"task {t} no longer counts as passed" for t in before.passed - after.passed]
        if after.events[: len(before.events)] != before.events:
            found.append(f"the log's first {len(before.events)} events have changed")
    return found


def ledger_off(asked: Sequence[Asked], end: Record) -> list[str]:
    """Where the ledger differs from what the provider counted."""
    questions = {name: key for key, name in end.answers.items()}
    requests = _by_key(asked)
    found = [f"the hold of {e.question} is left" for e in end.entries if e.state == "held"]
    settled = Counter(e.question for e in end.entries if e.state == "settled")
    found += [
        f"{name}: {settled[name]} settled, answered: {name in questions}"
        for name in sorted(settled.keys() | questions.keys())
        if settled[name] != 1 or name not in questions
    ]
    for entry in end.entries:
        if entry.state != "settled" or entry.question not in questions:
            continue
        counted = requests.get(questions[entry.question], [None])[-1]
        if counted is None or entry.usage is None:
            found.append(f"{entry.question}: settled without what the provider counted")
            continue
        tokens = (entry.usage.input, entry.usage.output)
        wanted = (counted.input, counted.output)
        if tokens != wanted or entry.cost != cost(*wanted):
            found.append(f"{entry.question}: {tokens} for {entry.cost}, counted {wanted}")
    unconfirmed = [e for e in end.entries if e.state == "unconfirmed"]
    found += [f"{e.question} counts less than its hold" for e in unconfirmed if e.cost < e.held]
    if (lost := len(asked) - len(end.answers)) > len(unconfirmed):
        found.append(f"{lost} answers were lost in flight, {len(unconfirmed)} are unconfirmed")
    return found


def _by_key(asked: Iterable[Asked]) -> dict[Key, list[Asked]]:
    found: dict[Key, list[Asked]] = defaultdict(list)
    for request in asked:
        found[request.key].append(request)
    return found


def _first_known(key: Key, kills: Sequence[Kill]) -> float | None:
    """When the answer was first seen on record."""
    return next((k.seen for k in kills if k.record is not None and key in k.record.answers), None)


def _name(key: Key, kills: Sequence[Kill]) -> str:
    for kill in reversed(kills):
        if kill.record is not None and key in kill.record.answers:
            return kill.record.answers[key]
    return f"question {key[:12]}"
