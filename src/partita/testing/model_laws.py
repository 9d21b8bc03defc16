"""What every Model obeys: subclass `ModelLaws` in the tests of each and say how to make one."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager

from partita.core.question import Answer, Finish, Message, Question
from partita.errors import ModelFailure, RateLimited, ServerFailed
from partita.ports.model import Model

Reply = tuple[str, Finish] | ModelFailure

TEXTS = (
    "plain",
    "",
    " \n leading and trailing space \n\n",
    'def f():\r\n\treturn "\\n"  # "quotes", \\backslashes\\',
    "data: not an event\n\ndata: [DONE]\n\n: nor a comment",
    "naïve 日本語 🎼\u2028\u0000",
    "x" * 70_000,
)


def ask(name: str = "law:1", text: str = "Say something.", max_output: int = 1000) -> Question:
    """A question as activities build them."""
    messages = (
        Message(role="system", text="You are terse."),
        Message(role="user", text=text),
    )
    return Question(name=name, role="coder", messages=messages, max_output=max_output)


class ModelLaws(ABC):
    """The laws; pytest collects them in a subclass whose name starts with `Test`."""

    @abstractmethod
    def model(self, replies: Sequence[Reply]) -> AbstractContextManager[Model]:
        """A model whose provider gives these replies in order."""

    def test_it_says_what_it_is(self) -> None:
        """Name, provider and limits are there before any call."""
        with self.model([]) as model:
            assert model.name
            assert model.provider
            assert 0 < model.max_output <= model.context

    def test_the_text_arrives_unchanged(self) -> None:
        """Whatever its length, line ends and characters; an empty text is an answer too."""
        with self.model([(text, "stop") for text in TEXTS]) as model:
            answers = asyncio.run(_in_order(model, len(TEXTS)))
        assert tuple(a.text for a in answers) == TEXTS
        assert {a.finish for a in answers} == {"stop"}

    def test_an_answer_is_counted_and_not_yet_priced(self) -> None:
        """Tokens are there, reported or estimated; money is the engine's."""
        with self.model([("some words", "stop")]) as model:
            answer = asyncio.run(model.complete(ask()))
        assert answer.usage.input > 0
        assert answer.usage.output > 0
        assert (answer.cost, answer.cached, answer.last) == (0, False, True)
        assert answer.model

    def test_reaching_the_output_limit_is_told(self) -> None:
        """Such a text is never taken for the whole."""
        with self.model([("half of", "length")]) as model:
            answer = asyncio.run(model.complete(ask()))
        assert (answer.text, answer.finish) == ("half of", "length")

    def test_a_failure_is_typed_and_the_model_lives_on(self) -> None:
        """One refusal does not spoil the next call."""
        wait = RateLimited("wait", retry_after=7)
        with self.model([wait, ServerFailed("down"), ("back", "stop")]) as model:
            caught, answer = asyncio.run(_two_failures_and_an_answer(model))
        assert isinstance(caught[0], RateLimited)
        assert caught[0].retry_after == 7  # noqa: PLR2004 - as asked for above
        assert isinstance(caught[1], ServerFailed)
        assert answer.text == "back"

    def test_questions_may_be_asked_at_once(self) -> None:
        """Each gets an answer of its own."""
        texts = {f"answer {i}" for i in range(8)}
        with self.model([(t, "stop") for t in sorted(texts)]) as model:
            answers = asyncio.run(_at_once(model, len(texts)))
        assert {a.text for a in answers} == texts

    def test_it_serves_one_event_loop_after_another(self) -> None:
        """Nothing of a loop that ended is used in the next one."""
        with self.model([("one", "stop"), ("two", "stop")]) as model:
            first = asyncio.run(model.complete(ask("law:1")))
            second = asyncio.run(model.complete(ask("law:2")))
        assert (first.text, second.text) == ("one", "two")


async def _in_order(model: Model, count: int) -> list[Answer]:
    return [await model.complete(ask(f"law:{i}")) for i in range(count)]


async def _at_once(model: Model, count: int) -> list[Answer]:
    return list(await asyncio.gather(*(model.complete(ask(f"law:{i}")) for i in range(count))))


async def _two_failures_and_an_answer(model: Model) -> tuple[list[ModelFailure], Answer]:
    caught: list[ModelFailure] = []
    while True:
        try:
            return caught, await model.complete(ask(f"law:{len(caught)}"))
        except ModelFailure as e:
            caught.append(e)
            assert len(caught) <= 2, "the third call must be answered"  # noqa: PLR2004
