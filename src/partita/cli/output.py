"""What commands share in answering: JSON documents, tables, dates."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from partita.present.printable import printable


def say(text: str = "") -> None:
    """A line of the answer, on standard output; unchanged where a program reads it."""
    sys.stdout.write(f"{printable(text) if sys.stdout.isatty() else text}\n")


def remark(text: str) -> None:
    """A line about the answer, on standard error."""
    sys.stderr.write(f"{printable(text)}\n")


def document(value: Any) -> None:
    """The answer as one JSON document."""
    say(json.dumps(value, indent=2, ensure_ascii=False))


def last_line(*, seq: int, at: float, run: str, **facts: Any) -> None:
    """The last of the JSON lines of a command that ran something."""
    line = {"seq": seq, "at": at, "run": run, "type": "result", **facts}
    say(json.dumps(line, ensure_ascii=False))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as they need to be; readable in a pipe, too."""
    widths = [max(len(r[i]) for r in (head, *rows)) for i in range(len(head))]
    for row in (head, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        say("  ".join(cells).rstrip())
