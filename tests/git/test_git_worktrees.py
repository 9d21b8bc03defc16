"""A worktree is handed out clean whatever was done in it, and nothing outside of it is touched."""

import os
import subprocess
from pathlib import Path
from threading import Timer

import pytest
from git_kit import Crash, CrashingGit, User, real_git, run, snapshot, spied, write

from partita.adapters.git import GitRepo, ensure_state_folder
from partita.errors import BadInput, GitFailed

FILES = {"a": (False, b"1"), "d/x": (False, b"2"), "run": (True, b"3")}


@pytest.fixture
def base(user):
    (user.root / "run").write_text("3")
    (user.root / "run").chmod(0o755)
    return user.commit({"a": "1", "d/x": "2", "run": "3"})


def test_a_worktree_holds_the_files_of_its_commit_and_is_not_on_a_branch(user, base):
    repo = user.open()
    path = run(repo.checkout("task", base))
    assert path == user.root / ".partita/worktrees/task"
    assert snapshot(path) == FILES
    assert user.git("rev-parse", "--abbrev-ref", "HEAD", cwd=path) == "HEAD"
    assert user.git("status", "--porcelain", "--ignored", cwd=path) == ""


def test_the_user_sees_nothing_of_it(user, base):
    user.write("b", "untracked")
    user.write("a", "edited")
    before = user.everything()
    repo = user.open()
    ensure_state_folder(user.root)
    other = run(repo.commit(base, [write("a", "2"), write("b", "3")], "m"))
    run(repo.checkout("task", other))
    run(repo.checkout("task", base))
    run(repo.discard("task"))
    assert user.everything() == before
    assert user.status().splitlines() == [" M a", "?? b"]


def test_a_worktree_is_used_again_and_moves_to_another_commit(user, base):
    repo = user.open()
    path = run(repo.checkout("task", base))
    inode = path.stat().st_ino
    other = run(repo.commit(base, [write("a", "new"), write("e/f/g", "x")], "m"))
    assert run(repo.checkout("task", other)) == path
    assert snapshot(path) == {**FILES, "a": (False, b"new"), "e/f/g": (False, b"x")}
    run(repo.checkout("task", base))
    assert snapshot(path) == FILES
    assert path.stat().st_ino == inode


def edited_with_the_old_times(path):
    facts = (path / "a").stat()
    (path / "a").write_text("9")
    os.utime(path / "a", ns=(facts.st_atime_ns, facts.st_mtime_ns))


def untracked_and_ignored(path):
    (path / ".gitignore").write_text("*\n")
    (path / "cache/deep").mkdir(parents=True)
    (path / "cache/deep/f").write_text("x")
    (path / "cache/deep").chmod(0)
    (path / "cache/f").touch(0o000)
    (path / "d/x").chmod(0)
    (path / "d").chmod(0o500)


def repositories_within(path):
    for where in ("nested", "d"):
        subprocess.run(["git", "init", "-q", path / where], check=True)
        (path / where / "file").write_text("x")
    (path / "e/.git").mkdir(parents=True)
    (path / "f").mkdir()
    (path / "f/.git").write_text("gitdir: /nowhere")


def links_that_lead_out(path):
    (path / "d/x").unlink()
    (path / "d").rmdir()
    (path / "d").symlink_to(path.parents[2] / "outside")
    (path / "out").symlink_to(path.parents[2] / "outside")
    (path / "a").unlink()
    (path / "a").symlink_to(path.parents[2] / "outside/precious")


def kinds_swapped(path):
    (path / "a").unlink()
    (path / "a").mkdir()
    (path / "a/f").touch()
    (path / "d/x").unlink()
    (path / "d").rmdir()
    (path / "d").write_text("file")
    os.mkfifo(path / "pipe")
    (path / "run").chmod(0o644)


