"""Commits are exact, deterministic, and stay in the tree; the user's things are not seen."""

import subprocess

import pytest
from git_kit import contents, delete, run, spied, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partita.adapters.git import open_repository
from partita.core.changes import Delete, Write
from partita.errors import BadInput, GitFailed
from partita.ports.repo import Conflict

names = st.sampled_from(["a", "b", "a.py", "a-b", "a0", "ä ö", "n\nl", "-x", "*"])
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
trees = st.dictionaries(paths, st.tuples(st.binary(max_size=40), st.booleans()), max_size=8)


def possible(tree):
    """Drop paths that would have to be a file and a folder at once."""
    return {p: v for p, v in tree.items() if not any(q.startswith(p + "/") for q in tree)}


def changes_between(old, new):
    writes = [Write(path=p, data=d, executable=x) for p, (d, x) in new.items()]
    return [*writes, *(Delete(path=p) for p in old if p not in new)]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(trees.map(possible), min_size=1, max_size=3))
def test_what_is_committed_is_what_is_read(user, versions):
    repo = user.open()

    async def check():
        parent, before = "", {}
        for version in versions:
            parent = await repo.commit(parent, changes_between(before, version), "m")
            entries = await repo.files(parent)
            got = await repo.read(parent, [e.path for e in entries])
            kinds = {e.path: e.kind == "executable" for e in entries}
            assert {p: (got[p], kinds[p]) for p in kinds} == version
            assert [e.size for e in entries] == [len(got[e.path]) for e in entries]
            assert [e.path for e in entries] == sorted(version)
            before = version

    run(check())


def test_git_itself_finds_nothing_wrong_with_our_objects(user):
    repo = user.open()
    changes = [write("a/b/c.py", "x\r\n"), write("a.b/x", b"\0\xff")]
    commit = run(repo.commit("", changes, "first\n\nbody\0\n"))
    commit = run(
        repo.commit(commit, [write("run", "#!", executable=True), delete("a/b/c.py")], "2")
    )
    user.git("update-ref", "refs/heads/x", commit)
    assert "error" not in user.git("fsck", "--strict", "--full")
    assert user.git("ls-tree", "-r", "x").splitlines()[1].startswith("100755")


def test_the_same_commit_made_twice_has_the_same_id(user, tmp_path):
    repo = user.open()
    other = open_repository(tmp_path / "elsewhere")
    ids = set()
    for each in (repo, other):
        first = run(each.commit("", [write("a", "1"), write("b/c", "2")], "one"))
        second = run(each.commit(first, [write("a", "3"), delete("b/c")], "two"))
        ids.add((first, second, run(each.merge(second, second, "m"))))
    assert len(ids) == 1
    stamp = user.git("log", "--format=%an <%ae> %at %cn %ct", ids.pop()[1])
    assert stamp.splitlines() == [
        "Partita <partita@localhost> 946684801 Partita 946684801",
        "Partita <partita@localhost> 946684800 Partita 946684800",
    ]


def test_bytes_are_stored_as_they_are_whatever_filters_the_repository_asks_for(user):
    user.git("config", "core.autocrlf", "true")
    user.git("config", "filter.shout.clean", "tr a-z A-Z")
    base = user.commit({".gitattributes": "* text=auto filter=shout\n*.x ident\n"})
    repo = user.open()
    commit = run(repo.commit(base, [write("a.x", "lower\r\n$Id$\r\n")], "m"))
    assert contents(repo, commit)["a.x"] == b"lower\r\n$Id$\r\n"


def test_a_commit_takes_two_processes_for_any_number_of_files(user):
    base = run(user.open().commit("", [write("x", "")], "m"))
    repo, spy = spied(user.open())
    run(repo.commit(base, [write(f"d{n % 7}/e{n % 3}/{n}", str(n)) for n in range(200)], "m"))
    assert [call[0] for call in spy.calls] == ["cat-file", "unpack-objects"]


