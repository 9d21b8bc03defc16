"""Starting a process tree, bounding it while it runs, and leaving nothing of it behind.

Both real backends speak the same protocol (bubblewrap's): the outer process names the first
process of its new pid namespace on a status pipe, and holds that process back until it reads
a byte from a gate pipe. So it can be put into a cgroup, and a pidfd of it be opened, before it
starts anything; and when that pidfd reports its end, the kernel has ended the whole namespace.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, TypeVar

from partita.adapters.sandbox.capture import Capture
from partita.adapters.sandbox.cgroup import Group, Groups
from partita.adapters.sandbox.watch import Disk, descendants, memory_overrun
from partita.errors import CommandFailed
from partita.ports.sandbox import Command, Limits, Outcome

_T = TypeVar("_T")

_CHUNK = 64 * 1024
_STATUS_BYTES = 16 * 1024
_WATCH_SECONDS = 0.2
_START_SECONDS = 30.0
_SIGNALLED = 128  # a shell's way to say which signal ended a command, also bubblewrap's


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What to execute: arguments, environment, folder, file descriptors to hand on."""

    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: str = "/"
    fds: tuple[int, ...] = ()


# Given the numbers of status pipe and gate, and where to leave what must stay open until then.
Start = Callable[[int, int, ExitStack], Launch]


async def supervise(
    command: Command, start: Start, groups: Groups, *, namespaced: bool = True
) -> Outcome:
    """Run to the end or to the first bound; every process is dead and awaited on return.

    Also when cancelled. Raises CommandFailed when the sandbox itself does not come up.
    """
    began = time.monotonic()
    limits = command.limits
    disk = await asyncio.to_thread(Disk, (command.cwd, *command.writable), limits.disk)
    group = groups.make(limits)
    try:
        tree = Tree(start, namespaced=namespaced)
    except BaseException:
        group.discard()
        raise
    try:
        await tree.admit(group)
        reason = await _first_end(tree, limits, disk, watch_memory=not groups.bounds_memory)
    finally:
        await _surely(tree.finish(group))
    code = tree.code
    if reason == "exited":
        code, reason = _verdict(tree)
    if await asyncio.to_thread(disk.settle) and reason in ("exited", "signal"):
        reason = "disk"
    return Outcome(
        exit=code if reason == "exited" else None,
        reason=reason,
        output=tree.capture.text(),
        seconds=time.monotonic() - began,
    )


def _verdict(tree: "Tree") -> tuple[int | None, str]:
    code = tree.code
    if tree.killed_for_memory and code != 0:
        return None, "memory"
    if code is None:
        said = tree.capture.text().strip() or "it gave no reason"
        raise CommandFailed(f"the sandbox did not come up: {said}")
    if code - _SIGNALLED in set(signal.Signals):
        return None, "disk" if code - _SIGNALLED == signal.SIGXFSZ else "signal"
    return code, "exited"


async def _first_end(tree: "Tree", limits: Limits, disk: Disk, *, watch_memory: bool) -> str:
    tree.bound_output(limits.output)
    timer = asyncio.get_running_loop().call_later(limits.seconds, tree.stop, "timeout")
    watch = asyncio.create_task(_watch(tree, limits, disk, memory=watch_memory))
    try:
        await asyncio.wait({tree.end, watch}, return_when=asyncio.FIRST_COMPLETED)
        return tree.end.result() if tree.end.done() else watch.result()
    finally:
        timer.cancel()
        watch.cancel()


async def _watch(tree: "Tree", limits: Limits, disk: Disk, *, memory: bool) -> str:
    pause = _WATCH_SECONDS
    while True:
        await asyncio.sleep(pause)
        began = time.monotonic()
        if await asyncio.to_thread(disk.overrun):
            return "disk"
        if memory and await asyncio.to_thread(memory_overrun, tree.pid, limits.memory):
            return "memory"
        # A big tree takes long to add up; that may not become the main work of the machine.
        pause = max(_WATCH_SECONDS, 5 * (time.monotonic() - began))


