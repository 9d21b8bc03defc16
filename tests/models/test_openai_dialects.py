"""What only chat completions have: dialects of compatible servers, and what they leave out."""

import asyncio
import json
from dataclasses import replace

import pytest

from partita.adapters.models.failures import Complaint
from partita.adapters.models.openai_wire import Dialect, OpenAIModel, OpenAIReading, _body
from partita.adapters.models.spec import ModelSpec
from partita.errors import BadSettings, ContentRefused, MalformedReply
from partita.testing.model_laws import ask
from partita.testing.stub_provider import StubProvider

SPEC = ModelSpec(name="m", wire="openai", model="m", base_url="http://127.0.0.1:1/v1")


def model_at(stub, **changes):
    return OpenAIModel(replace(SPEC, base_url=stub.url, timeout=5, **changes))


def reading(*events):
    found = OpenAIReading(SPEC)
    for event in events:
        found.take(event)
    return found


def chunk(delta, finish=None, index=0, **more):
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return {"object": "chat.completion.chunk", "choices": [choice], **more}


@pytest.mark.parametrize(
    ("refuses", "left_out"),
    [
        (["stream_options"], {"stream_options"}),
        (["stream", "stream_options"], {"stream", "stream_options"}),
        (["max_tokens"], {"max_tokens"}),
        (["stream", "stream_options", "max_tokens"], {"stream", "stream_options", "max_tokens"}),
    ],
)
def test_what_a_server_refuses_is_left_out_then_and_later(refuses, left_out):
    with StubProvider([{"reply": "ok", "refuses": refuses}]) as stub:
        model = model_at(stub)
        assert asyncio.run(model.complete(ask())).text == "ok"
        learned = len(stub.requests)
        assert asyncio.run(model.complete(ask())).text == "ok"
    assert len(stub.requests) == learned + 1
    assert not left_out & set(stub.requests[-1].body)
    assert {"max_tokens", "max_completion_tokens"} & set(stub.requests[-1].body)


def test_a_server_that_refuses_both_limits_is_a_setting_to_mend():
    refuses = ["max_tokens", "max_completion_tokens"]
    with StubProvider([{"reply": "ok", "refuses": refuses}]) as stub, pytest.raises(BadSettings):
        asyncio.run(model_at(stub).complete(ask()))
    assert len(stub.requests) == 2


def test_a_limit_that_is_too_large_is_not_taken_for_an_unknown_parameter():
    said = Complaint(text="max_tokens is too large: 99999. This model supports at most 4096.")
    assert Dialect(limit="max_tokens").adapted(400, said) is None


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_only_a_refused_request_is_put_in_other_words(status):
    said = Complaint(text="Unsupported parameter: stream_options")
    assert Dialect(limit="max_tokens").adapted(status, said) is None


def test_openai_itself_is_asked_in_its_own_words():
    own = OpenAIModel(replace(SPEC, base_url=None))
    other = OpenAIModel(replace(SPEC, base_url="https://api.openai.com.example.org/v1"))
    assert own._dialect.limit == "max_completion_tokens"
    assert other._dialect.limit == "max_tokens"


def test_a_schema_is_sent_only_where_the_settings_say_so():
    question = replace(ask(), schema={"type": "object"})
    assert "response_format" not in _body(question, SPEC, Dialect(limit="max_tokens", schema=False))
    body = _body(question, SPEC, Dialect(limit="max_tokens"))
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}
    with StubProvider([{"reply": "{}", "refuses": ["response_format"]}]) as stub:
        asyncio.run(model_at(stub, json_mode=True).complete(question))
    assert ["response_format" in r.body for r in stub.requests] == [True, False]


def test_a_document_where_a_stream_was_asked_for_is_read():
    message = {"role": "assistant", "content": "plain"}
    document = {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 1},
    }
    answer = reading(json.loads(json.dumps(document))).answer(ask())
    assert (answer.text, answer.usage.input) == ("plain", 5)


def test_cached_tokens_are_part_of_the_input():
    usage = {
        "prompt_tokens": 1000,
        "completion_tokens": 7,
        "prompt_tokens_details": {"cached_tokens": 800},
    }
    counted = reading(chunk({"content": "x"}, "stop"), {"choices": [], "usage": usage})
    found = counted.answer(ask()).usage
    assert (found.input, found.output, found.cache_read) == (1000, 7, 800)
    assert not found.estimated


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        [],
        "many",
        {"prompt_tokens": None, "completion_tokens": 1},
        {"prompt_tokens": -5, "completion_tokens": 1},
        {"prompt_tokens": 0, "completion_tokens": 0},
        {"prompt_tokens": 10**12, "completion_tokens": 1},
        {"prompt_tokens": True, "completion_tokens": 1},
        {"prompt_tokens": "12", "completion_tokens": 1},
    ],
)
def test_a_count_that_can_not_be_is_estimated(usage):
    found = reading(chunk({"content": "x"}, "stop", usage=usage)).answer(ask()).usage
    assert found.estimated
    assert found.input > 0


def test_more_cached_than_asked_is_not_believed():
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 1,
        "prompt_tokens_details": {"cached_tokens": 99},
    }
    found = reading(chunk({"content": "x"}, "stop", usage=usage)).answer(ask()).usage
    assert found.cache_read == 10


def test_only_the_first_choice_is_read():
    found = reading(
        chunk({"content": "mine"}), chunk({"content": "not"}, index=1), chunk({}, "stop")
    )
    assert found.answer(ask()).text == "mine"


def test_content_in_parts_is_joined():
    parts = [{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}]
    assert reading(chunk({"content": parts}, "stop")).answer(ask()).text == "ab"


def test_a_spoken_refusal_is_a_refusal():
    with pytest.raises(ContentRefused, match="I can't"):
        reading(chunk({"refusal": "I "}), chunk({"refusal": "can't"}), chunk({}, "stop")).answer(
            ask()
        )


@pytest.mark.parametrize("word", ["stop", "eos", "tool_calls", "end_turn", "stop_sequence"])
def test_any_word_for_an_end_is_an_end(word):
    assert reading(chunk({"content": "x"}, word)).answer(ask()).finish == "stop"


@pytest.mark.parametrize("word", ["error", "", None])
def test_no_end_is_never_taken_for_one(word):
    with pytest.raises(MalformedReply):
        reading(chunk({"content": "x"}, word)).answer(ask())


def test_halves_of_a_character_in_two_pieces_are_joined():
    found = reading(chunk({"content": "\ud83c"}), chunk({"content": "\udfbc\ud800"}, "stop"))
    assert found.answer(ask()).text == "🎼\ufffd"


def test_other_servers_are_not_told_the_organisation(monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-ours")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-ours")
    with StubProvider([{"reply": "ok"}]) as stub:
        asyncio.run(model_at(stub).complete(ask()))
    assert "ours" not in json.dumps(stub.requests[0].headers)
