"""What runs left in a repository is found by its run, and goes without touching the user's."""

import shutil

from git_kit import run, write

from partita.adapters.git.leftovers import GitLeftovers, Leftovers
from partita.adapters.git.shared import open_shared

OLD, NEW = "20261101-120000-00aa", "20261102-120000-00bb"


def left_by(repo, base, *runs):
    """Branches, a ref and a worktree of each of the runs."""

    async def leave():
        for ident in runs:
            commit = await repo.commit(base, [write("made.txt", ident)], "made")
            await repo.point(f"partita/{ident}/core", commit)
            await repo.point(f"partita/{ident}/_result", commit)
            await repo.checkout(f"{ident}-core", commit)

    run(leave())
    return [f"{ident}/{name}" for ident in runs for name in ("_result", "core")]


def test_an_untouched_repository_has_none(user):
    user.commit({"a.txt": "a"})
    found = run(GitLeftovers(user.open()).find())
    assert found == Leftovers(branches=(), busy=(), refs=(), worktrees=())


def test_only_what_is_named_goes(user):
    base = user.commit({"a.txt": "a"})
    user.git("branch", "partita-mine")
    user.git("update-ref", f"refs/partita/{OLD}/{base}", base)
    user.git("update-ref", f"refs/partita/{NEW}/{base}", base)
    repo = user.open()
    names = left_by(repo, base, OLD, NEW)
    leftovers = GitLeftovers(repo)
    found = run(leftovers.find())
    assert list(found.branches) == names
    assert found.refs == (f"{OLD}/{base}", f"{NEW}/{base}")
    assert found.worktrees == (f"{OLD}-core", f"{NEW}-core")
    before = user.files()
    for _ in range(2):  # the second finds them gone already
        run(leftovers.remove({OLD}, [f"{OLD}/{base}"], [f"{OLD}-core"]))
        found = run(leftovers.find())
        assert list(found.branches) == names[2:]
        assert found.refs == (f"{NEW}/{base}",)
        assert found.worktrees == (f"{NEW}-core",)
    assert user.files() == before
    kept = user.git("branch", "--format=%(refname:short)", "--list", "main", "partita-mine")
    assert kept == "main\npartita-mine"
    assert f"{OLD}-core" not in user.git("worktree", "list")


def test_a_branch_that_is_checked_out_is_busy_and_stays(user, tmp_path):
    base = user.commit({"a.txt": "a"})
    repo = user.open()
    left_by(repo, base, OLD)
    user.git("worktree", "add", "-q", str(tmp_path / "look"), f"partita/{OLD}/core")
    leftovers = GitLeftovers(repo)
    assert run(leftovers.find()).busy == (f"{OLD}/core",)
    run(leftovers.remove({OLD}, [], []))
    found = run(leftovers.find())
    assert (found.branches, found.busy) == ((), (f"{OLD}/core",))
    assert (tmp_path / "look" / "made.txt").read_text() == OLD


def test_a_worktree_that_only_git_remembers_is_found_and_forgotten(user, tmp_path):
    base = user.commit({"a.txt": "a"})
    repo = user.open()
    left_by(repo, base, OLD)
    user.git("worktree", "add", "-q", "--detach", str(tmp_path / "mine"))
    shutil.rmtree(repo.root / ".partita" / "worktrees")
    shutil.rmtree(tmp_path / "mine")  # the user's own, whose disk may come back
    leftovers = GitLeftovers(repo)
    assert run(leftovers.find()).worktrees == (f"{OLD}-core",)
    run(leftovers.remove((), [], [f"{OLD}-core"]))
    assert run(leftovers.find()).worktrees == ()
    assert "mine" in user.git("worktree", "list")


def test_what_lies_behind_a_link_is_no_worktree_of_ours(user, tmp_path):
    user.commit({"a.txt": "a"})
    repo = user.open()
    (tmp_path / "elsewhere" / f"{OLD}-core").mkdir(parents=True)
    (repo.root / ".partita").mkdir()
    (repo.root / ".partita" / "worktrees").symlink_to(tmp_path / "elsewhere")
    assert run(GitLeftovers(repo).find()).worktrees == ()


def test_what_a_run_left_on_a_shared_remote_goes_with_its_branches(user, tmp_path):
    base = user.commit({"a.txt": "a"})
    remote = tmp_path / "remote.git"
    user.git("init", "-q", "--bare", str(remote))
    user.git("remote", "add", "origin", str(remote))
    repo = open_shared(user.root, "origin")
    left_by(repo, base, OLD, NEW)
    run(repo.share(OLD, base))
    run(repo.share(NEW, base))
    leftovers = GitLeftovers(repo)
    found = run(leftovers.find())
    assert found.far == (OLD, NEW)
    refs = [name for name in found.refs if name.startswith(OLD)]
    assert refs
    run(leftovers.remove({OLD}, refs, []))
    assert run(leftovers.find()).far == (NEW,)
    assert OLD not in user.git("ls-remote", str(remote))
