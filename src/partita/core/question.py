"""One priced exchange with a model, as plain values."""

from dataclasses import dataclass
from typing import Any, Literal

from partita.core.budget import Usage

Role = Literal["planner", "coder", "reviewer", "writer"]
ROLES: tuple[Role, ...] = ("planner", "coder", "reviewer", "writer")

Finish = Literal["stop", "length", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of the conversation that a question carries."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of a model; `name` is unique in its run and says where in it.

    The name is `activity[:task]:turn` ("engage:1", "build:store:2"). `max_output` is in tokens.
    `schema` is a JSON Schema when the answer is to be JSON, for providers that can use it.
    `salt` tells a question that is asked anew on purpose from the same one before; it is not sent.
    """

    name: str
    role: Role
    messages: tuple[Message, ...]
    max_output: int
    schema: dict[str, Any] | None = None
    task: str | None = None
    activity: str = ""
    salt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model answered and what it cost, in nano-dollars.

    `finish` is "length" when the model stopped at its output limit. `cached` answers were paid
    for earlier and cost nothing now. `last` says that the route holds no further model.
    """

    text: str
    finish: Finish
    usage: Usage
    model: str
    cost: int = 0
    cached: bool = False
    last: bool = True
