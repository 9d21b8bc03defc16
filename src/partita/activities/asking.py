"""Asking until an answer can be used: complaints go back, then the route's next model is tried."""

from collections.abc import Callable
from typing import Any, TypeVar

from partita.core.question import Message, Question, Role
from partita.core.reply.documents import read_json
from partita.core.reply.value import Unreadable
from partita.errors import NoUsableAnswer
from partita.ports.world import World

T = TypeVar("T")
TRIES = 3  # per model
PATIENCE = 2  # complaints before the route's next model


async def ask_json(
    world: World,
    *,
    activity: str,
    role: Role,
    messages: tuple[Message, ...],
    schema: dict[str, Any],
    make: Callable[[Any], T | str],
    max_output: int = 6_000,
    accept: dict[str, Any] | None = None,
) -> T:
    """The value that `make` builds from JSON that fits the schema.

    `accept` is a wider schema for replies that `make` puts right itself. `make` gives a
    complaint (str) where the JSON is readable and yet not usable. Raises NoUsableAnswer when no
    model of the route comes to a usable answer.
    """
    prompt, choice, bad, turn = messages, 0, 0, 0
    while True:
        turn += 1
        question = Question(
            name=f"{activity}:{turn}",
            role=role,
            messages=prompt,
            max_output=max_output,
            schema=schema,
            activity=activity,
        )
        answer = await world.asker.ask(question, choice=choice)
        read = read_json(answer.text, accept or schema, finish=answer.finish)
        why: str
        if isinstance(read, Unreadable):
            why = read.why
        elif read.truncated:
            why = "the reply was cut off; answer more briefly"
        else:
            made = make(read.value)
            if not isinstance(made, str):
                if read.rung != "whole":
                    world.tell(
                        f"rung:{question.name}", "reply.rung", name=question.name, rung=read.rung
                    )
                return made
            why = made
        world.asker.spoil(question.name)
        bad += 1
        world.tell(
            f"unusable:{question.name}",
            "reply.unusable",
            name=question.name,
            model=answer.model,
            why=why[:500],
        )
        if bad >= TRIES or (bad >= PATIENCE and not answer.last):
            if answer.last:
                raise NoUsableAnswer(
                    f"{answer.model} gave no usable answer to the question {activity!r} in {turn} "
                    f"tries; the last one: {why[:500]}",
                    remedy="try another model: --model PROVIDER:NAME",
                )
            choice, bad, prompt = choice + 1, 0, messages
            continue
        # Words of their own: a question asked before would only be given the answer it had.
        again = "" if bad == 1 else f" (Try {bad + 1} of {TRIES}.)"
        prompt = (
            *messages,
            Message(role="assistant", text=answer.text[:20_000] or "(nothing)"),
            Message(
                role="user",
                text=f"That can't be used: {why}\nAnswer again with the whole JSON object only."
                + again,
            ),
        )
