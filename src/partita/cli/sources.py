"""Where a run's request, plan and settings came from, so that a later change of them is noticed."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from partita.settings import Settings

SHAPING = ("depth", "rounds", "test_command")  # settings that answers and verdicts depend on


def sources_of(words: str | None, plan_file: str | None) -> dict[str, Any]:
    """The files behind a command line, by their absolute paths; "" where there is none.

    What stood in them is in the run's record.
    """
    return {
        "request": _file(words or ""),
        "plan": _file(plan_file or ""),
    }


def shaping(settings: Settings) -> dict[str, Any]:
    """The settings that shape a run, but for those that a flag set for this run alone."""
    return {
        name: getattr(settings, name)
        for name in SHAPING
        if not settings.origin.get(name, "").startswith("--")
    }


def _file(words: str) -> str:
    with suppress(OSError, ValueError):
        if words and "\n" not in words and Path(words).is_file():
            return str(Path(words).resolve())
    return ""