def a_very_deep_tree(path):
    here = os.open(path, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("deeper", dir_fd=here)
        below = os.open("deeper", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)


def its_own_git_replaced(path):
    (path / ".git").unlink()
    subprocess.run(["git", "init", "-q", path], check=True)
    for key in ("core.fsmonitor", "core.sshCommand", "filter.x.clean", "filter.x.smudge"):
        value = f"touch {path.parents[2]}/outside/pwned; false"
        subprocess.run(["git", "-C", path, "config", key, value], check=True)
    (path / ".git/info").mkdir(exist_ok=True)
    (path / ".git/info/attributes").write_text("* filter=x\n")
    (path / "a").write_text("changed")


def its_git_file_pointed_elsewhere(path):
    (path / ".git").write_text(f"gitdir: {path.parents[2]}/.git\n")
    (path / "a").write_text("changed")


def everything_gone(path):
    for name in ("a", "d/x", "run", ".git"):
        (path / name).unlink()
    (path / "d").rmdir()


@pytest.mark.parametrize(
    "havoc",
    [
        edited_with_the_old_times,
        untracked_and_ignored,
        repositories_within,
        links_that_lead_out,
        kinds_swapped,
        a_very_deep_tree,
        its_own_git_replaced,
        its_git_file_pointed_elsewhere,
        everything_gone,
    ],
)
@pytest.mark.parametrize("then", ["checkout", "discard"])
def test_whatever_was_done_in_it_it_comes_back_clean_or_goes(user, base, havoc, then):
    user.write("outside/precious", "kept")
    before = user.everything()
    repo = user.open()
    path = run(repo.checkout("task", base))
    havoc(path)
    if then == "checkout":
        assert run(repo.checkout("task", base)) == path
        assert snapshot(path) == FILES
        assert user.git("status", "--porcelain", "--ignored", cwd=path) == ""
        everything = {p.name for p in path.rglob("*")}
        assert everything == {".git", "a", "d", "x", "run"}
    else:
        run(repo.discard("task"))
        assert not path.exists()
    assert user.everything() == before
    assert list((user.root / ".partita").glob("bin/*/*")) == []


def test_a_branch_checked_out_in_it_by_a_program_is_not_moved(user, base):
    repo = user.open()
    path = run(repo.checkout("task", base))
    user.git("switch", "-q", "-c", "theirs", cwd=path)
    other = run(repo.commit(base, [write("a", "new")], "m"))
    run(repo.checkout("task", other))
    assert user.git("rev-parse", "theirs") == base


def test_discarding_forgets_ours_and_no_worktree_of_the_users(user, base, tmp_path):
    user.git("worktree", "add", "-q", "--detach", str(tmp_path / "unmounted"))
    (tmp_path / "unmounted").rename(tmp_path / "away")
    repo = user.open()
    run(repo.checkout("task", base))
    run(repo.checkout("other", base))
    run(repo.discard("task"))
    run(repo.discard("task"))
    run(repo.discard("never"))
    listed = user.git("worktree", "list", "--porcelain")
    assert "worktrees/task" not in listed
    assert "worktrees/other" in listed
    assert "unmounted" in listed


@pytest.mark.parametrize("left", ["folder", "note"])
def test_a_worktree_that_is_only_partly_there_is_made_or_removed(user, base, left):
    repo = user.open()
    for then in ("checkout", "discard"):
        path = run(repo.checkout("task", base))
        if left == "folder":
            subprocess.run(["rm", "-r", user.root / ".git/worktrees/task"], check=True)
        else:
            subprocess.run(["rm", "-r", path], check=True)
        if then == "checkout":
            assert snapshot(run(repo.checkout("task", base))) == FILES
        else:
            run(repo.discard("task"))
            assert not path.exists()
            assert "task" not in user.git("worktree", "list")


def halfway(user):
    """A worktree as another git leaves it for a moment while it makes it."""
    admin = user.root / ".git/worktrees/others"
    admin.mkdir(parents=True)
    (admin / "gitdir").write_text(f"{user.root.parent}/others/.git\n")
    (admin / "HEAD").write_text("0" * 40 + "\n")
    (admin / "commondir").touch()
    return admin / "commondir"


def as_only_git_knows(user):
    """A repository in which git itself has to add the worktrees."""
    user.git("config", "extensions.worktreeConfig", "true")
    (user.root / ".git/config.worktree").touch()
    return user.open()


def test_a_worktree_that_another_git_is_just_making_is_waited_for(user, base):
    repo, common = as_only_git_knows(user), halfway(user)
    finished = Timer(0.15, common.write_text, ["../..\n"])
    finished.start()
    path = run(repo.checkout("task", base))
    finished.join()
    assert snapshot(path) == FILES


def test_one_that_stays_halfway_is_named_in_the_end(user, base):
    repo, _ = as_only_git_knows(user), halfway(user)
    with pytest.raises(GitFailed, match=r"^git worktree failed: .*worktrees/others/commondir"):
        run(repo.checkout("task", base))


def test_ours_is_never_seen_half_made(user, base):
    """Whatever moment it is that another git looks, or that the process dies in."""
    notes, seen = user.root / ".git/worktrees", []

    def look(_args):
        seen.extend(notes.glob("*"))

    repo, spy = spied(user.open())
    spy.before = look
    path = run(repo.checkout("task", base))
    assert seen == []
    assert [note.name for note in notes.iterdir()] == ["task"]
    assert (notes / "task/HEAD").read_text() == f"{base}\n"
    assert f"worktree {path}\nHEAD {base}\ndetached" in user.git("worktree", "list", "--porcelain")
    assert user.git("worktree", "prune", "-v", "--expire=now") == ""
    assert user.git("rev-parse", "--show-toplevel", cwd=path) == str(path)


@pytest.mark.parametrize("after", [False, True])
def test_one_whose_making_was_cut_short_is_made_anew_or_removed(user, base, after):
    """Killed while git fills it: no other git has heard of it yet."""
    for then in ("checkout", "discard"):
        repo = user.open()
        dying = GitRepo(repo.place, CrashingGit(real_git(repo), at=1, after=after))
        with pytest.raises(Crash):
            run(dying.checkout("task", base))
        assert user.git("worktree", "list").count("\n") == 0
        user.git("fsck", "--strict")
        if then == "checkout":
            assert snapshot(run(repo.checkout("task", base))) == FILES
        run(repo.discard("task"))
        assert list((user.root / ".partita/worktrees").iterdir()) == []
        assert list((user.root / ".git/worktrees").glob("*")) == []


def test_one_that_is_called_like_a_worktree_of_the_users_is_another(user, base, tmp_path):
    user.git("worktree", "add", "-q", "--detach", str(tmp_path / "task"))
    repo = user.open()
    for _ in range(2):
        path = run(repo.checkout("task", base))
        assert snapshot(path) == snapshot(tmp_path / "task") == FILES
        assert user.git("status", "--porcelain", cwd=path) == ""
    run(repo.discard("task"))
    assert user.git("worktree", "list").count("\n") == 1
    assert user.git("status", "--porcelain", cwd=tmp_path / "task") == ""


@pytest.mark.parametrize("lacks", ["gitdir", "HEAD", "commondir", "commit"])
def test_what_a_killed_git_has_noted_of_a_worktree_is_swept(user, base, tmp_path, lacks):
    run_id = "20261121-120000-abcd"
    user.git("worktree", "add", "-q", "--detach", str(tmp_path / "mine"))
    repo = user.open()
    run(repo.checkout(f"{run_id}-p04", base))
    run(repo.checkout(f"{run_id}-p05", base))
    note = user.root / f".git/worktrees/{run_id}-p04"
    if lacks == "commit":
        (note / "HEAD").write_text("0" * 40)
    else:
        (note / lacks).unlink()
    run(repo.sweep_notes())
    assert sorted(p.name for p in note.parent.iterdir()) == [f"{run_id}-p05", "mine"]
    note.mkdir()
    run(repo.discard(f"{run_id}-p05"))
    assert [p.name for p in note.parent.iterdir()] == ["mine"]


def test_a_worktree_without_files_can_be_had_before_the_first_commit(user):
    path = run(user.open().checkout("task", ""))
    assert snapshot(path) == {}


def test_a_lock_that_a_killed_git_left_in_it_is_no_obstacle(user, base):
    repo = user.open()
    path = run(repo.checkout("task", base))
    (user.root / ".git/worktrees/task/index.lock").touch()
    (path / "a").write_text("changed")
    run(repo.checkout("task", base))
    assert snapshot(path) == FILES


def test_it_is_whole_where_the_users_work_tree_is_sparse(user, base):
    user.git("sparse-checkout", "set", "--no-cone", "/*", "!/d")
    assert snapshot(run(user.open().checkout("task", base))) == FILES


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "-x", "a\n", "x" * 200])
def test_a_name_that_could_lead_elsewhere_is_refused(user, base, name):
    with pytest.raises(BadInput):
        run(user.open().checkout(name, base))
    with pytest.raises(BadInput):
        run(user.open().discard(name))


