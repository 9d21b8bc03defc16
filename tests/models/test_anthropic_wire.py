"""What only the messages API has: system blocks, cached tokens, and being an extra."""

import asyncio
import importlib
import sys

import pytest

from partita.adapters.models.anthropic_wire import AnthropicModel, AnthropicReading, _body
from partita.adapters.models.spec import ModelSpec
from partita.core.question import Message, Question
from partita.errors import BadSettings, MalformedReply
from partita.testing.model_laws import ask
from partita.testing.stub_provider import StubProvider

SPEC = ModelSpec(name="m", wire="anthropic", model="m", base_url="http://127.0.0.1:1")


def reading(*events):
    found = AnthropicReading(SPEC)
    for event in events:
        found.take(event)
    return found


def text(t):
    return {"type": "content_block_delta", "delta": {"type": "text_delta", "text": t}}


def stop(reason, **usage):
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}


def test_system_messages_become_blocks_and_the_first_is_cached():
    turns = (
        Message(role="system", text="stable"),
        Message(role="system", text="of this run"),
        Message(role="user", text="ask"),
        Message(role="assistant", text=""),
        Message(role="user", text="again"),
    )
    question = Question(name="q", role="coder", messages=turns, max_output=9)
    body = _body(question, SPEC)
    assert body["system"] == [
        {"type": "text", "text": "stable", "cache_control": {"type": "ephemeral"}},
        {"type": "text", "text": "of this run"},
    ]
    assert [m["content"] for m in body["messages"]] == ["ask", "again"]


def test_the_input_includes_cached_tokens():
    counts = {
        "input_tokens": 10,
        "cache_read_input_tokens": 900,
        "cache_creation_input_tokens": 100,
        "output_tokens": 1,
    }
    start = {"type": "message_start", "message": {"usage": counts}}
    usage = reading(start, text("x"), stop("end_turn", output_tokens=42)).answer(ask()).usage
    assert (usage.input, usage.cache_read, usage.cache_write) == (1010, 900, 100)
    assert usage.output == 42


@pytest.mark.parametrize("told", [{}, {"output_tokens": None}, {"output_tokens": -5}])
def test_the_count_at_the_start_is_not_taken_for_the_whole(told):
    start = {"type": "message_start", "message": {"usage": {"input_tokens": 9, "output_tokens": 1}}}
    assert reading(start, text("x" * 99), stop("end_turn", **told)).answer(ask()).usage.estimated


def test_a_server_that_counts_nothing_is_not_believed():
    start = {"type": "message_start", "message": {"usage": {"input_tokens": 0}}}
    assert (
        reading(start, text("x"), stop("end_turn", output_tokens=0)).answer(ask()).usage.estimated
    )


@pytest.mark.parametrize("word", ["max_tokens", "model_context_window_exceeded"])
def test_reaching_a_limit_is_told(word):
    assert reading(text("x"), stop(word)).answer(ask()).finish == "length"


@pytest.mark.parametrize("word", [None, "pause_turn"])
def test_what_did_not_end_is_malformed(word):
    with pytest.raises(MalformedReply):
        reading(text("x"), stop(word)).answer(ask())


def test_unknown_events_and_thoughts_are_passed_over():
    thought = {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "h"}}
    found = reading({"type": "news"}, thought, text("said"), stop("end_turn"))
    assert found.answer(ask()).text == "said"


def test_a_plain_document_is_read():
    document = {
        "type": "message",
        "content": [{"type": "text", "text": "whole"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 3, "output_tokens": 1},
    }
    assert reading(document).answer(ask()).text == "whole"


def test_an_address_with_or_without_v1_is_the_same():
    with StubProvider([{"reply": "ok"}]) as stub:
        for url in (stub.url, stub.url.removesuffix("/v1"), stub.url + "/"):
            spec = ModelSpec(name="m", wire="anthropic", model="m", base_url=url)
            asyncio.run(AnthropicModel(spec).complete(ask()))
    assert {r.path for r in stub.requests} == {"/v1/messages"}


def test_without_the_package_the_remedy_is_its_installation(monkeypatch):
    def absent(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name="anthropic")

    monkeypatch.setattr(importlib, "import_module", absent)
    monkeypatch.delitem(sys.modules, "anthropic", raising=False)
    for use in (
        AnthropicModel(SPEC).warm,
        lambda: asyncio.run(AnthropicModel(SPEC).complete(ask())),
    ):
        with pytest.raises(BadSettings) as caught:
            use()
        assert caught.value.remedy == "pip install 'partita[anthropic]'"
