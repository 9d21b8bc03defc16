"""Commits shared by one machine are whole on another, and the remote's branch moves once."""

import asyncio

import pytest
from git_kit import contents, delete, run, write
from shared_kit import KINDS, Bare, clone, reached

from partita.adapters.git import open_repository
from partita.errors import BadInput, GitFailed, LandingRefused
from partita.ports.repo import Landed

R = "20260101-000000-abcd"


@pytest.fixture(params=KINDS)
def pair(request, tmp_path, monkeypatch):
    """A remote with one commit on main, and two machines: the first has it, the second nothing."""
    bare = Bare(tmp_path / "remote.git")
    with reached(request.param, bare, monkeypatch) as url:
        one, two = clone(tmp_path / "one", url), clone(tmp_path / "two", url)
        one.commit({"a": "1\n", "d/b": "1\n"})
        one.git("push", "-q", str(bare.root), "main")
        yield bare, one, two


@pytest.fixture
def near(tmp_path):
    """The same over a path."""
    bare = Bare(tmp_path / "remote.git")
    one, two = (clone(tmp_path / name, str(bare.root)) for name in ("one", "two"))
    one.commit({"a": "1\n", "d/b": "1\n"})
    one.git("push", "-q", str(bare.root), "main")
    return bare, one, two


def base_of(bare):
    return bare.git("rev-parse", "main")


def made(repo, base, text="2\n"):
    work = run(repo.commit(base, [write("a", text), write("new/n", "n\n"), delete("d/b")], "work"))
    return run(repo.squash(base, work, "feat", at=1_700_000_000, author="Ann <ann@example.org>"))


def test_a_shared_commit_arrives_whole_and_is_kept(pair):
    bare, one, two = pair
    here, there = one.open(), two.open()
    work = run(here.commit(base_of(bare), [write("x/y", "z")], "work"))
    run(here.share(R, work))
    run(here.share(R, work, work))
    run(there.obtain(R, work))
    run(there.obtain(R, work))
    assert contents(there, work) == {"a": b"1\n", "d/b": b"1\n", "x/y": b"z"}
    ref = {f"refs/partita/{R}/{work}": work}
    assert bare.refs("refs/partita") == ref
    assert two.git("for-each-ref", "--format=%(refname) %(objectname)") == " ".join(*ref.items())
    assert not (two.root / ".git/FETCH_HEAD").exists()
    for place in (one, two, bare):
        place.git("gc", "-q", "--prune=now")
    assert run(there.tree_id(work)) == run(here.tree_id(work))
    two.git("fsck", "--strict")


def test_what_is_only_on_a_branch_of_the_remote_is_obtained_too(pair):
    bare, one, two = pair
    old = base_of(bare)
    one.commit({"a": "2\n"})
    one.git("push", "-q", str(bare.root), "main")
    here, there = one.open(), two.open()
    work = run(here.commit(old, [write("x", "1")], "work"))
    run(here.share(R, work))
    run(there.obtain(R, work, old, ""))
    assert contents(there, old) == {"a": b"1\n", "d/b": b"1\n"}
    with pytest.raises(GitFailed, match="Nobody has shared the commit 1111"):
        run(there.obtain(R, "1" * 40))


def test_landing_moves_the_remotes_branch_and_nothing_in_the_clone(pair):
    bare, one, two = pair
    here, base = one.open(), base_of(bare)
    one.write("a", "my edit\n")
    commit = made(here, base)
    before = one.everything()
    landed = Landed(outcome="landed", commit=commit)
    assert run(here.land("main", base, commit, R)) == landed
    assert run(here.land("main", base, commit, R)) == landed
    assert base_of(bare) == commit
    assert one.everything() == before
    there = two.open()
    run(there.obtain(R, base))
    assert made(there, base) == commit
    assert run(there.land("main", base, commit, R)) == landed
    assert bare.git("rev-list", "--count", "main") == "2"
    assert run(there.land(None, base, commit, R)) == Landed(outcome="detached")


def test_a_branch_that_has_moved_is_named_and_here_to_be_merged(pair):
    bare, one, two = pair
    here, there, base = one.open(), two.open(), base_of(bare)
    run(there.obtain(R, base))
    first, second = made(here, base), made(there, base, "other\n")
    assert run(here.land("main", base, first, R)).outcome == "landed"
    assert run(there.land("main", base, second, R)) == Landed(outcome="moved", commit=first)
    two.git("gc", "-q", "--prune=now")
    assert contents(there, first)["a"] == b"2\n"
    assert base_of(bare) == first


