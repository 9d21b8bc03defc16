"""Whatever state a repository is in, a run says what it does to it and harms nothing of it."""

import answers
import pytest
from kit import gone
from moments import events, record, started, until

pytestmark = pytest.mark.sandbox

BUILD = ("build", answers.REQUEST, "--depth", "quick")
GOOD = [answers.analysis(), answers.plan(), answers.core(), answers.web()]


def status(shell):
    return shell.git("status", "--porcelain").splitlines()


def subjects(shell, where="HEAD"):
    return shell.git("log", "--format=%s", where).splitlines()


def kept(shell):
    """The branch of the last run's result."""
    return f"partita/{record(shell).id}/_result"


def test_files_without_a_repository_are_refused_with_the_remedy(shell, provider):
    shell.write("notes.txt", "mine\n")
    done = shell.partita(*BUILD)
    assert done.code == 2
    assert "has files in it but is no git repository" in done.err
    assert "git init && git add -A && git commit" in done.err
    assert [p.name for p in shell.folder.iterdir()] == ["notes.txt"]
    assert provider.requests == []


def test_a_missing_folder_is_made_and_without_an_identity_partita_signs(shell):
    config = shell.home / "gitconfig"
    config.write_text("[core]\n\tautocrlf = false\n")
    done = shell.partita(*BUILD, "--into", "new/place")
    assert done.code == 0, done.err
    assert [p.name for p in shell.folder.iterdir()] == ["new"]
    shell.folder /= "new/place"
    signed = shell.git("log", "--format=%an <%ae>, %cn <%ce>").splitlines()
    assert signed == ["Partita <partita@localhost>, Partita <partita@localhost>"]
    assert config.read_text() == "[core]\n\tautocrlf = false\n"
    assert "user" not in shell.git("config", "--local", "--list")
    assert status(shell) == []


def test_uncommitted_edits_are_neither_seen_nor_moved_and_no_hook_runs(repo, provider):
    repo.write("staged.txt", "base\n")
    repo.write("notes.txt", "as committed\n")
    repo.commit_all("more")
    names = "pre-commit commit-msg post-commit post-checkout post-index-change pre-merge-commit"
    for name in [*names.split(), "post-merge", "reference-transaction", "post-rewrite"]:
        repo.write(f".git/hooks/{name}", f"#!/bin/sh\necho {name} >>'{repo.home}/ran'\n")
        (repo.folder / ".git/hooks" / name).chmod(0o755)
    repo.write("staged.txt", "staged-secret\n")
    repo.git("add", "staged.txt")
    repo.write("notes.txt", "unstaged-secret\n")
    repo.write("untracked.txt", "untracked-secret\n")
    before = status(repo)
    assert before == [" M notes.txt", "M  staged.txt", "?? untracked.txt"]
    (repo.home / "ran").unlink()
    done = repo.partita(*BUILD)
    assert done.code == 0, done.err
    assert not (repo.home / "ran").exists()
    assert status(repo) == before
    assert (repo.folder / "staged.txt").read_text() == "staged-secret\n"
    assert (repo.folder / "notes.txt").read_text() == "unstaged-secret\n"
    assert (repo.folder / "untracked.txt").read_text() == "untracked-secret\n"
    assert repo.git("show", "HEAD:notes.txt") == "as committed\n"
    assert repo.git("show", "HEAD:hello/core.py") == answers.CORE
    prompts = "\n".join(text for r in provider.requests for _, text in r.texts)
    assert "-secret" not in prompts
    assert "untracked.txt" not in prompts


def test_what_would_be_overwritten_is_named_and_nothing_lands(repo):
    repo.write("README.md", "# theirs\n")
    head = repo.commit_all("a readme")
    repo.write("README.md", "# mine, not committed\n")
    repo.write("tests/test_web.py", "# mine, not tracked\n")
    before = status(repo)
    done = repo.partita(*BUILD)
    assert done.code == 1
    assert "uncommitted changes would be overwritten: README.md, tests/test_web.py" in done.err
    assert f"kept on the branch {kept(repo)}" in done.err
    assert f"git merge {kept(repo)}" in done.err
    assert repo.git("rev-parse", "main").strip() == head
    assert repo.git("show", f"{kept(repo)}:hello/core.py") == answers.CORE
    assert (repo.folder / "README.md").read_text() == "# mine, not committed\n"
    assert (repo.folder / "tests/test_web.py").read_text() == "# mine, not tracked\n"
    assert not (repo.folder / "hello").exists()
    assert status(repo) == before
    assert gone(str(repo.folder)) == []


