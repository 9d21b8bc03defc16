"""Landing moves one branch in one step; what is not committed is neither overwritten nor moved."""

import json

import pytest
from git_kit import delete, run, spied, write

from partita.errors import BadInput, GitFailed, LandingRefused
from partita.ports.repo import Landed

OLD = {"a": "1\n", "b": "1\n", "d/x": "1\n", "d/y": "1\n"}
CHANGES = [
    write("a", "2\n"),
    delete("d/x"),
    write("new/n", "n\n"),
    write("run", "r", executable=True),
]
NEW = {
    "a": (False, b"2\n"),
    "b": (False, b"1\n"),
    "d/y": (False, b"1\n"),
    "new/n": (False, b"n\n"),
    "run": (True, b"r"),
}


@pytest.fixture
def base(user):
    return user.commit({".gitignore": "*.log\n", **OLD})


def made(repo, base, changes=CHANGES):
    work = run(repo.commit(base, changes, "work"))
    return run(repo.squash(base, work, "feat: it\n\nPartita-Run: r1", at=1_700_000_000))


def landed(user, repo, base, changes=CHANGES, branch="main"):
    commit = made(repo, base, changes)
    return commit, run(repo.land(branch, base, commit, "r1"))


def is_clean_at(user, commit):
    assert user.git("rev-parse", "HEAD") == commit
    assert user.status() == ""
    assert not (user.root / ".partita/landing.json").exists()
    user.git("fsck", "--strict")


def test_index_and_work_tree_follow_the_branch_that_is_checked_out(user, base):
    repo = user.open()
    commit, outcome = landed(user, repo, base)
    assert outcome == Landed(outcome="landed", commit=commit)
    is_clean_at(user, commit)
    assert (user.root / ".partita/.gitignore").read_text() == "*\n"
    files = user.files()
    del files[".gitignore"]
    assert files == NEW
    assert user.git("reflog", "-1", "--format=%gs", "main") == "partita: r1"
    assert user.git("reflog", "-1", "--format=%gs", "HEAD") == "partita: r1"


def test_landing_again_says_the_same_and_does_nothing(user, base):
    repo = user.open()
    commit, outcome = landed(user, repo, base)
    before = user.everything()
    assert run(repo.land("main", base, commit, "r1")) == outcome
    assert user.everything() == before


def test_uncommitted_edits_elsewhere_stay_as_they_are(user, base):
    user.write("b", "unstaged\n")
    user.write("d/y", "staged\n")
    user.git("add", "d/y")
    user.write("untracked", "u")
    user.write("x.log", "ignored")
    user.write("intended", "i")
    user.git("add", "-N", "intended")
    repo = user.open()
    commit, outcome = landed(user, repo, base)
    assert outcome.outcome == "landed"
    assert user.status().splitlines() == [" M b", "M  d/y", " A intended", "?? untracked"]
    assert (user.root / "b").read_text() == "unstaged\n"
    assert (user.root / "x.log").read_text() == "ignored"
    assert user.git("rev-parse", "main") == commit


@pytest.mark.parametrize("staged", [True, False])
def test_an_uncommitted_edit_that_would_change_stops_the_landing(user, base, staged):
    user.write("a", "mine\n")
    user.write("d/x", "mine too\n")
    user.write("b", "not in the way\n")
    if staged:
        user.git("add", "-A")
    before = user.everything()
    _, outcome = landed(user, user.open(), base)
    assert outcome == Landed(outcome="dirty", commit=base, paths=("a", "d/x"))
    assert user.everything() == before
    assert not (user.root / ".partita/landing.json").exists()


@pytest.mark.parametrize("how", ["assume-unchanged", "skip-worktree"])
def test_an_edit_that_git_was_told_to_overlook_is_not_lost(user, base, how):
    user.git("update-index", f"--{how}", "a")
    user.write("a", "mine\n")
    try:
        _, outcome = landed(user, user.open(), base)
        assert outcome.outcome == "dirty"
    except LandingRefused:
        pass
    assert (user.root / "a").read_text() == "mine\n"
    assert user.git("rev-parse", "main") == base


def test_a_file_deleted_but_not_committed_counts_as_an_edit(user, base):
    (user.root / "a").unlink()
    before = user.everything()
    _, outcome = landed(user, user.open(), base)
    assert (outcome.outcome, outcome.paths) == ("dirty", ("a",))
    assert user.everything() == before


def test_a_file_taken_out_of_the_index_that_the_landing_deletes_is_kept(user, base):
    user.git("rm", "-q", "--cached", "d/x")
    assert landed(user, user.open(), base)[1].paths == ("d/x",)
    assert (user.root / "d/x").read_text() == "1\n"


def test_a_file_that_was_only_touched_is_no_edit(user, base):
    (user.root / "a").write_text((user.root / "a").read_text())
    (user.root / "d/x").touch()
    assert landed(user, user.open(), base)[1].outcome == "landed"