def test_committing_leaves_the_user_alone(user):
    base = user.commit({"a": "1", "b": "2"})
    user.write("a", "unstaged")
    user.write("b", "staged")
    user.git("add", "b")
    user.write("c", "untracked")
    before = user.everything()
    repo = user.open()
    commit = run(repo.commit(base, [write("a", "x"), write("c", "y"), delete("b")], "m"))
    run(repo.merge(commit, run(repo.commit(base, [write("d", "z")], "m")), "m"))
    run(repo.squash(base, commit, "m", at=5))
    assert user.everything() == before


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../outside",
        "a/../../outside",
        "a/./b",
        "a//b",
        "a/",
        ".",
        "..",
        ".git/config",
        ".GIT/config",
        "sub/.Git/hooks/post-checkout",
        ".git",
        ".git./config",
        ".git /config",
        "git~1/config",
        ".g\u200cit/config",
        "\uff0egit/config",
        ".git::$INDEX_ALLOCATION/config",
        ".partita/landing.json",
        ".Partita/x",
        "a\\b",
        "a\0b",
        "\ud800",
        "n" * 256,
        "/".join(["d"] * 2000),
    ],
)
@pytest.mark.parametrize("kind", [write, lambda path, _: delete(path)])
def test_a_path_outside_the_tree_is_refused_by_name(user, path, kind):
    with pytest.raises(BadInput, match="can't be changed"):
        run(user.open().commit("", [kind(path, "x")], "m"))


def test_names_that_only_resemble_gits_are_allowed(user):
    repo = user.open()
    files = [".gitignore", ".github/x.yml", "git", "a.git/x", "partita/x", "x.partita"]
    commit = run(repo.commit("", [write(path, path) for path in files], "m"))
    assert contents(repo, commit) == {path: path.encode() for path in files}


@pytest.fixture
def parent(user, tmp_path):
    (tmp_path / "x").mkdir()
    user.write("dir/file", "1")
    user.write("file", "3")
    (user.root / "out").symlink_to(tmp_path / "x")
    (user.root / "dir/up").symlink_to("..")
    user.git("add", "-A")
    null = "1" * 40
    user.git("update-index", "--add", "--cacheinfo", f"160000,{null},sub")
    user.git("commit", "-q", "-m", "tricky")
    return user.git("rev-parse", "HEAD")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (write("out/pwned", "x"), "'out/pwned' goes through 'out', which is a symbolic link"),
        (write("dir/up/pwned", "x"), "goes through 'dir/up', which is a symbolic link"),
        (delete("out/pwned"), "goes through 'out', which is a symbolic link"),
        (write("sub/pwned", "x"), "goes through 'sub', which is a submodule"),
        (write("out", "x"), "'out' is a symbolic link"),
        (delete("out"), "'out' is a symbolic link"),
        (write("sub", "x"), "'sub' is a submodule"),
        (write("dir", "x"), "'dir' is a folder"),
        (delete("dir"), "'dir' is a folder"),
        (write("file/x", "x"), "'file' is a file"),
        (write("file/x/y", "x"), "'file' is a file"),
    ],
)
def test_a_change_that_meets_a_link_a_submodule_or_the_wrong_kind_is_refused(
    user, parent, change, words
):
    with pytest.raises(BadInput, match=words):
        run(user.open().commit(parent, [change], "m"))


def test_a_file_and_a_folder_of_one_name_in_the_same_commit_are_refused(user):
    repo = user.open()
    for changes in ([write("a", ""), write("a/b", "")], [write("a/b", ""), write("a", "")]):
        with pytest.raises(BadInput, match="'a'"):
            run(repo.commit("", changes, "m"))
    with pytest.raises(BadInput, match="'a' is changed twice"):
        run(repo.commit("", [write("a", ""), delete("a")], "m"))


def test_a_file_may_become_a_folder_when_it_is_deleted_and_the_other_way(user):
    repo = user.open()
    one = run(repo.commit("", [write("m", "1"), write("d/e/f", "2")], "m"))
    two = run(
        repo.commit(one, [write("m/x", "3"), delete("m"), write("d", "4"), delete("d/e/f")], "")
    )
    assert contents(repo, two) == {"m/x": b"3", "d": b"4"}


