"""The machine's clock; the only place that reads the time."""

import asyncio
import time


class SystemClock:
    """`ports.clock.Clock` of this machine."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        await asyncio.sleep(seconds)
