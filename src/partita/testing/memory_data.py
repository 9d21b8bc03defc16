"""What a store in memory holds in place of a file."""

import itertools
import json
import threading
from dataclasses import dataclass, field, fields
from typing import Any

from partita.ports.store import Entry, Event, RunRecord


@dataclass
class Answer:
    """A kept answer; request and answer as JSON text."""

    number: int
    key: str
    run: str
    request: str
    answer: str
    project: str
    spoilt: bool = False


@dataclass
class Data:
    """What a file would hold; JSON is kept as text, so that nobody can change it from outside."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    events: list[tuple[Event, str]] = field(default_factory=list)
    keys: dict[tuple[str, str], int] = field(default_factory=dict)  # to the place in `events`
    entries: dict[int, Entry] = field(default_factory=dict)
    totals: dict[str, tuple[int, int]] = field(default_factory=dict)
    owners: dict[int, tuple[int, str]] = field(default_factory=dict)
    living: set[int] = field(default_factory=set)
    answers: list["Answer"] = field(default_factory=list)
    exchanges: dict[tuple[str, str, int], None] = field(default_factory=dict)
    signals: dict[tuple[str, str], str] = field(default_factory=dict)
    documents: dict[tuple[str, str], str] = field(default_factory=dict)
    attempts: dict[tuple[str, str], int] = field(default_factory=dict)
    runs: dict[str, tuple[str, RunRecord]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)


def kept() -> list[Any]:
    """What of the data a transaction may change."""
    return [f for f in fields(Data) if f.name not in ("lock", "numbers", "living")]


def dump(value: object) -> str:
    """JSON text; ValueError for what JSON can't say."""
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except (TypeError, RecursionError) as e:
        msg = f"no JSON form: {e}"
        raise ValueError(msg) from e


def load(text: str) -> dict[str, Any]:
    """The object in the text."""
    value: dict[str, Any] = json.loads(text)
    return value


def check_amount(amount: int) -> None:
    """ValueError below nothing."""
    if amount < 0:
        msg = f"{amount} nano-dollars is no amount"
        raise ValueError(msg)
