"""What an answer depends on, as JSON and as its SHA-256, the key that it is kept under."""

import hashlib
import json
from typing import Any

from partita.core.question import Question


def request_json(model: str, question: Question) -> dict[str, Any]:
    """All that the answer depends on; the question's name, role and task are not part of it."""
    request = {
        "model": model,
        "messages": [{"role": m.role, "text": m.text} for m in question.messages],
        "max_output": question.max_output,
        "schema": question.schema,
    }
    return {**request, "salt": question.salt} if question.salt else request


def request_hash(request: dict[str, Any]) -> str:
    """SHA-256 in hex over the canonical JSON of what `request_json` gave."""
    # ASCII escapes give lone surrogates bytes of their own, so that no text fails to encode.
    text = json.dumps(request, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def fingerprint(*, model: str, question: Question) -> str:
    """The hash of the question as asked of that model."""
    return request_hash(request_json(model, question))
