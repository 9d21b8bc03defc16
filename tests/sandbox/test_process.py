"""A run leaves nothing behind: no process, zombie, descriptor, cgroup or task."""

import asyncio
import dataclasses
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from partita.adapters.sandbox.cgroup import Groups, find_groups
from partita.errors import CommandFailed
from partita.ports.sandbox import Command, Limits


def sleeper(tmp_path):
    """A command that says that it runs, then sleeps; and its mark among all processes."""
    token = f"partita-test-{secrets.token_hex(8)}"
    argv = ("sh", "-c", "touch started; sleep 600; true", token)
    return Command(argv=argv, cwd=tmp_path, limits=Limits(seconds=60)), token


def await_that(holds):
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def alive(token):
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if token.encode() in (process / "cmdline").read_bytes():
                found.append(process.name)
        except OSError:
            continue
    return found


def descriptors():
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())


def every_child():
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


EARLIER = set()


@pytest.fixture(autouse=True)
def earlier():
    """What the test process had started before, such as a database of other tests."""
    EARLIER.clear()
    EARLIER.update(every_child())


def children():
    return [child for child in every_child() if child not in EARLIER]


def left_by(pid):
    """Finding the groups sweeps up what is empty and belonged to the dead."""
    return [g for _, folder in find_groups().folders for g in folder.glob(f"partita-{pid}-*")]


def cgroups():
    return left_by(os.getpid())


@pytest.fixture(params=["bubblewrap", "unshare"])
def sandbox(request):
    return request.getfixturevalue(request.param)


@pytest.mark.sandbox
def test_nothing_is_left_after_any_kind_of_end(sandbox, tmp_path):
    before = (descriptors(), children())
    ends = {
        "exited": Command(argv=("true",), cwd=tmp_path),
        "timeout": Command(argv=("sleep", "60"), cwd=tmp_path, limits=Limits(seconds=0.2)),
        "output": Command(argv=("yes",), cwd=tmp_path),
        "signal": Command(argv=("sh", "-c", "kill -9 $$"), cwd=tmp_path),
    }
    for reason, command in ends.items():
        assert asyncio.run(sandbox.run(command)).reason == reason
    assert (descriptors(), children()) == before
    assert cgroups() == []


@pytest.mark.sandbox
def test_a_sandbox_that_does_not_come_up_is_no_outcome_of_the_command(sandbox, tmp_path):
    before = (descriptors(), children())
    for command in (
        Command(argv=("true",), cwd=tmp_path / "missing"),
        Command(argv=(), cwd=tmp_path),
        Command(argv=("true",), cwd=tmp_path, readonly=(Path("/proc/self/missing"),)),
        Command(argv=("true",), cwd=tmp_path, writable=(Path("/"),)),
        Command(argv=("true",), cwd=tmp_path, readonly=(Path.home(),)),
    ):
        with pytest.raises(CommandFailed):
            asyncio.run(sandbox.run(command))
    assert (descriptors(), children()) == before
    assert cgroups() == []


@pytest.mark.sandbox
def test_cancelling_again_and_again_still_waits_for_the_end(sandbox, tmp_path):
    command, token = sleeper(tmp_path)

    async def cancel_thrice():
        task = asyncio.create_task(sandbox.run(command))
        await asyncio.to_thread(await_that, (tmp_path / "started").exists)
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0)
        await asyncio.wait({task})
        return task.cancelled(), alive(token), children()

    assert asyncio.run(cancel_thrice()) == (True, [], [])
    assert cgroups() == []


@pytest.mark.sandbox
def test_cancelling_at_any_moment_of_the_start_leaves_nothing(sandbox, tmp_path):
    before = descriptors()

    async def cancel_after(turns):
        command, token = sleeper(tmp_path)
        task = asyncio.create_task(sandbox.run(command))
        for _ in range(turns):
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.wait({task})
        return task.cancelled(), alive(token)

    for turns in range(0, 60, 4):
        assert asyncio.run(cancel_after(turns)) == (True, [])
    assert (descriptors(), children(), cgroups()) == (before, [], [])


class CancelledByGroups(Groups):
    """Cancels whoever makes a group, which is the last thing before the start."""

    def make(self, limits):
        asyncio.current_task().cancel()
        return super().make(limits)


@pytest.mark.sandbox
def test_cancelling_before_the_namespace_is_known_leaves_nothing(sandbox, tmp_path):
    unlucky = dataclasses.replace(sandbox, groups=CancelledByGroups())

    async def run():
        command, token = sleeper(tmp_path)
        done, _ = await asyncio.wait({asyncio.create_task(unlucky.run(command))})
        return done.pop().cancelled(), alive(token), children()

    assert asyncio.run(run()) == (True, [], [])
    assert not (tmp_path / "started").exists()


COUNT_LAYERS = """
import ctypes
call = ctypes.CDLL(None, use_errno=True).syscall
ruleset = call(444, ctypes.byref(ctypes.c_uint64(1)), 8, 0)
print(sum(call(446, ruleset, 0) == 0 for _ in range(20)))
"""


@pytest.mark.sandbox
def test_landlock_is_in_force_behind_the_mounts(unshare, tmp_path):
    """The kernel allows 16 layers; it is in force when one of them is taken already."""
    argv = (os.path.realpath(sys.executable), "-I", "-S", "-c", COUNT_LAYERS)
    base = (Path(sys.base_prefix).resolve(),)
    outcome = asyncio.run(unshare.run(Command(argv=argv, cwd=tmp_path, readonly=base)))
    assert outcome.output == "15\n"


DRIVER = """
import asyncio, sys
from pathlib import Path
from partita.adapters.sandbox.choose import rungs
from partita.ports.sandbox import Command

async def main(name, folder, token):
    rung = {r.name: r async for r in rungs()}[name]
    argv = ("sh", "-c", "setsid sleep 600 & touch started; sleep 600; true", token)
    await rung.sandbox.run(Command(argv=argv, cwd=Path(folder)))

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.sandbox
@pytest.mark.kill
@pytest.mark.parametrize("backend", ["bwrap", "unshare"])
def test_nothing_survives_when_partita_itself_is_killed(backend, sandbox_names, tmp_path):
    if backend not in sandbox_names:
        pytest.skip(f"no {backend} here")
    token = f"partita-test-{secrets.token_hex(8)}"
    argv = [sys.executable, "-c", DRIVER, backend, str(tmp_path), token]
    with subprocess.Popen(argv) as partita:
        await_that((tmp_path / "started").exists)
        assert len(alive(token)) > 1
        partita.send_signal(signal.SIGKILL)
        partita.wait()
    await_that(lambda: not alive(token))
    await_that(lambda: not left_by(partita.pid))
