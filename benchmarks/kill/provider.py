"""The provider of the runs that are killed: seeded delays, and what it counted of each request."""

import hashlib
import re
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from partita.testing.stub_provider import Request, StubProvider, texts_of

QUICKEST, SLOWEST = 0.03, 0.15  # seconds of a call
_NONCE = re.compile(r'id="([0-9a-z]{4,10})"')

Key = str  # of a question: the hash of its messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as the provider saw it; times in seconds of the system's clock.

    `end` is None while it is unanswered; `input` and `output` are the tokens of its usage.
    """

    key: Key
    start: float
    end: float | None
    input: int
    output: int


class Provider(StubProvider):
    """A stub provider in this process, each of whose answers takes its own time."""

    def __init__(self, rules: Sequence[dict[str, Any]], rng: Random) -> None:
        super().__init__(rules)
        self._rng = rng
        self._draw = threading.Lock()

    def _answer(
        self, connection: socket.socket, request: Request, texts: list[tuple[str, str]]
    ) -> None:
        with self._draw:
            seconds = self._rng.uniform(QUICKEST, SLOWEST)
        self._stop.wait(seconds)
        super()._answer(connection, request, texts)

    @property
    def answered(self) -> int:
        """How many requests have had their answer, or their connection's end."""
        with self._lock:
            return sum(r.end is not None for r in self.requests)

    def asked(self) -> list[Asked]:
        """All requests so far, in the order in which they came."""
        with self._lock:
            return [self._seen(request) for request in self.requests]

    def _seen(self, request: Request) -> Asked:
        texts = texts_of(request.body)
        sent = "\n".join(text for _, text in texts)
        reply = "" if request.rule is None else self.rules[request.rule].reply or ""
        if marks := _NONCE.findall(sent):
            reply = reply.replace("{nonce}", marks[-1])
        return Asked(
            key=key_of(texts),
            start=request.start,
            end=request.end,
            input=len(sent) // 4,
            output=len(reply) // 4 + 1,
        )


def key_of(texts: Sequence[tuple[str, str]]) -> Key:
    """The key of a question's messages, each a role and a text."""
    return hashlib.sha256(repr([text for _, text in texts]).encode()).hexdigest()
