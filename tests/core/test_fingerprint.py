"""The key of an answer: the same for the same request, another for any other."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from partita.core.fingerprint import fingerprint, request_hash, request_json
from partita.core.question import Message, Question

texts = st.text(st.characters(codec=None), max_size=20)
messages = st.builds(Message, role=st.sampled_from(["system", "user", "assistant"]), text=texts)
questions = st.builds(
    Question,
    name=st.text(min_size=1),
    role=st.sampled_from(["planner", "coder"]),
    messages=st.lists(messages, max_size=3).map(tuple),
    max_output=st.integers(1, 9),
    schema=st.none() | st.dictionaries(st.text(max_size=3), st.integers(), max_size=3),
)


@given(questions, st.text(min_size=1))
def test_name_role_and_task_do_not_count(question, name):
    other = replace(question, name=name, role="writer", task="t", activity="build")
    assert fingerprint(model="m", question=question) == fingerprint(model="m", question=other)


@given(questions, questions)
def test_all_else_counts(one, two):
    same = request_json("m", one) == request_json("m", two)
    assert (fingerprint(model="m", question=one) == fingerprint(model="m", question=two)) == same
    assert fingerprint(model="m", question=one) != fingerprint(model="n", question=one)


@given(questions)
def test_the_hash_survives_being_stored_as_json(question):
    stored = json.loads(json.dumps(request_json("m", question)))
    assert request_hash(stored) == fingerprint(model="m", question=question)


def test_the_key_is_the_same_in_every_release():
    turns = (Message(role="system", text="Be terse."), Message(role="user", text="Grüße 🎼"))
    question = Question(name="q", role="coder", messages=turns, max_output=10, schema={"a": 1})
    assert fingerprint(model="openai:m", question=question) == PINNED


PINNED = "7606cf2543e68524f4b7c57e3ae6a1930196c9dca290af7b565eb7e3013552f7"
