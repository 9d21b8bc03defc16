"""Models without a provider: one that follows a script and one that repeats a recording."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Self, assert_never

from partita.core.budget import FREE, Price, Usage, words
from partita.core.fingerprint import fingerprint
from partita.core.question import Answer, Question
from partita.core.shrink import SHRINKINGS, shrunk
from partita.errors import BadInput, ContextTooLong, ModelFailure
from partita.testing.transcript import Exchange, Transcript

Scripted = str | Answer | ModelFailure
ScriptedReply = Scripted | Callable[[Question], Scripted]


class ScriptedModel:
    """Answers in order and runs out loudly; a failure in the script is raised in its turn.

    A function among the replies is asked for its reply. `latency` is in seconds. `questions`
    holds what was asked, failed calls included. `in_flight` and `most_in_flight` count calls.
    """

    def __init__(
        self,
        *replies: ScriptedReply,
        name: str = "scripted",
        price: Price | None = FREE,
        max_output: int = 16_384,
        context: int = 128_000,
        latency: float = 0.0,
    ) -> None:
        self.questions: list[Question] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.name = name
        self.provider = f"testing {name}"
        self.price = price
        self.max_output = max_output
        self.headroom = 0
        self.context = context
        self.latency = latency
        self._replies = list(replies)
        self._always: ScriptedReply | None = None
        self._lock = threading.Lock()

    @classmethod
    def by(
        cls,
        answer: Callable[[Question], Scripted],
        *,
        name: str = "scripted",
        price: Price | None = FREE,
        latency: float = 0.0,
    ) -> Self:
        """A model that answers every question by the function."""
        model = cls(name=name, price=price, latency=latency)
        model._always = answer
        return model

    async def complete(self, question: Question) -> Answer:
        """Give the next reply; AssertionError when none is left."""
        with self._lock:
            self.questions.append(question)
            reply = self._next(question)
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self.latency)
        finally:
            with self._lock:
                self.in_flight -= 1
        return self._answer(question, reply(question) if callable(reply) else reply)

    def _next(self, question: Question) -> ScriptedReply:
        if self._always is not None:
            return self._always
        if not self._replies:
            msg = f"{self.name} has no reply left for {question.name!r}"
            raise AssertionError(msg)
        return self._replies.pop(0)

    def _answer(self, question: Question, reply: Scripted) -> Answer:
        match reply:
            case ModelFailure():
                raise reply
            case Answer():
                return reply
            case str():
                asked = sum(words(m.text) for m in question.messages)
                usage = Usage(input=asked, output=words(reply), estimated=True)
                return Answer(text=reply, finish="stop", usage=usage, model=self.name)
            case _:
                assert_never(reply)


class RecordedModel:
    """Repeats a recording: a question gets the reply that its name got, time for time.

    Of several exchanges with one name, the one whose request is the same is preferred: a run that
    was begun anew has the older ones, too, and a replay that resumes half-way finds its place.
    Models other than the recording's first had limits of their own, so theirs are not compared.
    Where a cut form of the question was answered, because the model refused it as it is, so does
    this one: ContextTooLong. A request that differs from the recorded one is told to `on_drift`
    in a sentence; with `strict` it is BadInput, as a missing reply always is.
    """

    def __init__(
        self,
        transcript: Transcript,
        *,
        strict: bool,
        on_drift: Callable[[str], None] = lambda _: None,
        price: Price | None = FREE,
        max_output: int = 16_384,
        context: int = 128_000,
    ) -> None:
        self.name = transcript.header.model
        self.provider = "recording"
        self.price = price
        self.max_output = max_output
        self.headroom = 0
        self.context = context
        self._strict = strict
        self._on_drift = on_drift
        self._left: dict[str, list[Exchange]] = {}
        self._lock = threading.Lock()
        for exchange in transcript.exchanges:
            self._left.setdefault(exchange.name, []).append(exchange)

    async def complete(self, question: Question) -> Answer:
        """The recorded answer; it takes no time."""
        with self._lock:
            exchange, drifted = self._take(question)
        if drifted:
            sentence = (
                f"the question {question.name!r} is not the one that was recorded: "
                f"{difference(exchange, question)}"
            )
            if self._strict:
                raise BadInput(sentence, remedy="record the run again")
            self._on_drift(sentence)
        return exchange.reply.answer()

    def _take(self, question: Question) -> tuple[Exchange, bool]:
        left = self._left.get(question.name)
        if left is None:
            raise BadInput(f"the recording holds no answer to the question {question.name!r}")
        if not left:
            raise BadInput(f"the recording holds no further answer to {question.name!r}")
        if (place := self._place(left, question)) is not None:
            return left.pop(place), False
        smaller = question
        for _ in range(SHRINKINGS):
            if (cut := shrunk(smaller)) is None:
                break
            if self._place(left, cut) is not None:
                raise ContextTooLong(f"{self.name}: in the recorded run it did not fit")
            smaller = cut
        return left.pop(0), True

    def _place(self, left: Sequence[Exchange], question: Question) -> int | None:
        """Which of the exchanges has that request; None for none."""
        for i, exchange in enumerate(left):
            if self._fits(exchange, question):
                return i
        for i, exchange in enumerate(left):
            model, limit = exchange.request.get("model"), exchange.request.get("max_output")
            if model == self.name or not isinstance(limit, int):
                continue
            if self._fits(exchange, replace(question, max_output=limit)):
                return i
        return None

    def _fits(self, exchange: Exchange, question: Question) -> bool:
        model = str(exchange.request.get("model", ""))
        return fingerprint(model=model, question=question) == exchange.hash


def difference(exchange: Exchange, question: Question) -> str:
    """Where a question departs from the recorded request, in a few words."""
    before = exchange.request
    if before.get("max_output") != question.max_output:
        return f"max_output was {before.get('max_output')}, now it is {question.max_output}"
    if before.get("schema") != question.schema:
        return "the schema differs"
    was = [(m.get("role"), m.get("text")) for m in before.get("messages", ())]
    now = [(m.role, m.text) for m in question.messages]
    for i, (a, b) in enumerate(zip(was, now, strict=False), start=1):
        if a != b:
            old, new = str(a[1]), b[1]
            same = next((k for k, (x, y) in enumerate(zip(old, new, strict=False)) if x != y), None)
            at = min(len(old), len(new)) if same is None else same
            return (
                f"message {i} differs from character {at}: "
                f"was {old[at : at + 40]!r}, now {new[at : at + 40]!r}"
            )
    return f"it had {len(was)} messages, now {len(now)}"
