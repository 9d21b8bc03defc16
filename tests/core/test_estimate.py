"""Estimates as narrow ranges, and files divided into questions that a model can answer."""

from math import log, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import LAW, valid_plans, wanted_files

from partita.core.budget import FREE, Price
from partita.core.estimate import LINE, WIDTH, estimate, expected, foretold, split
from partita.core.pace import Pace, Seconds
from partita.core.plan import Plan, Task, WantedFile
from partita.core.thrift import FULL, Sample, Thrift, Use, learn

CHEAP = Price(input=250_000_000, output=2_000_000_000)
DEAR = Price(input=3_000_000_000, output=15_000_000_000)

ways = st.fixed_dictionaries(
    {
        "prices": st.sampled_from([FREE, CHEAP, (CHEAP, DEAR), (FREE, DEAR), (FREE,), ()]),
        "max_output": st.sampled_from([1_000, 8_000, 64_000]),
        "rounds": st.integers(0, 3),
        "context_tokens": st.sampled_from([0, 3_000]),
        "slots": st.integers(1, 5),
    }
)


factors = st.floats(1 / 8, 8)
thrifts = st.builds(Thrift, calls=factors, input=factors, output=factors, runs=st.just(1))


@LAW
@given(valid_plans(), ways, st.just(Thrift()) | thrifts)
def test_every_range_is_at_most_four_times_wide_and_above_nothing(plan, way, thrift):
    found = estimate(plan, **way, thrift=thrift)
    prices = way["prices"] if isinstance(way["prices"], tuple) else (way["prices"],)
    free = all(p == FREE for p in prices)
    for each in (found.calls, found.tokens, found.seconds, *found.per_task.values()):
        assert 0 < each.low <= each.high <= WIDTH * each.low * 1.000001
    assert found.money.low <= found.money.high <= WIDTH * found.money.low
    assert (found.money.low == 0) == free
    assert set(found.per_task) == {t.id for t in plan.tasks}


@LAW
@given(valid_plans(), ways)
def test_the_fewest_calls_are_the_questions_that_will_be_asked(plan, way):
    questions = sum(len(split(t, way["max_output"])) for t in plan.tasks)
    found = estimate(plan, **way)
    assert found.calls.low == questions
    assert found.calls.high >= questions


@LAW
@given(valid_plans(), ways, thrifts)
def test_a_thrift_changes_calls_tokens_and_money_and_no_times(plan, way, thrift):
    usual, found = estimate(plan, **way), estimate(plan, **way, thrift=thrift)
    assert (found.seconds, found.per_task) == (usual.seconds, usual.per_task)
    assert found.calls.low >= usual.calls.low  # each question is asked once at least
    assert found.calls.low == max(usual.calls.low, round(usual.calls.low * thrift.calls))
    more, less = Thrift(calls=2, input=2, output=2), Thrift(calls=0.5, input=0.5, output=0.5)
    above, below = estimate(plan, **way, thrift=more), estimate(plan, **way, thrift=less)
    for name in ("tokens", "money"):
        a, b, c = (getattr(e, name) for e in (below, usual, above))
        assert a.low <= b.low <= c.low
        assert a.high <= b.high <= c.high


@LAW
@given(valid_plans(), ways, factors, st.integers(1, 5), st.integers(FULL, 9))
def test_the_next_estimate_moves_towards_what_runs_took(plan, way, ratio, runs, tasks):
    sizes = {name: way[name] for name in ("max_output", "rounds", "context_tokens")}
    hoped = sum(foretold(plan, **sizes).values(), start=Use())
    taken = Use(calls=hoped.calls * ratio, input=hoped.input * ratio, output=hoped.output * ratio)
    showed = Sample(model="m", depth="quick", tasks=tasks, hoped=hoped, taken=taken)

    def off(count):
        """How far, in logarithms, the middle of the tokens lies from so many times the guess."""
        found = estimate(plan, **way, thrift=learn([showed] * count, "m", "quick")).tokens
        return abs(log(sqrt(found.low * found.high)) - log(middle * ratio))

    usual = estimate(plan, **way).tokens
    middle = sqrt(usual.low * usual.high)
    rounding = 4 / usual.low  # whole tokens
    assert off(runs) <= off(0) + rounding
    assert off(runs + 1) <= off(runs) + rounding
    if abs(log(ratio)) > 0.5:
        assert off(runs) < 0.6 * off(0) + rounding


