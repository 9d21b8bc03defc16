"""Which models serve which role, from the settings and the keys that are there."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from partita.adapters.models.prices import is_loopback
from partita.core.question import ROLES, Role
from partita.errors import BadSettings, NoModel, RefusedCredentials
from partita.settings.models import PROVIDERS, address, named
from partita.settings.values import ModelTable, Settings

LOCAL_ENDPOINTS: tuple[tuple[str, str], ...] = (
    ("Ollama", "http://127.0.0.1:11434/v1"),
    ("LM Studio", "http://127.0.0.1:1234/v1"),
    ("llama.cpp", "http://127.0.0.1:8080/v1"),
    ("vLLM", "http://127.0.0.1:8000/v1"),
)
USUAL: Mapping[str, str] = {
    "OPENAI_API_KEY": "openai:gpt-5-mini",
    "ANTHROPIC_API_KEY": "anthropic:claude-haiku-4-5",
}
LOCAL = "openai:default"  # what a server that holds one model takes for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """For each role its models in the order in which they are tried, addresses and keys named."""

    roles: Mapping[Role, tuple[ModelTable, ...]]

    @property
    def models(self) -> tuple[ModelTable, ...]:
        """Every model of any route, once."""
        return tuple({m.name: m for route in self.roles.values() for m in route}.values())


def resolve_routes(settings: Settings, environ: Mapping[str, str]) -> Routes:
    """The routes in force. A role without one of its own takes `settings.model`.

    Without any model the keys decide. Raises NoModel, RefusedCredentials for missing keys,
    BadSettings for a base URL in the environment that is none.
    """
    usual = settings.model
    if not usual and not all(settings.roles.get(role) for role in ROLES):
        usual = _by_keys(environ)
    roles = {
        role: tuple(
            _complete(settings, name, environ) for name in settings.roles.get(role) or usual
        )
        for role in ROLES
    }
    routes = Routes(roles=roles)
    missing = {
        table.key_env: table.name
        for table in reversed(routes.models)
        if table.key_env
        and not environ.get(table.key_env)
        and not is_loopback(table.base_url or "")
    }
    if missing:
        needs = ", ".join(f"{name} needs {key}" for key, name in sorted(missing.items()))
        raise RefusedCredentials(
            f"a key is missing: {needs}",
            remedy="; ".join(f"export {key}=..." for key in sorted(missing)),
        )
    return routes


def keyless_route(
    settings: Settings, environ: Mapping[str, str], role: Role
) -> tuple[ModelTable, ...]:
    """The role's models as `resolve_routes` has them, for who asks them nothing.

    Their keys may be missing, and none may be configured.
    """
    try:
        usual = settings.roles.get(role) or settings.model or _by_keys(environ)
    except NoModel:
        return ()
    return tuple(_complete(settings, name, environ) for name in usual)


def _by_keys(environ: Mapping[str, str]) -> tuple[str, ...]:
    if is_loopback(environ.get("OPENAI_BASE_URL", "")):
        return (LOCAL,)
    for key, model in USUAL.items():
        if environ.get(key):
            return (model,)
    raise NoModel(
        "no model is configured: neither --model nor a settings file names one, and none of "
        f"{', '.join(USUAL)} or a loopback OPENAI_BASE_URL is set",
        remedy=f"export {' or '.join(f'{key}=...' for key in USUAL)}; or start a local server and "
        "point OPENAI_BASE_URL at it; or see it work without any: partita demo",
    )


def _complete(settings: Settings, name: str, environ: Mapping[str, str]) -> ModelTable:
    """The model with its address and its key's variable filled in.

    A table with an address of its own is never sent a provider's key unless it names it.
    """
    table = settings.models.get(name) or named(name)
    if table is None:
        raise BadSettings(f"{name!r} is no model")
    if table.base_url is not None:
        return table
    provider = PROVIDERS[table.wire]
    url = environ.get(provider.url_env) or None
    try:
        url = None if url is None else address(url)
    except ValueError as e:
        raise BadSettings(f"{provider.url_env}: {e}") from e
    return replace(table, base_url=url, key_env=table.key_env or provider.key_env)
