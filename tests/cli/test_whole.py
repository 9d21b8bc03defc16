"""What only shows in the whole goes back to the task that owns the file."""

import answers
import pytest
from answers import analysis, edit, file, rule
from moments import events, started, until

pytestmark = pytest.mark.sandbox
PLAN = {
    "name": "hello",
    "architecture": "A sum, and a test of it by somebody else.",
    "test_command": "python -m unittest",
    "contracts": [],
    "tasks": [
        {
            "id": "sums",
            "objective": "the sum",
            "touch": ["sums.py"],
            "files": [{"path": "sums.py", "lines": 5}],
        },
        {
            "id": "checks",
            "objective": "the checks",
            "touch": ["tests/__init__.py", "tests/test_sums.py"],
            "files": [
                {"path": "tests/__init__.py", "importance": "low", "lines": 0},
                {"path": "tests/test_sums.py", "lines": 8},
            ],
        },
    ],
}
WRONG = '"""Sums."""\n\n\ndef total(numbers: list[int]) -> int:\n    return sum(numbers[0])\n'
CHECKS = (
    "import unittest\n\nfrom sums import total\n\n\nclass Total(unittest.TestCase):\n"
    "    def test_total(self):\n        self.assertEqual(total([1, 2]), 3)\n"
)


def rules(*, mends):
    wanted = "sum(numbers)" if mends else "sum(numbers[1])"
    mended = edit("sums.py", "    return sum(numbers[0])\n", f"    return {wanted}\n")
    again = edit("sums.py", "    return sum(numbers[1])\n", "    return sum(numbers[1] or [])\n")
    third = edit(
        "sums.py", "    return sum(numbers[1] or [])\n", "    return sum(numbers[1], start=0)\n"
    )
    return [
        analysis(),
        rule("Divide the work into tasks", answers.json.dumps(PLAN)),
        rule("`sums`: the sum[\\s\\S]*What failed", mended, times=1),
        rule("`sums`: the sum[\\s\\S]*What failed", again, times=1),
        rule("`sums`: the sum[\\s\\S]*What failed", third),
        rule("`sums`: the sum", file("sums.py", WRONG)),
        rule("`checks`: the checks", file("tests/test_sums.py", CHECKS)),
    ]


def test_the_owner_of_the_failing_file_mends_the_whole(offering):
    shell, stub = offering(*rules(mends=True))
    done = shell.partita("build", answers.REQUEST, "--depth", "quick")
    assert done.code == 0, done.err
    assert "checks waits for the whole" in done.err
    assert "sums: mending, round 1 of 3" in done.err
    assert "return sum(numbers)\n" in (shell.folder / "sums.py").read_text()
    [fix] = [r.texts[-1][1] for r in stub.requests if "What failed" in r.texts[-1][1]]
    assert "TypeError" in fix
    assert "tests/test_sums.py" in fix  # the test is shown to who has to satisfy it


def test_a_whole_that_stays_broken_is_kept_and_does_not_land(offering):
    shell, stub = offering(*rules(mends=False))
    before = shell.git("rev-parse", "HEAD")
    done = shell.partita("build", answers.REQUEST, "--depth", "quick")
    assert done.code == 1
    assert "1 of 1 test failed" in done.err
    assert shell.git("rev-parse", "HEAD") == before
    assert [b for b in shell.branches() if b.endswith("/_result")]
    fixes = [r.texts[-1][1] for r in stub.requests if "What failed" in r.texts[-1][1]]
    assert len(fixes) == 3
    assert "What was tried before" in fixes[-1]


def test_a_task_s_worktree_goes_when_the_task_has_ended(offering):
    """There may be hundreds of tasks: their copies of the repository must not pile up."""
    hangs = rule("`web`: the page", "", behaviour="hang")
    shell, _ = offering(analysis(), answers.plan(), answers.core(), hangs)
    with started(shell, "build", answers.REQUEST, "--depth", "quick"):
        until(lambda: ("task.passed", "core") in events(shell), "the core has passed")
        assert list((shell.folder / ".partita/worktrees").glob("*-core*")) == []
