"""Room to think: a reasoning model's limit holds its thoughts besides the answer."""

import pytest

from partita.adapters.models.openai_wire import Dialect, _body
from partita.adapters.models.spec import THINKING, ModelSpec
from partita.core.question import Message, Question

ASKED = Question(
    name="x:1", role="coder", messages=(Message(role="user", text="Hi"),), max_output=100
)


def spec(model, **more):
    return ModelSpec(name="m", wire="openai", model=model, key="k", **more)


@pytest.mark.parametrize(
    ("given", "room"),
    [
        (spec("gpt-5-mini"), THINKING),
        (spec("o4-mini"), THINKING),
        (spec("gpt-4o-mini"), 0),
        (spec("gpt-5-mini", base_url="http://127.0.0.1:1/v1"), 0),
        (spec("qwen3", base_url="http://127.0.0.1:1/v1", thinking=500), 500),
        (spec("gpt-5-mini", thinking=0), 0),
    ],
)
def test_a_reasoning_model_gets_room_over_and_above_its_answer(given, room):
    body = _body(ASKED, given, Dialect(limit="max_completion_tokens", schema=False))
    assert body["max_completion_tokens"] == 100 + room
