"""What is recorded comes back as it was."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita.core.analysis import Brief, Doubt, Requirement
from partita.core.budget import Usage
from partita.core.codec import decode, encode
from partita.core.plan import Contract, Plan, Task, WantedFile
from partita.core.question import Answer
from partita.core.start import Start
from partita.core.state import Built, Deferred, Failed, Passed
from partita.core.verdict import Case, TestRun, Verdict

RECORDS = (
    Brief, Requirement, Answer, Plan, Start, Built, Deferred, Failed, Passed, TestRun, Verdict,
    Task, WantedFile, Contract, Usage, Doubt, Case,
)  # fmt: skip
texts = st.text(max_size=5)


@pytest.mark.parametrize("kind", RECORDS, ids=lambda k: k.__name__)
@given(data=st.data())
def test_a_record_survives_json(kind, data):
    value = data.draw(st.builds(kind, **overrides(kind)))
    assert decode(kind, json.loads(json.dumps(encode(value)))) == value


def overrides(kind):
    if kind is Start:
        return {"plan": st.none() | st.dictionaries(texts, st.integers())}
    if kind is TestRun:
        return {"seconds": st.floats(allow_nan=False)}
    return {}


def test_a_union_is_told_apart_by_its_type():
    events = [Built(task="a", commit="c"), Failed(task="a", why="w")]
    for event in events:
        assert decode(Built | Failed, encode(event)) == event


@pytest.mark.parametrize("data", [None, 3, [], {"task": 1, "commit": "x"}, {"task": "a"}])
def test_what_does_not_fit_is_refused(data):
    with pytest.raises(ValueError, match=r"want|missing"):
        decode(Built, data)
