"""The bodies in which providers answer: one document, or server-sent events, for both wires."""

import json
from dataclasses import dataclass
from typing import Any

PIECES = 8  # a text is streamed in about this many


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The same reply as a document and as events."""

    document: bytes
    events: tuple[bytes, ...]


def fourths(text: str) -> int:
    """Tokens as most providers count them: about one in four characters."""
    return len(text) // 4


def openai_body(
    text: str | None,
    *,
    finish: str | None,
    tokens: tuple[int, int],
    count: bool,
    choices: bool,
    model: str,
) -> Body:
    """Chat completions; `finish` None leaves the end unsaid, and the stream unmarked.

    `tokens` are those asked and answered.
    """
    base = {"id": "stub", "created": 0, "model": model}
    usage = _openai_usage(*tokens) if count else None
    message = {"role": "assistant", "content": text}
    document: dict[str, Any] = {
        **base,
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}] if choices else [],
    }
    chunk = {**base, "object": "chat.completion.chunk"}
    parts: list[dict[str, Any]] = []
    if choices:
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        deltas += [{"content": piece} for piece in _pieces(text or "")]
        parts += [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    if choices and finish is not None:
        parts.append({"index": 0, "delta": {}, "finish_reason": finish})
    events = [{**chunk, "choices": [part]} for part in parts] or [{**chunk, "choices": []}]
    if usage:
        document["usage"] = usage
    if usage and finish is not None:
        events.append({**chunk, "choices": [], "usage": usage})
    stream = [b"data: " + json.dumps(e).encode() + b"\n\n" for e in events]
    if finish is not None:
        stream.append(b"data: [DONE]\n\n")
    return Body(document=json.dumps(document).encode(), events=tuple(stream))


def anthropic_body(
    text: str | None,
    *,
    finish: str | None,
    tokens: tuple[int, int],
    count: bool,
    choices: bool,
    model: str,
) -> Body:
    """The messages API; the same words for `finish` as in chat completions."""
    words = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}
    stop = None if finish is None else words.get(finish, finish)
    asked, output = tokens
    first = {"usage": {"input_tokens": asked, "output_tokens": 1}} if count else {}
    last = {"usage": {"output_tokens": output}} if count else {}
    blocks = [{"type": "text", "text": text or ""}] if choices else []
    message = {"id": "stub", "type": "message", "role": "assistant", "model": model}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**message, "content": [], **first}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
    ]
    deltas = [{"type": "text_delta", "text": piece} for piece in _pieces(text or "")]
    events += [{"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas]
    if stop is not None:
        events += [
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": stop}, **last},
            {"type": "message_stop"},
        ]
    usage = {"usage": {"input_tokens": asked, "output_tokens": output}} if count else {}
    document = {**message, "content": blocks, "stop_reason": stop, **usage}
    stream = [f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in events]
    return Body(document=json.dumps(document).encode(), events=tuple(stream))


def refused_parameter(name: str) -> dict[str, Any]:
    """How OpenAI refuses a parameter."""
    message = f"Unsupported parameter: '{name}' is not supported with this model."
    kind = {"type": "invalid_request_error", "code": "unsupported_parameter"}
    return {"error": {"message": message, "param": name, **kind}}


def too_long() -> dict[str, Any]:
    """How OpenAI refuses a prompt for its length."""
    message = "This model's maximum context length is less than your messages resulted in."
    kind = {"type": "invalid_request_error", "code": "context_length_exceeded"}
    return {"error": {"message": message, "param": "messages", **kind}}


def _openai_usage(asked: int, answered: int) -> dict[str, Any]:
    return {
        "prompt_tokens": asked,
        "completion_tokens": answered,
        "total_tokens": asked + answered,
        "prompt_tokens_details": {"cached_tokens": 0},
    }


def _pieces(text: str) -> list[str]:
    size = max(4, -(-len(text) // PIECES))
    return [text[i : i + size] for i in range(0, len(text), size)]
