"""One configured model: where it is, what it is called there, its limits, and its secrets."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from partita.adapters.models.prices import is_loopback
from partita.core.budget import Price
from partita.errors import BadSettings, RefusedCredentials

Wire = Literal["openai", "anthropic"]
HOME: Mapping[Wire, str] = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
}

THINKING = 16_000  # tokens; OpenAI advises to leave room for some 25,000, answer included
_REASONS = re.compile(r"gpt-5|o\d")
LONGEST_SENTENCE = 300  # of a foreign text inside a message of ours
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")
# Providers quote refused keys back half-masked; the visible half is not for logs either.
_KEYLIKE = re.compile(r"\b(?:sk|pk|gsk|xai|key)-[\w*.\-]{4,200}|\bBearer\s+\S{1,300}")


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """What `build_model` needs to know of a model.

    `name` is what the user wrote. `base_url` None is the wire's own provider. `key_env` names the
    variable that `key` came from; an empty one says that the server wants no key. `provider` is
    the provider's name in the price list (None: the wire's, or found by the URL). Times are in
    seconds: `timeout` until the first text, `stall` between later pieces, `whole` for the call.
    """

    name: str
    wire: Wire
    model: str
    base_url: str | None = None
    key: str | None = field(default=None, repr=False)
    key_env: str = ""
    price: Price | None = None
    provider: str | None = None
    max_output: int = 16_384
    thinking: int | None = None
    context: int = 128_000
    timeout: float = 180.0
    stall: float = 60.0
    whole: float = 1800.0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json_mode: bool = False

    def __post_init__(self) -> None:
        """Refuse what could not work, or could leak, before any connection is made."""
        if self.wire not in HOME:
            raise BadSettings(
                f"{self.name}: the wire {self.wire!r} is unknown",
                remedy='set wire = "openai" or wire = "anthropic"',
            )
        _check_url(self.name, self.url)
        for name, value in self.headers.items():
            if not (_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value)):
                raise BadSettings(
                    f"{self.name}: the header {name[:40]!r} holds characters that HTTP forbids"
                )

    @property
    def url(self) -> str:
        """The base URL in force."""
        return self.base_url or HOME[self.wire]

    @property
    def headroom(self) -> int:
        """Tokens that the model may think before its answer; providers count them as output."""
        if self.thinking is not None:
            return self.thinking
        return THINKING if self.base_url is None and _REASONS.match(self.model) else 0

    @property
    def local(self) -> bool:
        """Whether the endpoint is on loopback."""
        return is_loopback(self.url)

    def usable_key(self) -> str:
        """The key as it is sent; RefusedCredentials where it is missing or can't be a key."""
        key = (self.key or "").strip()
        if not key:
            if self.key_env and not self.local:
                raise RefusedCredentials(
                    f"{self.name} needs a key, and {self.key_env} is not set",
                    remedy=f"export {self.key_env}=...",
                )
            return "none"  # the SDKs refuse an empty key
        if not _VISIBLE.fullmatch(key):
            raise RefusedCredentials(
                f"{self.name}: {self.key_env or 'the key'} holds characters that no key has",
                remedy=f"set {self.key_env or 'the key'} anew, without blanks or line breaks",
            )
        return key

    def tell(self, text: str) -> str:
        """A foreign text made fit for a message: one line, bounded, without our secrets."""
        text = text[: 8 * LONGEST_SENTENCE]
        secrets = [(self.key or "").strip(), *self.headers.values()]
        for secret in sorted((s for s in secrets if len(s) >= 4), key=len, reverse=True):  # noqa: PLR2004 - shorter ones are words
            text = text.replace(secret, "[key]")
        text = _KEYLIKE.sub("[key]", text)
        text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return text if len(text) <= LONGEST_SENTENCE else text[: LONGEST_SENTENCE - 1] + "…"


def _check_url(name: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        secretive = "@" in parts.netloc
    except ValueError:
        good = secretive = False
    if secretive:
        raise BadSettings(
            f"{name}: base_url holds a user name or password",
            remedy="keep the key in an environment variable and name it with key_env",
        )
    if not good or "\\" in url or not _VISIBLE.fullmatch(url):
        raise BadSettings(
            f"{name}: base_url {url[:200]!r} is no http:// or https:// address",
            remedy="for example base_url = 'http://127.0.0.1:11434/v1'",
        )
