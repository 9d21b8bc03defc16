"""What the tests of the git adapter share: a user with a repository, and a git that crashes."""

import asyncio
import os
import stat
import subprocess
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from partita.adapters.git import GitRepo, open_repository
from partita.adapters.git.child import Done
from partita.adapters.git.process import Git, RealGit
from partita.core.changes import Delete, Write

T = TypeVar("T")
ME = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(coroutine)


def write(path: str, text: str | bytes, *, executable: bool = False) -> Write:
    data = text.encode() if isinstance(text, str) else text
    return Write(path=path, data=data, executable=executable)


def delete(path: str) -> Delete:
    return Delete(path=path)


class User:
    """Someone who works in a repository with plain git, beside Partita."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def git(self, *args: str, cwd: Path | None = None) -> str:
        done = subprocess.run(
            ["git", *ME, *args], cwd=cwd or self.root, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")

    def write(self, path: str, text: str | bytes) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)

    def commit(self, files: Mapping[str, str | bytes], message: str = "work") -> str:
        for path, text in files.items():
            self.write(path, text)
        self.git("add", "-A", "-f", "--", *files)
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def open(self) -> GitRepo:
        return open_repository(self.root)

    def files(self) -> dict[str, object]:
        """Every file outside of git's and Partita's folders: its mode and bytes, or its target."""
        return snapshot(self.root)

    def everything(self) -> dict[str, object]:
        """Files, index, HEAD and refs: all that a promise to change nothing covers."""
        return {
            "files": self.files(),
            "index": self.git("ls-files", "-s", "-t"),
            "head": (self.root / ".git/HEAD").read_text(),
            "refs": self.git("for-each-ref"),
        }

    def status(self) -> str:
        return self.git("status", "--porcelain")


def snapshot(root: Path) -> dict[str, object]:
    found: dict[str, object] = {}
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in {".git", ".partita"}]
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in (*files, *links):
            path = Path(folder) / name
            if path.parent == root and name == ".git":
                continue
            key = str(path.relative_to(root))
            if path.is_symlink():
                found[key] = ("link", str(path.readlink()))
            else:
                found[key] = (bool(path.stat().st_mode & stat.S_IXUSR), path.read_bytes())
    return found


class Crash(Exception):
    """The process died."""


class CrashingGit:
    """The real git until its call number `at`; there it dies, before or after doing it."""

    def __init__(self, real: Git, *, at: int, after: bool) -> None:
        self._real, self._left, self._after = real, at, after

    async def __call__(self, *args: str, **options: Any) -> Done:
        self._left -= 1
        if self._left < 0 or (self._left == 0 and not self._after):
            raise Crash
        done = await self._real(*args, **options)
        if self._left == 0:
            raise Crash
        return done


class SpyGit:
    """The real git; remembers what it was asked, and may do something first."""

    def __init__(self, real: Git) -> None:
        self._real = real
        self.calls: list[tuple[str, ...]] = []
        self.before: Any = None

    async def __call__(self, *args: str, **options: Any) -> Done:
        self.calls.append(args)
        if self.before is not None:
            self.before(args)
        return await self._real(*args, **options)


def real_git(repo: GitRepo) -> RealGit:
    return RealGit(repo.place.root, repo.place.git_dir)


def spied(repo: GitRepo) -> tuple[GitRepo, SpyGit]:
    spy = SpyGit(real_git(repo))
    return GitRepo(repo.place, spy), spy


def contents(repo: GitRepo, commit: str) -> dict[str, bytes]:
    async def all_of_it() -> dict[str, bytes]:
        entries = await repo.files(commit)
        return await repo.read(commit, [entry.path for entry in entries])

    return run(all_of_it())
