"""The two real backends, each once it has been probed; a reason to skip where one can't be had."""

import asyncio
import os

import pytest

from partita.adapters.sandbox.choose import Rung, rungs


async def _all() -> dict[str, Rung]:
    return {rung.name: rung async for rung in rungs()}


@pytest.fixture(scope="session")
def ladder():
    return asyncio.run(_all())


def _take(ladder, name):
    rung = ladder[name]
    if not rung.counts and os.environ.get("CI") == "true" and name == "bwrap":
        pytest.fail(f"CI must have bubblewrap: {rung.why}")
    if not rung.counts:
        pytest.skip(f"no {name} here: {rung.why}")
    return rung.sandbox


@pytest.fixture
def bubblewrap(ladder):
    return _take(ladder, "bwrap")


@pytest.fixture
def unshare(ladder):
    return _take(ladder, "unshare")


@pytest.fixture
def sandbox_names(ladder):
    return {name for name, rung in ladder.items() if rung.counts}
