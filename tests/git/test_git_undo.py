"""Undo takes exactly one landed change back, as a new commit, or names what stands against it."""

import pytest
from git_kit import Crash, CrashingGit, contents, delete, real_git, run, write

from partita.adapters.git import GitRepo
from partita.errors import LandingRefused
from partita.ports.repo import Landed

CHANGES = [write("a", b"\0new\r\n"), delete("gone"), write("new/n", "n\n")]


@pytest.fixture
def base(user):
    return user.commit({"a": b"\0old\r\n", "gone": "1\n", "b": "1\n2\n3\n4\n5\n6\n7\n"})


def land(user, base, changes=CHANGES, branch="main"):
    repo = user.open()
    commit = run(repo.squash(base, run(repo.commit(base, changes, "w")), "feat", at=1_700_000_000))
    assert run(repo.land(branch, base, commit, "r")).outcome == "landed"
    return repo, commit


def test_undo_restores_every_byte_by_a_new_commit(user, base):
    before = user.files()
    repo, commit = land(user, base)
    outcome = run(repo.undo("main", commit, "Revert it", at=1_700_000_100))
    assert outcome.outcome == "landed"
    assert (user.files(), user.status()) == (before, "")
    facts = user.git("log", "-1", "--format=%H %P %ct %s %gs", "-g", "main")
    assert facts == f"{outcome.commit} {commit} 1700000100 Revert it partita: undo {commit[:12]}"


def test_without_a_time_the_revert_follows_its_parent_by_a_second(user, base):
    repo, commit = land(user, base)
    run(repo.undo("main", commit, "Revert it"))
    assert user.git("log", "-1", "--format=%ct") == "1700000001"


def test_later_work_on_other_places_stays(user, base):
    repo, commit = land(user, base, [*CHANGES, write("b", "1\n2\n3\n4\n5\n6\nseven\n")])
    user.commit({"later": "x", "b": "one\n2\n3\n4\n5\n6\nseven\n"})
    run(repo.undo("main", commit, "m"))
    assert user.status() == ""
    assert contents(repo, user.git("rev-parse", "HEAD")) == {
        "a": b"\0old\r\n",
        "b": b"one\n2\n3\n4\n5\n6\n7\n",
        "gone": b"1\n",
        "later": b"x",
    }


def test_later_work_on_the_same_places_is_named_and_nothing_changes(user, base):
    repo, commit = land(user, base)
    user.commit({"a": "later", "new/n": "later"})
    before = user.everything()
    with pytest.raises(LandingRefused, match="a, new/n"):
        run(repo.undo("main", commit, "m"))
    assert user.everything() == before


def test_an_uncommitted_edit_in_the_way_stops_the_undo(user, base):
    repo, commit = land(user, base)
    user.write("a", "mine")
    user.write("gone", "mine, untracked")
    before = user.everything()
    assert run(repo.undo("main", commit, "m")) == Landed(
        outcome="dirty", commit=commit, paths=("a", "gone")
    )
    assert user.everything() == before


def test_undoing_twice_changes_nothing_more(user, base):
    repo, commit = land(user, base)
    first = run(repo.undo("main", commit, "m"))
    assert run(repo.undo("main", commit, "m")) == first


def test_undoing_the_first_commit_leaves_an_empty_tree(user):
    repo, commit = land(user, "", [write("a", "1"), write("d/b", "2")])
    user.write("mine", "kept")
    assert run(repo.undo("main", commit, "m")).outcome == "landed"
    assert contents(repo, user.git("rev-parse", "HEAD")) == {}
    assert user.files() == {"mine": (False, b"kept")}
    user.git("fsck", "--strict")


def test_undo_on_a_branch_that_is_not_checked_out_leaves_the_files_alone(user, base):
    user.git("branch", "other")
    repo, commit = land(user, base, branch="other")
    before = user.files(), user.git("ls-files", "-s")
    assert run(repo.undo("other", commit, "m")).outcome == "landed"
    assert (user.files(), user.git("ls-files", "-s")) == before
    assert contents(repo, user.git("rev-parse", "other")) == contents(repo, base)


def test_what_is_not_on_the_branch_can_not_be_undone(user, base):
    repo = user.open()
    other = run(repo.commit(base, [write("a", "x")], "m"))
    with pytest.raises(LandingRefused, match="is not on the branch"):
        run(repo.undo("main", other, "m"))
    with pytest.raises(LandingRefused, match="There is no branch"):
        run(repo.undo("nope", other, "m"))


@pytest.mark.parametrize("at", range(1, 25))
def test_undoing_again_after_a_crash_finishes_it(user, base, at):
    repo, commit = land(user, base)
    dying = GitRepo(repo.place, CrashingGit(real_git(repo), at=at, after=True))
    try:
        run(dying.undo("main", commit, "m", at=1_700_000_100))
    except Crash:
        run(repo.undo("main", commit, "m", at=1_700_000_100))
    assert user.git("rev-parse", "main~1") == commit
    assert contents(repo, user.git("rev-parse", "HEAD")) == contents(repo, base)
    assert user.status() == ""
