"""A remote that hangs, is gone, or was left in a mess is named in time and stops nobody else."""

import asyncio
import os
import signal
import subprocess
import time
from threading import Timer

import pytest
from git_kit import contents, run, write
from shared_kit import Bare, Daemon, clone

from partita.adapters.git.locks import break_stale
from partita.adapters.git.remote import Limits, clean, ssh_environment
from partita.adapters.git.shared import open_shared
from partita.errors import BadInput, GitFailed, RemoteLost
from partita.ports.repo import Landed

R = "20260101-000000-abcd"
SHORT = Limits(refs=0.6, content=0.6)


@pytest.fixture
def near(tmp_path):
    bare = Bare(tmp_path / "remote.git")
    one, two = (clone(tmp_path / name, str(bare.root)) for name in ("one", "two"))
    one.commit({"a": "1\n", "d/b": "1\n"})
    one.git("push", "-q", str(bare.root), "main")
    return bare, one, two


@pytest.fixture
def daemon(near):
    served = Daemon(near[0].root.parent)
    yield served
    served.stop()


def url(served):
    return f"git://127.0.0.1:{served.port}/remote.git"


def lock(home, ref, *, age):
    path = home / f"{ref}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, (time.time() - age,) * 2)
    return path


@pytest.mark.slow
def test_a_remote_that_hangs_is_lost_in_time_and_found_again(near, daemon):
    bare, one, _ = near
    here = open_shared(one.root, url(daemon), SHORT)
    again = open_shared(one.root, url(daemon))
    base = bare.git("rev-parse", "main")
    work = run(here.commit(base, [write("x", "1")], "work"))
    daemon.signal(signal.SIGSTOP)

    async def everything():
        asked = (
            here.share(R, work),
            here.obtain(R, "1" * 40),
            here.land("main", base, work, R),
            here.point(f"partita/{R}/a", work),
            here.tip("main"),
            here.forget(R),
            here.objection("main"),
        )
        return await asyncio.gather(*asked, return_exceptions=True)

    for lost in run(everything()):
        assert isinstance(lost, RemoteLost)
        assert "can't be reached: no answer within 0.6 seconds." in lost.message
        assert "git ls-remote" in lost.remedy
    run(here.drop(f"partita/{R}"))
    daemon.signal(signal.SIGCONT)
    run(again.share(R, work))
    assert run(again.land("main", base, work, R)) == Landed(outcome="landed", commit=work)
    assert bare.git("rev-list", "--count", "main") == "2"


def test_a_remote_that_stops_in_the_middle_of_a_push_is_lost(near, daemon):
    bare, one, _ = near
    here = open_shared(one.root, url(daemon), Limits(refs=20, content=0.6))
    base = bare.git("rev-parse", "main")
    bare.hook("pre-receive", "exec sleep 30")
    work = run(here.commit(base, [write("x", "1")], "work"))
    with pytest.raises(RemoteLost, match=r"no answer within 0\.6 seconds"):
        run(here.share(R, work))
    (bare.root / "hooks/pre-receive").unlink()
    run(open_shared(one.root, url(daemon)).share(R, work))


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("git://127.0.0.1:1/x.git", "Connection refused"),
        ("http://ann:secret@127.0.0.1:1/x.git", "127.0.0.1"),
        ("/nowhere/x.git", "does not appear to be a git repository"),
        ("file:///nowhere/x.git", "does not appear to be a git repository"),
    ],
)
def test_a_remote_that_is_not_there_is_lost_in_one_clean_sentence(near, where, words):
    _, one, _ = near
    one.git("remote", "add", "shared", where)
    here = open_shared(one.root, "shared")
    base = one.git("rev-parse", "HEAD")
    for step in (here.tip("main"), here.share(R, base), here.obtain(R, "1" * 40)):
        with pytest.raises(RemoteLost) as lost:
            run(step)
        assert words in lost.value.message
        assert lost.value.message.startswith("The shared remote shared (")
        assert "secret" not in lost.value.message + lost.value.remedy
        assert "\n" not in lost.value.message
        assert lost.value.remedy == "Try `git ls-remote shared` here, then resume the run."


