"""Every setting that is one value: how it is read, who may set it, and what it is for."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from partita.core.budget import NANO
from partita.settings.values import DEPTHS

_MONEY = re.compile(r"\$?\s?([0-9]{1,7})(?:\.([0-9]{1,9}))?")
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
DIGITS = 12  # of an amount of money, before or behind the point
LONGEST = 1000  # characters of a command or name


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """`parse` gives the value or raises ValueError saying what is wanted.

    `own` settings may not come from a repository. `example` is the TOML that `partita init` shows,
    the default unless there is none.
    """

    name: str
    parse: Callable[[object], Any]
    example: str
    note: str
    own: bool = False

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"PARTITA_{self.name.upper()}"

    @property
    def flag(self) -> str:
        """The flag that sets it."""
        return f"--{self.name.replace('_', '-')}"


def money(value: object) -> int:
    """Nano-dollars, exactly, from `2.50`, `"2.50"` or `"$2.50"`."""
    plain = isinstance(value, Decimal) and abs(value.adjusted()) < DIGITS  # 1E-7 as 0.0000001
    found = _MONEY.fullmatch(f"{value:f}" if plain else str(value).strip())
    if found is None or isinstance(value, bool):
        raise ValueError("want dollars, such as 2.50")
    whole, part = found[1], found[2] or ""
    return int(whole) * NANO + int(part.ljust(9, "0"))


def cap(value: object) -> int | None:
    """`money`, or None for "none": no cap."""
    try:
        return None if value == "none" else money(value)
    except ValueError:
        raise ValueError('want dollars, such as 2.50, or "none"') from None


def choice(*options: str) -> Callable[[object], str]:
    """One of the words."""

    def parse(value: object) -> str:
        if isinstance(value, str) and value in options:
            return value
        raise ValueError(f"want {', '.join(options[:-1])} or {options[-1]}")

    return parse


def whole(low: int, high: int) -> Callable[[object], int]:
    """A whole number between the two, both allowed."""

    def parse(value: object) -> int:
        text = "" if isinstance(value, bool) else str(value).strip()
        if re.fullmatch(r"[0-9]{1,9}", text) and low <= int(text) <= high:
            return int(text)
        raise ValueError(f"want a whole number from {low} to {high}")

    return parse


def switch(value: object) -> bool:
    """True or false, in the words that variables use too."""
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError("want true or false")


def line(value: object) -> str:
    """One line of text that is not empty."""
    text = value.strip() if isinstance(value, str) else ""
    if text and len(text) <= LONGEST and not _UNPRINTABLE.search(text):
        return text
    raise ValueError(f"want one line of text, up to {LONGEST} characters")


def names(value: object) -> tuple[str, ...]:
    """Names of models, from a list or from `a,b`; tried in this order, each once."""
    given = value if isinstance(value, list | tuple) else [value]
    texts = [item for item in given if isinstance(item, str)]
    found = [part.strip() for text in texts for part in text.split(",")]
    if found and len(texts) == len(given) and all(0 < len(part) <= LONGEST for part in found):
        return tuple(dict.fromkeys(found))
    raise ValueError('want names of models, such as "openai:gpt-5-mini"')


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
    )
}
