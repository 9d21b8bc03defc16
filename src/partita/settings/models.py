"""`[models.X]` tables, and the models that `PROVIDER:NAME` stands for."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from partita.core.budget import Price
from partita.settings.parsers import choice, line, money, switch, whole
from partita.settings.source import Source
from partita.settings.values import ModelTable, Wire

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_TOKENS = whole(1, 100_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A provider that is known by name, and the variables that it is configured by."""

    wire: Wire
    key_env: str
    url_env: str


PROVIDERS: dict[str, Provider] = {
    "openai": Provider(wire="openai", key_env="OPENAI_API_KEY", url_env="OPENAI_BASE_URL"),
    "anthropic": Provider(
        wire="anthropic", key_env="ANTHROPIC_API_KEY", url_env="ANTHROPIC_BASE_URL"
    ),
}


def address(value: object) -> str:
    """A base URL without a user or password in it."""
    try:
        parts = urlsplit(line(value))
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or "@" in parts.netloc:
        raise ValueError("want an http:// or https:// address without a user name or password")
    return line(value)


def _variable(value: object) -> str:
    if isinstance(value, str) and (not value or _VARIABLE.fullmatch(value)):
        return value
    raise ValueError("want the name of an environment variable in capitals, never the key itself")


def _model_name(value: object) -> str:
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    raise ValueError("want a model's name as its server knows it")


def _seconds(value: object) -> float:
    return float(whole(1, 3600)(value))


FIELDS: dict[str, Callable[[object], Any]] = {
    "wire": choice(*(provider.wire for provider in PROVIDERS.values())),
    "name": _model_name,
    "base_url": address,
    "key_env": _variable,
    "input_price": money,
    "output_price": money,
    "cache_read_price": money,
    "cache_write_price": money,
    "max_output": _TOKENS,
    "context": _TOKENS,
    "timeout": _seconds,
    "thinking": whole(0, 1_000_000),
    "json_mode": switch,
    "calls_in_flight": whole(1, 256),
    "requests_per_minute": _TOKENS,
    "tokens_per_minute": _TOKENS,
}
OWN = (
    "base_url",
    "key_env",
    "input_price",
    "output_price",
    "cache_read_price",
    "cache_write_price",
    "requests_per_minute",  # the user's account has them, and a repository can't know it
    "tokens_per_minute",
)
FIXED = ("wire", "name")  # by the table's own name, where that is PROVIDER:NAME
SECRETS = ("api_key", "key", "token", "secret")


def named(reference: str) -> ModelTable | None:
    """What `PROVIDER:NAME` stands for; None when it is no such name."""
    provider, colon, model = reference.partition(":")
    if not colon or provider not in PROVIDERS or not _NAME.fullmatch(model):
        return None
    return ModelTable(name=reference, wire=PROVIDERS[provider].wire, model=model)


def read_table(source: Source, name: str, given: object) -> ModelTable | list[str]:
    """The model of a `[models.X]` table, or all that is wrong with it."""
    place = source.place("models", name)
    base = named(name)
    if base is None and not _NAME.fullmatch(name):
        return [f"{place}: {name[:60]!r} can't name a model"]
    if base is None and ":" in name:
        return [f"{place}: {unknown(name, ())}"]
    if not isinstance(given, dict):
        return [f"{place}: models.{name}: want a table"]
    problems: list[str] = []
    values: dict[str, Any] = {}
    for field, value in given.items():
        what = f"{source.place('models', name, field)}: models.{name}.{field[:60]}"
        if field not in FIELDS:
            problems.append(f"{what}: {_no_field(field)}")
        elif source.kind == "project" and field in OWN:
            problems.append(
                f"{what}: a repository may not set it; write the table in your own settings file"
            )
        elif base is not None and field in FIXED:
            problems.append(f"{what}: is fixed by the table's name; use a name without a colon")
        else:
            try:
                values[field] = FIELDS[field](value)
            except ValueError as e:
                problems.append(f"{what}: {e}")
    if base is None and "wire" not in given:
        problems.append(f'{place}: models.{name}: say wire = "openai" or wire = "anthropic"')
    if ("input_price" in given) != ("output_price" in given):
        problems.append(f"{place}: models.{name}: set input_price and output_price, or neither")
    return problems or _table(name, base, values)


def unknown(reference: str, tables: tuple[str, ...]) -> str:
    """The sentence for a name that is no model's."""
    close = get_close_matches(reference, [*tables, *(f"{p}:" for p in PROVIDERS)], cutoff=0.5)
    options = " or ".join(f"{provider}:NAME" for provider in PROVIDERS)
    hint = f" (did you mean {close[0]}?)" if close else ""
    return f"{reference[:60]!r} is no model: want {options}, or a [models.X] table's name{hint}"


def _no_field(field: str) -> str:
    if field.lower() in SECRETS:
        return "keys are never written here; name their environment variable with key_env"
    close = get_close_matches(field, FIELDS)
    return (
        f"unknown; did you mean {close[0]}?" if close else f"unknown; known are {list_of(FIELDS)}"
    )


def list_of(words: Mapping[str, object]) -> str:
    """The keys, as a sentence has them."""
    return ", ".join(words)


def _table(name: str, base: ModelTable | None, values: dict[str, Any]) -> ModelTable:
    price = None
    if "input_price" in values:
        price = Price(
            input=values["input_price"],
            output=values["output_price"],
            cache_read=values.get("cache_read_price"),
            cache_write=values.get("cache_write_price"),
            source="settings",
        )
    return ModelTable(
        name=name,
        wire=base.wire if base else values["wire"],
        model=base.model if base else values.get("name", name),
        base_url=values.get("base_url"),
        key_env=values.get("key_env", ""),
        price=price,
        max_output=values.get("max_output"),
        context=values.get("context"),
        timeout=values.get("timeout"),
        thinking=values.get("thinking"),
        json_mode=values.get("json_mode", False),
        calls_in_flight=values.get("calls_in_flight"),
        requests_per_minute=values.get("requests_per_minute"),
        tokens_per_minute=values.get("tokens_per_minute"),
    )