def test_a_folder_that_may_not_be_read_is_lost_and_said(near, tmp_path, monkeypatch):
    script = tmp_path / "ssh-refuses"
    script.write_text("#!/bin/sh\necho 'ann@host: Permission denied (publickey).' >&2\nexit 255\n")
    script.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(script))
    monkeypatch.setenv("GIT_SSH_VARIANT", "simple")
    here = open_shared(near[1].root, "ann@host:x.git")
    with pytest.raises(RemoteLost, match=r"Permission denied \(publickey\)"):
        run(here.tip("main"))


def test_a_push_killed_in_the_middle_does_not_stop_the_next(near):
    bare, one, two = near
    here = one.open()
    base = bare.git("rev-parse", "main")
    work = run(here.commit(base, [write("x", "1" * 1000)], "work"))
    note = bare.root / "started"
    bare.hook("pre-receive", f"echo > '{note}'; exec sleep 30")
    push = subprocess.Popen(
        ["git", "push", "-q", str(bare.root), f"{work}:refs/partita/{R}/{work}"],
        cwd=one.root,
        start_new_session=True,
    )
    while not note.exists():
        time.sleep(0.01)
    os.killpg(push.pid, signal.SIGKILL)
    push.wait()
    (bare.root / "hooks/pre-receive").unlink()
    run(here.share(R, work))
    run(two.open().obtain(R, work))
    assert set(contents(two.open(), work)) == {"a", "d/b", "x"}


@pytest.mark.parametrize("arrived", [[""], ["", "^{tree}"], ["", "^{tree}", ":x"], ["", ":x/y"]])
@pytest.mark.parametrize("has_parent", [True, False])
def test_a_fetch_killed_in_the_middle_is_done_again(near, arrived, has_parent):
    bare, one, two = near
    here, there, base = one.open(), two.open(), bare.git("rev-parse", "main")
    work = run(here.commit(base, [write("x/y", "1")], "work"))
    run(here.share(R, work))
    if has_parent:
        run(there.obtain(R, base))
    for part in arrived:
        kind = one.git("cat-file", "-t", work + part)
        raw = subprocess.run(
            ["git", "cat-file", kind, work + part], cwd=one.root, capture_output=True, check=True
        ).stdout
        store = ("git", "hash-object", "-w", "--literally", "-t", kind, "--stdin")
        subprocess.run(store, cwd=two.root, input=raw, capture_output=True, check=True)
    run(there.obtain(R, work))
    assert contents(there, work) == {"a": b"1\n", "d/b": b"1\n", "x/y": b"1"}


@pytest.mark.parametrize("age", [0, 60])
def test_a_lock_that_a_dead_git_left_on_the_remote_is_no_end(near, age):
    bare, one, two = near
    here, base = one.open(), bare.git("rev-parse", "main")
    left = lock(bare.root, f"refs/partita/{R}/{base}", age=age)
    work = run(here.commit(base, [write("x", "1")], "work"))
    run(here.share(R, base, work))
    assert left.exists() == (age == 0)
    assert set(bare.refs("refs/partita").values()) == {base, work}
    there = two.open()
    run(there.obtain(R, work, base))
    left.unlink(missing_ok=True)
    run(there.drop(f"partita/{R}"))
    assert bare.refs("refs/partita") == {}


@pytest.mark.parametrize("age", [0, 60])
def test_a_lock_that_a_dead_git_left_in_the_clone_is_no_end(near, age):
    bare, _, two = near
    here, base = two.open(), bare.git("rev-parse", "main")
    local = two.root / ".git"
    left = lock(local, f"refs/partita/{R}/{base}", age=age)
    run(here.obtain(R, base))
    two.git("gc", "-q", "--prune=now")
    assert set(contents(here, base)) == {"a", "d/b"}
    assert left.exists() == (age == 0)
    lock(local, f"refs/heads/partita/{R}/a", age=60)
    run(here.point(f"partita/{R}/a", base))
    lock(local, f"refs/partita/{R}/{base}", age=60)
    run(here.drop(f"partita/{R}"))
    assert not (local / "refs/partita" / R).exists()
    assert two.git("for-each-ref") == ""


def test_a_lock_on_the_users_branch_is_the_users_to_remove(near):
    bare, one, _ = near
    here, base = one.open(), bare.git("rev-parse", "main")
    work = run(here.commit(base, [write("x", "1")], "work"))
    left = lock(bare.root, "refs/heads/main", age=3600)
    with pytest.raises(Exception, match=r"main\.lock") as refused:
        run(here.land("main", base, work, R))
    assert "remove the lock" in refused.value.remedy
    left.unlink()
    assert run(here.land("main", base, work, R)).outcome == "landed"


