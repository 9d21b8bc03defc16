"""Both wires against a server on loopback: every way a call can end, by its type."""

import asyncio
import json
import socket
import time
from contextlib import contextmanager
from dataclasses import replace
from email.utils import formatdate

import pytest

from partita.adapters.models.build import ModelSpec, build_model
from partita.core.outcomes import outcome_of
from partita.errors import (
    BadSettings,
    ContentRefused,
    ContextTooLong,
    MalformedReply,
    ModelFailure,
    RateLimited,
    RefusedCredentials,
    ServerFailed,
    Unreachable,
)
from partita.testing.model_laws import ModelLaws, ask
from partita.testing.stub_provider import StubProvider, _receive

KEY = "sk-secret-0123456789"
WIRES = ("openai", "anthropic")


@pytest.fixture(params=WIRES)
def wire(request):
    return request.param


def spec(wire, url, **changes):
    base = ModelSpec(
        name=f"{wire}:m",
        wire=wire,
        model="m",
        base_url=url,
        key=KEY,
        key_env="TEST_KEY",
        timeout=20,
        stall=20,
    )
    return replace(base, **changes)


def call(wire, rule, question=None, **changes):
    with StubProvider([rule]) as stub:
        return asyncio.run(build_model(spec(wire, stub.url, **changes)).complete(question or ask()))


def fail(kind, wire, rule, **changes):
    with pytest.raises(kind) as caught:
        call(wire, rule, **changes)
    assert type(caught.value) is kind
    message = caught.value.message
    assert "\n" not in message
    assert len(message) < 600
    assert KEY not in message + caught.value.remedy
    return caught.value


def error(status, message="no", headers=None, **fields):
    return {
        "status": status,
        "headers": headers or {},
        "error": {"message": message, **fields},
    }


@contextmanager
def raw_server(reply: bytes):
    """Answers every connection with these bytes, then closes it."""
    stub = StubProvider()
    # What is left unread when a socket is closed makes the kernel reset the connection.
    stub._converse = lambda connection: (_receive(connection), connection.sendall(reply))
    with stub:
        yield stub.url


def http(body: bytes, kind="application/json") -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nConnection: close\r\n\r\n%s" % (
        kind.encode(),
        body,
    )


def from_bytes(wire, reply, **changes):
    with raw_server(reply) as url:
        return asyncio.run(build_model(spec(wire, url, **changes)).complete(ask()))


def sse(*events: object) -> bytes:
    return b"".join(b"data: " + json.dumps(e).encode() + b"\n\n" for e in events)


def chunk(text="", finish=None, **more):
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return {"object": "chat.completion.chunk", "choices": [choice], **more}


# What comes back


def test_usage_is_the_providers_count(wire):
    answer = call(wire, {"reply": "word " * 40})
    assert not answer.usage.estimated
    assert answer.usage.output == 51


def test_missing_usage_is_estimated_and_says_so(wire):
    answer = call(wire, {"reply": "word", "behaviour": "no-usage"})
    assert answer.usage.estimated
    assert answer.usage.input > 0
    assert answer.usage.output > 0


def test_a_slow_stream_is_waited_for(wire):
    assert call(wire, {"reply": "slow but sure " * 8, "behaviour": "slow"}).text[-5:] == "sure "


def test_the_limits_of_question_and_model_bound_the_answer(wire):
    with StubProvider([{"reply": "ok"}]) as stub:
        model = build_model(spec(wire, stub.url, max_output=500))
        asyncio.run(model.complete(ask(max_output=1000)))
        asyncio.run(model.complete(ask(max_output=20)))
    assert [r.body["max_tokens"] for r in stub.requests] == [500, 20]


def test_temperature_is_never_sent(wire):
    with StubProvider([{"reply": "ok"}]) as stub:
        asyncio.run(build_model(spec(wire, stub.url)).complete(ask()))
    assert "temperature" not in stub.requests[0].body


def test_own_headers_are_sent(wire):
    with StubProvider([{"reply": "ok"}]) as stub:
        headers = {"X-Team": "blue"}
        asyncio.run(build_model(spec(wire, stub.url, headers=headers)).complete(ask()))
    assert stub.requests[0].headers["x-team"] == "blue"


def test_lone_surrogates_are_sent_as_something_that_can_be_sent(wire):
    with StubProvider([{"reply": "ok"}]) as stub:
        asyncio.run(build_model(spec(wire, stub.url)).complete(ask(text="a\udcffb")))
    assert stub.requests[0].texts[-1][1] == "a\ufffdb"


