"""Taking secrets out of text at the one place where it is written: known values, then shapes.

Every pattern starts at a fixed word or at the edge of one and repeats only within bounds, so the
time is linear in the length of the text.
"""

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

SHORTEST = 8  # a known value below this could be an ordinary word
DEEPEST = 100
MASKS = ("[secret]", "<secret>", "{secret}", "*secret*", "\N{FULL BLOCK}" * 3)

_EDGE = r"(?<![A-Za-z0-9_-])"
_TOKENS = (
    r"sk-(?=[A-Za-z_-]{0,60}[0-9])[A-Za-z0-9_-]{20,300}",  # OpenAI, Anthropic, OpenRouter
    r"(?:gsk_|xai-)[A-Za-z0-9]{20,200}",  # Groq, xAI
    r"AIza[A-Za-z0-9_-]{35}",  # Google
    r"ya29\.[A-Za-z0-9_-]{20,300}",  # Google OAuth
    r"gh[pousr]_[A-Za-z0-9]{30,255}",  # GitHub
    r"github_pat_[A-Za-z0-9_]{22,255}",
    r"glpat-[A-Za-z0-9_-]{20,100}",  # GitLab
    r"xox[abeoprs]-[A-Za-z0-9-]{10,200}",  # Slack
    r"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])",  # AWS
    r"hf_[A-Za-z0-9]{30,100}",  # Hugging Face
    r"npm_[A-Za-z0-9]{36}",
    r"pypi-[A-Za-z0-9_-]{50,300}",
    r"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,200}",  # Stripe
    r"SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}",  # SendGrid
    r"eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,8000}\.[A-Za-z0-9_-]{8,2000}",  # JWT
)
_TOKEN = re.compile(f"{_EDGE}(?:{'|'.join(_TOKENS)})")
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----\s{0,4}(?:[A-Za-z-]{1,20}: [^\n]{0,100}\n){0,4}"
    r"[A-Za-z0-9+/=\s\\]{40,20000}(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
)
_HEADER = re.compile(
    r"(?i)(?<![a-z])(bearer\s{1,4}|authorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?:basic|token)\s{1,4})"
    r"(?=[a-z._~+/=-]{0,100}[0-9])[a-z0-9._~+/=-]{16,4000}"
)
_URL = re.compile(
    r"(?i)(?<![a-z0-9+.-])([a-z][a-z0-9+.-]{1,15}://)[^\s/@:\"']{0,100}:[^\s/@\"']{1,200}@"
)
_NAME = (
    r"(?:api|access|auth|refresh|session|secret|private|client|bearer)[_-]?(?:key|token|secret)"
    r"|secret|password|passwd"
)
_QUOTED = re.compile(
    rf"(?i)({_NAME})([\"']?\s{{0,3}}[:=]\s{{0,3}}[\"'])([a-z0-9+/_.=-]{{16,400}})(?=[\"'])"
)
_VARIABLE = re.compile(
    r"(?<![A-Za-z0-9_])((?:[A-Z][A-Z0-9_]{0,60})?(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD))(=[\"']?)"
    r"([A-Za-z0-9+/_.=-]{16,400})"
)
_FIELD = re.compile(rf"(?i)(?:[a-z0-9_-]{{0,60}}[_-])?(?:{_NAME})\Z")
_HASH = re.compile(r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})\Z")
_LOUD = ("API", "SECRET", "ACCESS", "PRIVATE", "AUTH")


class Redactor:
    """Cleans text of the known values (8 characters or more) and of what looks like a secret."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        values = {form for value in known for form in _forms(value) if len(form) >= SHORTEST}
        longest_first = sorted(values, key=lambda value: (-len(value), value))
        self._known = re.compile("|".join(map(re.escape, longest_first))) if values else None
        self._mask = _mask(values)

    def clean(self, text: str) -> str:
        """The text with `[secret]` in place of each; no known value is left in it."""
        if self._known is not None:
            text = self._known.sub(self._mask, text)
        text = _PRIVATE_KEY.sub(self._mask, text)
        text = _TOKEN.sub(self._mask, text)
        text = _HEADER.sub(lambda m: m[1] + self._mask, text)
        text = _URL.sub(lambda m: f"{m[1]}{self._mask}@", text)
        text = _QUOTED.sub(self._assigned, text)
        return _VARIABLE.sub(self._assigned, text)

    def clean_json(self, value: Any) -> Any:
        """The JSON value with every text in it cleaned, names of fields included.

        What lies deeper than 100 levels is replaced as a whole.
        """
        return self._json(value, DEEPEST)

    def _json(self, value: Any, levels: int) -> Any:
        match value:
            case str():
                return self.clean(value)
            case dict() | list() if not levels:
                return self._mask
            case dict():
                return {self.clean(str(k)): self._field(k, v, levels) for k, v in value.items()}
            case list() | tuple():
                return [self._json(item, levels - 1) for item in value]
            case _:
                return value

    def _field(self, name: object, value: Any, levels: int) -> Any:
        if isinstance(value, str) and _FIELD.match(str(name)) and _secretive(str(name), value):
            return self._mask
        return self._json(value, levels - 1)

    def _assigned(self, found: re.Match[str]) -> str:
        name, sign, value = found.groups()
        return name + sign + self._mask if _secretive(name, value) else found[0]


def _forms(value: str) -> tuple[str, ...]:
    """The value as it stands, and as JSON and URLs write it."""
    return value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], _url(value)


def _url(value: str) -> str:
    return quote(value, safe="", errors="surrogatepass")


def _mask(values: set[str]) -> str:
    """A mask whose first and last character are in no value: writing it can't make one anew."""
    used = set().union(*values)
    fitting = [mask for mask in MASKS if not used & {mask[0], mask[-1]}]
    return (
        fitting[0] if fitting else next(c for c in map(chr, range(0x2800, 0x28FF)) if c not in used)
    )


def _secretive(name: str, value: str) -> bool:
    """Long, with digits and letters; a hash only where its name says that it is secret."""
    if len(value) < 16 or not any(map(str.isdigit, value)) or not any(map(str.isalpha, value)):  # noqa: PLR2004
        return False
    name = name.upper()
    harmless = name.endswith("KEY") and not any(word in name for word in _LOUD)  # CACHE_KEY
    return not (harmless and _HASH.match(value))
