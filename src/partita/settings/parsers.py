"""How a setting's value is read: each gives the value, or a ValueError saying what is wanted."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from urllib.parse import urlsplit

from partita.core.budget import NANO
from partita.core.question import ROLES, Role

_MONEY = re.compile(r"\$?\s?([0-9]{1,7})(?:\.([0-9]{1,9}))?")
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
_REMOTE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_HOST_AND_PATH = re.compile(r"(?:[A-Za-z0-9._-]+@)?[A-Za-z0-9][A-Za-z0-9.-]*:[^:-].*")
_PROJECT = re.compile(r"[a-z0-9._-]{1,60}")
DIGITS = 12  # of an amount of money, before or behind the point
LONGEST = 1000  # characters of a command or name
POSTGRES = ("postgresql", "postgres")
GIT = ("ssh", "https", "http", "git", "file")


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


def number(low: int, high: int) -> Callable[[object], int | None]:
    """`whole`, or None for "none": no limit."""
    limit = whole(low, high)

    def parse(value: object) -> int | None:
        try:
            return None if value == "none" else limit(value)
        except ValueError as e:
            raise ValueError(f'{e}, or "none"') from None

    return parse


def by_role(value: object) -> dict[Role, int | None]:
    """Caps by role, from a table or from `coder=1.00,planner=0.50`; "none" takes them all away."""
    if value == "none":
        return dict.fromkeys(ROLES)
    if isinstance(value, str):
        parts = [part.partition("=") for part in value.split(",")]
        given: Mapping[str, object] = {name.strip(): amount.strip() for name, _, amount in parts}
        good = len(given) == len(parts)
    else:
        good = isinstance(value, Mapping)
        given = value if isinstance(value, Mapping) else {}
    found = {role: given[role] for role in ROLES if role in given}
    if not good or not found or len(found) != len(given):
        roles = ", ".join(ROLES)
        raise ValueError(f"want dollars for roles, such as coder=1.00; the roles are {roles}")
    return {role: cap(amount) for role, amount in found.items()}


def database(value: object) -> str:
    """The URL of a PostgreSQL database, its scheme spelt `postgresql`; no error quotes it."""
    wanted = "want postgresql://USER@HOST:PORT/DATABASE"
    try:
        url = line(value)
        parts = urlsplit(url)
        good = parts.scheme in POSTGRES and bool(parts.path.strip("/")) and parts.port != 0
    except ValueError:
        raise ValueError(wanted) from None
    if not good or " " in url:
        raise ValueError(wanted)
    return f"postgresql{url[len(parts.scheme) :]}"


def remote(value: object) -> str:
    """The name of a git remote, or where one is, without a password in it."""
    wanted = "want a remote's name such as origin, or its address without a password"
    try:
        text = line(value)
        parts = urlsplit(text)
        addressed = parts.scheme in GIT and "//" in text and not parts.password
    except ValueError:
        raise ValueError(wanted) from None
    # What git would take for an option or for a helper's name is neither: `ext::` runs commands.
    plain = is_name(text) or text.startswith("/")
    scp = "://" not in text and bool(_HOST_AND_PATH.fullmatch(text))
    if not (addressed or plain or scp):
        raise ValueError(wanted)
    return text


def is_name(remote: str) -> bool:
    """Does it name a remote of the clone, rather than say where one is?"""
    return bool(_REMOTE.fullmatch(remote))


def project(value: object) -> str:
    """The name under which a project's runs stand in a shared database."""
    if isinstance(value, str) and _PROJECT.fullmatch(value):
        return value
    raise ValueError("want 1 to 60 of a-z, 0-9, dots, underscores and hyphens")
