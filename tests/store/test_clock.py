"""The two clocks keep the same promise."""

import asyncio

import pytest

from partita.adapters.clock import SystemClock
from partita.testing.clock import FakeClock


@pytest.mark.parametrize("clock", [SystemClock(), FakeClock()])
def test_after_sleeping_it_is_later_and_it_is_seconds_since_1970(clock):
    before = clock.now()
    asyncio.run(clock.sleep(0.01))
    assert clock.now() > before > 1_700_000_000


def test_the_fake_clock_sleeps_at_once_and_lets_others_run():
    clock, order = FakeClock(100.0), []

    async def sleeper(name):
        order.append(name)
        await clock.sleep(3600)
        order.append(name)

    async def both():
        await asyncio.gather(sleeper("a"), sleeper("b"))

    asyncio.run(both())
    assert order == ["a", "b", "a", "b"]
    assert (clock.now(), clock.slept) == (100.0 + 7200, [3600, 3600])
    clock.advance(1)
    assert clock.now() == 7301
