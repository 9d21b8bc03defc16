"""What the tests of the shared remote share: a bare remote, ways to reach it, clones of it."""

import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from git_kit import User

from partita.adapters.git.remote import Limits
from partita.adapters.git.shared import SharedRepo, open_shared

KINDS = ("path", "file", "git", "ssh")


class Bare:
    """A bare repository, as an administrator sees it."""

    def __init__(self, root: Path, algorithm: str = "sha1") -> None:
        self.root = root
        options = ("-q", "--bare", "-b", "main", f"--object-format={algorithm}")
        subprocess.run(["git", "init", *options, root], check=True)

    def git(self, *args: str) -> str:
        done = subprocess.run(["git", *args], cwd=self.root, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().rstrip("\n")

    def refs(self, *patterns: str) -> dict[str, str]:
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)", *patterns)
        return dict(line.split(" ") for line in lines.splitlines())

    def hook(self, name: str, script: str) -> None:
        file = self.root / "hooks" / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)


class Clone(User):
    """A machine's clone; `open` gives the shared repository."""

    def __init__(self, root: Path, url: str, limits: Limits | None = None) -> None:
        super().__init__(root)
        self.url, self.limits = url, limits

    def open(self) -> SharedRepo:
        return open_shared(self.root, self.url, self.limits)


def clone(root: Path, url: str, algorithm: str = "sha1", limits: Limits | None = None) -> Clone:
    """A machine with an empty repository that shares by that URL."""
    machine = Clone(root, url, limits)
    machine.git("init", "-q", "-b", "main", f"--object-format={algorithm}")
    return machine


class Daemon:
    """`git daemon` over a folder, on a free port of loopback."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        options = ("--reuseaddr", "--export-all", "--enable=receive-pack", f"--port={self.port}")
        where = ("--listen=127.0.0.1", f"--base-path={folder}", str(folder))
        self._process = subprocess.Popen(
            ["git", "daemon", *options, *where],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for _ in range(500):
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        raise AssertionError("git daemon did not start")

    def signal(self, number: signal.Signals) -> None:
        os.killpg(self._process.pid, number)

    def stop(self) -> None:
        self.signal(signal.SIGKILL)
        self._process.wait()


@contextmanager
def reached(kind: str, bare: Bare, monkeypatch):
    """The URL by which clones reach the remote in that way."""
    if kind == "path":
        yield str(bare.root)
    elif kind == "file":
        yield bare.root.as_uri()
    elif kind == "ssh":
        # ssh [options] HOST COMMAND: the last argument is what sshd would give to a shell.
        script = bare.root.parent / "ssh-here"
        script.write_text('#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n')
        script.chmod(0o755)
        monkeypatch.setenv("GIT_SSH_COMMAND", str(script))
        monkeypatch.setenv("GIT_SSH_VARIANT", "simple")
        yield f"ssh://someone@host{bare.root}"
    else:
        daemon = Daemon(bare.root.parent)
        try:
            yield f"git://127.0.0.1:{daemon.port}/{bare.root.name}"
        finally:
            daemon.stop()
