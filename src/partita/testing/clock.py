"""A clock that tests own."""

import asyncio


class FakeClock:
    """`ports.clock.Clock` that stands still until it is moved; sleeping moves it at once."""

    def __init__(self, start: float = 1_767_225_600.0) -> None:
        self.time = start
        self.slept: list[float] = []

    def now(self) -> float:
        """The time it was moved to."""
        return self.time

    def advance(self, seconds: float) -> None:
        """Move it."""
        self.time += seconds

    async def sleep(self, seconds: float) -> None:
        """Move it by that much, and give others a turn."""
        self.slept.append(seconds)
        self.advance(max(0.0, seconds))
        await asyncio.sleep(0)
