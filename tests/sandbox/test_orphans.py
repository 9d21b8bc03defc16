"""What a killed process left behind is found by its worktree, and nothing else is touched."""

import subprocess
import time
from pathlib import Path

import pytest

from partita.adapters.sandbox.orphans import kill_orphans

pytestmark = pytest.mark.sandbox
BARE = ["--ro-bind", "/", "/", "--dev", "/dev", "--unshare-pid", "--proc", "/proc"]


def orphan(folder):
    """A bubblewrap whose parent has gone; its process id."""
    folder.mkdir(parents=True)
    line = ["bwrap", *BARE, "--bind", str(folder), str(folder), "sleep", "60"]
    shell = subprocess.run(
        ["sh", "-c", '"$@" >/dev/null 2>&1 & echo $!', "sh", *line],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(shell.stdout)


def alive(pid):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def until(condition):
    end = time.monotonic() + 10
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def test_only_the_orphans_of_these_worktrees_are_killed(tmp_path, bubblewrap):
    ours, others = tmp_path / "a" / "worktrees", tmp_path / "b" / "worktrees"
    mine, theirs = orphan(ours / "run-task"), orphan(others / "run-task")
    kept = ours / "child"
    kept.mkdir()
    child = subprocess.Popen(["bwrap", *BARE, "--bind", str(kept), str(kept), "sleep", "60"])
    try:
        assert until(lambda: kill_orphans(ours) == 0 and not alive(mine))
        assert alive(theirs)
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()
        assert until(lambda: kill_orphans(ours) == 0)
        assert kill_orphans(others) > 0
        assert until(lambda: kill_orphans(others) == 0 and not alive(theirs))
