"""What settings are once they were read: frozen values without any secret in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from partita.core.budget import NANO, Caps, Price
from partita.core.question import Role

Depth = Literal["quick", "standard", "thorough"]
DEPTHS: tuple[Depth, ...] = ("quick", "standard", "thorough")
Wire = Literal["openai", "anthropic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTable:
    """One model as configured: a `[models.X]` table, or what `PROVIDER:NAME` stands for.

    `name` is how the user calls it, `model` how its server does. `base_url` None is the wire's own
    provider. `key_env` names the variable that holds the key ("": the server wants none). Tokens
    for `max_output`, `context` and `thinking` (before the answer), seconds for `timeout`; None
    leaves them to the model's wire. Its provider's limits are those of the settings where None.
    """

    name: str
    wire: Wire
    model: str
    base_url: str | None = None
    key_env: str = ""
    price: Price | None = None
    max_output: int | None = None
    context: int | None = None
    timeout: float | None = None
    thinking: int | None = None
    json_mode: bool = False
    calls_in_flight: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set. Budgets are in nano-dollars (None, or no entry: no cap).

    Limits per minute are None where there is none. `database` may hold a password: only
    `database_shown` is for people. `remote` is a remote's name or address; `project` None is to be
    taken from the remote.

    `model` is the route of every role that `roles` does not name; both hold names of models in the
    order in which they are tried. `origin` says where each setting that is not a default was set.
    """

    depth: Depth = "standard"
    budget: int | None = 5 * NANO
    task_budget: int | None = None
    role_budgets: Mapping[str, int] = field(default_factory=dict)
    day_budget: int | None = None
    project_budget: int | None = None
    warn_at: int = 80
    model: tuple[str, ...] = ()
    max_parallel: int = 4
    calls_in_flight: int = 8
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    rounds: int = 3
    test_command: str | None = None
    test_seconds: int = 120
    answer_cache: bool = True
    approve: bool = False
    allow_unsandboxed: bool = False
    database: str | None = field(default=None, repr=False)
    remote: str = "origin"
    project: str | None = None
    slots: int = 4
    roles: Mapping[Role, tuple[str, ...]] = field(default_factory=dict)
    models: Mapping[str, ModelTable] = field(default_factory=dict)
    origin: Mapping[str, str] = field(default_factory=dict, compare=False)

    def source(self, name: str) -> str:
        """Where that setting comes from: a file and line, a variable, a flag, or "default"."""
        return self.origin.get(name, "default")

    @property
    def caps(self) -> Caps:
        """The most that may be spent."""
        return Caps(
            run=self.budget,
            task=self.task_budget,
            roles=dict(self.role_budgets),
            day=self.day_budget,
            project=self.project_budget,
            warn=self.warn_at,
        )

    @property
    def database_shown(self) -> str:
        """The database for people: without password or parameters; "" where there is none."""
        if self.database is None:
            return ""
        parts = urlsplit(self.database)
        user, at, host = parts.netloc.rpartition("@")
        return f"{parts.scheme}://{user.partition(':')[0]}{at}{host}{parts.path}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The database's passwords, as written and as meant: never to be written anywhere."""
        parts = urlsplit(self.database or "")
        written = [parts.password or ""]
        written += [text for name, text in parse_qsl(parts.query) if "password" in name]
        return tuple(dict.fromkeys(s for w in written for s in (w, unquote(w)) if s))