def test_a_detached_head_gets_the_result_branch_only(repo):
    repo.git("checkout", "-q", "--detach")
    head = repo.git("rev-parse", "HEAD")
    done = repo.partita(*BUILD)
    assert done.code == 1
    assert "HEAD is detached, so there is no branch to land on" in done.err
    assert f"kept on the branch {kept(repo)}" in done.err
    assert repo.git("rev-parse", "HEAD", "main").split() == [head.strip()] * 2
    assert repo.git("rev-parse", "--abbrev-ref", "HEAD").strip() == "HEAD"
    assert repo.git("show", f"{kept(repo)}:hello/core.py") == answers.CORE
    assert status(repo) == []


def test_an_unborn_branch_is_born_and_untracked_files_stay_the_users(shell, provider):
    shell.git("init", "-q", "-b", "trunk")
    shell.write("notes.txt", "mine\n")
    done = shell.partita(*BUILD)
    assert done.code == 0, done.err
    assert "Landed on trunk." in done.out
    assert shell.branches() == ["trunk"]
    assert len(subjects(shell)) == 1
    assert status(shell) == ["?? notes.txt"]
    assert (shell.folder / "notes.txt").read_text() == "mine\n"
    assert not any("notes.txt" in text for r in provider.requests for _, text in r.texts)


def test_a_run_from_a_subfolder_works_on_the_whole_repository(repo, provider):
    repo.write("sub/mine.txt", "mine\n")
    repo.commit_all("a subfolder")
    top = repo.folder
    repo.folder = top / "sub"
    done = repo.partita(*BUILD)
    assert done.code == 0, done.err
    repo.folder = top
    assert repo.git("show", "HEAD:hello/core.py") == answers.CORE
    assert (top / "hello/core.py").read_text() == answers.CORE
    assert [p.name for p in (top / "sub").iterdir()] == ["mine.txt"]
    assert (top / ".partita").is_dir()
    assert status(repo) == []
    design = provider.requests[1].texts[-1][1]
    assert "In the folder sub." in design


def test_a_branch_that_moved_meanwhile_is_merged_gated_again_and_landed_on(offering):
    shell, stub = offering(*GOOD, latency=0.3)
    with started(shell, *BUILD) as process:
        until(lambda: stub.requests, "a question")
        shell.write("other.txt", "meanwhile\n")
        moved = shell.commit_all("meanwhile")
        _, err = process.communicate(timeout=40)
    assert process.returncode == 0, err
    assert shell.git("rev-parse", "HEAD~1").strip() == moved
    assert (shell.folder / "other.txt").read_text() == "meanwhile\n"
    assert (shell.folder / "hello/core.py").read_text() == answers.CORE
    assert ("gate", "_moved1") in events(shell)
    assert status(shell) == []
    assert shell.branches() == ["main"]
    assert shell.git("worktree", "list").count("\n") == 1


def test_a_branch_that_moved_into_the_same_lines_keeps_them(offering):
    shell, stub = offering(*GOOD, latency=0.3)
    with started(shell, *BUILD) as process:
        until(lambda: stub.requests, "a question")
        shell.write("hello/core.py", "# mine\n")
        moved = shell.commit_all("meanwhile")
        _, err = process.communicate(timeout=40)
    assert process.returncode == 1
    assert "main moved meanwhile and no longer merges: hello/core.py" in err
    assert f"kept on the branch {kept(shell)}" in err
    assert shell.git("rev-parse", "main").strip() == moved
    assert (shell.folder / "hello/core.py").read_text() == "# mine\n"
    assert shell.git("show", f"{kept(shell)}:hello/core.py") == answers.CORE
    assert status(shell) == []


def test_a_run_lands_on_the_branch_it_began_on_though_the_user_is_on_another(offering):
    shell, stub = offering(*GOOD, latency=0.3)
    with started(shell, *BUILD) as process:
        until(lambda: stub.requests, "a question")
        shell.write("other.txt", "meanwhile\n")
        moved = shell.commit_all("meanwhile on main")
        shell.git("switch", "-q", "-c", "elsewhere", "HEAD~1")
        shell.write("aside.txt", "elsewhere\n")
        elsewhere = shell.commit_all("meanwhile elsewhere")
        _, err = process.communicate(timeout=40)
    assert process.returncode == 0, err
    assert shell.git("rev-parse", "main~1", "elsewhere").split() == [moved, elsewhere]
    files = shell.git("ls-tree", "-r", "--name-only", "main").split()
    assert {"other.txt", "hello/core.py"} < set(files)
    assert "aside.txt" not in files
    assert not (shell.folder / "hello").exists()
    assert status(shell) == []


