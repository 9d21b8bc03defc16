"""What goes of earlier runs: never what can go on, never what is young, always the same."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from strategies import LAW

from partita.core.retention import (
    DAY,
    RESUMABLE,
    TAKEN,
    UNUSED,
    YOUNG,
    Bounds,
    Fate,
    Past,
    blobs_in,
    fates,
    of_runs,
    run_of,
    unnamed,
    unused,
)

NOW = 1_000 * DAY
STATUSES = [*RESUMABLE, *TAKEN, "built", "not accepted", "failed", "stopped"]


def ident(number):
    return f"20261121-{number:06}-00ff"


@st.composite
def histories(draw):
    """Runs, newest first, some forked from older ones."""
    runs = []
    count = draw(st.integers(0, 12))
    ages = sorted(draw(st.lists(st.floats(0, 100), min_size=count, max_size=count)))
    for i, age in enumerate(ages):
        status = draw(st.sampled_from(STATUSES))
        older = [ident(n) for n in range(i + 1, count)]
        runs.append(
            Past(
                run=ident(i),
                status=status,
                exit=0 if status in (*TAKEN, "built") else draw(st.sampled_from([None, 1, 3])),
                created=NOW - age * DAY,
                origin=draw(st.none() | st.sampled_from(older)) if older else None,
                busy=draw(st.booleans()) if status in ("running", "waiting") else False,
            )
        )
    return runs


bounds = st.builds(
    Bounds,
    keep=st.integers(0, 13),
    older=st.none() | st.floats(0, 100).map(lambda days: days * DAY),
    resumable=st.booleans(),
    branches=st.booleans(),
)


@LAW
@given(histories(), bounds)
def test_nothing_goes_of_a_run_that_can_go_on(runs, wanted):
    for run, fate in zip(runs, fates(runs, replace(wanted, resumable=False), NOW), strict=True):
        assert fate.run == run.run
        if run.status in RESUMABLE:
            assert fate == Fate(run=run.run)


@LAW
@given(histories(), bounds)
def test_nothing_goes_of_a_run_that_another_machine_may_be_at_work_on(runs, wanted):
    for run, fate in zip(runs, fates(runs, wanted, NOW), strict=True):
        if run.busy:
            assert fate == Fate(run=run.run)


@LAW
@given(histories(), bounds)
def test_what_a_run_that_goes_on_was_forked_from_keeps_its_record(runs, wanted):
    by_id = {r.run: r for r in runs}
    gone = {f.run for f in fates(runs, wanted, NOW) if f.record}
    for run in runs:
        if run.run not in gone and run.status in RESUMABLE:
            origin = run.origin
            while origin is not None:
                assert origin not in gone
                origin = by_id[origin].origin


@LAW
@given(histories(), bounds)
def test_a_kept_run_keeps_its_record_and_an_ended_one_beyond_the_bounds_loses_it(runs, wanted):
    found = fates(runs, wanted, NOW)
    needed = {r.origin for r in runs}
    for rank, (run, fate) in enumerate(zip(runs, found, strict=True)):
        too_old = wanted.older is not None and NOW - run.created > wanted.older
        if rank < wanted.keep and not too_old:
            assert not fate.record
        elif run.status not in RESUMABLE and run.run not in needed:
            assert fate.record


@LAW
@given(histories(), bounds)
def test_what_failed_can_be_tried_again_while_its_record_is_there(runs, wanted):
    for run, fate in zip(runs, fates(runs, wanted, NOW), strict=True):
        if not fate.record and run.exit != 0:
            assert not fate.workflows
        if fate.record:
            assert fate.workflows
            assert fate.worktrees
            assert fate.branches


@LAW
@given(histories(), bounds)
def test_branches_that_were_not_taken_stay_with_their_record_unless_asked_for(runs, wanted):
    for run, fate in zip(runs, fates(runs, replace(wanted, branches=False), NOW), strict=True):
        if not fate.record and run.status not in TAKEN:
            assert not fate.branches


@LAW
@given(histories(), bounds)
def test_a_second_time_at_once_nothing_more_goes(runs, wanted):
    first = fates(runs, wanted, NOW)
    after = [
        replace(r, status="stopped") if f.given_up else r for r, f in zip(runs, first, strict=True)
    ]
    again = fates(after, wanted, NOW)
    assert [replace(f, given_up=False) for f in first] == [
        replace(f, given_up=False) for f in again
    ] or any(f.given_up for f in first)  # what was given up no longer keeps what it came from
    assert {f.run for f in first if f.record} <= {f.run for f in again if f.record}
    assert not any(f.given_up for f in again)


@LAW
@given(histories(), bounds)
def test_keeping_more_never_removes_more(runs, wanted):
    wanted = replace(wanted, resumable=False)
    less = {f.run for f in fates(runs, wanted, NOW) if f.record}
    more = {f.run for f in fates(runs, replace(wanted, keep=wanted.keep + 1), NOW) if f.record}
    assert more <= less


def test_a_name_belongs_to_the_run_whose_id_it_begins_with():
    run = ident(1)
    for name in (run, f"{run}~2", f"{run}:build:core:00ff", f"{run}-core", f"{run}/_result"):
        assert run_of(name) == run
    for name in ("", "main", f"{run}f", f"x{run}", run[:-1], f"{run}.lock", "partita"):
        assert run_of(name) is None
    names = [f"{run}~1", ident(2), run, "main"]
    assert of_runs(names, {run}) == (run, f"{run}~1")


KEYS = [f"{n:064x}" for n in range(6)]


@LAW
@given(
    st.dictionaries(st.sampled_from(KEYS), st.floats(-2 * YOUNG, 2 * YOUNG)),
    st.sets(st.sampled_from(KEYS)),
)
def test_a_blob_goes_when_it_is_not_young_and_nothing_names_it(ages, named):
    gone = unnamed({k: NOW - age for k, age in ages.items()}, named, NOW)
    assert set(gone) == {k for k, age in ages.items() if NOW - (NOW - age) > YOUNG} - named
    assert list(gone) == sorted(gone)


@LAW
@given(st.lists(st.sampled_from(KEYS)), st.sampled_from(['{"a": ["%s"]}', "%s", 'x%s"']))
def test_every_key_in_a_text_is_found(keys, around):
    assert set(keys) <= blobs_in(" ".join(around % k for k in keys))
    assert blobs_in("f" * 63 + " " + "f" * 65 + " " + "G" * 64) == frozenset()


def test_an_environment_goes_after_a_month_without_use():
    ages = {"a": 0.0, "b": UNUSED - 1, "c": UNUSED + 1, "d": -5.0}
    assert unused({k: NOW - age for k, age in ages.items()}, NOW) == ("c",)
