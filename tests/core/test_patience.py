"""Retries end, keep within their patience, and never repeat what can't get better."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita.core.patience import Patience
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

PATIENCE = Patience()
jitters = st.floats(0, 1, exclude_max=True)
failures = st.sampled_from(
    [Unreachable("x"), ServerFailed("x"), MalformedReply("x"), RateLimited("x")]
) | st.builds(lambda s: RateLimited("x", retry_after=s), st.none() | st.floats())
patiences = st.builds(
    Patience,
    attempts=st.integers(1, 2000),
    patience_seconds=st.floats(0, 100),
    base=st.floats(0.001, 5),
    cap=st.floats(0.1, 60),
)


@given(patiences, st.lists(st.tuples(failures, jitters), min_size=1, max_size=40))
def test_waits_end_within_the_patience_and_the_attempts(patience, story):
    waited, attempt = 0.0, 0
    while True:
        failure, jitter = story[attempt % len(story)]
        attempt += 1
        wait = patience.next_wait(failure, attempt, waited, jitter)
        if wait is None:
            break
        assert wait >= 0
        assert math.isfinite(wait)
        waited += wait
        assert waited <= patience.patience_seconds
    assert attempt <= patience.attempts


@pytest.mark.parametrize("failure", [Unreachable("x"), ServerFailed("x"), RateLimited("x")])
def test_by_default_a_dead_model_is_called_four_times_within_seconds(failure):
    waits = [PATIENCE.next_wait(failure, attempt, 0, 0.999) for attempt in (1, 2, 3, 4)]
    assert waits[3] is None
    assert sum(w for w in waits if w is not None) <= 3.5


@given(st.floats(0, 25), jitters)
def test_a_wait_that_was_asked_for_and_fits_is_kept_exactly(seconds, jitter):
    assert PATIENCE.next_wait(RateLimited("x", retry_after=seconds), 1, 0, jitter) == seconds


@given(st.floats(25.001, math.inf), jitters)
def test_a_wait_beyond_the_patience_gives_up_at_once(seconds, jitter):
    assert PATIENCE.next_wait(RateLimited("x", retry_after=seconds), 1, 0, jitter) is None
    assert PATIENCE.next_wait(RateLimited("x", retry_after=10), 2, 15.5, jitter) is None


@pytest.mark.parametrize(
    "failure",
    [
        ContextTooLong("x"),
        ContentRefused("x"),
        RefusedCredentials("x"),
        BadSettings("x"),
        ModelFailure("x"),
    ],
)
def test_what_can_not_get_better_is_never_tried_again(failure):
    assert PATIENCE.next_wait(failure, 1, 0, 0) is None


def test_a_malformed_reply_is_tried_again_twice_at_most():
    patience = Patience(attempts=10)
    waits = [patience.next_wait(MalformedReply("x"), attempt, 0, 0) for attempt in (1, 2, 3)]
    assert [w is None for w in waits] == [False, False, True]


@given(st.integers(1, 3), jitters)
def test_waits_double_up_to_the_cap_and_are_spread_over_the_upper_half(attempt, jitter):
    wait = Patience(attempts=9, cap=1.5).next_wait(Unreachable("x"), attempt, 0, jitter)
    step = min(1.5, 0.5 * 2 ** (attempt - 1))
    assert wait is not None
    assert step / 2 <= wait <= step