def test_a_branch_that_is_gone_is_not_made_anew(offering):
    shell, stub = offering(*GOOD, latency=0.3)
    with started(shell, *BUILD) as process:
        until(lambda: stub.requests, "a question")
        shell.git("branch", "-m", "main", "renamed")
        _, err = process.communicate(timeout=40)
    assert process.returncode == 1
    assert "the branch main is gone" in err
    assert f"kept on the branch {kept(shell)}" in err
    assert "main" not in shell.branches()
    assert subjects(shell, "renamed") == ["as it was"]
    assert status(shell) == []


def test_a_merge_of_the_users_that_is_not_over_is_left_alone(offering):
    shell, stub = offering(*GOOD, latency=0.3)
    shell.git("switch", "-q", "-c", "theirs")
    shell.write("notes.txt", "theirs\n")
    shell.commit_all("theirs")
    shell.git("switch", "-q", "main")
    shell.write("notes.txt", "ours\n")
    head = shell.commit_all("ours")
    with started(shell, *BUILD) as process:
        until(lambda: stub.requests, "a question")
        shell.git("merge", "-q", "theirs", check=False)
        _, err = process.communicate(timeout=40)
    assert process.returncode == 1
    assert "Built and tested, but not landed" in err
    assert f"kept on the branch {kept(shell)}" in err
    assert shell.git("rev-parse", "main").strip() == head
    assert status(shell) == ["UU notes.txt"]
    assert (shell.folder / ".git/MERGE_HEAD").exists()
    assert shell.git("worktree", "list").count("\n") == 1


def test_a_second_run_is_refused_with_the_id_of_the_one_at_work(offering):
    shell, stub = offering(answers.rule("Analyse the request", "", behaviour="hang"))
    with started(shell, *BUILD):
        until(lambda: stub.requests, "a question")
        run = record(shell).id
        done = shell.partita(*BUILD)
        assert done.code == 2
        assert f"run {run} of process" in done.err
        assert f"partita cancel {run}" in done.err
        assert len(stub.requests) == 1
        assert record(shell).id == run


def test_a_second_process_follows_the_run_that_is_at_work_and_ends_with_it(offering):
    shell, stub = offering(answers.rule("Analyse the request", "", behaviour="hang"))
    with started(shell, *BUILD) as owner:
        until(lambda: stub.requests, "a question")
        run = record(shell).id
        with started(shell, "resume", "last") as follower:
            until(lambda: shell.partita("status").code == 0, "the status")
            assert shell.partita("cancel", "last").code == 0
            _, err = follower.communicate(timeout=20)
            assert (owner.wait(20), follower.returncode) == (4, 4)
        assert f"process {owner.pid} is at work on run {run}; following it" in err
        assert "cancelled" in err
        assert len(stub.requests) == 1


def test_a_follower_says_so_when_the_owner_dies(offering):
    shell, stub = offering(answers.rule("Analyse the request", "", behaviour="hang"))
    with started(shell, *BUILD) as owner:
        until(lambda: stub.requests, "a question")
        run = record(shell).id
        with started(shell, "resume", "last") as follower:
            until(follower.stderr.readline, "a word of the follower")
            owner.kill()
            owner.wait()
            _, err = follower.communicate(timeout=30)
        assert follower.returncode == 3
        assert f"nobody is at work on {run}" in err
        assert f"partita resume {run}" in err


def test_a_tracked_state_folder_is_refused_with_the_remedy(repo, provider):
    repo.write(".partita/mine.txt", "mine\n")
    head = repo.commit_all("in the way")
    done = repo.partita(*BUILD)
    assert done.code == 2
    assert ".partita is tracked by git" in done.err
    assert "git rm -r --cached .partita && git commit" in done.err
    assert [p.name for p in (repo.folder / ".partita").iterdir()] == ["mine.txt"]
    assert repo.git("rev-parse", "HEAD").strip() == head
    assert provider.requests == []


def test_a_repository_may_not_say_where_the_model_is(repo, provider):
    text = 'depth = "quick"\n[models.m]\nwire = "openai"\nbase_url = "http://127.0.0.1:1/v1"\n'
    repo.write("partita.toml", text)
    repo.commit_all("settings")
    done = repo.partita(*BUILD)
    assert done.code == 2
    assert "partita.toml, line 4: models.m.base_url: a repository may not set it" in done.err
    assert "your own settings file" in done.err
    assert provider.requests == []
    assert status(repo) == []
