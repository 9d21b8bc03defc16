"""Reading tells what a commit holds, byte for byte, and what differs."""

import os

import pytest
from git_kit import delete, run, write

from partita.core.changes import Entry
from partita.errors import BadInput
from partita.ports.repo import Base


@pytest.fixture
def mixed(user):
    user.write("run", "#!\n")
    (user.root / "run").chmod(0o755)
    (user.root / "link").symlink_to("../out")
    user.write("d/ü n", b"\r\n\0")
    user.write(os.fsdecode(b"d/\xff"), "raw")
    user.git("add", "-A")
    user.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    user.git("commit", "-q", "-m", "mixed")
    return user.git("rev-parse", "HEAD")


def test_files_are_listed_with_size_and_kind(user, mixed):
    assert run(user.open().files(mixed)) == (
        Entry(path="d/ü n", size=3),
        Entry(path="d/\udcff", size=3),
        Entry(path="link", size=6, kind="link"),
        Entry(path="run", size=3, kind="executable"),
        Entry(path="sub", size=0, kind="submodule"),
    )


def test_reading_gives_the_files_that_are_there_and_no_others(user, mixed):
    wanted = ["d/ü n", "d/\udcff", "link", "sub", "d", "nope", "", "/", "../x", "d/../run", "./run"]
    got = run(user.open().read(mixed, [*wanted, "run\n", "a\0b", "\ud800", "run", "run"]))
    assert got == {"d/ü n": b"\r\n\0", "d/\udcff": b"raw", "link": b"../out", "run": b"#!\n"}


def test_the_empty_tree_is_a_commit_like_any_other(user, mixed):
    repo = user.open()
    assert run(repo.files("")) == ()
    assert run(repo.read("", ["run"])) == {}
    assert run(repo.changed("", mixed)) == ("d/ü n", "d/\udcff", "link", "run", "sub")
    assert run(repo.changed("", "")) == ()
    assert run(repo.tree_id("")) == user.git("hash-object", "-t", "tree", "/dev/null")
    assert "+++ b/run" in run(repo.diff("", mixed))


def test_a_diff_is_unified_with_renames_off_whatever_is_configured(user):
    user.git("config", "diff.renames", "copies")
    user.git("config", "diff.noprefix", "true")
    user.git("config", "color.ui", "always")
    user.git("config", "diff.external", "false")
    user.commit({".gitattributes": "*.py diff=python\n"})
    repo = user.open()
    one = run(repo.commit("", [write("old.py", "1\n2\n"), write("bin", b"\0\1")], "m"))
    changes = [delete("old.py"), write("new.py", "1\n2\n"), write("bin", b"\0\2")]
    two = run(repo.commit(one, changes, "m"))
    text = run(repo.diff(one, two))
    assert "--- a/old.py\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-1\n-2\n" in text
    assert "--- /dev/null\n+++ b/new.py\n@@ -0,0 +1,2 @@\n+1\n+2\n" in text
    assert "Binary files a/bin and b/bin differ" in text
    assert "\x1b" not in text
    assert run(repo.changed(one, two)) == ("bin", "new.py", "old.py")


def test_where_head_is(user):
    repo = user.open()
    assert run(repo.base()) == Base(commit="", branch="main")
    base = user.commit({"a": "1"})
    user.git("switch", "-q", "-c", "feature/x")
    assert run(repo.base()) == Base(commit=base, branch="feature/x")
    user.git("switch", "-q", "--detach")
    assert run(repo.base()) == Base(commit=base, branch=None)


def test_names_are_resolved_to_commits(user):
    base = user.commit({"a": "1"})
    user.git("tag", "-a", "-m", "t", "v1")
    repo = user.open()
    for name in ("main", "HEAD", "v1", base[:8], "refs/heads/main"):
        assert run(repo.resolve(name)) == base
    for name in ("nope", "", "--all", "HEAD:a", "a\0b", "0" * 40):
        assert run(repo.resolve(name)) is None


def test_uncommitted_paths_are_named(user):
    repo = user.open()
    user.commit({"a": "1", "b": "1", "c": "1", ".gitignore": "*.log"})
    assert run(repo.dirty()) == ()
    user.write("a", "2")
    user.write("b", "2")
    user.git("add", "b")
    user.git("mv", "c", "ü\nn")
    user.write("new/x", "")
    user.write("x.log", "")
    assert run(repo.dirty()) == ("a", "b", "c", "new/", "ü\nn")


@pytest.mark.parametrize("wrong", ["HEAD", "--output=x", "main", "abc", "g" * 40])
def test_only_full_ids_are_taken_for_commits(user, wrong):
    repo = user.open()
    for asked in (repo.files(wrong), repo.read(wrong, ["a"]), repo.diff("", wrong)):
        with pytest.raises(BadInput, match="not a full commit id"):
            run(asked)
