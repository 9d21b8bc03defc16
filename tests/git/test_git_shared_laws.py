"""A clone that shares obeys the laws of a repository that is alone, where they are the same.

Landing is not among them: there it is the remote's branch that moves.
"""

import pytest
from shared_kit import Bare, clone
from test_git_history import *  # noqa: F403 - each law again, with the user below
from test_git_workshop import *  # noqa: F403


@pytest.fixture
def user(tmp_path):
    """A user in an empty clone of an empty remote."""
    return clone(tmp_path / "work", str(Bare(tmp_path / "remote.git").root))
