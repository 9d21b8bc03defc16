"""Asking for JSON: complaints go back, the next model takes over, and it always ends."""

import asyncio

import pytest
from asker_kit import Route, world_of
from hypothesis import given, settings
from hypothesis import strategies as st

from partita.activities.asking import PATIENCE, TRIES, ask_json
from partita.core.question import Message
from partita.errors import NoUsableAnswer

SCHEMA = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
PROMPT = (Message(role="user", text="Give n."),)
GOOD = '{"n": 3}'


def ask(route, make=lambda data: data["n"]):
    world = world_of(route)
    value = asyncio.run(
        ask_json(
            world, activity="engage", role="planner", messages=PROMPT, schema=SCHEMA, make=make
        )
    )
    return value, world


def test_a_usable_answer_is_asked_for_once():
    route = Route([GOOD])
    value, world = ask(route)
    assert value == 3
    ((_, question),) = route.asked
    assert (question.name, question.role, question.schema) == ("engage:1", "planner", SCHEMA)
    assert question.messages == PROMPT
    assert route.spoilt == []
    assert world.told == [("rung:engage:1", "reply.rung", {"name": "engage:1", "rung": "whole"})]


def test_a_lenient_reading_is_noted():
    _, world = ask(Route([f"Sure:\n```json\n{GOOD}\n```"]))
    assert world.told == [("rung:engage:1", "reply.rung", {"name": "engage:1", "rung": "found"})]


def test_what_was_wrong_goes_back_with_the_reply():
    route = Route(["Hello!", GOOD])
    value, world = ask(route)
    assert value == 3
    again = route.asked[1][1].messages
    assert again[0] == PROMPT[0]
    assert (again[1].role, again[1].text) == ("assistant", "Hello!")
    assert "That can't be used: the reply holds no JSON document" in again[2].text
    assert route.spoilt == ["engage:1"]
    assert [kind for _, kind, _ in world.told] == ["reply.unusable", "reply.rung"]


def test_readable_and_yet_unusable_is_a_complaint_too():
    route = Route(['{"n": 1}', GOOD])
    value, _ = ask(route, make=lambda data: data["n"] if data["n"] > 2 else "n is too small")
    assert value == 3
    assert "n is too small" in route.asked[1][1].messages[-1].text


@pytest.mark.parametrize("finish", ["length", "stop"])
def test_json_that_was_cut_is_never_taken_for_whole(finish):
    route = Route([('{"n": 3, "more": ["a", ', finish), GOOD])
    assert ask(route)[0] == 3
    assert len(route.asked) == 2


def test_the_same_bad_reply_is_never_answered_by_the_same_question():
    route = Route(["", "", GOOD])
    assert ask(route)[0] == 3
    questions = [question.messages for _, question in route.asked]
    assert len(set(questions)) == 3


def test_it_ends_after_three_tries_with_the_last_reason():
    route = Route(["one", "two", "three"])
    with pytest.raises(NoUsableAnswer, match=r"m0 gave no usable answer.*'engage' in 3 tries") as e:
        ask(route)
    assert "three" in e.value.message
    assert "--model" in e.value.remedy
    assert route.spoilt == ["engage:1", "engage:2", "engage:3"]


def test_the_next_model_starts_afresh_from_the_prompt():
    route = Route(["no", "never", "unasked"], [GOOD])
    assert ask(route)[0] == 3
    assert [number for number, _ in route.asked] == [0, 0, 1]
    assert route.asked[2][1].messages == PROMPT


def test_a_long_reply_goes_back_shortened():
    route = Route(["x" * 1_000_000, GOOD])
    ask(route)
    assert sum(len(m.text) for m in route.asked[1][1].messages) < 30_000


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 3),
    st.lists(
        st.tuples(
            st.text(st.characters(), max_size=30)
            | st.sampled_from([GOOD, "{", "[]", '{"n": "x"}', '{"n": 3}, {"n": 4', "```json\n"]),
            st.sampled_from(["stop", "length"]),
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_whatever_comes_back_it_ends(models, replies):
    each = [[replies[n % len(replies)] for n in range(TRIES)] for _ in range(models)]
    route = Route(*each)
    try:
        value, _ = ask(route)
    except NoUsableAnswer:
        assert len(route.asked) == PATIENCE * (models - 1) + TRIES
    else:
        assert isinstance(value, int)
    names = [question.name for _, question in route.asked]
    assert names == [f"engage:{n + 1}" for n in range(len(names))]
