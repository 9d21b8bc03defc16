"""Calls and tokens learnt from earlier runs: towards what they took, never further, never far."""

from dataclasses import replace
from math import exp, isclose, log

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import LAW

from partita.core.thrift import FULL, MOST, Sample, Thrift, Use, learn, sample, thrift_of

MODEL, DEPTH = "openai:m", "standard"
ratios = st.floats(0.01, 100)
NAMES = ("calls", "input", "output")


def of(calls, tokens_in=None, tokens_out=None, *, model=MODEL, depth=DEPTH, tasks=FULL):
    """A run that took so many times what was guessed."""
    hoped = Use(calls=4, input=4_000, output=1_000)
    taken = Use(
        calls=4 * calls,
        input=4_000 * (calls if tokens_in is None else tokens_in),
        output=1_000 * (calls if tokens_out is None else tokens_out),
    )
    return Sample(model=model, depth=depth, tasks=tasks, hoped=hoped, taken=taken)


samples = st.builds(
    of,
    ratios,
    ratios,
    ratios,
    model=st.sampled_from([MODEL, "openai:other", ""]),
    depth=st.sampled_from([DEPTH, "quick"]),
    tasks=st.integers(1, 9),
)


def factors(thrift):
    return [getattr(thrift, name) for name in NAMES]


def clipped(ratio):
    return max(-log(MOST), min(log(MOST), log(ratio)))


def test_no_runs_change_nothing():
    assert learn([], MODEL, DEPTH) == Thrift()
    assert thrift_of([], MODEL, DEPTH) == Thrift()
    assert thrift_of([[]], MODEL, DEPTH) == Thrift()
    assert Thrift().words == ""


@LAW
@given(st.lists(samples, max_size=6), samples)
def test_a_run_more_moves_every_factor_towards_what_it_says_and_not_beyond(before, more):
    old, new = learn(before, MODEL, DEPTH), learn([*before, more], MODEL, DEPTH)
    for name in NAMES:
        said = clipped(getattr(more.taken, name) / getattr(more.hoped, name))
        was, now = log(getattr(old, name)), log(getattr(new, name))
        if abs(said - was) < 1e-9:
            assert isclose(now, was, abs_tol=1e-9)
        else:
            assert 0 < (now - was) / (said - was) < 1
    assert new.runs == len(before) + 1


@LAW
@given(st.lists(samples, max_size=8))
def test_a_factor_stays_within_an_eighth_and_eight(runs):
    assert all(1 / MOST <= factor <= MOST for factor in factors(learn(runs, MODEL, DEPTH)))


@LAW
@given(st.lists(samples, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_the_runs_changes_nothing(runs, rng):
    thrift = learn(runs, MODEL, DEPTH)
    rng.shuffle(runs)
    assert learn(runs, MODEL, DEPTH) == thrift


@LAW
@given(ratios, st.integers(1, 9))
def test_full_runs_that_agree_are_followed_n_steps_of_n_plus_one(ratio, count):
    thrift = learn([of(ratio)] * count, MODEL, DEPTH)
    wanted = exp(clipped(ratio) * count / (count + 1))
    assert all(isclose(factor, wanted) for factor in factors(thrift))


@LAW
@given(samples, ratios.filter(lambda r: abs(clipped(r)) > 0.01))
def test_the_same_model_and_depth_count_more(other, ratio):
    same = replace(other, model=MODEL, depth=DEPTH, taken=of(ratio).taken)
    moved = [
        abs(log(learn([replace(same, model=model, depth=depth)], MODEL, DEPTH).calls))
        for model, depth in ((MODEL, DEPTH), (MODEL, "quick"), ("", DEPTH), ("", "quick"))
    ]
    assert moved == sorted(moved, reverse=True)
    assert len(set(moved)) == 4


def test_what_was_learnt_is_said_in_words():
    assert learn([of(2)], MODEL, DEPTH).words == "as 1 earlier run showed"
    assert learn([of(2)] * 3, MODEL, DEPTH).words == "as 3 earlier runs showed"


# Logs


def hoped(**tasks):
    uses = {t: {"calls": c, "input": c * 1_000, "output": c * 100} for t, c in tasks.items()}
    return (0.0, "foreseen", {"depth": DEPTH, "hoped": uses, "thrift": {}})


def call(task, tokens_in=1_000, tokens_out=100, model=MODEL, kind="call.finished"):
    data = {"task": task, "model": model, "input": tokens_in, "output": tokens_out}
    return (1.0, kind, data)


def passed(task):
    return (2.0, "task.passed", {"task": task})


def test_a_log_teaches_what_its_passed_tasks_took():
    log = [
        call(None, 9_999),  # planning
        hoped(a=2, b=1, c=1),
        call("a"),
        call("b", 500, 50),
        call("a"),
        call("a"),
        passed("a"),
        passed("b"),
        call("c"),
        (2.0, "task.failed", {"task": "c"}),
        call("a", 10, 1),  # mended once more for the whole
    ]
    assert sample(log) == Sample(
        model=MODEL,
        depth=DEPTH,
        tasks=2,
        hoped=Use(calls=3, input=3_000, output=300),
        taken=Use(calls=5, input=3_510, output=351),
    )


def test_tasks_with_reused_answers_and_several_models_teach_less():
    log = [hoped(a=1, b=1), call("a"), call("b", kind="call.reused"), call("b"), passed("a")]
    found = sample([*log, passed("b")])
    assert found is not None
    assert found.tasks == 1
    two = sample([hoped(a=1), call("a"), call("a", model="openai:n"), passed("a")])
    assert two is not None
    assert two.model == ""


def test_of_a_run_begun_anew_the_last_generation_counts():
    again = [hoped(a=1, b=1), call("b"), passed("a"), passed("b")]
    found = sample([hoped(a=1, b=1), call("a"), call("b"), call("b"), passed("a"), *again])
    assert found == sample([hoped(b=1), call("b"), passed("b")])


@pytest.mark.parametrize(
    "log",
    [
        [call("a"), passed("a")],
        [hoped(a=1), call("a")],
        [hoped(a=1), passed("a")],
        [hoped(), call("a"), passed("a")],
        [hoped(a=0), call("a"), passed("a")],
        [hoped(a=1), call("a", 0, 0), passed("a")],
        [hoped(a=1), call("a", "many", None), passed("a")],
        [hoped(a=1), call("a", True, 1), passed("a")],
        [hoped(a=1), call("a", 1, 1e300), passed("a")],
        [hoped(a=1), call("a", -1, 1), passed("a")],
        [(0.0, "foreseen", {"hoped": [1], "depth": 3}), call("a"), passed("a")],
        [(0.0, "foreseen", {"hoped": {"a": 3}}), call("a"), passed("a")],
    ],
)
def test_a_log_that_lacks_something_teaches_nothing(log):
    assert sample(log) is None
    assert thrift_of([log], MODEL, DEPTH) == Thrift()


@pytest.mark.parametrize("tokens", [5e-324, 1e-300, float("nan"), float("inf"), -1, 10**400])
def test_counts_that_no_run_has_teach_nothing(tokens):
    run = [hoped(a=1e6), call("a", tokens_in=tokens, tokens_out=tokens), passed("a")]
    assert thrift_of([run], MODEL, DEPTH) == Thrift()
