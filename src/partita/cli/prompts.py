"""Questions at a terminal, each given up as soon as it is settled elsewhere."""

import os
import select
import sys
import termios
from collections.abc import Callable
from contextlib import suppress

import click

LOOK = 0.1  # seconds between two looks whether the question is settled elsewhere
MOST = 4096  # bytes of a line that a terminal gives at once

Settled = Callable[[], bool]


def confirm(question: str, settled: Settled) -> bool | None:
    """Yes (the default) or no; None once it is settled elsewhere."""
    while (line := ask(f"{question} [Y/n]: ", settled)) is not None:
        match line.strip().lower():
            case "" | "y" | "yes":
                return True
            case "n" | "no":
                return False
        click.echo("Error: invalid input", err=True)
    return None


def prompt(question: str, default: str, settled: Settled) -> str | None:
    """What was typed, or the default for nothing; None once it is settled elsewhere."""
    line = ask(f"{question} [{default}]: ", settled)
    return line if line is None else line or default


def ask(text: str, settled: Settled) -> str | None:
    """The line that the user types; None once it is settled elsewhere.

    KeyboardInterrupt for Ctrl-C, and where nothing more can be typed: Ctrl-D.
    """
    click.echo(text, nl=False, err=True)
    try:
        line = _typed(sys.stdin.fileno(), settled)
    except KeyboardInterrupt:
        click.echo(err=True)
        raise
    if line is None:
        click.echo(err=True)
        return None
    return line.decode(errors="replace").rstrip("\r\n")


def _typed(terminal: int, settled: Settled) -> bytes | None:
    line = b""
    while not line.endswith(b"\n"):
        if select.select([terminal], [], [], LOOK)[0]:
            more = os.read(terminal, MOST)
            if not more and not line:
                raise KeyboardInterrupt
            if not more:
                break
            line += more
        elif settled():
            _forget_typed(terminal)
            return None
    return line


def _forget_typed(terminal: int) -> None:
    """Half an answer is none to the next question, nor a command for the shell."""
    # From the background this would stop the process; there, nobody is typing an answer.
    with suppress(OSError, termios.error):
        if os.tcgetpgrp(terminal) == os.getpgrp():
            termios.tcflush(terminal, termios.TCIFLUSH)
