"""What a provider's refusal means: a status and a complaint into one of our errors."""

import json
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from partita.adapters.models.spec import ModelSpec
from partita.errors import (
    BadSettings,
    ContentRefused,
    ContextTooLong,
    PartitaError,
    RateLimited,
    RefusedCredentials,
    ServerFailed,
    Unreachable,
)

REDIRECT, BAD_REQUEST, UNAUTHORISED, UNPAID, FORBIDDEN, UNKNOWN = 300, 400, 401, 402, 403, 404
TIMED_OUT, TOO_LARGE, TOO_MANY, BROKEN = 408, 413, 429, 500

_TOO_LONG = re.compile(
    r"context[ _](?:length|window|size)|(?:prompt|input) is too long|too many (?:input )?tokens"
    r"|reduce the length of|maximum (?:input|prompt) length|string_above_max_length",
    re.IGNORECASE,
)
# Not "billing" or "current quota": limits by the minute use these words too.
_UNPAID = re.compile(
    r"insufficient[ _](?:quota|balance|credit|fund)|credit balance|payment required",
    re.IGNORECASE,
)
_WAIT_IN_WORDS = re.compile(
    r"(?:retry|try again) (?:in|after) (\d{1,6}(?:\.\d{1,6})?) ?(ms|s)\b", re.IGNORECASE
)
_DECLINED = re.compile(
    r"content[ _](?:filter|policy|management)|safety system|responsible ai",
    re.IGNORECASE,
)

# Where an error comes inside a stream there is no status; its type stands for one.
_STATUS_OF = (
    (re.compile(r"rate_limit|too_many|insufficient_quota", re.IGNORECASE), TOO_MANY),
    (re.compile(r"authentication|invalid_api_key", re.IGNORECASE), UNAUTHORISED),
    (re.compile(r"permission", re.IGNORECASE), FORBIDDEN),
    (re.compile(r"invalid_request|context_length|content_filter", re.IGNORECASE), BAD_REQUEST),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What a provider says went wrong, in its words."""

    text: str
    code: str = ""
    param: str = ""

    @property
    def whole(self) -> str:
        """Everything in it, to search through."""
        return f"{self.code} {self.param} {self.text}"


class HttpRefusal(Exception):
    """A status of 300 or more; the body is cut at `MAX_COMPLAINT` bytes."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.headers = {k.lower(): v for k, v in headers.items()}
        self.complaint = read_complaint(body)


def read_complaint(body: bytes) -> Complaint:
    """The provider's words from an error's body, whatever its shape."""
    text = body.decode("utf-8", errors="replace").strip()
    try:
        return complaint_of(json.loads(text))
    except (ValueError, RecursionError):
        return Complaint(text="an HTML page" if text.startswith("<") else text)


def complaint_of(value: Any) -> Complaint:
    """The same from JSON: `{"error": {...}}`, `{"error": "..."}`, `{"message"|"detail": ...}`."""
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict):
        return Complaint(text="" if value is None else str(value)[:2000])
    inner = value.get("error", value)
    if not isinstance(inner, dict):
        return Complaint(text=str(inner)[:2000])
    text = inner.get("message") or inner.get("detail") or ""
    labels = (inner.get("type"), inner.get("code"))
    return Complaint(
        text=text if isinstance(text, str) else json.dumps(text)[:2000],
        code=" ".join(str(x)[:100] for x in labels if isinstance(x, str | int)),
        param=str(inner.get("param") or "")[:100],
    )


def failure_of(refusal: HttpRefusal, spec: ModelSpec) -> PartitaError:
    """Our error for the provider's answer to the whole request."""
    return classify(refusal.status, refusal.complaint, retry_after(refusal.headers), spec)


def failure_in_stream(event: Mapping[str, Any], spec: ModelSpec) -> PartitaError:
    """Our error for an error object that came after a 200."""
    complaint = complaint_of(event)
    named = re.search(r"\b[45]\d\d\b", complaint.code)
    if named:
        status = int(named.group())
    else:
        status = next((s for p, s in _STATUS_OF if p.search(complaint.code)), BROKEN)
    return classify(status, complaint, None, spec)


def classify(
    status: int, complaint: Complaint, wait: float | None, spec: ModelSpec
) -> PartitaError:
    """Our error for a status, the provider's words, and the seconds it asks us to wait."""
    said = f"{status}: {spec.tell(complaint.text)}" if complaint.text else str(status)
    whole = complaint.whole
    variable = spec.key_env or "its key"
    if status < BAD_REQUEST:
        return BadSettings(
            f"{spec.name}: {spec.url} sends us elsewhere ({status}), which is not followed",
            remedy="set base_url to the address that answers",
        )
    if status == UNPAID or (status in (TOO_MANY, FORBIDDEN, BAD_REQUEST) and _UNPAID.search(whole)):
        return RefusedCredentials(
            f"{spec.name}: the account behind {variable} has nothing left to spend ({said})",
            remedy="top up the account with the provider, or name another model with --model",
        )
    if status in (UNAUTHORISED, FORBIDDEN):
        return RefusedCredentials(
            f"{spec.name}: the provider did not accept {variable} ({said})",
            remedy=f"check {variable}, and that its account may use this model",
        )
    if status == TOO_MANY:
        wait = _wait_in_words(complaint.text) if wait is None else wait
        asked = "" if wait is None else f" and asks for {wait:g} s of patience"
        return RateLimited(f"{spec.name}: the provider limits us{asked} ({said})", retry_after=wait)
    if status >= BROKEN or status in (409, 425):
        return ServerFailed(f"{spec.name}: the provider failed ({said})")
    if status == TIMED_OUT:
        return Unreachable(f"{spec.name}: the provider gave up waiting ({said})")
    if status == TOO_LARGE or _TOO_LONG.search(whole):
        return ContextTooLong(f"{spec.name}: the prompt does not fit the model ({said})")
    if _DECLINED.search(whole):
        return ContentRefused(f"{spec.name}: the provider declined to answer ({said})")
    return _misconfigured(status, complaint, said, spec)


def _misconfigured(status: int, complaint: Complaint, said: str, spec: ModelSpec) -> BadSettings:
    if status == UNKNOWN and "model" in complaint.whole.lower():
        return BadSettings(
            f"{spec.name}: {spec.url} does not know the model {spec.model!r} ({said})",
            remedy="name a model it serves with --model, or in the [models] table",
        )
    if status == UNKNOWN:
        return BadSettings(
            f"{spec.name}: nothing answers model requests at {spec.url} ({said})",
            remedy="check base_url; most servers want it to end in /v1",
        )
    return BadSettings(
        f"{spec.name}: the provider does not accept the request ({said})",
        remedy="check the model's settings: its wire, its name, max_output and json_mode",
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the provider asks us to wait; None where it says nothing readable.

    A date is measured against the provider's own `Date`, so that a clock that is off does no harm.
    """
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) / unit
        except ValueError:
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return seconds
    until = _when(headers.get("retry-after", ""))
    if until is None:
        return None
    sent = _when(headers.get("date", ""))
    return max(0.0, until - (time.time() if sent is None else sent))


def _when(date: str) -> float | None:
    """An HTTP date in seconds since the epoch; None where it is none."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def _wait_in_words(text: str) -> float | None:
    found = _WAIT_IN_WORDS.search(text)
    return float(found[1]) / (1000 if found[2].lower() == "ms" else 1) if found else None
