"""Rates hold in every sliding minute, waits are as short as can be, a dead provider rests."""

import itertools
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import LAW

from partita.core.limits import (
    CLOSED,
    LONGEST_PAUSE,
    LOOK,
    WINDOW,
    Go,
    Later,
    Past,
    Record,
    Shut,
    decide,
    failed,
    pause_until,
)


@dataclass(frozen=True)
class Bounds:
    in_flight: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None


bounds = st.builds(
    Bounds,
    in_flight=st.none() | st.integers(1, 4),
    requests_per_minute=st.none() | st.integers(1, 6),
    tokens_per_minute=st.none() | st.integers(1, 100),
)
# Whole seconds, so that sums of times are exact. Each call: a pause before, tokens, its length.
stories = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 150), st.integers(0, 90)), max_size=30
)


def play(limits, story):
    """The calls that were let through, each waiting as long as it is told; and the waits."""
    now, calls, ends, waits = 1000, [], [], []
    for gap, tokens, length in story:
        now += gap
        while True:
            running = [replace(c, running=end > now) for c, end in zip(calls, ends, strict=True)]
            answer = decide(Record(calls=running), limits, tokens=tokens, now=now)
            if answer == Go():
                break
            assert answer.seconds > 0
            if answer.why == "in flight":
                now = min(end for end in ends if end > now)
                continue
            waits.append((running, tokens, now, answer))
            now += answer.seconds
        calls.append(Past(at=now, tokens=tokens))
        ends.append(now + length)
    return calls, ends, waits


@LAW
@given(bounds, stories)
def test_no_sliding_minute_ever_holds_more_than_is_allowed(limits, story):
    calls, ends, _ = play(limits, story)
    for i, call in enumerate(calls):
        minute = [c for c in calls if call.at <= c.at < call.at + WINDOW]
        if limits.requests_per_minute is not None:
            assert len(minute) <= limits.requests_per_minute
        if limits.tokens_per_minute is not None:
            total = sum(c.tokens for c in minute)
            spoken = [c for c in minute if c.tokens]
            assert total <= limits.tokens_per_minute or len(spoken) == 1
        if limits.in_flight is not None:
            running = [j for j in range(i + 1) if calls[j].at <= call.at < ends[j]]
            assert len(running) <= limits.in_flight


@LAW
@given(bounds, stories)
def test_a_wait_is_never_longer_than_needed(limits, story):
    _, _, waits = play(limits, story)
    for running, tokens, now, answer in waits:
        record = Record(calls=[replace(c, running=False) for c in running])
        almost = decide(record, limits, tokens=tokens, now=now + answer.seconds - 0.5)
        assert almost == Later(0.5, answer.why)
        assert decide(record, limits, tokens=tokens, now=now + answer.seconds) == Go()


def test_a_call_larger_than_the_limit_goes_alone():
    limits = Bounds(tokens_per_minute=10)
    assert decide(Record(), limits, tokens=50, now=100) == Go()
    small = Record(calls=[Past(at=90, tokens=1)])
    assert decide(small, limits, tokens=50, now=100) == Later(50, "tokens per minute")
    assert decide(Record(calls=[Past(at=90, tokens=50)]), limits, tokens=1, now=100) != Go()


def test_where_others_were_allowed_more_the_wait_is_until_there_is_room():
    record = Record(calls=[Past(at=at, tokens=1) for at in (70, 80, 90)])
    limits = Bounds(requests_per_minute=2)
    assert decide(record, limits, tokens=1, now=100) == Later(40, "requests per minute")


@pytest.mark.parametrize(
    ("calls", "why"),
    [
        ([Past(at=100, tokens=5, running=True)] * 2, "in flight"),
        ([Past(at=100, tokens=5)] * 3, "requests per minute"),
        ([Past(at=100, tokens=95)], "tokens per minute"),
    ],
)
def test_a_wait_says_what_it_waits_for(calls, why):
    limits = Bounds(in_flight=2, requests_per_minute=3, tokens_per_minute=100)
    assert decide(Record(calls=calls), limits, tokens=10, now=110).why == why


