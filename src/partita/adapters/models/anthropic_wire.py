"""The messages API through the official `anthropic` SDK, an extra of its own."""

import importlib
from typing import Any

from partita.adapters.models.failures import HttpRefusal, failure_in_stream, failure_of
from partita.adapters.models.prices import price_of
from partita.adapters.models.reading import Reading, tokens, whole_characters
from partita.adapters.models.spec import ModelSpec
from partita.adapters.models.transport import Clients, client_options, converse
from partita.core.budget import Price, Usage
from partita.core.question import Answer, Finish, Question
from partita.errors import BadSettings, MalformedReply


class AnthropicModel:
    """A model behind the messages API."""

    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec
        self._clients = Clients(self._client)

    @property
    def name(self) -> str:
        """As the user wrote it."""
        return self.spec.name

    @property
    def provider(self) -> str:
        """What shares rate limits."""
        return f"anthropic {self.spec.url}"

    @property
    def price(self) -> Price | None:
        """Given, free on loopback, from the price list, or None."""
        return price_of(self.spec.price, self.spec.url, self.spec.provider, self.spec.model)

    @property
    def max_output(self) -> int:
        """The most tokens that one answer may hold."""
        return self.spec.max_output

    @property
    def headroom(self) -> int:
        """Tokens that the model may think before its answer, over and above the question's."""
        return self.spec.headroom

    @property
    def context(self) -> int:
        """The most tokens that prompt and answer may hold together."""
        return self.spec.context

    def warm(self) -> None:
        """Import the SDK, a second's work, in whatever thread has the time."""
        _sdk("anthropic.resources.messages")

    async def complete(self, question: Question) -> Answer:
        """Ask once."""
        self.spec.usable_key()
        sdk = _sdk("anthropic")
        reading = AnthropicReading(self.spec)
        messages = self._clients.here().messages.with_streaming_response
        try:
            await converse(messages.create(**_body(question, self.spec)), reading, sdk, self.spec)
        except HttpRefusal as refusal:
            raise failure_of(refusal, self.spec) from None
        return reading.answer(question)

    def _client(self) -> Any:
        sdk = _sdk("anthropic")
        options = client_options(self.spec, sdk)
        # The SDK adds /v1 itself; users copy the address with it.
        options["base_url"] = self.spec.url.rstrip("/").removesuffix("/v1")
        return sdk.AsyncAnthropic(**options)


def _sdk(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as e:
        if e.name != "anthropic":
            raise
        raise BadSettings(
            "models of Anthropic need the `anthropic` package, which is not installed",
            remedy="pip install 'partita[anthropic]'",
        ) from None


def _body(question: Question, spec: ModelSpec) -> dict[str, Any]:
    # Blocks without text are refused.
    system: list[dict[str, Any]] = [
        {"type": "text", "text": whole_characters(m.text)}
        for m in question.messages
        if m.role == "system" and m.text
    ]
    if system:
        system[0]["cache_control"] = {"type": "ephemeral"}
    turns = [
        {"role": m.role, "content": whole_characters(m.text)}
        for m in question.messages
        if m.role != "system" and m.text
    ]
    body: dict[str, Any] = {
        "model": spec.model,
        "max_tokens": min(question.max_output, spec.max_output) + spec.headroom,
        "messages": turns,
        "stream": True,
    }
    return {**body, "system": system} if system else body


class AnthropicReading(Reading):
    """The events of a stream, or the one document of a plain reply."""

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__(spec)
        self._counts: dict[str, int] = {}

    def take(self, event: dict[str, Any]) -> None:
        """Take one event; kinds that we don't know are passed over, as the API asks."""
        match event:
            case {"type": "error"}:
                raise failure_in_stream(event, self.spec)
            case {"type": "message_start", "message": dict(message)}:
                self._count(message.get("usage"))
                self._counts.pop("output_tokens", None)  # as yet; the end has the total
            case {"type": "content_block_start", "content_block": {"type": "text", "text": str(t)}}:
                self.add(t)
            case {"type": "content_block_delta", "delta": {"type": "text_delta", "text": str(t)}}:
                self.add(t)
            case {"type": "message_delta", "delta": dict(delta)}:
                self._stop(delta.get("stop_reason"))
                self._count(event.get("usage"))
            case {"type": "message", "content": list(blocks)}:
                for block in blocks:
                    if isinstance(block, dict) and isinstance(block.get("text"), str):
                        self.add(block["text"])
                self._stop(event.get("stop_reason"))
                self._count(event.get("usage"))
            case {"type": str()}:
                pass
            case _:
                raise MalformedReply(f"{self.spec.name}: the reply holds an event without a type")

    def finish(self) -> Finish | None:
        """A turn that the provider paused is not whole."""
        match self.reason:
            case "" | "pause_turn":
                return None
            case "max_tokens" | "model_context_window_exceeded":
                return "length"
            case "refusal":
                return "refused"
            case _:
                return "stop"

    def usage(self) -> Usage | None:
        """`input` with the cached tokens, which the API counts apart."""
        plain, output = self._counts.get("input_tokens"), self._counts.get("output_tokens")
        if plain is None or output is None:
            return None
        read = self._counts.get("cache_read_input_tokens", 0)
        write = self._counts.get("cache_creation_input_tokens", 0)
        if not plain + read + write:
            return None  # a prompt of no tokens is a server that does not count
        return Usage(input=plain + read + write, output=output, cache_read=read, cache_write=write)

    def _stop(self, reason: Any) -> None:
        if isinstance(reason, str):
            self.reason = reason or self.reason

    def _count(self, report: Any) -> None:
        """Later reports hold totals, not additions."""
        if isinstance(report, dict):
            counts = {str(k): tokens(v) for k, v in report.items()}
            self._counts.update({k: v for k, v in counts.items() if v is not None})