@pytest.mark.parametrize(
    ("where", "age", "broken"),
    [
        ("refs/partita/r/c", 60, True),
        ("refs/heads/partita/r/a", 60, True),
        ("refs/partita/r/c", 0, False),
        ("refs/heads/main", 60, False),
        ("packed-refs", 60, False),
        ("refs/partita/../heads/main", 60, False),
        ("../elsewhere/refs/partita/x", 60, False),
    ],
)
def test_only_stale_locks_on_refs_of_ours_are_broken(near, where, age, broken):
    bare = near[0]
    (bare.root / "refs/partita").mkdir()
    left = lock(bare.root, where, age=age)
    words = f"cannot lock ref 'x': Unable to create '{left}': File exists."
    assert break_stale(words, [bare.root]) == broken
    assert left.exists() != broken


def test_pruning_everywhere_between_the_steps_loses_nothing(near):
    bare, one, two = near
    here, there, base = one.open(), two.open(), bare.git("rev-parse", "main")

    def prune():
        for place in (bare, one, two):
            place.git("reflog", "expire", "--expire=now", "--all")
            place.git("gc", "-q", "--prune=now")

    run(there.obtain(R, base))
    prune()
    first = run(there.commit(base, [write("x", "1")], "first"))
    run(there.share(R, first))
    prune()
    run(here.obtain(R, first))
    prune()
    second = run(here.commit(first, [write("y", "1")], "second"))
    run(here.share(R, second))
    prune()
    run(there.obtain(R, second))
    prune()
    assert run(there.land("main", base, second, R)).outcome == "landed"
    prune()
    assert contents(here, second) == {"a": b"1\n", "d/b": b"1\n", "x": b"1", "y": b"1"}


@pytest.mark.parametrize(
    "remote",
    ["", "-x", "--upload-pack=touch /tmp/x", "ext::sh -c x", "fd::3", "a\nb", "nope"],
)
def test_what_is_no_remote_is_refused(near, remote):
    with pytest.raises(BadInput, match="remote"):
        open_shared(near[1].root, remote)


@pytest.mark.parametrize("address", ["ext::sh -c touch% ran", "-x"])
def test_what_a_configured_remote_hides_is_refused(near, address):
    _, one, _ = near
    one.git("config", "remote.bad.url", address)
    with pytest.raises(BadInput, match="can't be used as a shared remote"):
        open_shared(one.root, "bad")


def test_outside_of_a_repository_there_is_nothing_to_share(tmp_path):
    with pytest.raises(BadInput, match="lies in no git repository"):
        open_shared(tmp_path, "origin")


def test_a_remote_is_found_by_its_name_and_no_tracking_ref_moves(near):
    bare, one, _ = near
    one.git("remote", "add", "origin", "../remote.git")
    one.git("config", "push.followTags", "true")
    one.git("tag", "-a", "-m", "t", "v1")
    here, base = open_shared(one.root, "origin"), one.git("rev-parse", "HEAD")
    work = run(here.commit(base, [write("x", "1")], "w"))
    run(here.share(R, work))
    assert run(here.land("main", base, work, R)).outcome == "landed"
    assert one.git("for-each-ref", "refs/remotes") == ""
    assert bare.refs("refs/tags") == {}


def test_no_hook_of_the_clone_runs(near):
    bare, one, _ = near
    for name in ("pre-push", "reference-transaction"):
        hook = one.root / ".git/hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch '{one.root}/ran'\nexit 1\n")
        hook.chmod(0o755)
    here, base = one.open(), bare.git("rev-parse", "main")
    run(here.share(R, base))
    assert not (one.root / "ran").exists()