def test_undo_takes_back_on_the_remote_only(pair):
    bare, one, two = pair
    here, there, base = one.open(), two.open(), base_of(bare)
    commit = made(here, base)
    run(here.land("main", base, commit, R))
    before = two.everything()
    undone = run(there.undo("main", commit, "Revert it", at=1_700_000_100))
    assert undone.outcome == "landed"
    assert base_of(bare) == undone.commit
    assert bare.git("rev-parse", "main^{tree}") == bare.git("rev-parse", f"{base}^{{tree}}")
    assert run(there.undo("main", commit, "Revert it", at=1_700_000_100)) == undone
    assert two.everything() == before
    with pytest.raises(LandingRefused, match="There is no branch"):
        run(there.undo("nope", commit, "m"))


def test_branches_of_ours_are_pointed_and_dropped_on_the_remote(pair):
    bare, one, _ = pair
    here, base = one.open(), base_of(bare)
    work = run(here.commit(base, [write("x", "1")], "work"))
    stranger = run(here.commit("", [write("y", "1")], "another history"))
    for commit in (work, stranger):
        run(here.point(f"partita/{R}/a", commit))
        assert bare.refs(f"refs/heads/partita/{R}") == {f"refs/heads/partita/{R}/a": commit}
    run(here.point(f"partita/{R}0/a", work))
    run(here.share(R, work))
    assert run(here.shared_runs()) == (R, f"{R}0")
    run(here.drop(f"partita/{R}/"))
    left = [f"refs/heads/partita/{R}0/a"]
    assert [*bare.refs("refs/partita", "refs/heads/partita")] == left
    names = one.git("for-each-ref", "--format=%(refname)", "refs/partita", "refs/heads/partita")
    assert names.splitlines() == left
    assert not (one.root / ".git/refs/partita" / R).exists()
    run(here.drop(f"partita/{R}/"))


def test_an_empty_remote_gets_its_first_commit_once(pair):
    bare, one, two = pair
    bare.git("update-ref", "-d", "refs/heads/main")
    here, there = one.open(), two.open()
    assert run(here.tip("main")) == ""
    mine, theirs = (
        run(repo.commit("", [write("a", text)], "m")) for repo, text in ((here, "1"), (there, "2"))
    )
    run(here.share(R, mine))
    assert run(here.land("main", "", mine, R)) == Landed(outcome="landed", commit=mine)
    assert run(there.land("main", "", theirs, R)) == Landed(outcome="moved", commit=mine)
    assert contents(there, mine) == {"a": b"1"}
    assert run(there.tip("main")) == mine


def test_what_the_remotes_branch_contains_is_known(pair):
    bare, one, two = pair
    base, there = base_of(bare), two.open()
    more = one.commit({"b": "1"})
    here = one.open()
    assert run(here.contains("main", base))
    assert not run(here.contains("main", more))
    assert run(there.contains("main", base))
    assert not run(there.contains("main", more))
    assert not run(there.contains("none", base))
    assert run(there.contains("none", ""))


def test_a_remote_that_takes_pushes_has_no_objection_and_keeps_nothing(pair):
    bare, one, _ = pair
    before = bare.refs()
    assert run(one.open().objection("main")) == ""
    assert run(one.open().objection(None)) == ""
    assert bare.refs() == before


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
@pytest.mark.parametrize("kind", ["path", "git"])
def test_both_kinds_of_ids_travel(tmp_path, monkeypatch, kind, algorithm):
    bare = Bare(tmp_path / "remote.git", algorithm)
    with reached(kind, bare, monkeypatch) as url:
        here, there = (clone(tmp_path / name, url, algorithm).open() for name in ("one", "two"))
        first = run(here.commit("", [write("a", "1")], "m"))
        second = run(here.commit(first, [write("b", "1")], "m"))
        run(here.share(R, first))
        run(there.obtain(R, first))
        assert run(here.land("main", "", first, R)).outcome == "landed"
        assert run(here.land("main", first, second, R)).outcome == "landed"
        assert run(there.land("main", "", first, R)).outcome == "landed"
        assert base_of(bare) == second


def test_a_landing_that_nobody_noted_before_others_went_on_is_not_done_again(near):
    bare, one, two = near
    here, there, base = one.open(), two.open(), base_of(bare)
    commit = made(here, base)
    run(here.land("main", base, commit, R))
    later = run(here.commit(commit, [write("later", "1")], "by somebody"))
    assert run(here.land("main", commit, later, R)).outcome == "landed"
    run(there.obtain(R, commit))
    assert run(there.land("main", base, commit, R)) == Landed(outcome="landed", commit=commit)
    assert base_of(bare) == later


def test_alone_too_a_landing_that_nobody_noted_is_not_done_again(near):
    _, one, _ = near
    alone, base = open_repository(one.root), one.git("rev-parse", "main")
    commit = made(alone, base)
    run(alone.land("main", base, commit, R))
    later = one.commit({"later": "1"})
    assert run(alone.land("main", base, commit, R)) == Landed(outcome="landed", commit=commit)
    assert one.git("rev-parse", "main") == later