async def _surely(work: Coroutine[Any, Any, None]) -> None:
    """Let it finish although the caller is cancelled, then let the cancellation through."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as e:
            cancelled = e
    if cancelled is not None:
        raise cancelled
    task.result()


class Tree:
    """A started process tree: its pipes are read as they fill, `end` says why it should stop."""

    def __init__(self, start: Start, *, namespaced: bool) -> None:
        loop = asyncio.get_running_loop()
        self.capture = Capture()
        self.code: int | None = None
        self.killed_for_memory = False
        self.end: asyncio.Future[str] = loop.create_future()
        self._named: asyncio.Future[int | None] = loop.create_future()
        self._namespaced = namespaced
        self._first: _Process | None = None
        self._output_bound: int | None = None
        self._said = b""
        self._open = ExitStack()
        with ExitStack() as theirs:
            output = self._pipe(theirs)
            status = self._pipe(theirs)
            gate, self._gate = os.pipe()
            theirs.callback(os.close, gate)
            self._open.callback(os.close, self._gate)
            try:
                self._outer = self._spawn(start(status[1], gate, theirs), output[1])
            except BaseException:
                self._open.close()
                raise
        self.pid = self._outer.pid
        self._process = _Process(self.pid, self._open)
        self._process.gone.add_done_callback(lambda _: self.stop("exited"))
        self._inflows = (
            _Inflow(output[0], self._take_output),
            _Inflow(status[0], self._take_status, lambda: _resolve(self._named, None)),
        )

    async def admit(self, group: Group) -> None:
        """Put the tree into its group and let it run."""
        first = await self._meet()
        if first is None:
            return  # where there should be one, the outer one says why on its output, and ends
        try:
            group.add(first.pid)
        except ProcessLookupError:
            return  # it has failed already, and said why
        except OSError as e:
            raise CommandFailed(f"the sandbox did not come up: {e}") from e
        with contextlib.suppress(BrokenPipeError):
            os.write(self._gate, b"x")

    async def _meet(self) -> "_Process | None":
        """Wait for the first process of the namespace; None when there is none to wait for."""
        if self._first is None and self._namespaced:
            # asyncio.wait leaves the future alone when the waiting is cancelled.
            await asyncio.wait({self._named}, timeout=_START_SECONDS)
            first = self._named.result() if self._named.done() else None
            with contextlib.suppress(ProcessLookupError):
                self._first = None if first is None else _Process(first, self._open)
        return self._first

    def bound_output(self, limit: int) -> None:
        """Stop as soon as more than `limit` bytes were printed."""
        self._output_bound = limit
        if self.capture.total > limit:
            self.stop("output")

    def stop(self, reason: str) -> None:
        """Ask for the end; the first reason is kept."""
        _resolve(self.end, reason)

    async def finish(self, group: Group) -> None:
        """Kill what still lives, wait until it is gone, and give back all that was taken."""
        try:
            # Killed before it has named its child, bubblewrap would leave that child waiting.
            first = await self._meet()
            if first is not None:
                first.kill()
            elif not self._namespaced:
                _kill_all(self.pid)
            self._process.kill()
            await self._process.gone
            status = self._outer.wait()
            if not self._namespaced:
                self.code = status if status >= 0 else _SIGNALLED - status
            if first is not None:
                await first.gone
            for inflow in self._inflows:
                inflow.drain()
            self.killed_for_memory = group.killed_for_memory()
        finally:
            for inflow in self._inflows:
                inflow.stop()
            self._open.close()
            await group.remove()

    def _pipe(self, theirs: ExitStack) -> tuple[int, int]:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        self._open.callback(os.close, reading)
        theirs.callback(os.close, writing)
        return reading, writing

    def _spawn(self, launch: Launch, output: int) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                launch.argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=launch.cwd,
                env=launch.env,
                pass_fds=launch.fds,
                start_new_session=True,
            )
        except (OSError, ValueError) as e:
            raise CommandFailed(f"{launch.argv[0]} can't be started: {e}") from e

    def _take_output(self, data: bytes) -> None:
        self.capture.feed(data)
        if self._output_bound is not None and self.capture.total > self._output_bound:
            self.stop("output")

    def _take_status(self, data: bytes) -> None:
        self._said = (self._said + data)[-_STATUS_BYTES:]
        *lines, self._said = self._said.split(b"\n")
        for line in lines:
            match json.loads(line):
                case {"child-pid": int(pid)}:
                    _resolve(self._named, pid)
                case {"exit-code": int(code)}:
                    self.code = code


class _Process:
    """A process by its pidfd, so that a number used again can never be meant by mistake."""

    def __init__(self, pid: int, stack: ExitStack) -> None:
        loop = asyncio.get_running_loop()
        self.pid = pid
        self.gone: asyncio.Future[None] = loop.create_future()
        self._fd = os.pidfd_open(pid)
        stack.callback(os.close, self._fd)
        stack.callback(loop.remove_reader, self._fd)
        loop.add_reader(self._fd, self._went)

    def _went(self) -> None:
        asyncio.get_running_loop().remove_reader(self._fd)
        _resolve(self.gone, None)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._fd, signal.SIGKILL)


class _Inflow:
    """Reads a non-blocking pipe whenever it has something, until its end."""

    def __init__(
        self, fd: int, take: Callable[[bytes], None], over: Callable[[], None] = lambda: None
    ) -> None:
        self._fd, self._take, self._over = fd, take, over
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(fd, self._read)

    def _read(self) -> bool:
        try:
            data = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return False
        if data:
            self._take(data)
        else:
            self.stop()
            self._over()
        return bool(data)

    def drain(self) -> None:
        """Take what is left; its writers are dead, so that a pipe's capacity bounds it."""
        for _ in range(64):
            if not self._read():
                return

    def stop(self) -> None:
        self._loop.remove_reader(self._fd)


def _kill_all(pid: int) -> None:
    """Kill a tree that has no namespace; a process that left the tree in time escapes."""
    for process in reversed(descendants(pid)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _resolve(future: "asyncio.Future[_T]", value: _T) -> None:
    if not future.done():
        future.set_result(value)