def test_deleting_what_is_not_there_changes_nothing(user, parent):
    repo = user.open()
    gone = [delete("nope"), delete("dir/nope/x"), delete("file/x"), delete("no/such/path")]
    commit = run(repo.commit(parent, gone, "m"))
    assert run(repo.tree_id(commit)) == run(repo.tree_id(parent))


def test_a_parent_that_is_no_commit_here_is_refused(user):
    repo = user.open()
    base = run(repo.commit("", [write("a", "1")], "m"))
    for wrong in ("0" * 40, run(repo.tree_id(base)), "main", "--help", base[:10], base.upper()):
        with pytest.raises(BadInput):
            run(repo.commit(wrong, [], "m"))


def test_disjoint_changes_merge_and_the_merge_is_deterministic(user):
    repo = user.open()
    base = run(repo.commit("", [write("a", "1\n"), write("b", "1\n")], "base"))
    left = run(repo.commit(base, [write("a", "2\n"), write("l/x", "")], "left"))
    right = run(repo.commit(base, [write("b", "2\n"), write("r/x", "")], "right"))
    merged = run(repo.merge(left, right, "both"))
    assert merged == run(repo.merge(left, right, "both"))
    assert contents(repo, merged) == {"a": b"2\n", "b": b"2\n", "l/x": b"", "r/x": b""}
    assert user.git("log", "-1", "--format=%P %ct", merged) == f"{left} {right} 946684802"


def test_merging_what_is_contained_gives_the_one_that_contains_it(user):
    repo = user.open()
    one = run(repo.commit("", [write("a", "1")], "m"))
    two = run(repo.commit(one, [write("a", "2")], "m"))
    assert [run(repo.merge(*pair, "m")) for pair in ((one, two), (two, one), (two, two))] == [
        two
    ] * 3
    assert run(repo.merge("", two, "m")) == run(repo.merge(two, "", "m")) == two
    assert run(repo.merge("", "", "m")) == ""


def test_clashing_changes_name_their_paths(user):
    repo = user.open()
    base = run(repo.commit("", [write("a", "1\n"), write("d/x", "1\n"), write("c", "1\n")], "m"))
    left = run(repo.commit(base, [write("a", "2\n"), write("d/x", "2\n"), write("c", "2\n")], "m"))
    right = run(repo.commit(base, [write("a", "3\n"), delete("d/x"), write("d", "file")], "m"))
    assert run(repo.merge(left, right, "m")) == Conflict(paths=("a", "d", "d/x"))


def test_histories_without_a_common_commit_merge_where_they_do_not_clash(user):
    repo = user.open()
    one = run(repo.commit("", [write("a", "1"), write("b", "1")], "one"))
    two = run(repo.commit("", [write("c", "1")], "two"))
    other = run(repo.commit("", [write("a", "2")], "three"))
    assert set(contents(repo, run(repo.merge(one, two, "m")))) == {"a", "b", "c"}
    assert run(repo.merge(one, other, "m")) == Conflict(paths=("a",))


def test_a_change_never_wanders_to_a_renamed_path(user):
    repo = user.open()
    text = "".join(f"line {n}\n" for n in range(50))
    base = run(repo.commit("", [write("old/a", text), write("old/b", text + "b")], "m"))
    moves = [delete("old/a"), delete("old/b"), write("new/a", text), write("new/b", text + "b")]
    renamed = run(repo.commit(base, moves, "m"))
    added = run(repo.commit(base, [write("old/c", "c")], "m"))
    merged = run(repo.merge(renamed, added, "m"))
    assert set(contents(repo, merged)) == {"new/a", "new/b", "old/c"}
    edited = run(repo.commit(base, [write("old/a", text + "more\n")], "m"))
    assert run(repo.merge(renamed, edited, "m")) == Conflict(paths=("new/a",))
    assert run(repo.merge(edited, renamed, "m")) == Conflict(paths=("new/a",))