def test_the_longest_of_all_waits_counts():
    record = Record(calls=[Past(at=100, tokens=5)], paused_until=130)
    assert decide(record, Bounds(requests_per_minute=1), tokens=1, now=110).seconds == 50
    assert decide(replace(record, paused_until=200), Bounds(requests_per_minute=1), tokens=1,
                  now=110) == Later(90, "paused")  # fmt: skip


@LAW
@given(st.lists(st.tuples(st.integers(0, 100), st.integers(-5, 10**9)), max_size=20))
def test_the_longest_pause_counts_and_none_is_endless(story):
    now, until, asked = 1000, 0.0, 0.0
    for gap, seconds in story:
        now += gap
        until = pause_until(until, seconds=seconds, now=now)
        asked = max(asked, now + min(max(0, seconds), LONGEST_PAUSE))
        assert until == asked
        answer = decide(Record(paused_until=until), Bounds(), tokens=1, now=now)
        assert answer == (Later(until - now, "paused") if until > now else Go())


def test_a_clock_that_was_set_back_does_not_lock_a_provider_out():
    record = Record(
        calls=[Past(at=10**9, tokens=10**9)],
        paused_until=10**9,
        circuit=replace(CLOSED, failures=9, failed_at=10**9, opened=3, open_until=10**9),
    )
    assert decide(record, Bounds(1, 1, 1), tokens=1, now=1000) == Go()
    assert pause_until(10**9, seconds=3, now=1000) == 1003


# The circuit


def after(*times, circuit=CLOSED):
    for now in times:
        circuit = failed(circuit, now=now)
    return circuit


def test_five_failures_in_a_row_open_the_circuit_for_thirty_seconds():
    four, five = after(1, 2, 3, 4), after(1, 2, 3, 4, 5)
    assert decide(Record(circuit=four), Bounds(), tokens=1, now=4) == Go()
    assert decide(Record(circuit=five), Bounds(), tokens=1, now=5) == Shut(30)
    assert decide(Record(circuit=five), Bounds(), tokens=1, now=34) == Shut(1)
    assert decide(Record(circuit=five), Bounds(), tokens=1, now=35) == Go()


def test_when_it_has_rested_one_call_at_a_time_tries():
    record = Record(circuit=after(1, 2, 3, 4, 5), calls=[Past(at=4, tokens=1, running=True)])
    assert decide(record, Bounds(), tokens=1, now=35) == Go()
    trial = Past(at=35, tokens=1, running=True)
    tried = replace(record, calls=[*record.calls, trial])
    assert decide(tried, Bounds(), tokens=1, now=36) == Later(LOOK, "circuit")
    over = replace(record, calls=[*record.calls, replace(trial, running=False)])
    assert decide(over, Bounds(), tokens=1, now=36) == Go()


def test_each_reopening_doubles_up_to_five_minutes():
    circuit, rests = after(1, 2, 3, 4), []
    now = 5
    for _ in range(6):
        circuit = failed(circuit, now=now)
        rests.append(circuit.open_until - now)
        now = circuit.open_until
    assert rests == [30, 60, 120, 240, 300, 300]


def test_failures_of_calls_from_before_it_opened_do_not_open_it_longer():
    five = after(1, 2, 3, 4, 5)
    assert after(6, 7, 20, circuit=five) == five


def test_failures_of_another_hour_are_forgotten():
    four = after(1, 2, 3, 4)
    assert after(1000, circuit=four).failures == 1
    opened = after(5, circuit=four)
    assert decide(Record(circuit=opened), Bounds(), tokens=1, now=1000) == Go()
    tried = Record(circuit=opened, calls=[Past(at=999, tokens=1, running=True)])
    assert decide(tried, Bounds(), tokens=1, now=1000) == Go()


@LAW
@given(st.lists(st.integers(0, 200), max_size=40))
def test_a_circuit_rests_for_five_minutes_at_the_most(gaps):
    circuit = CLOSED
    for now in itertools.accumulate(gaps, initial=1000):
        circuit = failed(circuit, now=now)
        answer = decide(Record(circuit=circuit), Bounds(), tokens=1, now=now)
        assert answer == Go() or 0 < answer.seconds <= 300
