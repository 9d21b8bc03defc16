"""Doing an effect once in a run, however often the process dies."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol


class Journal(Protocol):
    """Effects with a unique name whose JSON result is recorded; replayed, not repeated."""

    async def once(self, name: str, effect: Callable[[], Awaitable[Any]]) -> Any:
        """The recorded result of that name, or do it now and record what it gives."""