@LAW
@given(valid_plans(), ways)
def test_what_is_foretold_lies_within_the_guess(plan, way):
    """What later runs are held against is the middle of what was guessed, not of what was shown."""
    sizes = {name: way[name] for name in ("max_output", "rounds", "context_tokens")}
    found = foretold(plan, **sizes)
    whole = sum(found.values(), start=Use())
    guess = estimate(plan, **way)
    assert set(found) == {t.id for t in plan.tasks}
    assert guess.calls.low <= whole.calls <= guess.calls.high


def test_what_is_foretold_has_every_second_task_mended_at_the_most():
    two = foretold(plan(10, 20), max_output=8_000)
    assert [use.calls for use in two.values()] == [(1 + 1 + 0.5) / 2] * 2
    assert [use.output for use in two.values()] == [
        (0.7 + 1.5 + 0.5) * n * LINE / 2 for n in (10, 20)
    ]
    bare = foretold(plan(10), max_output=8_000, rounds=0)["t0"]
    shown = foretold(plan(10), max_output=8_000, rounds=0, context_tokens=100)["t0"]
    assert (bare.calls, shown.input - bare.input) == (1.0, 100.0)


def plan(*lines, needs=()):
    tasks = [
        Task(
            id=f"t{i}",
            objective="",
            touch=(f"f{i}",),
            needs=tuple(f"t{n}" for n in needs if n < i),
            files=(WantedFile(path=f"f{i}", lines=count),),
        )
        for i, count in enumerate(lines)
    ]
    return Plan(name="p", tasks=tuple(tasks))


def figures(found, **way):
    way = {"prices": CHEAP, "max_output": 16_000, **way}
    return estimate(found, **way)


def between(low, high):
    return pytest.approx((low, high))


def ends(found):
    return (found.low, found.high)


def test_an_estimate_is_the_sum_that_the_guide_figures_give():
    # Two tasks of 1,000 tokens, 3,000 shown to each; of the two one is mended, with 8,500 to read.
    found = figures(plan(100, 100), context_tokens=3_000, slots=1)
    read, written = (2 * 3_850, 2 * 6_300 + 8_500), (2 * 700, 2 * 1_500 + 1_000)
    assert ends(found.calls) == (2, 3)
    assert ends(found.tokens) == (read[0] + written[0], read[1] + written[1])
    assert ends(found.money) == tuple(
        250 * r + 2_000 * w for r, w in zip(read, written, strict=True)
    )
    quickest, slowest = 2 + 700 / 60 + 1, 2 + 1_500 / 60 + (2 + 1_000 / 60) / 2 + 1.5 * 4
    assert ends(found.per_task["t1"]) == between(quickest, slowest)
    assert ends(found.seconds) == between(1 + 2 * quickest, 8 + 2 * slowest)


def test_tokens_and_nano_dollars_are_whole_where_the_range_was_drawn_in():
    found = figures(plan(100, 100), prices=Price(input=10**9, output=10**9))  # 3,100 to 16,100
    assert ends(found.tokens) == (3_533, 14_129)
    assert ends(found.money) == (3_532_351, 14_129_401)


def test_a_task_that_lists_no_files_counts_as_eighty_lines_for_each_pattern():
    def tokens(*touch):
        bare = Plan(name="p", tasks=(Task(id="a", objective="", touch=touch),))
        return ends(figures(bare, context_tokens=3_000).tokens)

    assert tokens("a/**") == (3_850 + 560, 6_300 + 1_200 + 7_500 + 2 * 800)
    assert tokens("a/**", "b") == (3_850 + 1_120, 6_300 + 2_400 + 7_500 + 2 * 1_600)


def test_an_empty_plan_takes_what_is_around_it():
    nothing = figures(Plan(name="p", tasks=()))
    assert ends(nothing.seconds) == between(8**0.5 / 2, 2 * 8**0.5)  # 1 to 8, drawn in


def test_more_code_costs_more_of_everything():
    small, large = figures(plan(50, 50)), figures(plan(1000, 1000))
    assert small.tokens.high < large.tokens.low
    assert small.money.high < large.money.low
    assert small.seconds.high < large.seconds.high


