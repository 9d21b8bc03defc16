"""Every sandbox keeps the laws of the port."""

import pytest

from partita.adapters.sandbox.unprotected import Unprotected
from partita.testing.sandbox import ScriptedSandbox, exited, killed
from partita.testing.sandbox_laws import (
    EXITS_WITH_3,
    PRINTED,
    PRINTS,
    SLEEPS,
    ContainmentLaws,
    SandboxLaws,
)

ANSWERS = {EXITS_WITH_3: exited(3), PRINTS: exited(output=PRINTED), SLEEPS: killed("timeout")}


class TestScripted(SandboxLaws):
    @pytest.fixture
    def sandbox(self):
        return ScriptedSandbox(lambda command: ANSWERS.get(command.argv))


class TestUnprotected(SandboxLaws):
    @pytest.fixture
    def sandbox(self):
        return Unprotected()


@pytest.mark.sandbox
class TestBubblewrap(ContainmentLaws):
    @pytest.fixture
    def sandbox(self, bubblewrap):
        return bubblewrap


@pytest.mark.sandbox
class TestUnshare(ContainmentLaws):
    @pytest.fixture
    def sandbox(self, unshare):
        return unshare
