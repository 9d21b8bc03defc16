"""A landing that dies at any moment is finished or never began; the user loses nothing."""

import pytest
from git_kit import Crash, CrashingGit, delete, real_git, run, write

from partita.adapters.git import GitRepo
from partita.ports.repo import Landed

CHANGES = [write("a", "2\n"), delete("gone"), write("new/n", "n\n"), write("d", "file now")]
CHANGES += [delete("d/x"), write("m/x", "1"), delete("m")]


@pytest.fixture
def base(user):
    return user.commit({"a": "1\n", "b": "1\n", "gone": "1\n", "d/x": "1\n", "m": "1\n"})


def prepared(user, base):
    repo = user.open()
    work = run(repo.commit(base, CHANGES, "work"))
    commit = run(repo.squash(base, work, "feat", at=1_700_000_000))
    (user.root / ".partita").mkdir(exist_ok=True)
    (user.root / ".partita/.gitignore").write_text("*\n")
    return repo, commit


STEPS = range(1, 15)
"""More git processes than a landing needs; with a number past the end nothing crashes."""


def crashed(user, base, commit, at, *, after):
    repo = user.open()
    dying = GitRepo(repo.place, CrashingGit(real_git(repo), at=at, after=after))
    try:
        run(dying.land("main", base, commit, "r"))
    except Crash:
        return True
    return False


def is_clean_at(user, commit):
    assert (user.git("rev-parse", "main"), user.status()) == (commit, "")
    assert not (user.root / ".partita/landing.json").exists()
    assert user.git("ls-files", "-s") == user.git(
        "ls-tree", "-r", "--format=%(objectmode) %(objectname) 0\t%(path)", commit
    )


def test_the_list_of_steps_covers_a_whole_landing(user, base):
    _, commit = prepared(user, base)
    assert crashed(user, base, commit, 1, after=False)
    assert not crashed(user, base, commit, STEPS[-1], after=False)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", STEPS)
def test_landing_again_after_a_crash_finishes_it(user, base, at, after):
    repo, commit = prepared(user, base)
    user.write("b", "mine\n")
    crashed(user, base, commit, at, after=after)
    assert run(repo.land("main", base, commit, "r")) == Landed(outcome="landed", commit=commit)
    assert user.status() == " M b"
    user.git("checkout", "b")
    is_clean_at(user, commit)


@pytest.mark.parametrize("at", STEPS)
def test_finishing_after_a_crash_leaves_no_half_landing(user, base, at):
    repo, commit = prepared(user, base)
    crashed(user, base, commit, at, after=True)
    finished = run(repo.finish_landing())
    tip = user.git("rev-parse", "main")
    assert finished in (None, Landed(outcome="landed", commit=commit))
    assert tip == commit if finished else tip in (base, commit)
    is_clean_at(user, tip)


def swapped_only(user, base, commit):
    """The state right after the swap of the ref: index and files are still the old ones."""
    at = next(
        n
        for n in range(1, 20)
        if crashed(user, base, commit, n, after=True) and user.git("rev-parse", "main") == commit
    )
    assert at
    assert "a" in user.status()


@pytest.mark.parametrize(
    "arrived",
    [
        {"a": "2\n"},
        {"new/n": "n\n"},
        {"gone": None},
        {"m": None, "m/x": "1"},
        {"d/x": None, "d": "file now", "a": "2\n", "gone": None, "new/n": "n\n"},
    ],
)
def test_files_that_were_new_already_when_git_died_are_recognised(user, base, arrived):
    repo, commit = prepared(user, base)
    swapped_only(user, base, commit)
    for path, text in arrived.items():
        if text is None:
            (user.root / path).unlink()
        if path == "d/x":
            (user.root / "d").rmdir()
        if text is not None:
            user.write(path, text)
    assert run(repo.finish_landing()) == Landed(outcome="landed", commit=commit)
    is_clean_at(user, commit)


@pytest.mark.parametrize("arrived", [{}, {"new/n": "n\n"}, {"gone": None, "new/n": "n\n"}])
def test_an_edit_made_after_the_crash_takes_the_landing_back(user, base, arrived):
    repo, commit = prepared(user, base)
    swapped_only(user, base, commit)
    for path, text in arrived.items():
        user.write(path, text) if text else (user.root / path).unlink()
    user.write("a", "mine\n")
    assert run(repo.finish_landing()) == Landed(outcome="dirty", commit=base, paths=("a",))
    assert (user.git("rev-parse", "main"), user.status()) == (base, " M a")
    assert (user.root / "a").read_text() == "mine\n"
    assert run(repo.land("main", base, commit, "r")).outcome == "dirty"
    user.git("checkout", "a")
    assert run(repo.land("main", base, commit, "r")).outcome == "landed"
    is_clean_at(user, commit)


def test_a_user_who_went_on_after_the_crash_is_left_alone(user, base):
    repo, commit = prepared(user, base)
    swapped_only(user, base, commit)
    user.git("reset", "-q", "--hard")
    tip = user.commit({"z": "more"})
    assert run(repo.finish_landing()) is None
    is_clean_at(user, tip)


def test_a_user_who_repaired_the_files_after_the_crash_loses_nothing(user, base):
    repo, commit = prepared(user, base)
    swapped_only(user, base, commit)
    user.git("reset", "-q", "--hard")
    user.write("a", "later edit\n")
    assert run(repo.finish_landing()) == Landed(outcome="landed", commit=commit)
    assert (user.root / "a").read_text() == "later edit\n"
    assert user.status() == " M a"


def test_a_user_who_switched_away_after_the_crash_is_left_alone(user, base):
    repo, commit = prepared(user, base)
    swapped_only(user, base, commit)
    user.git("reset", "-q", "--hard")
    user.git("switch", "-q", "-c", "elsewhere", base)
    before = user.everything()
    assert run(repo.finish_landing()) == Landed(outcome="landed", commit=commit)
    assert user.everything() == before


def test_a_lock_that_a_killed_git_left_is_said_and_the_landing_can_be_finished(user, base):
    repo, commit = prepared(user, base)
    swapped_only(user, base, commit)
    lock = user.root / ".git/index.lock"
    lock.touch()
    with pytest.raises(Exception, match=r"index\.lock"):
        run(repo.finish_landing())
    lock.unlink()
    assert run(repo.finish_landing()) == Landed(outcome="landed", commit=commit)
    is_clean_at(user, commit)


def test_without_a_crash_there_is_nothing_to_finish(user, base):
    assert run(user.open().finish_landing()) is None
    assert not (user.root / ".partita").exists()
