"""Marks are the same for the same run and question, and otherwise differ."""

from hypothesis import given
from hypothesis import strategies as st

from partita.core.nonce import ALPHABET, nonce


@given(st.text(), st.text())
def test_a_mark_is_six_plain_characters_and_repeatable(seed, name):
    mark = nonce(seed, name)
    assert len(mark) == 6
    assert set(mark) <= set(ALPHABET)
    assert nonce(seed, name) == mark


def test_other_runs_and_other_questions_have_other_marks():
    marks = {nonce(seed, name) for seed in ("a", "b") for name in ("build:x", "build:y")}
    assert len(marks) == 4
