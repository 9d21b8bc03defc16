"""What settings are once they were read: frozen values without any secret in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from partita.core.budget import NANO, Price
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
    leaves them to the model's wire.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set. `budget` is in nano-dollars (None: no cap).

    `model` is the route of every role that `roles` does not name; both hold names of models in the
    order in which they are tried. `origin` says where each setting that is not a default was set.
    """

    depth: Depth = "standard"
    budget: int | None = 5 * NANO
    model: tuple[str, ...] = ()
    max_parallel: int = 4
    calls_in_flight: int = 8
    rounds: int = 3
    test_command: str | None = None
    test_seconds: int = 120
    answer_cache: bool = True
    approve: bool = False
    allow_unsandboxed: bool = False
    roles: Mapping[Role, tuple[str, ...]] = field(default_factory=dict)
    models: Mapping[str, ModelTable] = field(default_factory=dict)
    origin: Mapping[str, str] = field(default_factory=dict, compare=False)

    def source(self, name: str) -> str:
        """Where that setting comes from: a file and line, a variable, a flag, or "default"."""
        return self.origin.get(name, "default")