def test_a_state_folder_that_is_a_link_is_refused(user, base, tmp_path):
    (user.root / ".partita").symlink_to(tmp_path)
    with pytest.raises(BadInput, match="not a folder of Partita's own"):
        run(user.open().checkout("task", base))
    with pytest.raises(BadInput, match="not a folder of Partita's own"):
        ensure_state_folder(user.root)
    assert not (tmp_path / "worktrees").exists()
    (tmp_path / "worktrees/task").mkdir(parents=True)
    with pytest.raises(BadInput, match="reached through a link"):
        run(user.open().discard("task"))
    assert (tmp_path / "worktrees/task").exists()


def test_the_state_folder_is_private_and_ignores_itself(user):
    state = ensure_state_folder(user.root)
    assert state == user.root / ".partita"
    assert state.stat().st_mode & 0o777 == 0o700
    (state / "file").touch()
    assert user.status() == ""
    (state / ".gitignore").write_text("")
    (state / "bin/left/over").mkdir(parents=True)
    (state / "bin/left").chmod(0o500)
    ensure_state_folder(user.root)
    assert user.status() == ""
    assert sorted(p.name for p in state.iterdir()) == [".gitignore", "file"]


def test_a_state_folder_that_is_tracked_or_a_file_is_refused(user):
    user.commit({".partita/x": "1"})
    with pytest.raises(BadInput, match="is tracked by git") as caught:
        ensure_state_folder(user.root)
    assert "git rm" in caught.value.remedy
    other = User(Path(user.root.parent / "other"))
    other.git("init", "-q")
    other.write(".partita", "a file")
    with pytest.raises(BadInput, match="not a folder"):
        ensure_state_folder(other.root)