# Refusals


def test_a_key_of_any_shape_and_secret_headers_are_taken_out_of_messages(wire):
    rule = error(500, "you sent hunter2hunter2\nand swordfish")
    caught = fail(ServerFailed, wire, rule, key="hunter2hunter2", headers={"X-Pass": "swordfish"})
    assert "you sent [key] and [key]" in caught.message


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_names_its_variable_and_never_itself(wire, status):
    caught = fail(
        RefusedCredentials, wire, error(status, f"Incorrect API key provided: {KEY}, sk-sec***789")
    )
    assert "TEST_KEY" in caught.message
    assert "TEST_KEY" in caught.remedy
    assert "sk-" not in caught.message


def test_an_unknown_model_is_a_setting_to_mend(wire):
    caught = fail(BadSettings, wire, error(404, "The model `m` does not exist"))
    assert "does not know the model 'm'" in caught.message


def test_a_wrong_address_is_a_setting_to_mend(wire):
    caught = fail(BadSettings, wire, {"status": 404, "behaviour": "html"})
    assert "base_url" in caught.remedy


def test_a_redirect_is_not_followed(wire):
    with StubProvider([{"reply": "elsewhere"}]) as other:
        rule = {"status": 307, "headers": {"Location": f"{other.url}/chat/completions"}}
        fail(BadSettings, wire, rule)
        assert other.requests == []


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "12"}, 12),
        ({"Retry-After": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "Retry-After": "9"}, 0.25),
        (
            {
                "Retry-After": "Sat, 21 Nov 2026 10:00:30 GMT",
                "Date": "Sat, 21 Nov 2026 10:00:00 GMT",
            },
            30,
        ),
        (
            {
                "Retry-After": "Sat, 21 Nov 2026 09:00:00 GMT",
                "Date": "Sat, 21 Nov 2026 10:00:00 GMT",
            },
            0,
        ),
        ({"Retry-After": "Fri, 01 Jan 2021 10:00:30 GMT"}, 0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "-3"}, None),
        ({}, None),
    ],
)
def test_a_rate_limit_says_how_long_to_wait(wire, headers, seconds):
    assert fail(RateLimited, wire, error(429, "slow down", headers)).retry_after == seconds


def test_a_date_without_another_beside_it_is_measured_by_our_clock(wire):
    late = formatdate(time.time() + 100, usegmt=True)
    wait = fail(RateLimited, wire, error(429, "slow down", {"Retry-After": late})).retry_after
    assert 50 < wait <= 100


def test_a_wait_that_is_only_told_in_words_is_understood(wire):
    assert fail(RateLimited, wire, error(429, "Please try again in 6.2s.")).retry_after == 6.2
    assert fail(RateLimited, wire, error(429, "Please try again in 80ms.")).retry_after == 0.08


def test_a_limit_that_mentions_billing_is_still_only_a_limit(wire):
    fail(RateLimited, wire, error(429, "Add a payment method at example.com/account/billing."))


@pytest.mark.parametrize(
    "rule",
    [
        error(429, "You exceeded your current quota", code="insufficient_quota"),
        error(400, "Your credit balance is too low"),
        error(402, "pay first"),
    ],
)
def test_an_empty_account_is_not_waited_for(wire, rule):
    assert "nothing left to spend" in fail(RefusedCredentials, wire, rule).message


@pytest.mark.parametrize(
    "rule",
    [
        error(400, "This model's maximum context length is 8192", code="context_length_exceeded"),
        error(400, "prompt is too long: 210000 tokens > 200000 maximum"),
        error(413, "request too large"),
    ],
)
def test_a_prompt_that_does_not_fit_is_told_apart(wire, rule):
    fail(ContextTooLong, wire, rule)


def test_a_filtered_prompt_is_a_refusal(wire):
    fail(ContentRefused, wire, error(400, "filtered", code="content_filter"))


@pytest.mark.parametrize("status", [500, 502, 503, 529])
def test_a_broken_server_is_told_apart(wire, status):
    fail(ServerFailed, wire, {"status": status})


def test_an_error_of_megabytes_is_read_only_in_part(wire):
    assert "xxx…" in fail(ServerFailed, wire, error(500, "x" * 5_000_000)).message.replace(")", "")


def test_an_error_without_end_is_read_only_in_part(wire):
    def flood(connection):
        _receive(connection)
        connection.sendall(b"HTTP/1.1 500 Broken\r\nConnection: close\r\n\r\n")
        while not stub._stop.is_set():
            connection.sendall(b"x" * 65_536)

    stub = StubProvider()
    stub._converse = flood
    with stub, pytest.raises(ServerFailed):
        asyncio.run(build_model(spec(wire, stub.url)).complete(ask()))


