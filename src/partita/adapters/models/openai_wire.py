"""Chat completions through the official `openai` SDK: OpenAI itself and every compatible server."""

import importlib
import re
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urlsplit

from partita.adapters.models.failures import Complaint, HttpRefusal, failure_in_stream, failure_of
from partita.adapters.models.prices import price_of
from partita.adapters.models.reading import Reading, tokens, whole_characters
from partita.adapters.models.spec import ModelSpec
from partita.adapters.models.transport import Clients, client_options, converse
from partita.core.budget import Price, Usage
from partita.core.outcomes import EMPTY
from partita.core.question import Answer, Finish, Question
from partita.errors import MalformedReply

_REFUSED = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unknown|unexpected|extra|not permitted|not allowed"
    r"|invalid|instead|additional properties",
    re.IGNORECASE,
)
_INVALID = (400, 422)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What a server understands of the request's optional parts; learned from its refusals."""

    limit: Literal["max_tokens", "max_completion_tokens"]
    swapped: bool = False
    stream: bool = True
    count: bool = True
    schema: bool = True

    def adapted(self, status: int, complaint: Complaint) -> "Dialect | None":
        """The dialect without what was just refused; None where something else was refused."""
        whole = complaint.whole
        if status not in _INVALID or not _REFUSED.search(whole):
            return None
        if self.stream and self.count and re.search(r"stream_options|include_usage", whole):
            return replace(self, count=False)
        if self.schema and re.search(r"response_format|json_schema", whole):
            return replace(self, schema=False)
        if not self.swapped and re.search(rf"\b{self.limit}\b", whole):
            other: Literal["max_tokens", "max_completion_tokens"] = (
                "max_completion_tokens" if self.limit == "max_tokens" else "max_tokens"
            )
            return replace(self, limit=other, swapped=True)
        if self.stream and re.search(r"\bstream(?:ing)?\b", whole):
            return replace(self, stream=False)
        return None


class OpenAIModel:
    """A model behind chat completions; learns its server's dialect once and keeps it."""

    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec
        own = urlsplit(spec.url).hostname == "api.openai.com"
        self._own = own
        self._dialect = Dialect(
            limit="max_completion_tokens" if own else "max_tokens", schema=spec.json_mode
        )
        self._clients = Clients(self._client)

    @property
    def name(self) -> str:
        """As the user wrote it."""
        return self.spec.name

    @property
    def provider(self) -> str:
        """What shares rate limits."""
        return f"openai {self.spec.url}"

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
        """Import the SDK, half a second's work, in whatever thread has the time."""
        importlib.import_module("openai.resources.chat.completions")

    async def complete(self, question: Question) -> Answer:
        """Ask once; optional parts that the server refuses are left out, at most four times."""
        self.spec.usable_key()
        self.warm()
        dialect = self._dialect
        while True:
            try:
                answer = await self._ask(question, dialect)
            except HttpRefusal as refusal:
                adapted = dialect.adapted(refusal.status, refusal.complaint)
                if adapted is None:
                    raise failure_of(refusal, self.spec) from None
                dialect = adapted
            else:
                self._dialect = dialect
                return answer

    async def _ask(self, question: Question, dialect: Dialect) -> Answer:
        sdk = importlib.import_module("openai")
        reading = OpenAIReading(self.spec)
        body = _body(question, self.spec, dialect)
        chat = self._clients.here().chat.completions.with_streaming_response
        await converse(chat.create(**body), reading, sdk, self.spec)
        return reading.answer(question)

    def _client(self) -> Any:
        sdk = importlib.import_module("openai")
        client = sdk.AsyncOpenAI(**client_options(self.spec, sdk))
        if not self._own:
            # The SDK takes these from the environment and would tell them to any server.
            client.organization = client.project = None
        return client


def _body(question: Question, spec: ModelSpec, dialect: Dialect) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": spec.model,
        "messages": [
            {"role": m.role, "content": whole_characters(m.text)} for m in question.messages
        ],
        dialect.limit: min(question.max_output, spec.max_output) + spec.headroom,
    }
    if dialect.stream:
        body["stream"] = True
        if dialect.count:
            body["stream_options"] = {"include_usage": True}
    if dialect.schema and question.schema is not None:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": question.schema, "strict": False},
        }
    return body


class OpenAIReading(Reading):
    """The chunks of a stream, or the one document of a plain reply; of choices, the first."""

    _usage: Usage | None = None

    def take(self, event: dict[str, Any]) -> None:
        """Take one chunk."""
        if event.get("error"):
            raise failure_in_stream(event, self.spec)
        self._usage = _usage(event.get("usage")) or self._usage
        choices = event.get("choices")
        plain = event.get("object") == "chat.completion"
        if not isinstance(choices, list) or (plain and not choices):
            raise MalformedReply(f"{self.spec.name}: {EMPTY}: it holds no choices")
        if not choices:
            return  # the chunk that only counts tokens
        choice = choices[0]
        if not isinstance(choice, dict):
            raise MalformedReply(f"{self.spec.name}: the reply's choice is no object")
        if choice.get("index", 0) != 0:
            return
        self._message(choice.get("delta") or choice.get("message"), plain=plain)
        reason = choice.get("finish_reason")
        if isinstance(reason, str):
            self.reason = reason or self.reason

    def _message(self, message: Any, *, plain: bool) -> None:
        if not isinstance(message, dict):
            if plain:
                raise MalformedReply(f"{self.spec.name}: {EMPTY}: it holds no message")
            return
        refusal = message.get("refusal")
        if isinstance(refusal, str):
            self.refusal = (self.refusal + refusal)[:1000]
        content = message.get("content")
        if isinstance(content, str):
            self.add(content)
        elif isinstance(content, list):
            for part in content:
                if isinstance(part, dict) and isinstance(part.get("text"), str):
                    self.add(part["text"])

    def finish(self) -> Finish | None:
        """Words we don't know are ends like any other: compatible servers invent them."""
        match self.reason:
            case "" | "error" | "abort" | "cancelled":
                return None
            case "length" | "max_tokens":
                return "length"
            case "content_filter" | "refusal":
                return "refused"
            case _:
                return "stop"

    def usage(self) -> Usage | None:
        """The last report wins: some servers count up with every chunk."""
        return self._usage


def _usage(report: Any) -> Usage | None:
    if not isinstance(report, dict):
        return None
    asked, answered = tokens(report.get("prompt_tokens")), tokens(report.get("completion_tokens"))
    if asked is None or answered is None or asked == 0:
        return None  # a prompt of no tokens is a server that does not count
    details = report.get("prompt_tokens_details")
    cached = tokens(details.get("cached_tokens")) if isinstance(details, dict) else None
    return Usage(input=asked, output=answered, cache_read=min(cached or 0, asked))
