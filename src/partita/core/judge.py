"""From a test run to a verdict, and to the task that has to mend what it shows."""

import re
from collections.abc import Callable

from partita.core.evidence import REASONS
from partita.core.requirements import is_test
from partita.core.verdict import Case, TestRun, Verdict

FAILED = 1  # exit code of pytest and unittest when tests failed and all were run
NOTHING = 5  # exit code of both when there was nothing to run


def judge(
    run: TestRun, *, gate: str, need_tests: bool = True, known: frozenset[str] = frozenset()
) -> Verdict:
    """Good is exit code 0 and a report with at least one test that ran.

    `known` names cases that failed on the base already: when they alone fail, and nothing
    breaks, nothing got worse. Without `need_tests` it is enough that nothing failed, and the
    summary says that no tests were run.
    """
    ok, summary = _decide(run, need_tests=need_tests, known=known)
    counts = ", ".join(
        f"{n} {word}" for word in _OUTCOMES if (n := sum(c.outcome == word for c in run.cases))
    )
    exit_code = run.reason if run.exit is None else str(run.exit)
    facts = (
        f"command: {run.command}",
        f"exit code: {exit_code}",
        f"tests: {counts or 'none'}" if run.report else "tests: no report",
    )
    return Verdict(gate=gate, ok=ok, summary=summary, evidence=facts)


_OUTCOMES = ("passed", "failed", "error", "skipped")


def _decide(run: TestRun, *, need_tests: bool, known: frozenset[str]) -> tuple[bool, str]:
    failures = run.failures
    if run.exit is None:
        return False, REASONS.get(run.reason, REASONS["signal"])
    if run.exit == 0 and failures:
        return False, f"The exit code is 0, but the report names {_tests(len(failures))} failing."
    if not run.ran and (run.exit == 0 or (run.exit == NOTHING and run.report)):
        return _without_tests(run, need_tests=need_tests)
    if run.exit == 0:
        skipped = len(run.cases) - run.ran
        also = f", {skipped} skipped" if skipped else ""
        return (True, f"{_tests(run.ran)} passed{also}.") if run.report else _no_report(run)
    if not run.report or not failures:
        return False, f"The exit code is {run.exit}, and no failing test was reported."
    new = [c for c in failures if c.name not in known]
    broken = any(c.outcome == "error" for c in failures)
    if not new and not broken and run.exit == FAILED:
        return True, (
            f"{_tests(run.ran - len(failures))} passed; "
            f"{len(failures)} failed that were failing before."
        )
    first = ", ".join(c.name for c in (new or failures)[:3])
    more = f" and {len(new) - 3} more" if len(new) > 3 else ""  # noqa: PLR2004 - those not named
    return False, f"{len(failures)} of {_tests(len(run.cases))} failed: {first}{more}."


def _without_tests(run: TestRun, *, need_tests: bool) -> tuple[bool, str]:
    """Nothing ran and nothing failed."""
    if not need_tests:
        return True, "No tests were run; none were asked for."
    if run.exit == 0 and not run.report:
        return _no_report(run)
    skipped = f": all {len(run.cases)} were skipped" if run.cases else ""
    return False, f"No test was run{skipped}."


def _no_report(run: TestRun) -> tuple[bool, str]:
    return False, f"The exit code is {run.exit}, but there is no test report."


def _tests(count: int) -> str:
    return f"{count} test" if count == 1 else f"{count} tests"


_MISSING = re.compile(r"No module named '([\w.]{1,200})'")


def blame(run: TestRun, owners: Callable[[str], str | None], own: str) -> str | None:
    """The task that should mend the run: the owner of the deepest file that failed.

    `owners` gives the task that may write a path. A module that could not be imported comes
    before the files that wanted it, and code before tests: among tests, those of `own`, the
    task that is being checked. None when no task owns any of them.
    """
    code: list[str] = []
    tests: list[str] = []
    for case in run.failures:
        for path in (*_missing(case), *case.where):
            (tests if is_test(path) else code).append(path)
    for path in code:
        if (task := owners(path)) is not None:
            return task
    found = [task for path in tests if (task := owners(path)) is not None]
    return own if own in found else next(iter(found), None)


def _missing(case: Case) -> tuple[str, ...]:
    """Where the module would be that the case could not import."""
    match = _MISSING.search(case.message) or _MISSING.search(case.detail)
    if match is None:
        return ()
    path = match[1].strip(".").replace(".", "/")
    return tuple(f"{root}{path}{end}" for root in ("", "src/") for end in (".py", "/__init__.py"))
