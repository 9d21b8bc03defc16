"""What every older version wrote is resumed, replayed and read by this one."""

import json
import sqlite3
from pathlib import Path

import pytest
import record
from kit import Shell, answers
from moments import events

from partita.engine.version import VERSION
from partita.testing.stub_provider import StubProvider

pytestmark = pytest.mark.sandbox

ARCHIVES = sorted(record.ARCHIVES.glob("*.tar.gz"))
NAMES = [p.name.removesuffix(".tar.gz") for p in ARCHIVES]
OLDEST = Path(__file__).parents[1] / "data/stores/schema-1.sql"
READING = (("status",), ("status", "--json"), ("show", "last"), ("cost", "last"), ("cost",))


@pytest.fixture(params=ARCHIVES, ids=NAMES)
def archive(request):
    return request.param


@pytest.fixture
def unpacked(archive, tmp_path):
    """A user who has just upgraded, in one of the two repositories."""
    record.unpack(archive, tmp_path)
    home = tmp_path / "home"
    home.mkdir()
    (home / "gitconfig").write_text("[user]\n\tname = Una\n\temail = una@example.org\n")

    def shell(name, url=""):
        return Shell(folder=tmp_path / name / "work", home=home, url=url)

    return shell


def tree(shell):
    return shell.git("rev-parse", "HEAD^{tree}").strip()


def test_this_version_has_its_archive():
    assert VERSION in NAMES


def test_a_killed_run_is_resumed_and_asks_only_what_has_no_answer(unpacked, archive):
    changed = [] if archive.name == f"{VERSION}.tar.gz" else ["--accept-changes"]
    with StubProvider([answers.web()]) as stub:
        shell = unpacked("killed", stub.url)
        before = events(shell)
        done = shell.partita("resume", "last", *changed)
    assert done.code == 0, done.err
    assert [r.rule for r in stub.requests] == [0]
    assert ("task.passed", "core") in before
    assert events(shell)[: len(before)] == before
    assert tree(shell) == tree(unpacked("landed"))
    assert shell.branches() == ["main"]
    assert shell.git("status", "--porcelain") == ""


def test_a_landed_run_is_replayed_to_the_same_tree(unpacked):
    shell = unpacked("landed")
    done = shell.partita("replay", "last")
    assert (done.code, "the same result" in done.out) == (0, True), done.err
    assert f"tree {tree(shell)[:12]}" in done.out


@pytest.mark.parametrize("name", ["killed", "landed"])
def test_a_run_is_read_without_being_touched(name, unpacked):
    shell = unpacked(name)
    file = shell.folder / ".partita/partita.db"
    before = file.read_bytes()
    for command in READING:
        done = shell.partita(*command)
        assert done.code == 0, (command, done.err)
        assert done.out
    shown = json.loads(shell.partita("show", "last", "--json").out)
    states = {e["state"] for e in shown["ledger"]}
    assert states == ({"settled"} if name == "landed" else {"settled", "held"})
    assert file.read_bytes() == before


def test_the_database_of_the_first_schema_is_read(tmp_path):
    home, folder = tmp_path / "home", tmp_path / "work"
    shell = Shell(folder=folder, home=home)
    folder.mkdir()
    shell.write("../home/gitconfig", "")
    shell.git("init", "-q", "-b", "main")
    (folder / ".partita").mkdir()
    database = sqlite3.connect(folder / ".partita/partita.db")
    database.executescript(OLDEST.read_text())
    database.close()
    listed = json.loads(shell.partita("status", "--json").out)
    assert "20260101-000000-bbbb" in json.dumps(listed)
    for command in (("status",), ("cost",), ("cost", "last")):
        done = shell.partita(*command)
        assert done.code == 0, (command, done.err)
        assert done.out
