"""Shells for the tests of the installed command."""

import answers
import pytest
from kit import Shell

from partita.testing.stub_provider import StubProvider


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "gitconfig").write_text("[user]\n\tname = Una\n\temail = una@example.org\n")
    return folder


@pytest.fixture
def provider():
    """A provider that answers a whole good run."""
    with StubProvider(answers.good()) as stub:
        yield stub


@pytest.fixture
def shell(tmp_path, home, provider):
    """In an empty folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    return Shell(folder=folder, home=home, url=provider.url)


@pytest.fixture
def repo(shell):
    """In a repository with one commit."""
    shell.git("init", "-q", "-b", "main")
    shell.write("notes.txt", "mine\n")
    shell.commit_all()
    return shell


@pytest.fixture
def offering(tmp_path, home):
    """A shell whose provider answers by the rules given; in a repository of one file."""
    stubs = []

    def make(*rules, latency=0.0, empty=False):
        stub = StubProvider(list(rules), latency=latency)
        stubs.append(stub.__enter__())
        folder = tmp_path / f"work{len(stubs)}"
        folder.mkdir()
        someone = Shell(folder=folder, home=home, url=stub.url)
        if not empty:
            someone.git("init", "-q", "-b", "main")
            someone.write("notes.txt", "mine\n")
            someone.commit_all()
        return someone, stub

    yield make
    for stub in stubs:
        stub.stop()
