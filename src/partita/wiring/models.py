"""The configured models, their limits and prices, and the secrets that go with them."""

import socket
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from urllib.parse import urlsplit

import platformdirs

from partita.adapters.clock import SystemClock
from partita.adapters.limiter_local import LocalLimiter, WithFallback
from partita.adapters.models.build import ModelSpec, build_model
from partita.adapters.models.prices import known_price, price_lines, price_of
from partita.adapters.models.spec import HOME
from partita.adapters.store.postgres import PostgresStore
from partita.core.budget import Price
from partita.core.schema import violations
from partita.errors import UnknownPrice
from partita.ports.limiter import Limiter, Rates
from partita.ports.model import Model
from partita.ports.store import Store
from partita.settings import ModelTable, Routes, Settings
from partita.wiring.later import Eventually, begin


def price_as(provider: str, model: str) -> Price | None:
    """The list price of a model that is not really called."""
    return known_price(provider, model)


def models_of(routes: Routes, environ: Mapping[str, str]) -> dict[str, tuple[Model, ...]]:
    """The models of each role's route; UnknownPrice names every one that has none."""
    built: dict[str, Model] = {}
    for route in routes.roles.values():
        for table in route:
            if table.name not in built:
                built[table.name] = build_model(specification(table, environ))
    unknown = [m for m in built.values() if m.price is None]
    if unknown:
        names = ", ".join(m.name for m in unknown)
        lines = "\n".join(price_lines(m.name) for m in unknown)
        raise UnknownPrice(
            f"the price of {names} is not known, so no budget could be kept",
            remedy=f"set it in your own configuration file:\n{lines}",
        )
    return {role: tuple(built[t.name] for t in route) for role, route in routes.roles.items()}


def specification(table: ModelTable, environ: Mapping[str, str]) -> ModelSpec:
    """A configured model with its key and its price looked up."""
    url = table.base_url or HOME[table.wire]
    price = price_of(table.price, url, None if table.base_url else table.wire, table.model)
    given = {
        name: value
        for name in ("max_output", "context", "timeout", "thinking")
        if (value := getattr(table, name)) is not None
    }
    return ModelSpec(
        name=table.name,
        wire=table.wire,
        model=table.model,
        base_url=table.base_url,
        key=environ.get(table.key_env),
        key_env=table.key_env,
        price=price,
        json_mode=table.json_mode,
        **given,
    )


LIMITS = {  # of Rates, and as settings and tables call them
    "in_flight": "calls_in_flight",
    "requests_per_minute": "requests_per_minute",
    "tokens_per_minute": "tokens_per_minute",
}


def rates_for(routes: Mapping[str, Sequence[Model]], settings: Settings) -> dict[str, Rates]:
    """The limits of each provider: what its models' tables say, else the settings; the least."""
    least: dict[str, Rates] = {}
    for model in (model for route in routes.values() for model in route):
        table = settings.models.get(model.name)
        before = least.get(model.provider, Rates())
        limits: dict[str, int] = {}
        for ours, theirs in LIMITS.items():
            own = None if table is None else getattr(table, theirs)
            asked = (getattr(settings, theirs) if own is None else own, getattr(before, ours))
            if known := [limit for limit in asked if limit is not None]:
                limits[ours] = min(known)
        least[model.provider] = Rates(**limits)
    return least


def limiter_for(
    settings: Settings, store: Store, tell: Callable[[str], None], *, alone: bool = False
) -> Limiter:
    """What the calls of this process share with others: a database's workers, or the user's own.

    `alone`: with nobody. `tell` hears why, where the user's own limits can't be shared.
    """
    if alone:
        return LocalLimiter(None, SystemClock())
    if settings.database is not None and isinstance(store, PostgresStore) and store.worker:
        return _limiter_of_workers(settings.database, store.worker)
    file = platformdirs.user_state_path("partita") / "limits.db"
    return WithFallback(
        lambda: LocalLimiter(file, SystemClock()), LocalLimiter(None, SystemClock()), tell
    )


@lru_cache(maxsize=1)
def _limiter_of_workers(database: str, worker: str) -> Limiter:
    """One for all runs that the worker has a part in."""
    from partita.adapters.limiter_postgres import PostgresLimiter  # noqa: PLC0415 - the driver

    return PostgresLimiter(database, worker)


def warm(routes: Routes, environ: Mapping[str, str]) -> Eventually:
    """Import the SDK of the first model, and what reads answers, while other things start."""

    def work() -> None:
        first = next(iter(routes.roles.values()))[0]
        build_model(specification(first, environ)).warm()
        violations({}, None)

    return begin(work)


def secrets_of(routes: Routes | None, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The values that must never be written anywhere."""
    names = {"OPENAI_API_KEY", "ANTHROPIC_API_KEY"}
    if routes is not None:
        names |= {t.key_env for route in routes.roles.values() for t in route if t.key_env}
    return tuple(environ[name] for name in sorted(names) if environ.get(name))


def reachable(url: str) -> bool:
    """Does anything accept a connection at the URL's host and port? Nothing is sent."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=3):
            return True
    except OSError:
        return False