def test_a_refused_request_is_a_setting_to_mend(wire):
    fail(BadSettings, wire, error(400, "messages: at least one message is required"))


# Replies that are none


def test_a_model_that_declines_is_a_refusal(wire):
    fail(ContentRefused, wire, {"reply": "I", "finish": "content_filter"})


def test_html_with_a_200_is_malformed(wire):
    assert "HTML" in fail(MalformedReply, wire, {"behaviour": "html"}).message


def test_an_empty_list_of_choices_is_malformed():
    fail(MalformedReply, "openai", {"behaviour": "empty-choices"})


def test_a_stream_that_ends_early_is_malformed(wire):
    caught = fail(MalformedReply, wire, {"reply": "half of it", "behaviour": "no-finish"})
    assert "ended early" in caught.message


@pytest.mark.parametrize("body", [b"", b"\n\n", b"{", b"[1]", b"hello", b"data: nonsense\n\n"])
def test_a_body_that_is_no_reply_is_malformed(wire, body):
    with pytest.raises(MalformedReply):
        from_bytes(wire, http(body))


@pytest.mark.parametrize("event", [{}, {"choices": None}, {"choices": [7]}, {"choices": "x"}])
def test_an_event_of_another_shape_is_malformed(event):
    with pytest.raises(MalformedReply):
        from_bytes("openai", http(sse(event)))


@pytest.mark.parametrize("message", [None, "text", 3, []])
def test_a_plain_reply_without_a_message_is_malformed(message):
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = json.dumps({"object": "chat.completion", "choices": [choice]}).encode()
    with pytest.raises(MalformedReply):
        from_bytes("openai", http(body))


def test_deep_nesting_is_malformed_and_not_a_crash(wire):
    with pytest.raises(MalformedReply):
        from_bytes(wire, http(b'{"a":' * 200_000))


def test_a_text_past_its_bound_is_cut_off():
    piece = chunk("x" * 1_000_000)
    with pytest.raises(MalformedReply, match="8 MB"):
        from_bytes("openai", http(sse(*[piece] * 9, chunk(finish="stop"))))


def test_one_endless_line_is_cut_off(wire):
    with pytest.raises(MalformedReply, match="cut off"):
        from_bytes(wire, http(b"data: " + b"x" * 26_000_000))


@pytest.mark.parametrize(
    ("inner", "kind"),
    [
        ({"type": "overloaded_error", "message": "busy"}, ServerFailed),
        ({"type": "rate_limit_error", "message": "slow"}, RateLimited),
        ({"code": 429, "message": "slow"}, RateLimited),
        ({"code": 502, "message": "upstream"}, ServerFailed),
        ({"type": "invalid_request_error", "message": "prompt is too long"}, ContextTooLong),
        ("it broke", ServerFailed),
    ],
)
def test_an_error_inside_the_stream_is_typed(wire, inner, kind):
    with pytest.raises(kind):
        from_bytes(wire, http(sse({"type": "error", "error": inner})))


# Each failure has its word

OUTCOMES = {
    "rate_limited": {"status": 429},
    "unreachable": {"behaviour": "reset"},
    "stalled": {"reply": "a long enough reply", "behaviour": "stall"},
    "cut_off": {"reply": "half of it", "behaviour": "no-finish"},
    "server_failed": {"status": 500},
    "html": {"behaviour": "html"},
    "context_too_long": error(400, "too many tokens", code="context_length_exceeded"),
    "refused": {"reply": "I", "finish": "content_filter"},
}


@pytest.mark.parametrize("word", OUTCOMES)
def test_a_bad_day_has_one_word_on_both_wires(wire, word):
    with pytest.raises(ModelFailure) as caught:
        call(wire, OUTCOMES[word], stall=0.3)
    assert outcome_of(caught.value) == word


@pytest.mark.parametrize(
    ("word", "rule"),
    [
        ("empty", {"behaviour": "empty-choices"}),
        ("cut_off", {"reply": "a long enough reply", "behaviour": "reset-midway"}),
        ("stalled", {"behaviour": "hang"}),
    ],
)
def test_some_bad_days_are_one_wires_own(word, rule):
    with pytest.raises(ModelFailure) as caught:
        call("openai", rule, timeout=0.5)
    assert outcome_of(caught.value) == word