@pytest.mark.parametrize(
    ("path", "change", "named"),
    [
        ("new/n", write("new/n", "x"), ("new/n",)),
        ("new", write("new/n", "x"), ("new",)),
        ("build.log", write("build.log", "x"), ("build.log",)),
        ("new.log/deep/f", write("new.log", "x"), ("new.log/deep/f",)),
        ("x.log", write("x.log/y", "x"), ("x.log",)),
        ("d/mine.log", write("d", "x"), ("d/mine.log",)),
    ],
)
def test_an_untracked_or_ignored_file_in_the_way_stops_the_landing(user, base, path, change, named):
    user.write(path, "precious")
    before = user.everything()
    more = [delete("d/x"), delete("d/y")] if change.path == "d" else []
    _, outcome = landed(user, user.open(), base, [change, write("a", "2"), *more])
    assert outcome == Landed(outcome="dirty", commit=base, paths=named)
    assert user.everything() == before


def test_a_link_of_the_users_in_the_way_is_not_followed(user, base, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (user.root / "new").symlink_to(outside)
    _, outcome = landed(user, user.open(), base)
    assert (outcome.outcome, outcome.paths) == ("dirty", ("new",))
    assert list(outside.iterdir()) == []


def test_a_file_may_become_a_folder_and_an_empty_folder_a_file(user, base):
    (user.root / "new/empty/er").mkdir(parents=True)
    changes = [delete("a"), write("a/b/c", "1"), delete("d/x"), delete("d/y"), write("d", "2")]
    commit, outcome = landed(user, user.open(), base, [*changes, write("new", "3")])
    assert outcome.outcome == "landed"
    is_clean_at(user, commit)


def test_a_branch_that_is_not_checked_out_moves_alone(user, base):
    user.git("branch", "other")
    user.write("a", "mine\n")
    before = user.files(), user.git("ls-files", "-s")
    commit, outcome = landed(user, user.open(), base, branch="other")
    assert outcome == Landed(outcome="landed", commit=commit)
    assert user.git("rev-parse", "other", "main").split() == [commit, base]
    assert (user.files(), user.git("ls-files", "-s")) == before


def test_a_branch_that_has_moved_is_left_alone(user, base):
    repo = user.open()
    commit = made(repo, base)
    tip = user.commit({"b": "the user went on\n"})
    before = user.everything()
    assert run(repo.land("main", base, commit, "r")) == Landed(outcome="moved", commit=tip)
    assert user.everything() == before


def test_a_branch_that_moves_in_the_last_moment_is_left_alone(user, base):
    repo, spy = spied(user.open())
    commit = made(repo, base)
    tips = []

    def race(args):
        if args[0] == "update-ref" and not tips:
            tips.append(user.commit({"z": "sooner"}))

    spy.before = race
    assert run(repo.land("main", base, commit, "r")) == Landed(outcome="moved", commit=tips[0])
    is_clean_at(user, tips[0])


def test_an_edit_made_in_the_last_moment_takes_the_branch_back(user, base):
    repo, spy = spied(user.open())
    commit = made(repo, base)

    def race(args):
        if args[0] == "update-ref":
            user.write("a", "mine\n")

    spy.before = race
    outcome = run(repo.land("main", base, commit, "r"))
    assert outcome == Landed(outcome="dirty", commit=base, paths=("a",))
    assert user.git("rev-parse", "main") == base
    assert user.status() == " M a"
    assert user.files()["a"] == (False, b"mine\n")


def test_a_detached_head_has_nothing_to_land_on(user, base):
    user.git("switch", "-q", "--detach")
    repo = user.open()
    where = run(repo.base())
    assert (where.branch, where.commit) == (None, base)
    before = user.everything()
    outcome = run(repo.land(where.branch, base, made(repo, base), "r"))
    assert outcome == Landed(outcome="detached")
    assert user.everything() == before


def test_an_unborn_branch_gets_its_first_commit(user):
    user.write("mine", "kept")
    repo = user.open()
    commit, outcome = landed(user, repo, "", [write("a", "1"), write("d/b", "2")])
    assert outcome == Landed(outcome="landed", commit=commit)
    assert user.git("rev-parse", "HEAD") == commit
    assert user.status() == "?? mine"
    assert (user.root / "d/b").read_text() == "2"


def test_files_in_the_way_of_a_first_commit_stop_it(user):
    user.write("a", "mine")
    user.write("staged", "mine")
    user.git("add", "staged")
    repo = user.open()
    _, outcome = landed(user, repo, "", [write("a", "1"), write("staged", "2"), write("c", "3")])
    assert outcome == Landed(outcome="dirty", paths=("a", "staged"))
    assert run(repo.base()).commit == ""
    assert user.status().splitlines() == ["A  staged", "?? a"]


def test_an_edit_in_the_last_moment_makes_a_first_commit_unborn_again(user):
    repo, spy = spied(user.open())
    commit = made(repo, "", [write("a", "1"), write("b", "2")])

    def race(args):
        if args[0] == "update-ref":
            user.write("a", "mine")

    spy.before = race
    assert run(repo.land("main", "", commit, "r")).paths == ("a",)
    assert run(repo.base()).commit == ""
    assert user.status() == "?? a"


def test_a_branch_born_meanwhile_has_moved(user):
    repo = user.open()
    commit = made(repo, "", [write("a", "1")])
    tip = user.commit({"b": "2"})
    assert run(repo.land("main", "", commit, "r")) == Landed(outcome="moved", commit=tip)


def test_a_branch_in_another_worktree_of_the_users_is_refused(user, base, tmp_path):
    user.git("worktree", "add", "-q", "-b", "other", str(tmp_path / "second"))
    before = user.everything()
    with pytest.raises(LandingRefused, match=r"checked out in another worktree.*second"):
        landed(user, user.open(), base, branch="other")
    assert user.everything() == before


def test_landing_works_from_a_linked_worktree(user, base, tmp_path):
    user.git("worktree", "add", "-q", "-b", "other", str(tmp_path / "second"))
    second = type(user)(tmp_path / "second")
    repo = second.open()
    commit, outcome = landed(second, repo, base, branch="other")
    assert outcome.outcome == "landed"
    is_clean_at(second, commit)
    assert (user.git("rev-parse", "main"), user.status()) == (base, "")


def test_a_locked_index_is_said_and_nothing_has_changed(user, base):
    (user.root / ".git/index.lock").touch()
    with pytest.raises(GitFailed, match=r"index\.lock") as caught:
        landed(user, user.open(), base)
    assert "remove the lock" in caught.value.remedy
    (user.root / ".git/index.lock").unlink()
    is_clean_at(user, base)


def test_a_locked_branch_is_said_and_nothing_has_changed(user, base):
    (user.root / ".git/refs/heads/main.lock").touch()
    with pytest.raises(GitFailed, match=r"main\.lock"):
        landed(user, user.open(), base)
    is_clean_at(user, base)


def test_during_a_merge_with_conflicts_nothing_lands(user, base):
    user.git("switch", "-q", "-c", "side")
    user.commit({"b": "side\n"})
    user.git("switch", "-q", "main")
    tip = user.commit({"b": "main\n"})
    with pytest.raises(AssertionError):
        user.git("merge", "side")
    before = user.everything()
    with pytest.raises(LandingRefused):
        landed(user, user.open(), tip)
    assert user.everything() == before


def test_a_commit_that_would_drop_history_is_refused(user, base):
    repo = user.open()
    stranger = run(repo.commit("", [write("a", "x")], "m"))
    with pytest.raises(LandingRefused, match="does not build on"):
        run(repo.land("main", base, stranger, "r"))
    assert user.git("rev-parse", "main") == base


@pytest.mark.parametrize("branch", ["", "-d", "a b", "../x", "HEAD^", "x@{1}", "a..b", "x.lock"])
def test_what_is_no_branch_name_is_refused(user, base, branch):
    with pytest.raises(BadInput):
        landed(user, user.open(), base, branch=branch)


def test_no_hook_of_the_repository_runs(user, base):
    for name in ("post-checkout", "reference-transaction", "post-commit", "pre-commit"):
        hook = user.root / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch '{user.root}/ran'\nexit 1\n")
        hook.chmod(0o755)
    repo = user.open()
    commit, outcome = landed(user, repo, base)
    assert outcome.outcome == "landed"
    run(repo.checkout("w", commit))
    assert not (user.root / "ran").exists()


def test_a_sparse_work_tree_stays_sparse(user, base):
    user.git("sparse-checkout", "set", "--no-cone", "/*", "!/d", "!/new")
    commit, outcome = landed(user, user.open(), base)
    assert outcome.outcome == "landed"
    is_clean_at(user, commit)
    assert {path for path in user.files() if "/" in path} == set()


def test_line_endings_the_user_asked_for_are_made(user, base):
    user.git("config", "core.autocrlf", "true")
    commit, _ = landed(user, user.open(), base)
    assert (user.root / "a").read_bytes() == b"2\r\n"
    is_clean_at(user, commit)


@pytest.mark.parametrize("junk", ["", "{", "[]", '{"branch": "x"}', json.dumps({"a": 1})])
def test_an_unreadable_note_of_a_landing_is_said_and_kept(user, base, junk):
    user.write(".partita/landing.json", junk)
    with pytest.raises(GitFailed, match="can't be read"):
        landed(user, user.open(), base)
    assert (user.root / ".partita/landing.json").read_text() == junk