def test_a_branch_that_moves_in_the_last_moment_is_left_alone(near):
    bare, one, _ = near
    here, base = one.open(), base_of(bare)
    mine = made(here, base)
    other = made(here, base, "sooner\n")
    real, tips = here.remote._push, []

    async def race(orders, expected):
        if not tips:
            tips.append(other)
            one.git("push", "-q", str(bare.root), f"{other}:refs/heads/main")
        return await real(orders, expected)

    here.remote = Racing(here.remote, race)
    assert run(here.land("main", base, mine, R)) == Landed(outcome="moved", commit=other)
    assert base_of(bare) == other


class Racing:
    """The remote, with something that happens just before a push."""

    def __init__(self, real, push):
        self._real, self._push = real, push

    async def push(self, orders, *, expected=None):
        return await self._push(orders, expected or {})

    def __getattr__(self, name):
        return getattr(self._real, name)


def test_many_machines_at_once_share_everything_and_land_once(near):
    bare, one, two = near
    base = base_of(bare)
    repos = [machine.open() for machine in (one, two, one, two)]

    async def all_at_once():
        await asyncio.gather(*(repo.obtain(R, base) for repo in repos))
        same = [await repo.commit(base, [write("s", "1")], "same") for repo in repos]
        assert len(set(same)) == 1
        own = [
            await repo.commit(base, [write(f"own{n}", "1")], "own") for n, repo in enumerate(repos)
        ]
        await asyncio.gather(
            *(repo.share(R, same[0], mine) for repo, mine in zip(repos, own, strict=True))
        )
        await asyncio.gather(*(repo.obtain(R, *own) for repo in repos))
        landed = await asyncio.gather(
            *(repo.land("main", base, mine, R) for repo, mine in zip(repos, own, strict=True))
        )
        assert sorted(each.outcome for each in landed) == ["landed", "moved", "moved", "moved"]
        assert len({each.commit for each in landed}) == 1
        return {*same, *own}

    shared = run(all_at_once())
    assert set(bare.refs("refs/partita").values()) == shared
    assert bare.git("rev-list", "--count", "main") == "2"


def test_a_commit_that_would_drop_history_is_refused(near):
    bare, one, _ = near
    here, base = one.open(), base_of(bare)
    stranger = run(here.commit("", [write("a", "x")], "m"))
    with pytest.raises(LandingRefused, match="does not build on"):
        run(here.land("main", base, stranger, R))
    assert base_of(bare) == base


@pytest.mark.parametrize("hook", ["pre-receive", "update"])
def test_a_refusal_carries_the_remotes_words(near, hook):
    bare, one, _ = near
    here, base = one.open(), base_of(bare)
    bare.hook(hook, r"printf 'main is \033[31mclosed\033[0m\r today\n' >&2; exit 1")
    with pytest.raises(LandingRefused, match=r"hook declined - main is closed; today[.;]") as no:
        run(here.land("main", base, made(here, base), R))
    assert "\x1b" not in no.value.message
    assert "Allow pushes to main" in no.value.remedy
    with pytest.raises(GitFailed, match=r"did not take refs/partita/.*main is closed"):
        run(here.share(R, base))
    assert "takes no commits: " in run(here.objection("main"))
    assert base_of(bare) == base


def test_a_remote_that_deletes_nothing_is_told_before_and_borne_after(near):
    bare, one, _ = near
    here, base = one.open(), base_of(bare)
    bare.hook("update", 'case "$3" in *[!0]*) ;; *) exit 1 ;; esac')
    assert "deletes no refs" in run(here.objection("main"))
    run(here.share(R, base))
    run(here.drop(f"partita/{R}"))
    with pytest.raises(GitFailed, match="still has refs/partita/"):
        run(here.forget(R))
    (bare.root / "hooks/update").unlink()
    run(here.forget(R))
    assert run(here.shared_runs()) == ()


def test_a_branch_that_somebody_looks_at_on_the_remote_is_refused(near, tmp_path):
    bare, one, _ = near
    repo = clone(tmp_path / "three", str(one.root)).open()
    base = base_of(bare)
    run(repo.obtain(R, base))
    assert "checked out" in run(repo.objection("main"))
    assert run(repo.objection("other")) == ""
    with pytest.raises(LandingRefused, match="checked out") as no:
        run(repo.land("main", base, made(repo, base), R))
    assert "bare" in no.value.remedy
    assert one.status() == ""
    one.git("config", "receive.denyCurrentBranch", "updateInstead")
    assert run(repo.objection("main")) == ""


