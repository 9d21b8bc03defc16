"""git runs bounded and undisturbed, and what it says is passed on."""

import asyncio
import os

import pytest
from git_kit import run

from partita.adapters.git import process
from partita.errors import BadInput, GitFailed


def alias(command):
    """A git command that is a shell command."""
    return ("-c", f"alias.x=!{command}", "x")


def test_a_failure_carries_gits_own_words(user):
    repo = user.open()
    with pytest.raises(GitFailed, match=r"^git cat-file failed: .*valid object"):
        run(repo._git("cat-file", "-p", "nonsense"))


def test_exit_codes_that_are_expected_are_no_failure(user):
    assert run(user.open()._git("rev-parse", "-q", "--verify", "nope", ok=(1,))).code == 1


def test_too_much_output_is_refused_not_kept(user):
    with pytest.raises(GitFailed, match="printed more than it may"):
        run(process.run(alias("yes"), user.root, limit=2**20))


def test_endless_complaints_are_cut(user):
    done = run(process.run(alias("yes | head -c 3000000 >&2; exit 3"), user.root))
    assert done.code == 3
    assert len(done.err) == 16 * 1024


def test_a_git_that_does_not_end_is_stopped(user):
    with pytest.raises(GitFailed, match="did not end within"):
        run(process.run(alias("exec sleep 600"), user.root, patience=0.3))


def test_a_cancelled_call_leaves_no_process(user):
    async def cancelled():
        note = user.root / "pid"
        task = asyncio.create_task(process.run(alias("echo $$ > pid; exec sleep 600"), user.root))
        while not (note.exists() and note.read_text().strip()):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return int(note.read_text())

    pid = run(cancelled())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_call_cancelled_while_git_starts_ends_too(user):
    async def cancelled():
        calls = [asyncio.ensure_future(process.run(("version",), user.root)) for _ in range(20)]
        await asyncio.sleep(0)
        for call in calls:
            call.cancel()
        return await asyncio.gather(*calls, return_exceptions=True)

    assert all(isinstance(end, asyncio.CancelledError) for end in run(cancelled()))


def test_input_that_git_does_not_read_is_no_error(user):
    done = run(process.run(alias("exit 7"), user.root, stdin=b"x" * 5_000_000))
    assert done.code == 7


def test_a_missing_git_and_a_missing_folder_are_told_apart(user, monkeypatch):
    with pytest.raises(GitFailed, match="could not be started: there is no folder"):
        run(process.run(("version",), user.root / "nope"))
    monkeypatch.setenv("PATH", "/nowhere")
    for call in (lambda: run(process.run(("version",), user.root)),
                 lambda: process.run_now(("version",), user.root)):  # fmt: skip
        with pytest.raises(BadInput, match="git was not found"):
            call()


def test_only_the_users_identity_and_configuration_pass_of_their_git_variables(monkeypatch):
    monkeypatch.setenv("GIT_DIR", "/x")
    monkeypatch.setenv("GIT_TRACE", "1")
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'a.b=c'")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Ann")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "safe.directory")
    kept = process.environment({"GIT_INDEX_FILE": "ours"})
    assert {name: value for name, value in kept.items() if name.startswith("GIT_")} == {
        "GIT_AUTHOR_NAME": "Ann",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_INDEX_FILE": "ours",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
    }
