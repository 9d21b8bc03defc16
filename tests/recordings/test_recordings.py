"""Real runs, recorded with their requests and replies as they were, replay to the same tree."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from partita.core.budget import Price
from partita.core.estimate import estimate
from partita.core.planfile import read_plan
from partita.core.reply.documents import read_json
from partita.core.reply.value import Unreadable
from partita.testing.transcript import read_transcript

DATA = Path(__file__).parent.parent / "data"
DEMO = Path(__file__).parents[2] / "src/partita/cli/demo.jsonl"
RECORDINGS = sorted((DATA / "recordings").glob("*.jsonl"))
UNA = {
    "GIT_AUTHOR_NAME": "Una",
    "GIT_AUTHOR_EMAIL": "una@example.org",
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
    "GIT_COMMITTER_NAME": "Una",
    "GIT_COMMITTER_EMAIL": "una@example.org",
    "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
}
CENTS = Price(input=250_000_000, output=2_000_000_000)


@pytest.fixture
def env(tmp_path):
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "CI")}
    return {**kept, "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1", "PARTITA_DEBUG": "1"}


@pytest.fixture
def shelf(tmp_path, env):
    """The repository that the feature was recorded in, commit for commit."""
    folder = tmp_path / "shelf"
    shutil.copytree(DATA / "shelf", folder, ignore=shutil.ignore_patterns("__pycache__"))
    for arguments in (
        ["init", "-q", "-b", "main"],
        ["add", "-A"],
        ["commit", "-qm", "A reading list"],
    ):
        subprocess.run(["git", *arguments], cwd=folder, env={**env, **UNA}, check=True)
    return folder


def partita(folder, env, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "partita", *arguments],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=300,
        check=False,
    )


@pytest.mark.sandbox
@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda p: p.stem)
def test_a_recording_replays_to_the_same_tree_without_a_differing_request(recording, shelf, env):
    done = partita(shelf, env, "replay", str(recording))
    assert done.returncode == 0, done.stderr
    assert "the same result" in done.stdout
    assert "is not the one that was recorded" not in done.stderr


@pytest.mark.sandbox
def test_the_demo_mends_a_failing_attempt_and_lands(tmp_path, env):
    done = partita(tmp_path, env, "demo", "--into", "made")
    assert done.returncode == 0, done.stderr
    assert "is not the one that was recorded" not in done.stderr
    assert "only the model's answers are replayed" in done.stderr
    assert "FAIL" in done.stderr
    assert "mending, round 1" in done.stderr
    assert "they would have cost $" in done.stdout
    tests = subprocess.run(
        [sys.executable, "-m", "unittest"], cwd=tmp_path / "made", capture_output=True, check=False
    )
    assert tests.returncode == 0, tests.stderr


@pytest.mark.parametrize("recording", [*RECORDINGS, DEMO], ids=lambda p: p.stem)
def test_what_a_recorded_run_cost_lies_in_the_range_that_was_printed(recording):
    transcript = read_transcript(recording)
    plan = None
    spent = calls = 0
    for exchange in transcript.exchanges:
        if exchange.name.startswith("design:"):
            read = read_json(exchange.reply.text, None, finish=exchange.reply.finish)
            assert not isinstance(read, Unreadable)
            plan = read_plan(read.value)
        elif exchange.name.startswith(("build:", "fix:", "documents")):
            spent += CENTS.cost(exchange.reply.usage)
            calls += 1
    figures = estimate(plan, prices=CENTS, max_output=16_384)
    assert figures.money.low <= spent <= figures.money.high
    assert figures.calls.low <= calls <= figures.calls.high
    assert figures.money.high <= 4 * figures.money.low
