"""Paces learnt from earlier runs: exact where runs agree, moved little by what is odd."""

from dataclasses import replace
from math import exp, inf, isclose, log, nan
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import LAW

from partita.core.pace import FULL, MOST, Line, Pace, Sample, Seconds, learn, pace_of, samples

MODEL = "openai:m"
factors = st.floats(0.01, 100)
hoped = st.floats(0.1, 1000)


def drawn(factor, weight):
    """The pace after so many full runs that all took `factor` times what was expected."""
    return max(1 / MOST, min(MOST, factor)) ** (weight / (weight + 1))


def of(phase, ratio, expected=10.0, model=MODEL):
    model = model if phase == "build" else ""
    return Sample(phase=phase, model=model, expected=expected, taken=expected * ratio)


def log_of(expected, taken, *, model=MODEL, start=1000.0):
    """The log of a run whose tasks came one after the other."""
    lines: list[Line] = [(start, "planned", {"expected": expected, "pace": {"build": 1.0}})]
    at = start + 1
    for task, (build, test) in taken.items():
        for kind, more, passed in (
            ("task.building", {}, 0.0),
            ("call.finished", {"model": model}, build / 2),
            ("patch", {"files": []}, 0.0),
            ("task.built", {"commit": "c"}, build / 2),
            ("task.testing", {}, 0.3),
            ("gate", {"name": task}, test / 2),
            ("task.passed", {"commit": "c"}, test / 2),
        ):
            at += passed
            lines.append((at, kind, {"task": task, **more}))
    return lines


@LAW
@given(
    k=factors,
    runs=st.lists(
        st.lists(st.tuples(hoped, hoped), min_size=1, max_size=7), min_size=1, max_size=4
    ),
)
def test_runs_that_took_k_times_the_estimate_teach_k_clipped_and_drawn_to_1(k, runs):
    logs, weight = [], 0.0
    for run in runs:
        expected = {f"t{i}": {"build": b, "test": t} for i, (b, t) in enumerate(run)}
        taken = {f"t{i}": (b * k, t * k) for i, (b, t) in enumerate(run)}
        logs.append(log_of(expected, taken))
        weight += min(1.0, len(run) / FULL)
    pace = pace_of(logs, MODEL)
    # Times in a log are rounded by their size: a thousand seconds leave 13 digits.
    assert isclose(pace.build, drawn(k, weight), rel_tol=1e-6)
    assert isclose(pace.test, drawn(k, weight), rel_tol=1e-6)


def test_nothing_seen_teaches_nothing():
    assert pace_of([], MODEL) == Pace() == Pace(build=1.0, test=1.0)
    assert pace_of([[], log_of({}, {})], MODEL) == Pace()


@LAW
@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from(["build", "test"]), factors), max_size=5), max_size=5
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_runs_and_of_samples_does_not_matter(drawn_runs, rng):
    runs = [[of(phase, ratio) for phase, ratio in run] for run in drawn_runs]
    mixed = [rng.sample(run, len(run)) for run in rng.sample(runs, len(runs))]
    one, other = learn(runs, MODEL), learn(mixed, MODEL)
    assert isclose(one.build, other.build, rel_tol=1e-12)
    assert isclose(one.test, other.test, rel_tol=1e-12)


@LAW
@given(st.lists(factors, min_size=2, max_size=6), st.floats(1e-9, 1e9), st.integers(1, 50))
def test_one_absurd_run_among_three_moves_it_no_further_than_the_others_go(sane, absurd, many):
    runs = [[of("test", k)] * FULL for k in sane]
    found = learn([*runs, [of("test", absurd)] * many], MODEL).test
    logs = [log(max(1 / MOST, min(MOST, k))) for k in sane]
    weight = len(sane) + min(1.0, many / FULL)
    assert min(logs) - 1e-9 <= log(found) * (weight + 1) / weight <= max(logs) + 1e-9


@LAW
@given(st.floats(1e-9, 1e9), st.integers(1, 50))
def test_one_absurd_run_alone_goes_at_most_half_the_way_to_the_limit(absurd, many):
    pace = learn([[of("build", absurd)] * many], MODEL)
    assert MOST**-0.5 * (1 - 1e-9) <= pace.build <= MOST**0.5 * (1 + 1e-9)
    assert pace.test == 1.0


@LAW
@given(st.lists(factors, min_size=1, max_size=9))
def test_a_run_says_the_median_of_its_ratios(ratios):
    weight = min(1.0, len(ratios) / FULL)
    middle = exp(median(log(r) for r in ratios))
    assert isclose(learn([[of("test", r) for r in ratios]], "").test, drawn(middle, weight))


@pytest.mark.parametrize(
    ("many", "ratio", "pace"),
    [(4, 100.0, 8**0.5), (4, 0.001, 8**-0.5), (1, 5.0, 5**0.2), (2, 8.0, 2.0), (40, 4.0, 2.0)],
)
def test_four_tasks_are_a_full_run_and_eight_times_is_the_limit(many, ratio, pace):
    assert isclose(learn([[of("test", ratio)] * many], MODEL).test, pace)


def test_builds_are_learnt_for_each_model_and_tests_for_all():
    runs = [[*[of("build", 4.0, model="slow")] * FULL, *[of("build", 0.5, model="quick")] * FULL]]
    runs[0] += [of("test", 2.0)] * FULL
    assert isclose(learn(runs, "slow").build, 2.0)
    assert isclose(learn(runs, "quick").build, 0.5**0.5)
    assert learn(runs, "new").build == 1.0
    for model in ("slow", "quick", "new"):
        assert isclose(learn(runs, model).test, 2.0**0.5)


