"""Design: what is wrong with a plan goes back to its planner with little beside it."""

import asyncio

from asker_kit import Route, world_of

from partita.activities.asking import ask_json
from partita.core.question import Message

LONG = (Message(role="user", text="all of it"),)
SHORT = (Message(role="user", text="in short"),)
ANY = {"type": "object"}


def asked(*, later):
    route = Route(["{}", '{"x": 1}', '{"x": 2}'])
    value = asyncio.run(
        ask_json(
            world_of(route),
            activity="design",
            role="planner",
            messages=LONG,
            schema=ANY,
            make=lambda data: data if data.get("x") == 2 else "x must be 2",
            later=later,
        )
    )
    assert value == {"x": 2}
    return [question.messages for _, question in route.asked]


def test_a_complaint_begins_with_what_is_said_later():
    first, second, third = asked(later=SHORT)
    assert first == LONG
    assert [m.text for m in second[:2]] == ["in short", "{}"]
    assert [m.text for m in third[:2]] == ["in short", '{"x": 1}']
    assert "x must be 2" in second[2].text


def test_a_complaint_begins_with_the_question_where_nothing_else_is_said():
    _, second, third = asked(later=None)
    assert second[0] == third[0] == LONG[0]
