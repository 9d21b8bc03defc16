"""Asking until an answer can be used: complaints go back, then the route's next model is tried."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from partita.core.question import Answer, Message, Question, Role
from partita.core.reply.documents import read_json
from partita.core.reply.value import Unreadable
from partita.errors import NoUsableAnswer
from partita.ports.world import World

T = TypeVar("T")
TRIES = 3  # per model
PATIENCE = 2  # complaints before the route's next model


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why a reply can't be used."""

    why: str


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
    later: tuple[Message, ...] | None = None,
) -> T:
    """The value that `make` builds from JSON that fits the schema.

    `accept` is a wider schema for replies that `make` puts right itself. `make` gives a
    complaint (str) where the JSON is readable and yet not usable; `later`, if given, is what the
    questions that carry one begin with in place of `messages`. Raises NoUsableAnswer when no
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
        made = _read(world, question, answer, accept or schema, make)
        if not isinstance(made, Complaint):
            return made
        bad += 1
        _unusable(world, question, answer, made)
        if bad < (TRIES if answer.last else PATIENCE):
            # Words of their own: a question asked before would only be given its old answer.
            again = "" if bad == 1 else f" (Try {bad + 1} of {TRIES}.)"
            prompt = (*(later or messages), *_complaint(answer, made, again))
        elif answer.last:
            raise NoUsableAnswer(
                f"{answer.model} gave no usable answer to the question {activity!r} in {turn} "
                f"tries; the last one: {made.why[:500]}",
                remedy="try another model: --model PROVIDER:NAME",
            )
        else:
            choice, bad, prompt = choice + 1, 0, messages


def _read(
    world: World,
    question: Question,
    answer: Answer,
    schema: dict[str, Any],
    make: Callable[[Any], T | str],
) -> T | Complaint:
    read = read_json(answer.text, schema, finish=answer.finish)
    if isinstance(read, Unreadable):
        return Complaint(read.why)
    world.tell(f"rung:{question.name}", "reply.rung", name=question.name, rung=read.rung)
    if read.truncated:
        return Complaint("the reply was cut off; answer more briefly")
    made = make(read.value)
    return Complaint(made) if isinstance(made, str) else made


def _unusable(world: World, question: Question, answer: Answer, made: Complaint) -> None:
    world.asker.spoil(question.name)
    world.tell(
        f"unusable:{question.name}",
        "reply.unusable",
        name=question.name,
        model=answer.model,
        why=made.why[:500],
    )


def _complaint(answer: Answer, made: Complaint, again: str) -> tuple[Message, Message]:
    """The reply and what is wrong with it, as the conversation goes on."""
    return (
        Message(role="assistant", text=answer.text[:20_000] or "(nothing)"),
        Message(
            role="user",
            text=f"That can't be used: {made.why}\n"
            f"Answer again with the whole JSON object only.{again}",
        ),
    )
