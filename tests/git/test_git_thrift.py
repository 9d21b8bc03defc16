"""What can't have changed is not asked of git again, and the answers are git's all the same."""

from collections import Counter

import pytest
from git_kit import User, contents, delete, run, spied, write
from hypothesis import given
from hypothesis import strategies as st

from partita.adapters.git.remembered import Remembered

R = "20261121-120000-abcd"


@pytest.fixture
def base(user):
    return user.commit({"a": "1", "d/x": "2", "d/e/y": "3"})


def asked(spy):
    """The git commands since the last look, by name."""
    names = Counter(args[0] for args in spy.calls)
    spy.calls.clear()
    return names


def test_a_commit_is_read_once(user, base):
    repo, spy = spied(user.open())
    entries, read = run(repo.files(base)), run(repo.read(base, ["a", "d/x"]))
    assert asked(spy) == {"ls-tree": 1, "cat-file": 1}
    assert run(repo.files(base)) is entries
    assert run(repo.read(base, ["d/x", "a"])) == read == {"a": b"1", "d/x": b"2"}
    assert run(repo.tree_id(base)) == user.git("rev-parse", f"{base}^{{tree}}")
    assert asked(spy) == {"cat-file": 1}
    assert run(repo.tree_id(base)) == user.git("rev-parse", f"{base}^{{tree}}")
    assert not asked(spy)


def test_what_was_written_need_not_be_read(user, base):
    repo, spy = spied(user.open())
    one = run(repo.commit(base, [write("d/new/z", "4"), delete("a")], "one"))
    asked(spy)
    two = run(repo.commit(one, [write("d/new/w", "5"), write("other/v", "6")], "two"))
    assert asked(spy) == {"unpack-objects": 1}
    assert run(repo.read(two, ["d/new/z", "gone", "d/new", "d/new/w"])) == {
        "d/new/z": b"4",
        "d/new/w": b"5",
    }
    assert not asked(spy)
    fresh = user.open()
    assert run(fresh.commit(one, [write("d/new/w", "5"), write("other/v", "6")], "two")) == two
    assert contents(fresh, two) == {
        "d/x": b"2",
        "d/e/y": b"3",
        "d/new/z": b"4",
        "d/new/w": b"5",
        "other/v": b"6",
    }


def test_a_commit_that_was_not_here_is_found_once_it_is(user, base, tmp_path):
    other = User(tmp_path / "other")
    other.git("init", "-q", "-b", "main")
    other.git("pull", "-q", str(user.root), "main")
    new = other.commit({"n": "9"})
    repo = user.open()
    assert run(repo.read(new, ["n"])) == {}
    user.git("fetch", "-q", str(other.root), "main")
    assert run(repo.read(new, ["n"])) == {"n": b"9"}


def test_a_branch_that_is_there_already_is_not_moved_again(user, base):
    repo, spy = spied(user.open())
    other = run(repo.commit(base, [write("a", "2")], "m"))
    asked(spy)
    for commit in (base, other):
        run(repo.point(f"partita/{R}/a", commit))
        assert asked(spy) == {"update-ref": 1}
        run(repo.point(f"partita/{R}/a", commit))
        assert not asked(spy)
        assert user.git("rev-parse", f"partita/{R}/a") == commit
    user.git("pack-refs", "--all")
    run(repo.point(f"partita/{R}/a", base))
    assert user.git("rev-parse", f"partita/{R}/a") == base


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 12)), max_size=40))
def test_what_is_remembered_fits_and_is_what_was_put(puts):
    kept = Remembered(40)
    last = {}
    for key, weight in puts:
        kept.put(key, (key, weight), weight)
        if weight <= 10:
            last[key] = (key, weight)
            assert kept.get(key) == (key, weight)
        found = {k: v for k in last if (v := kept.get(k)) is not None}
        assert found.items() <= last.items()
        assert sum(w for _, w in found.values()) <= 40
