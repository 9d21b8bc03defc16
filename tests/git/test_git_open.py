"""Opening finds the right repository, makes one only in an empty folder, and says what is wrong."""

import shutil
import subprocess

import pytest
from git_kit import User, run

from partita.adapters.git import find_repository, open_repository
from partita.errors import BadInput
from partita.ports.repo import Base


def test_the_repository_around_a_subfolder_is_used_and_the_subfolder_remembered(user):
    base = user.commit({"pkg/sub/x": "1"})
    for opened in (open_repository, find_repository):
        repo = opened(user.root / "pkg/sub")
        assert repo.root == user.root
        assert run(repo.base()) == Base(commit=base, branch="main", subfolder="pkg/sub")
    assert run(open_repository(user.root).base()).subfolder == ""


@pytest.mark.parametrize("exists", [True, False])
def test_an_empty_or_missing_folder_becomes_a_repository(tmp_path, exists):
    where = tmp_path / "new/project"
    if exists:
        where.mkdir(parents=True)
    assert find_repository(where) is None
    assert where.exists() == exists
    repo = open_repository(where)
    assert repo.root == where
    assert run(repo.base()) == Base(commit="", branch="main")
    assert open_repository(where).root == where


def test_a_missing_folder_inside_a_repository_is_a_subfolder_of_it(user):
    user.commit({"x": "1"})
    repo = open_repository(user.root / "services/new")
    assert (repo.root, repo.place.subfolder) == (user.root, "services/new")
    assert not (user.root / "services").exists()


def test_a_missing_folder_that_the_repository_around_it_ignores_is_a_place_of_its_own(user):
    user.commit({".gitignore": "/demo-*/\n"})
    repo = open_repository(user.root / "demo-1")
    assert repo.root == user.root / "demo-1"
    assert user.status() == ""


def test_a_folder_with_files_but_no_repository_is_refused_with_the_remedy(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="no git repository") as caught:
        open_repository(tmp_path)
    assert "git init && git add -A && git commit" in caught.value.remedy
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    assert find_repository(tmp_path) is None


def test_a_bare_repository_a_git_folder_and_a_file_are_refused(user, tmp_path):
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "bare"], check=True)
    user.commit({"file": "1"})
    for where in (
        tmp_path / "bare",
        tmp_path / "bare/refs",
        user.root / ".git",
        user.root / "file",
    ):
        for opened in (open_repository, find_repository):
            with pytest.raises(BadInput):
                opened(where)


def test_a_worktree_of_partitas_own_is_refused(user):
    path = run(user.open().checkout("task", user.commit({"a": "1"})))
    with pytest.raises(BadInput, match="a worktree that Partita made") as caught:
        open_repository(path)
    assert str(user.root) in caught.value.remedy


def test_a_broken_repository_is_not_replaced(tmp_path):
    user = User(tmp_path)
    user.git("init", "-q")
    user.write(".git/config", "[core\n")
    with pytest.raises(BadInput, match="git can't use"):
        open_repository(tmp_path)


def script(folder, text):
    folder.mkdir()
    git = folder / "git"
    git.write_text(f"#!/bin/sh\n{text}\n")
    git.chmod(0o755)
    return str(folder)


def test_a_missing_or_old_git_is_said_with_the_remedy(tmp_path, monkeypatch):
    old = script(tmp_path / "old", "echo git version 2.37.9")
    for path in (str(tmp_path), old):
        monkeypatch.setenv("PATH", path)
        with pytest.raises(BadInput) as caught:
            open_repository(tmp_path / "x")
        assert caught.value.remedy == "Install git 2.38 or newer."
    assert not (tmp_path / "x").exists()


def test_the_callers_git_variables_lead_nowhere(user, tmp_path, monkeypatch):
    base = user.commit({"a": "1"})
    other = User(tmp_path / "other")
    other.git("init", "-q")
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.root))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path / "objects"))
    repo = open_repository(user.root)
    assert (repo.root, run(repo.base()).commit) == (user.root, base)
    assert [entry.path for entry in run(repo.files(base))] == ["a"]


def test_a_repository_that_vanishes_is_not_replaced_by_the_one_around_it(user):
    user.commit({".gitignore": "inner/\n"})
    before = user.everything()
    repo = open_repository(user.root / "inner")
    shutil.rmtree(user.root / "inner/.git")
    with pytest.raises(Exception, match="not a git repository"):
        run(repo.commit("", [], "m"))
    assert user.everything() == before
