"""Models without a provider, and the recordings that they repeat."""

import asyncio
import json
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partita.core.budget import Usage
from partita.core.fingerprint import fingerprint, request_json
from partita.core.prompts.common import material
from partita.core.question import Answer
from partita.core.shrink import SHRINKINGS, shrunk
from partita.errors import BadInput, ContextTooLong, ModelFailure, Unreachable
from partita.testing.model_laws import ModelLaws, ask
from partita.testing.models import RecordedModel, ScriptedModel
from partita.testing.transcript import (
    Exchange,
    Header,
    Reply,
    Transcript,
    read_transcript,
    write_transcript,
)

HEADER = Header(
    request="build it",
    options={"depth": "quick"},
    base="a" * 40,
    seed="seed",
    tree="b" * 40,
    recorded="2026-11-21",
    model="openai:m",
)


def exchange(question, text="answer", model="openai:m"):
    reply = Reply(
        text=text, finish="stop", usage=Usage(input=10, output=2), model=model, seconds=1.5
    )
    return Exchange(
        name=question.name,
        hash=fingerprint(model=model, question=question),
        request=request_json(model, question),
        reply=reply,
    )


def recording(*exchanges):
    return Transcript(header=HEADER, exchanges=exchanges)


def given_reply(reply):
    """A reply of the laws as the scripted model takes it."""
    if isinstance(reply, ModelFailure):
        return reply
    usage = Usage(input=1, output=1, estimated=True)
    return Answer(text=reply[0], finish=reply[1], usage=usage, model="scripted")


class TestScriptedModelLaws(ModelLaws):
    @contextmanager
    def model(self, replies):
        yield ScriptedModel(*map(given_reply, replies))


# ScriptedModel


def test_a_script_runs_out_loudly():
    model = ScriptedModel("one")
    asyncio.run(model.complete(ask("q:1")))
    with pytest.raises(AssertionError, match="q:2"):
        asyncio.run(model.complete(ask("q:2")))
    assert [q.name for q in model.questions] == ["q:1", "q:2"]


def test_a_script_may_hold_functions_of_the_question():
    model = ScriptedModel(lambda q: q.name.upper(), "then this")
    assert asyncio.run(model.complete(ask("q:1"))).text == "Q:1"
    assert asyncio.run(model.complete(ask("q:2"))).text == "then this"


def test_a_function_may_answer_everything():
    def fn(question):
        return Unreachable("down") if question.name == "bad" else question.name

    model = ScriptedModel.by(fn)
    assert [asyncio.run(model.complete(ask(n))).text for n in ("a", "b", "a")] == ["a", "b", "a"]
    with pytest.raises(Unreachable):
        asyncio.run(model.complete(ask("bad")))


def test_calls_in_flight_are_counted():
    async def three():
        await asyncio.gather(*(model.complete(ask(f"q:{i}")) for i in range(3)))

    model = ScriptedModel("a", "b", "c", latency=0.01)
    asyncio.run(three())
    assert (model.most_in_flight, model.in_flight) == (3, 0)


# RecordedModel


def test_a_recording_is_repeated_by_name():
    one, two = ask("q:1", "first"), ask("q:2", "second")
    model = RecordedModel(recording(exchange(one, "1"), exchange(two, "2")), strict=True)
    assert asyncio.run(model.complete(two)).text == "2"
    answer = asyncio.run(model.complete(one))
    assert (answer.text, answer.model, answer.usage.input) == ("1", "openai:m", 10)


def test_one_name_asked_twice_gets_its_replies_in_order():
    first, second = ask("q", "one"), ask("q", "two")
    made = recording(exchange(first, "1"), exchange(second, "2"))
    model = RecordedModel(made, strict=True)
    assert [asyncio.run(model.complete(q)).text for q in (first, second)] == ["1", "2"]
    with pytest.raises(BadInput, match="no further answer"):
        asyncio.run(model.complete(second))


def test_a_replay_that_starts_half_way_finds_its_place():
    first, second = ask("q", "one"), ask("q", "two")
    made = recording(exchange(first, "1"), exchange(second, "2"))
    assert asyncio.run(RecordedModel(made, strict=True).complete(second)).text == "2"


def test_of_two_answers_to_one_name_the_one_to_the_same_words_is_given():
    old, new = ask("q"), replace(ask("q"), salt="anew")
    made = recording(exchange(old, "1"), exchange(new, "2"))
    model = RecordedModel(made, strict=True)
    assert [asyncio.run(model.complete(q)).text for q in (new, old)] == ["2", "1"]


def test_the_limits_of_another_model_are_its_own():
    other = exchange(ask("q", max_output=500), "2", model="other")
    made = recording(exchange(ask("q", "no"), "1"), other)
    model = RecordedModel(made, strict=True)
    assert asyncio.run(model.complete(ask("q"))).text == "2"
    own = recording(exchange(ask("q", max_output=500)))
    with pytest.raises(BadInput, match="max_output was 500, now it is 1000"):
        asyncio.run(RecordedModel(own, strict=True).complete(ask("q")))


