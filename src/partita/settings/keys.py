"""Every setting that is one value: how it is read, who may set it, and what it is for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from partita.settings.parsers import (
    by_role,
    cap,
    choice,
    database,
    line,
    names,
    number,
    project,
    remote,
    switch,
    whole,
)
from partita.settings.values import DEPTHS

MINUTE = 100_000_000  # requests or tokens; no provider allows more


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """`parse` gives the value or raises ValueError saying what is wanted.

    `own` settings may not come from a repository, and those that `lowers` marks only as low as the
    user has them or lower. `example` is the TOML that `partita init` shows, the default unless
    there is none.
    """

    name: str
    parse: Callable[[object], Any]
    example: str
    note: str
    own: bool = False
    lowers: bool = False

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"PARTITA_{self.name.upper()}"

    @property
    def flag(self) -> str:
        """The flag that sets it."""
        return f"--{self.name.replace('_', '-')}"


KEYS: dict[str, Key] = {
    key.name: key
    for key in (
        Key(
            name="depth",
            parse=choice(*DEPTHS),
            example='"standard"',
            note="how much is asked before building: quick, standard or thorough",
        ),
        Key(
            name="budget",
            parse=cap,
            example="5.00",
            note="dollars that one run may spend; here it can only be lowered",
            lowers=True,
        ),
        Key(
            name="task_budget",
            parse=cap,
            example='"none"',
            note="dollars that each task of a run may spend",
            lowers=True,
        ),
        Key(
            name="role_budgets",
            parse=by_role,
            example="{ planner = 0.50, coder = 2.00 }",
            note="dollars that a run may spend on a role",
            lowers=True,
        ),
        Key(
            name="day_budget",
            parse=cap,
            example='"none"',
            note="dollars that all runs of the project may spend on one day (UTC)",
            lowers=True,
        ),
        Key(
            name="project_budget",
            parse=cap,
            example='"none"',
            note="dollars that all runs of the project may ever spend",
            lowers=True,
        ),
        Key(
            name="warn_at",
            parse=whole(1, 100),
            example="80",
            note="percent of a cap from which on you are told",
            lowers=True,
        ),
        Key(
            name="model",
            parse=names,
            example='["openai:gpt-5-mini"]',
            note="models, tried in this order; found from your keys unless set",
        ),
        Key(name="max_parallel", parse=whole(1, 64), example="4", note="tasks at once"),
        Key(
            name="calls_in_flight",
            parse=whole(1, 256),
            example="8",
            note="calls to models at once",
        ),
        Key(
            name="requests_per_minute",
            parse=number(1, MINUTE),
            example='"none"',
            note="calls that a provider takes in a minute",
            lowers=True,
        ),
        Key(
            name="tokens_per_minute",
            parse=number(1, MINUTE),
            example='"none"',
            note="tokens, in and out, that a provider takes in a minute",
            lowers=True,
        ),
        Key(
            name="rounds",
            parse=whole(0, 10),
            example="3",
            note="times that a failing task is mended",
        ),
        Key(
            name="test_command",
            parse=line,
            example='"python -m pytest"',
            note="found by looking unless set",
        ),
        Key(
            name="test_seconds",
            parse=whole(1, 3600),
            example="120",
            note="seconds that one test run may take",
        ),
        Key(
            name="answer_cache",
            parse=switch,
            example="true",
            note="use answers that earlier runs have paid for",
        ),
        Key(
            name="approve",
            parse=switch,
            example="false",
            note="wait for approval of the plan; here it can only be turned on",
        ),
        Key(
            name="allow_unsandboxed",
            parse=switch,
            example="false",
            note="run generated code without protection",
            own=True,
        ),
        Key(
            name="database",
            parse=database,
            example='"postgresql://partita@db.example.com/partita"',
            note="the database that several machines share",
            own=True,
        ),
        Key(
            name="remote",
            parse=remote,
            example='"origin"',
            note="the git remote that several machines share; here only by its name",
        ),
        Key(
            name="project",
            parse=project,
            example='"shop"',
            note="the project's name in a shared database; taken from the remote unless set",
            own=True,
        ),
        Key(
            name="slots",
            parse=whole(1, 64),
            example="4",
            note="tasks that one worker does at once",
        ),
    )
}
