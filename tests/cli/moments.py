"""Waiting for a moment of a run, and reading its record meanwhile."""

import os
import signal
import time
from contextlib import contextmanager

from partita.adapters.store.sqlite import open_readonly
from partita.errors import PartitaError


def until(condition, what, patience=25.0):
    """Poll; a moment that never comes is a failure that says which."""
    end = time.monotonic() + patience
    while not (value := condition()):
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.01)
    return value


@contextmanager
def started(shell, *args):
    """A command at work, ended by force if it still is; a failure tells what it had said."""
    process = shell.start(*args)
    try:
        yield process
    except BaseException as e:
        e.add_note(f"partita {args}: {_ended(process)}")
        raise
    finally:
        _ended(process)


def _ended(process):
    """Its exit code and output."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    return process.communicate(), process.returncode


def log(shell):
    """What the log of the last run says so far; nothing before there is a run."""
    try:
        with open_readonly(shell.folder / ".partita") as store:
            return store.events(store.find("last").id)
    except PartitaError:
        return []


def events(shell):
    """The log as pairs: type, and task or name."""
    return [(e.type, e.data.get("task") or e.data.get("name")) for e in log(shell)]


def ledger(shell):
    with open_readonly(shell.folder / ".partita") as store:
        return store.entries(store.find("last").id)


def record(shell):
    with open_readonly(shell.folder / ".partita") as store:
        return store.find("last")