@pytest.mark.parametrize("times", [1, SHRINKINGS])
def test_what_had_to_be_cut_is_refused_until_it_is_cut_like_that(times):
    body = "".join(f"line {n} with some words in it\n" for n in range(4_000))
    asked = [ask("q", f"See:\n{material('a.txt', body)}\nWhat is it?")]
    for _ in range(times):
        asked.append(shrunk(asked[-1]))
    model = RecordedModel(recording(exchange(asked[-1])), strict=True)
    with pytest.raises(ContextTooLong):
        asyncio.run(model.complete(asked[0]))
    assert asyncio.run(model.complete(asked[-1])).text == "answer"


def test_a_changed_question_is_told_and_still_answered():
    told = []
    model = RecordedModel(
        recording(exchange(ask("q", "as it was"))), strict=False, on_drift=told.append
    )
    assert asyncio.run(model.complete(ask("q", "as it is"))).text == "answer"
    assert len(told) == 1
    assert "'q'" in told[0]
    assert "message 2 differs from character 6" in told[0]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (ask("q", "other"), "message 2"),
        (ask("q", max_output=7), "max_output was 1000, now it is 7"),
        (replace(ask("q"), schema={}), "schema"),
        (replace(ask("q"), messages=ask("q").messages[:1]), "had 2 messages, now 1"),
    ],
)
def test_a_strict_replay_refuses_a_changed_question(changed, why):
    with pytest.raises(BadInput, match=why):
        asyncio.run(RecordedModel(recording(exchange(ask("q"))), strict=True).complete(changed))


def test_a_missing_answer_names_the_question():
    with pytest.raises(BadInput, match="'build:store:2'"):
        asyncio.run(RecordedModel(recording(), strict=False).complete(ask("build:store:2")))


# Transcripts

replies = st.builds(
    Reply,
    text=st.text(st.characters(codec=None)),
    finish=st.sampled_from(["stop", "length", "refused"]),
    usage=st.builds(
        Usage, input=st.integers(0, 10**9), output=st.integers(0, 9), estimated=st.booleans()
    ),
    model=st.text(),
    seconds=st.floats(0, 1e6),
)


@settings(max_examples=25)  # each one is written through to the disk
@given(st.lists(st.tuples(st.text(min_size=1), st.text(), replies), max_size=4))
def test_what_is_written_is_what_is_read(tmp_path_factory, drawn):
    exchanges = tuple(
        replace(exchange(ask(name, text)), reply=reply) for name, text, reply in drawn
    )
    path = tmp_path_factory.mktemp("t") / "run.jsonl"
    write_transcript(path, recording(*exchanges))
    assert read_transcript(path) == recording(*exchanges)
    assert read_transcript(path.read_text().splitlines()) == recording(*exchanges)


def test_writing_replaces_the_whole_file_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "run.jsonl"
    write_transcript(path, recording(exchange(ask("q"))))
    write_transcript(path, recording())
    assert read_transcript(path) == recording()
    assert [p.name for p in tmp_path.iterdir()] == ["run.jsonl"]


def test_a_failed_write_leaves_what_was_there(tmp_path):
    path = tmp_path / "run.jsonl"
    write_transcript(path, recording())
    broken = replace(HEADER, options={"not": {"json"}})
    with pytest.raises(TypeError):
        write_transcript(path, Transcript(header=broken, exchanges=()))
    assert read_transcript(path) == recording()
    assert [p.name for p in tmp_path.iterdir()] == ["run.jsonl"]


def good_lines(tmp_path):
    write_transcript(tmp_path / "r", recording(exchange(ask("q"))))
    return (tmp_path / "r").read_text().splitlines()


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("type", "other", 'want a line of type "exchange"'),
        ("hash", "0" * 64, "edited"),
        ("hash", None, "hash is missing"),
        ("request", [], "request is no JSON object"),
        ("name", 7, "name is missing or no text"),
        ("reply", None, "reply is no JSON object"),
    ],
)
def test_a_wrong_exchange_is_named_by_its_line(tmp_path, key, value, why):
    header, line = good_lines(tmp_path)
    with pytest.raises(BadInput, match=f"line 2: .*{why}"):
        read_transcript([header, json.dumps({**json.loads(line), key: value})])


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("finish", "later", "reply.finish"),
        ("finish", [], "finish is missing or no text"),
        ("text", None, "text is missing"),
        ("usage", {"input": -1}, "reply.usage.input"),
        ("seconds", "long", "reply.seconds"),
    ],
)
def test_a_wrong_reply_is_named_by_its_line(tmp_path, key, value, why):
    header, line = good_lines(tmp_path)
    data = json.loads(line)
    data["reply"][key] = value
    with pytest.raises(BadInput, match=f"line 2: .*{why}"):
        read_transcript([header, json.dumps(data)])


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([], "empty"),
        (["", "  "], "empty"),
        (["{"], "line 1: not JSON"),
        (["[1]"], "line 1: the line is no JSON object"),
        (['{"type": "exchange"}'], 'line 1: .*type "run"'),
        (['{"type": "run", "version": 2}'], "line 1: version 2"),
        (['{"type": "run", "version": 1}'], "line 1: request is missing"),
        (["[" * 200_000], "line 1: nested too deep"),
    ],
)
def test_a_recording_that_is_none_is_told_in_a_sentence(lines, why):
    with pytest.raises(BadInput, match=why):
        read_transcript(lines)


def test_a_file_that_can_not_be_read_is_told_in_a_sentence(tmp_path):
    with pytest.raises(BadInput, match="can't be read"):
        read_transcript(tmp_path / "absent")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="not UTF-8"):
        read_transcript(tmp_path / "binary")