def test_git_never_asks(near, tmp_path, monkeypatch):
    asked = tmp_path / "asked"
    script = tmp_path / "ask"
    script.write_text(f"#!/bin/sh\ntouch '{asked}'\necho secret\n")
    script.chmod(0o755)
    for name in ("GIT_ASKPASS", "SSH_ASKPASS"):
        monkeypatch.setenv(name, str(script))
    near[1].git("config", "core.askPass", str(script))
    env = tmp_path / "env"
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\nenv > '{env}'\necho \"$@\" >> '{env}'\nexit 255\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    with pytest.raises(RemoteLost):
        run(open_shared(near[1].root, "ssh://ann@host/x.git").tip("main"))
    lines = env.read_text().splitlines()
    assert {"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "SSH_ASKPASS="} <= set(lines)
    assert "-o BatchMode=yes -o ConnectTimeout=5" in lines[-1]
    assert not asked.exists()


def test_ssh_is_started_as_the_user_says(monkeypatch):
    never = " -o BatchMode=yes -o ConnectTimeout=5 -o ServerAliveInterval=5 -o ControlMaster=no"
    assert ssh_environment("") == {"GIT_SSH_COMMAND": f"ssh{never}"}
    assert ssh_environment("ssh -i k")["GIT_SSH_COMMAND"] == f"ssh -i k{never}"
    assert ssh_environment("plink 'x")["GIT_SSH_COMMAND"] == "plink 'x"
    monkeypatch.setenv("GIT_SSH", "/bin/other")
    monkeypatch.setenv("GIT_SSH_VARIANT", "plink")
    monkeypatch.setenv("GIT_ASKPASS", "x")
    assert ssh_environment("") == {"GIT_SSH": "/bin/other", "GIT_SSH_VARIANT": "plink"}
    monkeypatch.setenv("GIT_SSH_COMMAND", "/usr/bin/ssh -v")
    assert ssh_environment("ssh -i k") == {
        "GIT_SSH_COMMAND": f"/usr/bin/ssh -v{never}",
        "GIT_SSH_VARIANT": "plink",
    }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at https://ann:s3cret@host/x 'y'", "at https://***@host/x 'y'"),
        ("https://token@host/x", "https://***@host/x"),
        ("https://a:p@ss@host/x", "https://***@host/x"),
        ("ssh://git@host/x", "ssh://git@host/x"),
        ("ssh://git:pw@host/x", "ssh://***@host/x"),
        ("git@host:x", "git@host:x"),
        ("a\n\x1b[31mb\x1b[0m\r\x07c\x9b", "a b c"),
        ("https://host/a@b", "https://host/a@b"),
    ],
)
def test_no_password_and_no_control_character_is_shown(text, shown):
    assert clean(text) == shown


def test_a_missing_commit_is_not_a_lost_remote(near):
    with pytest.raises(GitFailed) as missing:
        run(near[2].open().obtain(R, "1" * 40))
    assert not isinstance(missing.value, RemoteLost)


def half_made(clone, name):
    """What a git killed while it added that worktree has left."""
    note = clone.root / ".git/worktrees" / name
    note.mkdir(parents=True)
    (note / "gitdir").write_text(f"{clone.root}/.partita/worktrees/{name}/.git\n")
    (note / "HEAD").write_text("0" * 40 + "\n")
    (note / "commondir").write_text("../..\n")
    return note


def test_a_worktree_that_was_never_made_stops_no_fetch(near):
    bare, one, two = near
    here, there = one.open(), two.open()
    work = run(here.commit(bare.git("rev-parse", "main"), [write("x", "1")], "work"))
    run(here.share(R, work))
    note = half_made(two, "task")
    run(there.obtain(R, work))
    assert contents(there, work)["x"] == b"1"
    assert not note.exists()


def test_a_worktree_that_others_are_making_is_waited_for(near):
    bare, one, two = near
    here, there = one.open(), two.open()
    work = run(here.commit(bare.git("rev-parse", "main"), [write("x", "1")], "work"))
    run(here.share(R, work))
    note = half_made(two, "theirs")
    (note / "gitdir").write_text(f"{two.root.parent}/theirs/.git\n")
    finished = Timer(0.3, (note / "HEAD").write_text, [f"{two.commit({'b': '1'})}\n"])
    finished.start()
    run(there.obtain(R, work))
    finished.join()
    assert contents(there, work)["x"] == b"1"


def test_a_commit_that_is_here_is_seen_beside_a_half_made_worktree(near):
    _, one, _ = near
    base = one.git("rev-parse", "HEAD")
    half_made(one, "task")
    gone = open_shared(one.root, "/nowhere/x.git")
    run(gone.obtain(R, base))
