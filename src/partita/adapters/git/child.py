"""One child process, bounded in time and output, which another thread may stop.

asyncio's own subprocesses are not used: cancelled while one is being started, they wait for ever.
"""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

_ERR_KEPT = 16 * 1024
_CHUNK = 64 * 1024
_TICK = 0.2
_GRACE = 5.0


class Done(NamedTuple):
    """How a process ended: exit code, all of its output, the beginning of its complaints."""

    code: int
    out: bytes
    err: str


class TooMuch(Exception):
    """It printed more than allowed, and was killed."""


class TooLong(Exception):
    """It did not end in time, or was told to stop."""


class Child:
    """A process to be: `run` starts it and waits, `stop` may be called meanwhile.

    It is in a session of its own: a Ctrl-C in the terminal does not reach it, it can't ask the
    terminal for a password, and it can be stopped with all that it has started.
    """

    def __init__(
        self,
        command: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        *,
        stdin: bytes,
        limit: int,
        patience: float,
    ) -> None:
        self._command, self._cwd, self._env = command, cwd, env
        self._left = memoryview(stdin)
        self._limit = limit
        self._deadline = time.monotonic() + patience
        self._out = bytearray()
        self._err = bytearray()

    def run(self) -> Done:
        """Start it and wait; raises OSError when it can't be started, TooMuch or TooLong."""
        with subprocess.Popen(
            self._command,
            cwd=self._cwd,
            env=self._env,
            stdin=subprocess.PIPE if self._left else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        ) as process:
            try:
                self._talk(process)
                code = process.wait(max(0.0, self._deadline - time.monotonic()))
            except (subprocess.TimeoutExpired, TimeoutError) as error:
                self._end(process)
                raise TooLong from error
            except BaseException:
                _signal(process, signal.SIGKILL)
                raise
        return Done(code, bytes(self._out), self._err.decode("utf-8", "replace"))

    def stop(self) -> None:
        """Make `run` end soon, with TooLong."""
        self._deadline = 0.0

    def _talk(self, process: subprocess.Popen[bytes]) -> None:
        """Write its input and read its output, until it closes all three or time is up."""
        with selectors.DefaultSelector() as selector:
            self._watch(selector, process.stdout, selectors.EVENT_READ, self._take_out)
            self._watch(selector, process.stderr, selectors.EVENT_READ, self._take_err)
            self._watch(selector, process.stdin, selectors.EVENT_WRITE, self._give)
            while selector.get_map():
                if time.monotonic() > self._deadline:
                    raise TimeoutError
                for key, _ in selector.select(_TICK):
                    stream, step = key.data
                    if not step(key.fd):
                        selector.unregister(stream)
                        stream.close()

    def _watch(
        self,
        selector: selectors.BaseSelector,
        stream: IO[bytes] | None,
        event: int,
        step: Callable[[int], bool],
    ) -> None:
        if stream is not None:
            os.set_blocking(stream.fileno(), False)
            selector.register(stream, event, (stream, step))

    def _take_out(self, fd: int) -> bool:
        chunk = os.read(fd, _CHUNK)
        self._out += chunk
        if len(self._out) > self._limit:
            raise TooMuch
        return bool(chunk)

    def _take_err(self, fd: int) -> bool:
        chunk = os.read(fd, _CHUNK)
        self._err += chunk[: _ERR_KEPT - len(self._err)]
        return bool(chunk)

    def _give(self, fd: int) -> bool:
        try:
            self._left = self._left[os.write(fd, self._left[:_CHUNK]) :]
        except BrokenPipeError:
            # It has read as much as it wanted; its exit code says why.
            return False
        return bool(self._left)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Politely first, because a killed git leaves its locks behind."""
        _signal(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
        _signal(process, signal.SIGKILL)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal it and all it has started: they are a process group of their own."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
