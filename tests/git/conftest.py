"""Every test here has a home, an identity and a git configuration of its own: none."""

import os

import pytest
from git_kit import User


@pytest.fixture(autouse=True)
def nobody(tmp_path_factory, monkeypatch):
    """The machine's own git configuration is not looked at."""
    for name in [n for n in os.environ if n.startswith("GIT_") or n == "EMAIL"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def user(tmp_path):
    """A user in an empty repository on the branch main."""
    someone = User(tmp_path / "work")
    someone.git("init", "-q", "-b", "main")
    return someone
