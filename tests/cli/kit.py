"""A user at a shell: the installed command in a subprocess, a provider on loopback, a home."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import answers


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


@dataclass
class Shell:
    """Runs `partita` in `folder`, with a home of its own and a model at `url`."""

    folder: Path
    home: Path
    url: str = ""
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def env(self):
        kept = {
            k: v
            for k, v in os.environ.items()
            if k in ("PATH", "LANG", "SSL_CERT_FILE", "CI") or k.startswith("PIP_")
        }
        return {
            **kept,
            "HOME": str(self.home),
            "GIT_CONFIG_GLOBAL": str(self.home / "gitconfig"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "PARTITA_DEBUG": "1",
            **({"OPENAI_BASE_URL": self.url} if self.url else {}),
            **self.extra,
        }

    def start(self, *args, **more):
        return subprocess.Popen(
            [sys.executable, "-m", "partita", *args],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **more,
        )

    def partita(self, *args, timeout=40):
        process = self.start(*args)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            msg = f"no end within {timeout} s\n{out}\n{err}"
            raise AssertionError(msg) from None
        return Done(process.returncode, out, err)

    def git(self, *args, check=True):
        done = subprocess.run(
            ["git", *args],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def write(self, path, text):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def commit_all(self, message="as it was"):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD").strip()

    def branches(self):
        return self.git("for-each-ref", "--format=%(refname:short)", "refs/heads").split()


def leftovers(marker):
    """Processes, in any session, whose command line or folder names the marker."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            where = str((entry / "cwd").readlink())
        except OSError:
            continue
        if marker in line or marker in where:
            found.append(f"{entry.name}: {line}")
    return found


def gone(marker, patience=5.0):
    """Wait until nothing of the marker is left; what is left then."""
    end = time.monotonic() + patience
    while (found := leftovers(marker)) and time.monotonic() < end:
        time.sleep(0.05)
    return found


__all__ = ["Done", "Shell", "answers", "gone", "leftovers"]
