"""Hosts for the tests on several machines; where they can't be had, a skip, and in CI a failure."""

import contextlib
import os

import pytest
from machines_kit import Site

from partita.testing.hosts import Network, why_not
from partita.testing.postgres import available


@pytest.fixture(scope="session")
def hosts_can_be_had():
    reason = why_not()
    if reason is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"skipped in CI: {reason}")
    pytest.skip(reason)


@pytest.fixture
def net(tmp_path, hosts_can_be_had):
    """Three hosts with nothing on them yet."""
    with Network(tmp_path, "north", "south", "east") as network:
        yield network
        print(network.words)  # shown where the test failed


@pytest.fixture
def site_of(net):
    """Makes the machines, whose model answers by the rules given."""
    if (why := available()) is not None:
        pytest.skip(why)
    with contextlib.ExitStack() as ends:

        def make(*rules):
            site = Site(net, *rules)
            ends.callback(site.close)
            return site

        yield make


@pytest.fixture
def site(site_of):
    """The machines, with a model that answers well."""
    return site_of()
