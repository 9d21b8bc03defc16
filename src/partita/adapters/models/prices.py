"""What models cost, from the price list that comes with genai-prices; unknown stays unknown."""

import importlib
import json
import re
import time
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from urllib.parse import urlsplit

from partita.core.budget import FREE, NANO, Price

_FIELDS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
}
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine for certain: 127.0.0.0/8, ::1 or localhost."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    # Parsers differ on user names and backslashes; what is ambiguous is not local.
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or "\\" in url:
        return False
    if host == "localhost":
        return True
    try:
        return (
            IPv6Address(host) == IPv6Address("::1")
            if ":" in host
            else IPv4Address(host).is_loopback
        )
    except ValueError:
        return False


def price_of(given: Price | None, url: str, provider: str | None, model: str) -> Price | None:
    """The price in force: the user's own, none on loopback, else the list's."""
    if given is not None:
        return given
    if is_loopback(url):
        return FREE
    return known_price(provider or url, model)


@lru_cache(maxsize=256)
def known_price(provider: str, model: str) -> Price | None:
    """The listed price in nano-dollars per million tokens, or None.

    `provider` is a name ("openai") or a base URL. Where prices change with the time of day the
    dearest hour counts; where they rise with the size of the request the first tier counts, and
    `Price.source` says so. A listed price of nothing is unknown: only loopback is free.
    """
    package = importlib.import_module("genai_prices")
    snapshot = importlib.import_module("genai_prices.data_snapshot").get_snapshot()
    name, url = (None, provider) if "://" in provider else (provider, None)
    try:
        _, entry = snapshot.find_provider_model(model, None, name, url)
    except (LookupError, ValueError):
        return None
    today = datetime.fromtimestamp(time.time(), UTC)
    hours = (today.replace(hour=h, minute=45) for h in range(24))
    listed = max((_figures(entry.get_prices(hour)) for hour in hours), key=_weight)
    if not listed["input"] or not listed["output"]:
        return None
    start = listed["tier"]
    tier = f", below {start:,} input tokens" if start else ""
    return Price(
        input=listed["input"],
        output=listed["output"],
        cache_read=listed["cache_read"],
        cache_write=listed["cache_write"],
        source=f"genai-prices {package.__version__}{tier}",
    )


def _figures(listed: Any) -> dict[str, int | None]:
    """Nano-dollars per million by field, and under "tier" where the first dearer tier starts."""
    found: dict[str, int | None] = {"tier": None}
    for field, key in _FIELDS.items():
        value: Any = getattr(listed, key, None)
        if getattr(value, "tiers", None):
            start = value.tiers[0].start
            found["tier"] = min(found["tier"] or start, start)
        value = getattr(value, "base", value)
        found[field] = None if value is None else _nano(value)
    return found


def _weight(figures: dict[str, int | None]) -> tuple[int, int]:
    return figures["output"] or 0, figures["input"] or 0


def _nano(dollars_per_million: Decimal) -> int:
    scaled = dollars_per_million * NANO
    return -int(-scaled // 1)


def price_lines(name: str) -> str:
    """The lines that set the price of the model called `name`.

    The amounts are words, so that lines which were copied without a thought are no valid TOML.
    """
    return (
        f"[models.{name if _BARE.fullmatch(name) else json.dumps(name)}]\n"
        "input_price = DOLLARS   # per million input tokens\n"
        "output_price = DOLLARS  # per million output tokens\n"
    )
