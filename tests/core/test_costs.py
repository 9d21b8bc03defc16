"""What was spent: the same money however it is grouped, and nothing doubtful passed off as sure."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import LAW

from partita.core.budget import Caps, Usage, day_of, pots
from partita.core.costs import (
    BYS,
    FIGURES,
    NO_TASK,
    Aside,
    Figure,
    Fill,
    Line,
    Row,
    aside_of,
    compared,
    fills,
    grouped,
    total,
)

DAY = 86_400
amounts = st.integers(0, 10**12)
tokens = st.integers(0, 10**6)
where = {
    "run": st.sampled_from(["r1", "r2", "r3"]),
    "task": st.sampled_from([None, "a", "b"]),
    "role": st.sampled_from(["planner", "coder"]),
    "model": st.sampled_from(["x", "y"]),
    "at": st.integers(0, 3 * DAY).map(float),
}
usages = (
    st.builds(Usage, input=tokens, output=tokens, cache_read=tokens, estimated=st.booleans())
    | st.none()
)


@st.composite
def lines_(draw):
    state = draw(st.sampled_from(["held", "settled", "released", "unconfirmed"]))
    return Line(
        **{name: draw(way) for name, way in where.items()},
        activity=draw(st.sampled_from(["design", "build", "test", "provision:1"])),
        state=state,
        held=draw(amounts),
        cost=0 if state in ("held", "released") else draw(amounts),
        usage=draw(usages) if state == "settled" else None,
    )


lines = st.lists(lines_(), max_size=12)
asides = st.lists(
    st.builds(Aside, **where, saved=amounts)
    | st.builds(Aside, **where, failed=st.sampled_from(["html", "cut_off"])),
    max_size=6,
)


def line(**changes):
    usual = {
        "run": "r1",
        "task": "a",
        "role": "coder",
        "model": "x",
        "activity": "build",
        "at": 0.0,
        "state": "settled",
        "held": 100,
        "cost": 70,
        "usage": Usage(input=10, output=5),
    }
    return Line(**{**usual, **changes})


@LAW
@given(lines, asides)
def test_every_grouping_has_the_same_total_and_it_is_the_ledgers(ledger, log):
    sums = {by: total(grouped(ledger, log, by)) for by in BYS}
    assert all(row == sums["run"] for row in sums.values())
    whole = sums["run"]
    assert whole.cost == sum(e.cost for e in ledger)
    assert whole.held == sum(e.held for e in ledger if e.state == "held")
    assert whole.calls == sum(e.state != "released" for e in ledger)
    assert whole.input == sum(e.usage.input for e in ledger if e.usage)
    assert whole.output == sum(e.usage.output for e in ledger if e.usage)
    assert whole.cache_read == sum(e.usage.cache_read for e in ledger if e.usage)
    assert whole.unconfirmed == sum(e.cost for e in ledger if e.state == "unconfirmed")
    assert whole.estimated == sum(e.cost for e in ledger if e.usage and e.usage.estimated)
    assert whole.reused == sum(not a.failed for a in log)
    assert whole.saved == sum(a.saved for a in log)
    assert sum(whole.failed.values()) == sum(bool(a.failed) for a in log)


@LAW
@given(lines, asides, st.sampled_from(BYS), st.randoms(use_true_random=False))
def test_the_order_of_the_ledger_changes_nothing(ledger, log, by, rng):
    rows = grouped(ledger, log, by)
    rng.shuffle(ledger)
    rng.shuffle(log)
    assert grouped(ledger, log, by) == rows
    assert len({row.key for row in rows}) == len(rows)
    for one, other in pairwise(rows):
        assert one.key < other.key if by in ("run", "day") else one.cost >= other.cost


@LAW
@given(lines, st.sampled_from(["role", "model"]))
def test_a_row_holds_its_own_lines_and_no_others(ledger, by):
    for row in grouped(ledger, (), by):
        own = [e for e in ledger if getattr(e, by) == row.key]
        assert own
        assert row.cost == sum(e.cost for e in own)


def test_tasks_of_several_runs_stand_apart():
    both = [line(), line(run="r2"), line(run="r2", task=None, cost=10)]
    assert [r.key for r in grouped(both, (), "task")] == ["r1/a", "r2/a", f"r2/{NO_TASK}"]
    assert [r.key for r in grouped(both[1:], (), "task")] == ["a", NO_TASK]
    assert [r.key for r in grouped([line(at=DAY - 0.5), line(at=DAY)], (), "day")] == [
        "1970-01-01",
        "1970-01-02",
    ]


def test_what_is_doubtful_is_counted_and_marked():
    rows = grouped(
        [
            line(state="unconfirmed", cost=100, usage=None),
            line(usage=Usage(input=10, output=5, estimated=True), cost=100),
            line(state="released", cost=0, usage=None),
            line(state="held", cost=0, usage=None),
            line(),
        ],
        (),
        "run",
    )
    [row] = rows
    assert row == Row(
        key="r1",
        calls=4,
        input=20,
        output=10,
        cost=270,
        held=100,
        unconfirmed=100,
        unconfirmed_calls=1,
        estimated=100,
        estimated_calls=1,
    )
    assert total(rows) == total([]) + row
    assert {name for name in FIGURES if getattr(Row(), name)} == set()


def test_the_log_tells_what_was_reused_and_what_failed():
    data = {"task": "a", "role": "coder", "model": "x"}
    reused = aside_of("r", 5.0, "call.reused", {**data, "saved": 7})
    failed = aside_of("r", 5.0, "call.failed", {**data, "outcome": "rate_limited"})
    older = aside_of("r", 5.0, "call.failed", data)
    assert reused == Aside(run="r", task="a", role="coder", model="x", at=5.0, saved=7)
    assert (failed and failed.failed, older and older.failed) == ("rate_limited", "failed")
    assert aside_of("r", 5.0, "call.finished", data) is None
    [row] = grouped((), [a for a in (reused, failed, older) if a], "task")
    assert (row.reused, row.saved, row.failed) == (1, 7, {"failed": 1, "rate_limited": 1})


@LAW
@given(lines, st.builds(Caps, run=amounts, task=amounts, day=amounts, project=amounts))
def test_caps_are_as_full_as_the_pots_that_calls_draw_on(ledger, caps):
    """The reference: each line drawn from the very pots that a hold is drawn from."""
    caps = Caps(
        run=caps.run, task=caps.task, day=caps.day, project=caps.project, roles={"coder": 9}
    )
    taken = {}
    for e in ledger:
        drawn = pots(caps, run=e.run, task=e.task, role=e.role, project="", at=e.at)
        for pot in drawn:
            spent, held = taken.get(pot.key, (0, 0))
            more = e.held if e.state == "held" else 0
            taken[pot.key] = (spent + e.cost, held + more)
    keys = {"run": "run:r1", "day": "day::1970-01-02", "project": "project:"}
    for fill in fills(ledger, caps, run="r1", today="1970-01-02"):
        key = keys.get(fill.kind) or f"{fill.kind}:r1:{fill.name}"
        assert (fill.spent, fill.held) == taken.get(key, (0, 0)), key


def test_only_what_has_a_cap_is_shown_with_its_share():
    ledger = [line(), line(state="held", cost=0, task="b"), line(run="r2", cost=500)]
    caps = Caps(run=200, project=1000)
    assert fills(ledger, caps, run="r1", today=day_of(0)) == (
        Fill(kind="run", name="r1", cap=200, spent=70, held=100),
        Fill(kind="project", name="all runs", cap=1000, spent=570, held=100),
    )
    assert [f.percent for f in fills(ledger, caps, run="r1", today=day_of(0))] == [85, 67]
    assert [f.kind for f in fills(ledger, caps, run=None, today=day_of(0))] == ["project"]
    assert fills(ledger, Caps(), run="r1", today=day_of(0)) == ()
    tasks = fills(ledger, Caps(task=100, roles={"coder": 0}), run="r1", today="")
    assert [(f.kind, f.name, f.percent) for f in tasks] == [
        ("role", "coder", 100),
        ("task", "a", 70),
        ("task", "b", 100),
    ]


def test_an_estimate_is_held_against_what_came_after_planning():
    ledger = [
        line(activity="design", cost=10**6),
        line(activity="design:2", cost=10**6),
        line(activity="provision:1"),
        line(state="unconfirmed", usage=None, cost=100),
        line(run="r2"),
    ]
    estimate = {
        "calls": {"low": 3.0, "high": 4.0},
        "tokens": {"low": 15.0, "high": 20.0},
        "money": {"low": 100.0, "high": 169.0},
    }
    found = compared("r1", estimate, ledger)
    assert found is not None
    shown = [(f.actual, f.verdict) for f in (found.calls, found.tokens, found.money)]
    assert shown == [(2, "below"), (15, "within"), (170, "above")]
    ends = [Figure(low=2, high=3, actual=n).verdict for n in (1, 2, 3, 4)]
    assert ends == ["below", "within", "within", "above"]


@pytest.mark.parametrize("estimate", [None, {}, [], {"calls": 3}, {"calls": {"low": 1}}, "x"])
def test_an_estimate_in_another_form_is_held_against_nothing(estimate):
    assert compared("r1", estimate, [line()]) is None
