"""A verdict is good only on evidence, and the blame falls on who can mend it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita.core.judge import blame, judge
from partita.core.verdict import Case, TestRun

PASS = Case(name="t::ok", outcome="passed")
FAIL = Case(name="t::bad", outcome="failed", message="no")
ERROR = Case(name="t::worse", outcome="error", message="crash")
SKIP = Case(name="t::later", outcome="skipped")
GOOD = TestRun(command="pytest", exit=0, reason="exited", cases=(PASS,))

cases = st.lists(
    st.builds(
        Case,
        name=st.sampled_from(["a", "b", "c"]),
        outcome=st.sampled_from(["passed", "failed", "error", "skipped"]),
    ),
    max_size=5,
).map(tuple)
runs = st.builds(
    TestRun,
    command=st.just("x"),
    exit=st.none() | st.integers(0, 6),
    reason=st.sampled_from(["exited", "timeout", "signal", "unheard of"]),
    cases=cases,
    report=st.booleans(),
)


@given(runs, st.booleans(), st.frozensets(st.sampled_from(["a", "b", "c"])))
def test_nothing_is_good_without_evidence(run, need_tests, known):
    verdict = judge(run, gate="g", need_tests=need_tests, known=known)
    if verdict.ok:
        assert run.exit in (0, 1, 5)
        assert {c.name for c in run.failures} <= known
        assert not any(c.outcome == "error" for c in run.cases)
        assert run.exit == 0 or run.report
        assert not need_tests or (run.report and run.ran > 0)
    assert verdict.summary.endswith(".")
    assert len(verdict.evidence) == 3


@given(runs)
def test_asking_for_less_never_turns_good_into_bad(run):
    if judge(run, gate="g").ok:
        assert judge(run, gate="g", need_tests=False).ok
        assert judge(run, gate="g", known=frozenset("abc")).ok


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (GOOD, "1 test passed."),
        (replace(GOOD, cases=(PASS, SKIP)), "1 test passed, 1 skipped."),
        (replace(GOOD, exit=1, cases=(PASS, FAIL)), "1 of 2 tests failed: t::bad."),
        (replace(GOOD, cases=(PASS, FAIL)), "report names 1 test failing"),
        (replace(GOOD, cases=()), "No test was run."),
        (replace(GOOD, exit=5, cases=()), "No test was run."),
        (replace(GOOD, cases=(SKIP,)), "all 1 were skipped"),
        (replace(GOOD, report=False, cases=()), "no test report"),
        (replace(GOOD, exit=4, report=False, cases=()), "exit code is 4"),
        (replace(GOOD, exit=3), "no failing test was reported"),
        (replace(GOOD, exit=None, reason="timeout"), "longer than allowed"),
        (replace(GOOD, exit=None, reason="disk"), "to the disk"),
    ],
)
def test_the_summary_says_why(run, words):
    verdict = judge(run, gate="tests")
    assert words in verdict.summary
    assert verdict.ok is ("passed" in verdict.summary)


def test_failures_from_before_are_counted_and_forgiven_only_when_nothing_broke():
    run = replace(GOOD, exit=1, cases=(PASS, FAIL))
    known = frozenset({"t::bad", "t::worse"})
    forgiven = judge(run, gate="tests", known=known)
    assert (forgiven.ok, forgiven.summary) == (
        True,
        "1 test passed; 1 failed that were failing before.",
    )
    assert not judge(replace(run, cases=(PASS, FAIL, ERROR)), gate="t", known=known).ok
    assert not judge(replace(run, exit=2), gate="t", known=known).ok
    assert not judge(run, gate="t", known=frozenset({"t::other"})).ok
    assert not judge(replace(run, exit=0), gate="t", known=known).ok


def test_without_need_of_tests_the_summary_says_that_none_were_run():
    verdict = judge(replace(GOOD, exit=5, cases=()), gate="t", need_tests=False)
    assert (verdict.ok, verdict.summary) == (True, "No tests were run; none were asked for.")
    # exit code 5 from something that wrote no report means nothing
    assert not judge(replace(GOOD, exit=5, report=False), gate="t", need_tests=False).ok


def failing(*where: str, message: str = "") -> TestRun:
    return replace(GOOD, exit=1, cases=(replace(FAIL, where=where, message=message),))


OWNERS = {
    "app/api.py": "api",
    "app/store.py": "store",
    "tests/test_api.py": "api",
    "tests/test_store.py": "store",
}.get


@pytest.mark.parametrize(
    ("run", "own", "task"),
    [
        (failing("app/store.py", "app/api.py", "tests/test_api.py"), "api", "store"),
        (failing("tests/helpers.py", "app/api.py"), "store", "api"),
        (failing("lib/other.py", "app/api.py"), "", "api"),
        (failing("tests/test_store.py"), "api", "store"),
        (failing("lib/other.py"), "api", None),
        (failing(), "api", None),
        (GOOD, "api", None),
        (failing("tests/test_api.py", message="No module named 'app.store'"), "api", "store"),
    ],
)
def test_the_owner_of_the_deepest_file_is_asked_to_mend(run, own, task):
    assert blame(run, OWNERS, own) == task


def test_where_only_tests_of_several_tasks_fail_the_task_being_checked_mends():
    both = replace(
        GOOD,
        exit=1,
        cases=tuple(
            replace(FAIL, where=(path,)) for path in ("tests/test_store.py", "tests/test_api.py")
        ),
    )
    assert blame(both, OWNERS, "api") == "api"
    assert blame(both, OWNERS, "") == "store"
