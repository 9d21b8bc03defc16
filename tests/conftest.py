"""What all tests share: no key of the user's, no network but loopback, no silent skip in CI."""

import itertools
import os
import socket

import pytest

from partita.testing.postgres import PostgresCluster, available

MUST_RUN = ("sandbox", "kill", "postgres")
NUMBERS = itertools.count(1)


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """No test sees the user's keys, or opens a connection to anything but this machine."""
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "ANTHROPIC_", "PARTITA_")):
            monkeypatch.delenv(name)
    real = socket.socket.connect

    def connect(self, address):
        here = self.family == socket.AF_UNIX or address[0] in ("127.0.0.1", "::1", "localhost")
        if not here:
            pytest.fail(f"opened a connection to {address}; use a fake")
        return real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL cluster of this test session's own, made when the first test wants it."""
    why = available()
    if why is not None:
        pytest.skip(why)
    with PostgresCluster() as cluster:
        yield cluster


@pytest.fixture
def database_url(postgres):
    """An empty PostgreSQL database for this test alone."""
    return postgres.url(f"test_{next(NUMBERS)}")


def pytest_collection_modifyitems(items):
    """Whoever wants a PostgreSQL cluster is marked so."""
    for item in items:
        if "postgres" in getattr(item, "fixturenames", ()):
            item.add_marker("postgres")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """In CI a skipped sandbox, kill or PostgreSQL test is a failure."""
    outcome = yield
    report = outcome.get_result()
    if (
        report.skipped
        and os.environ.get("CI") == "true"
        and any(item.get_closest_marker(name) for name in MUST_RUN)
    ):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