def test_a_squash_is_one_commit_by_the_user_at_the_time_given(user):
    repo = user.open()
    base = user.commit({"a": "1"})
    user.git("config", "user.name", "Bo <x>\tO")
    user.git("config", "user.email", "bo@example.org")
    work = run(repo.commit(run(repo.commit(base, [write("b", "2")], "1")), [write("c", "3")], "2"))
    landed = run(repo.squash(base, work, "feat: all\n\nPartita-Run: r\n", at=1_700_000_000.7))
    assert run(repo.tree_id(landed)) == run(repo.tree_id(work))
    facts = user.git("log", "-1", "--format=%P|%an|%ae|%at|%cn|%ct|%B", landed)
    bo, at = "Bo  x \tO", 1_700_000_000
    assert facts == f"{base}|{bo}|bo@example.org|{at}|{bo}|{at}|feat: all\n\nPartita-Run: r"
    assert user.git("log", "-1", "--format=%(trailers:key=Partita-Run)", landed) == "Partita-Run: r"
    assert contents(repo, run(repo.squash("", "", "empty", at=0))) == {}


def test_without_an_identity_partita_signs_and_nothing_is_configured(user, monkeypatch):
    repo = user.open()
    base = run(repo.commit("", [], "m"))
    user.git("config", "user.name", "Only A Name")
    config = (user.root / ".git/config").read_bytes()
    made = run(repo.squash("", base, "m", at=1))
    assert user.git("log", "-1", "--format=%an <%ae>", made) == "Partita <partita@localhost>"
    assert (user.root / ".git/config").read_bytes() == config
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Env")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "env@example.org")
    made = run(repo.squash("", base, "m", at=1))
    assert user.git("log", "-1", "--format=%an <%ae> %cn", made) == "Env <env@example.org> Partita"


def test_only_branches_of_ours_are_made_moved_and_dropped(user):
    base = user.commit({"a": "1"})
    repo = user.open()
    other = run(repo.commit(base, [write("a", "2")], "m"))
    run(repo.point("partita/r1/a", base))
    run(repo.point("partita/r1/a", other))
    run(repo.point("partita/r1/_result", other))
    run(repo.point("partita/r10/a", other))
    for wrong in (
        "main",
        "partita",
        "partita/",
        "partita/../main",
        "partita/a b",
        "-d",
        "x/partita/a",
    ):
        with pytest.raises(BadInput):
            run(repo.point(wrong, base))
        with pytest.raises(BadInput):
            run(repo.drop(wrong))
    run(repo.drop("partita/r1"))
    run(repo.drop("partita/none/"))
    branches = user.git("for-each-ref", "--format=%(refname:short) %(objectname)").splitlines()
    assert branches == [f"main {base}", f"partita/r10/a {other}"]


def test_a_branch_of_ours_that_the_user_looks_at_is_neither_moved_nor_dropped(user):
    base = user.commit({"a": "1"})
    repo = user.open()
    run(repo.point("partita/r/_result", base))
    user.git("switch", "-q", "partita/r/_result")
    with pytest.raises(GitFailed, match="is checked out in"):
        run(repo.point("partita/r/_result", run(repo.commit(base, [write("a", "2")], "m"))))
    run(repo.drop("partita/r"))
    assert user.git("rev-parse", "HEAD") == base


def test_a_repository_of_the_sha256_kind_works_the_same(tmp_path, user):
    root = tmp_path / "sha256"
    subprocess.run(["git", "init", "-q", "--object-format=sha256", root], check=True)
    repo = open_repository(root)
    one = run(repo.commit("", [write("d/a", "1"), write("b", "2")], "m"))
    two = run(repo.commit(one, [write("d/a", "3")], "m"))
    three = run(repo.commit(one, [delete("b")], "m"))
    assert contents(repo, run(repo.merge(two, three, "m"))) == {"d/a": b"3"}
    assert run(repo.changed("", one)) == ("b", "d/a")