def test_the_author_given_signs_wherever_it_is_made(near, monkeypatch):
    _, one, two = near
    here = one.open()
    assert run(here.author()) == "Partita <partita@localhost>"
    one.git("config", "user.name", "Ann von <B>")
    one.git("config", "user.email", "ann@example.org")
    author = run(here.author())
    monkeypatch.setenv("GIT_COMMITTER_NAME", "Worker")
    base = one.git("rev-parse", "HEAD")
    commit = run(here.squash(base, base, "m", at=5, author=author))
    facts = one.git("log", "-1", "--format=%an|%ae|%cn|%ce|%at|%ct", commit)
    assert facts == "Ann von  B|ann@example.org|Ann von  B|ann@example.org|5|5"
    run(two.open().obtain(R, base))
    assert run(two.open().squash(base, base, "m", at=5, author=author)) == commit
    for wrong in ("Ann", "<a@b>", "Ann <>", " "):
        with pytest.raises(BadInput, match="names no author"):
            run(here.squash(base, base, "m", at=5, author=wrong))


def test_what_is_left_of_shared_runs_is_tidied_away_before_work_begins(near):
    bare, one, two = near
    here, base = one.open(), base_of(bare)
    run(open_repository(one.root).point("partita/alone/_result", base))
    for name in ("over", "alive"):
        run(here.share(name, base))
        run(here.point(f"partita/{name}/a", base))
    run(two.open().drop("partita/over"))
    before = bare.refs()
    again = one.open()
    assert run(again.tidy()) == ("alive", "over")
    assert run(again.tidy()) == ()
    names = one.git("for-each-ref", "--format=%(refname)", "refs/partita", "refs/heads/partita")
    assert names == "refs/heads/partita/alone/_result"
    assert bare.refs() == before
    run(again.obtain("alive", base))
    assert f"refs/partita/alive/{base}" in one.git("for-each-ref", "--format=%(refname)")


def test_who_has_no_more_to_do_for_a_run_leaves_it_to_the_remote(near):
    bare, one, two = near
    here, there, base = one.open(), two.open(), base_of(bare)
    work = run(here.commit(base, [write("x", "1")], "work"))
    for name in (R, "other"):
        run(here.share(name, work))
        run(there.obtain(name, work))
        run(there.point(f"partita/{name}/a", work))
    before = bare.refs()
    for _ in range(2):
        run(there.leave(R))
    names = two.git("for-each-ref", "--format=%(refname)", "refs/partita", "refs/heads/partita")
    assert names.splitlines() == ["refs/heads/partita/other/a", f"refs/partita/other/{work}"]
    assert bare.refs() == before
    run(there.obtain(R, work))
    assert f"refs/partita/{R}/{work}" in two.git("for-each-ref", "--format=%(refname)")


def test_a_landing_that_the_clone_itself_left_unfinished_is_left_alone(near):
    bare, one, _ = near
    here, base = one.open(), base_of(bare)
    note = one.root / ".partita/landing.json"
    one.write(".partita/landing.json", "junk")
    commit = made(here, base)
    assert run(here.finish_landing()) is None
    assert run(here.land("main", base, commit, R)).outcome == "landed"
    assert run(here.undo("main", commit, "m")).outcome == "landed"
    assert note.read_text() == "junk"


def test_refs_of_others_that_end_alike_are_not_ours(near):
    bare, one, _ = near
    here, base = one.open(), base_of(bare)
    theirs = [f"refs/mine/refs/partita/{R}/{base}", f"refs/mine/refs/heads/partita/{R}/a"]
    for ref in (*theirs, "refs/mine/refs/heads/other"):
        bare.git("update-ref", ref, base)
    run(here.share(R, base))
    assert run(here.shared_runs()) == (R,)
    run(here.forget(R))
    assert {*bare.refs("refs/mine")} == {*theirs, "refs/mine/refs/heads/other"}
    assert run(here.tip("other")) == ""


def test_alone_nothing_is_shared(tmp_path, near):
    _, one, _ = near
    alone = open_repository(one.root)
    before = one.everything()
    run(alone.share(R, "1" * 40))
    run(alone.obtain(R, "1" * 40))
    assert one.everything() == before


def test_what_can_not_be_shared_is_said(near):
    bare, one, _ = near
    here, base = one.open(), base_of(bare)
    with pytest.raises(GitFailed, match="nonexistent object"):
        run(here.share(R, "1" * 40))
    for wrong in ("main", "--all", base[:10]):
        with pytest.raises(BadInput, match="not a full commit id"):
            run(here.share(R, wrong))
    for wrong in ("", "../x", "a/b", "-x", "a..b", "x.lock", "a b"):
        for step in (here.share, here.obtain):
            with pytest.raises(BadInput, match="not the id of a run"):
                run(step(wrong, base))
    assert bare.refs("refs/partita") == {}