def test_a_run_that_says_nothing_of_a_phase_does_not_count_for_it():
    full = [of("build", 4.0)] * FULL
    assert learn([full, [of("test", 1.0)], []], MODEL).build == learn([full], MODEL).build


def test_applied_and_both():
    pace = Pace(build=2.0, test=0.5)
    assert pace.applied(Seconds(build=3.0, test=8.0)) == Seconds(build=6.0, test=4.0)
    assert Seconds(build=3.0, test=8.0).both == 11.0


# --- what a log teaches --------------------------------------------------------------------------

EXPECTED = {"a": {"build": 10.0, "test": 4.0}}
BUILD = Sample(phase="build", model=MODEL, expected=10.0, taken=20.0)
TEST = Sample(phase="test", model="", expected=4.0, taken=2.0)


def usual():
    return log_of(EXPECTED, {"a": (20.0, 2.0)}, start=0.0)


def found(lines):
    return [replace(s, taken=round(s.taken, 6)) for s in samples(lines)]


def swapped(lines, old, *new):
    """The log with other events in the place of the first one of type `old`."""
    at = next(i for i, line in enumerate(lines) if line[1] == old)
    made = [(lines[at][0], kind, {**lines[at][2], **more}) for kind, more in new]
    return [*lines[:at], *made, *lines[at + 1 :]]


def test_a_phase_lasts_from_its_start_to_its_end():
    assert found(usual()) == [BUILD, TEST]


def test_a_task_left_to_the_whole_was_tested_all_the_same():
    assert found(swapped(usual(), "task.passed", ("task.deferred", {}))) == [BUILD, TEST]


def test_phases_that_failed_teach_nothing():
    assert found(swapped(usual(), "task.passed", ("task.failed", {}))) == [BUILD]
    assert found(swapped(usual(), "task.built", ("task.failed", {}))[:4]) == []


def test_a_skipped_task_teaches_nothing():
    assert found([usual()[0], (1.0, "task.failed", {"task": "a"})]) == []


@pytest.mark.parametrize(
    "calls",
    [
        [],
        [("call.finished", {"model": MODEL}), ("call.finished", {"model": "openai:n"})],
        [("call.reused", {"model": MODEL})],
        [("call.finished", {"model": MODEL}), ("call.reused", {"model": MODEL})],
    ],
)
def test_builds_by_no_model_by_several_or_by_an_earlier_answer_teach_nothing(calls):
    assert found(swapped(usual(), "call.finished", *calls)) == [TEST]


def test_tests_that_took_an_earlier_answer_teach_nothing():
    assert found(swapped(usual(), "gate", ("call.reused", {"model": MODEL}))) == [BUILD]


def test_mending_calls_by_any_model_belong_to_the_test():
    mended = swapped(usual(), "gate", ("call.finished", {"model": "x"}))
    assert found(mended) == [BUILD, TEST]


def test_calls_of_no_task_and_after_its_end_do_not_matter():
    whole = (99.0, "call.finished", {"task": "a", "model": "x"})
    nobody = (0.5, "call.reused", {"task": None, "model": "x"})
    early = (0.5, "call.finished", {"task": None, "model": "x"})
    lines = usual()
    assert found([lines[0], nobody, early, *lines[1:], whole]) == [BUILD, TEST]


def test_an_end_without_a_start_teaches_nothing():
    lines = [line for line in usual() if line[1] != "task.testing"]
    assert found(lines) == [BUILD]


def test_a_build_in_pieces_teaches_nothing_but_its_test_does():
    again = swapped(
        usual(),
        "task.building",
        ("task.building", {}),
        ("call.finished", {"model": MODEL}),
        ("task.asking", {"paths": ["b"]}),
        ("task.denied", {}),
        ("task.building", {}),
    )
    assert found(again) == [TEST]


def test_a_clock_that_was_set_back_teaches_nothing():
    lines = [(-at, kind, data) for at, kind, data in usual()]
    assert found(lines) == []


odd = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
values = st.recursive(odd, lambda v: st.lists(v, max_size=2) | st.dictionaries(st.text(), v))


@LAW
@given(values)
def test_a_log_in_another_form_teaches_nothing_and_does_no_harm(value):
    for planned in (
        {"expected": value},
        {"expected": {"a": value}},
        {"expected": {"a": {"build": value, "test": None}}},
        {},
    ):
        lines = [(0.0, "planned", planned), *usual()[1:]]
        for sample in samples(lines):
            assert sample.phase == "build"
            assert 0 < sample.expected < inf
    for lines in ([(1.0, kind, {"task": value}) for _, kind, _ in usual()], [(1.0, "x", {})]):
        assert samples(lines) == ()


@pytest.mark.parametrize("value", [0, -1.0, nan, inf, 1e9, True, "10", None, 10**400])
def test_an_expectation_that_is_no_time_teaches_nothing(value):
    lines = [(0.0, "planned", {"expected": {"a": {"build": value, "test": 4.0}}}), *usual()[1:]]
    assert found(lines) == [TEST]


def test_a_whole_number_of_seconds_is_a_time():
    lines = [(0.0, "planned", {"expected": {"a": {"build": 10, "test": 4}}}), *usual()[1:]]
    assert found(lines) == [BUILD, TEST]