@pytest.mark.parametrize("body", [b"", b"[1]", b"data: nonsense\n\n"])
def test_a_body_that_is_no_reply_has_its_word_too(wire, body):
    with pytest.raises(MalformedReply) as caught:
        from_bytes(wire, http(body))
    assert outcome_of(caught.value) in ("empty", "malformed")


# The connection


def test_nobody_listening_is_unreachable(wire):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        with pytest.raises(Unreachable, match="no connection"):
            asyncio.run(build_model(spec(wire, url)).complete(ask()))


@pytest.mark.parametrize("behaviour", ["reset", "reset-midway"])
def test_a_connection_that_breaks_is_unreachable(wire, behaviour):
    fail(Unreachable, wire, {"reply": "a long enough reply", "behaviour": behaviour})


def test_a_server_that_hangs_is_given_up(wire):
    assert "no answer within" in fail(Unreachable, wire, {"behaviour": "hang"}, timeout=0.3).message


def test_a_stream_that_stalls_is_given_up(wire):
    rule = {"reply": "a long enough reply", "behaviour": "stall"}
    assert "stalled" in fail(Unreachable, wire, rule, stall=0.3).message


def test_a_call_ends_whatever_trickles_in(wire):
    def trickle(connection):
        _receive(connection)
        connection.sendall(http(b"", "text/event-stream"))
        while not stub._stop.wait(0.01):
            connection.sendall(b": keep-alive\n\n")

    stub = StubProvider()
    stub._converse = trickle
    model = build_model(spec(wire, stub.url, timeout=0.5, whole=0.5))
    with stub, pytest.raises(Unreachable):
        asyncio.run(model.complete(ask()))


def test_a_body_shorter_than_announced_is_unreachable(wire):
    reply = b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"object": "chat.comp'
    with pytest.raises(Unreachable):
        from_bytes(wire, reply)


def test_a_reply_that_breaks_after_its_end_is_whole():
    reply = http(sse(chunk("whole"), chunk(finish="stop"))).replace(
        b"Connection: close", b"Content-Length: 9999"
    )
    answer = from_bytes("openai", reply)
    assert (answer.text, answer.usage.estimated) == ("whole", True)


def test_a_call_in_flight_can_be_cancelled(wire):
    async def give_up(url):
        call = asyncio.create_task(build_model(spec(wire, url)).complete(ask()))
        while not stub.requests:  # noqa: ASYNC110 - the server lives in a thread
            await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    with StubProvider([{"behaviour": "hang"}]) as stub:
        asyncio.run(give_up(stub.url))
        assert stub.left_alone(5.0)


def test_loopback_is_reached_past_the_proxy_of_the_environment(wire, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert call(wire, {"reply": "direct"}).text == "direct"


# Keys


def test_a_missing_key_is_told_before_any_connection(wire):
    model = build_model(spec(wire, "https://api.example.com/v1", key=None))
    with pytest.raises(RefusedCredentials, match="TEST_KEY is not set") as caught:
        asyncio.run(model.complete(ask()))
    assert "export TEST_KEY" in caught.value.remedy


def test_loopback_needs_no_key(wire):
    assert call(wire, {"reply": "ok"}, key=None).text == "ok"


def test_a_key_that_is_none_is_refused_without_being_shown(wire):
    for key in ("two words", "line\nbreak", "ümlaut"):
        caught = fail(RefusedCredentials, wire, {"reply": "ok"}, key=key)
        assert key not in str(caught)


def test_blanks_around_a_key_are_no_part_of_it(wire):
    with StubProvider([{"reply": "ok"}]) as stub:
        asyncio.run(build_model(spec(wire, stub.url, key=f" {KEY}\n")).complete(ask()))
    sent = stub.requests[0].headers
    assert KEY in (sent.get("x-api-key"), sent.get("authorization", "").removeprefix("Bearer "))


# The laws of the port


class TestOpenAILaws(ModelLaws):
    wire = "openai"

    @contextmanager
    def model(self, replies):
        with StubProvider([_rule(r) for r in replies]) as stub:
            yield build_model(spec(self.wire, stub.url))


class TestAnthropicLaws(TestOpenAILaws):
    wire = "anthropic"


def _rule(reply):
    if isinstance(reply, tuple):
        return {"reply": reply[0], "finish": reply[1], "times": 1}
    if isinstance(reply, RateLimited):
        return {"status": 429, "headers": {"Retry-After": str(reply.retry_after)}, "times": 1}
    return {"status": 500, "times": 1}