def test_a_chain_takes_longer_than_tasks_side_by_side():
    chain, side = figures(plan(200, 200, 200, needs=(0, 1))), figures(plan(200, 200, 200))
    assert side.seconds.low < chain.seconds.low
    assert chain.tokens == side.tokens


def test_a_free_first_model_does_not_hide_what_the_next_one_costs():
    assert figures(plan(100), prices=(FREE, DEAR)).money == figures(plan(100), prices=DEAR).money


def test_a_task_without_files_is_still_counted():
    task = Task(id="a", objective="", touch=("src/**",))
    assert figures(Plan(name="p", tasks=(task,))).tokens.low > 900


def test_a_slower_pace_takes_longer_and_costs_the_same():
    usual = figures(plan(200, 200))
    builds, tests = (figures(plan(200, 200), pace=p) for p in (Pace(build=4.0), Pace(test=4.0)))
    assert builds.seconds.low > usual.seconds.high
    assert usual.seconds.low < tests.seconds.low < builds.seconds.low
    assert usual.calls == builds.calls == tests.calls
    assert usual.money == builds.money
    assert usual == figures(plan(200, 200), pace=Pace())


@LAW
@given(valid_plans(), st.floats(1 / 8, 8))
def test_each_task_takes_as_many_times_longer_as_the_pace_says(found, k):
    slow = figures(found, pace=Pace(build=k, test=k)).per_task
    for ident, usual in figures(found).per_task.items():
        assert slow[ident].low == pytest.approx(usual.low * k)
        assert slow[ident].high == pytest.approx(usual.high * k)


@LAW
@given(valid_plans(), st.sampled_from([1_000, 16_000]), st.integers(0, 3))
def test_the_expected_seconds_of_the_phases_lie_in_the_tasks_range(found, max_output, rounds):
    ranges = figures(found, max_output=max_output, rounds=rounds).per_task
    seconds = expected(found, max_output=max_output, rounds=rounds)
    assert set(seconds) == set(ranges)
    for ident, each in seconds.items():
        assert each.build > 0
        assert each.test > 0
        # A range wider than four times is drawn in around its geometric middle.
        assert ranges[ident].low <= each.both <= 1.3 * ranges[ident].high


def test_the_expected_seconds_are_the_middle_of_the_quickest_and_the_slowest():
    # 700 and 1500 tokens of a call each: 2 s to the first, then 60 a second; 1 to 4 s of tests.
    quick, slow = Seconds(build=2 + 700 / 60, test=1.0), Seconds(build=2 + 1500 / 60, test=4.0)
    never = expected(plan(100), max_output=16_000, rounds=0)["t0"]
    assert never.build == pytest.approx((quick.build + slow.build) / 2)
    assert never.test == pytest.approx((quick.test + slow.test) / 2)
    # Of two tasks one is mended once, whichever it is: half a round more, and half a test.
    mended = expected(plan(100, 100), max_output=16_000)["t1"]
    assert mended.build == pytest.approx(never.build)
    more = (2 + 1000 / 60 + 4.0) / 2
    assert mended.test == pytest.approx((quick.test + slow.test + more) / 2)


@LAW
@given(wanted_files(st.sampled_from("abcdefgh")), st.sampled_from([500, 2_000, 20_000]))
def test_every_file_is_asked_for_once_in_groups_that_fit(files, max_output):
    groups = split(Task(id="a", objective="", touch=("x",), files=files), max_output)
    assert sorted((f for g in groups for f in g), key=files.index) == list(files)
    for group in groups:
        assert len(group) == 1 or LINE * sum(f.lines for f in group) <= 0.7 * max_output
    if LINE * sum(max(1, f.lines) for f in files) <= 0.7 * max_output:
        assert groups == (files,)


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ([], [[]]),
        ([("a", "normal", 100), ("b", "low", 10)], [["a", "b"]]),
        (
            [("a", "critical", 400), ("b", "low", 10), ("c", "normal", 300), ("d", "low", 10)],
            [["a"], ["b", "d"], ["c"]],
        ),
        ([("a", "low", 400), ("b", "low", 400)], [["a"], ["b"]]),
    ],
)
def test_files_that_may_not_fit_are_asked_for_alone_but_low_ones_together(files, wanted):
    made = tuple(WantedFile(path=p, importance=i, lines=n) for p, i, n in files)
    groups = split(Task(id="a", objective="", touch=("x",), files=made), 8_000)
    assert [[f.path for f in g] for g in groups] == wanted
