"""Taking the user's index and work tree from one commit to another, or not at all.

git's two-way `read-tree -m -u` does it and refuses to touch an uncommitted edit. What is added
here: naming every file that is in the way, sparing ignored files too, and going on (or back) after
a crash has left part of the files new and the index old.
"""

import asyncio
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from partita.adapters.git.database import Database
from partita.adapters.git.parts import Place
from partita.adapters.git.paths import decoded
from partita.adapters.git.process import Git, failure, said
from partita.errors import LandingRefused

_GONE = b"000000"
_NAMED = 100
"""At most so many files are named of a folder that is in the way."""


class _Step(NamedTuple):
    """One path that differs between two commits: what it was, what it becomes."""

    path: bytes
    old_mode: bytes
    new_mode: bytes
    new_id: bytes


@dataclass(frozen=True, slots=True)
class WorkTree:
    """The user's own index and work tree."""

    place: Place
    git: Git
    database: Database

    async def blocked(self, old: str, new: str) -> tuple[str, ...]:
        """The uncommitted edits that going from `old` to `new` would overwrite; changes nothing.

        Raises LandingRefused when git can't go there for another reason (a merge in progress) and
        GitFailed when the index is locked.
        """
        await self._refresh()
        steps = await self._steps(old, new)
        edited, strangers = await asyncio.gather(self._edited(old), self._strangers(steps))
        if blocking := edited & {step.path for step in steps} | strangers:
            return tuple(sorted(map(decoded, blocking)))
        args = ("read-tree", "-m", "-u", "-n", *self._sides(old, new))
        done = await self.git(*args, ok=(0, 128))
        if ".lock'" in done.err:
            raise failure(args, done)
        if done.code:
            raise LandingRefused(f"The work tree can't follow the branch: {said(done.err)}")
        return ()

    async def go(self, old: str, new: str) -> None:
        """Go from `old` to `new`; raises GitFailed, mostly with nothing changed."""
        await self._refresh()
        await self.git("read-tree", "-m", "-u", *self._sides(old, new))

    async def recognise(self, old: str, new: str) -> str:
        """After a crash on the way from `old` to `new`: the tree that index and files are at.

        It is `old` with those paths as in `new` that have got there: the index said so already, or
        the file is as in `new` and the index is told. A path that the user has staged since then
        counts as not moved, so that it is in the way.
        """
        steps = await self._steps(old, new)
        not_old, not_new = await asyncio.gather(self._staged(old), self._staged(new))
        moved = [step for step in steps if step.path not in not_new]
        with tempfile.TemporaryDirectory(prefix="partita-index-") as folder:
            files, tree = (
                {"GIT_INDEX_FILE": str(Path(folder, name))} for name in ("files", "tree")
            )
            unmoved = [step for step in steps if step.path not in not_old]
            arrived = await self._arrived(unmoved, files)
            await self._put(arrived)
            await self.git("read-tree", self.database.tree_ish(old), env=tree)
            await self._put([*moved, *arrived], tree)
            return (await self.git("write-tree", env=tree)).out.decode("ascii").strip()

    async def _steps(self, old: str, new: str) -> list[_Step]:
        sides = self._sides(old, new)
        out = (await self.git("diff-tree", "-r", "-z", "--raw", "--no-renames", *sides)).out
        fields = out.split(b"\0")
        steps = []
        for head, path in zip(fields[0::2], fields[1::2], strict=False):
            old_mode, new_mode, _, new_id, _ = head.removeprefix(b":").split(b" ")
            steps.append(_Step(path, old_mode, new_mode, new_id))
        return steps

    def _sides(self, old: str, new: str) -> tuple[str, str]:
        return self.database.tree_ish(old), self.database.tree_ish(new)

    async def _edited(self, old: str) -> set[bytes]:
        """Every path whose index entry or file differs from what it should be at `old`."""
        unstaged = await self.git("diff-files", "-z", "--name-only")
        return await self._staged(old) | (set(unstaged.out.split(b"\0")) - {b""})

    async def _staged(self, old: str) -> set[bytes]:
        args = ("diff-index", "--cached", "-z", "--name-only", "--no-renames")
        done = await self.git(*args, self.database.tree_ish(old))
        return set(done.out.split(b"\0")) - {b""}

    async def _strangers(self, steps: Iterable[_Step]) -> set[bytes]:
        """Files that git does not track and that lie where the new commit has something.

        Ignored files are among them: git itself would overwrite those without a word.
        """
        new = [step.path for step in steps if step.old_mode == _GONE]
        tracked = set((await self.git("ls-files", "-z")).out.split(b"\0"))
        return await asyncio.to_thread(_strangers, os.fsencode(self.place.root), new, tracked)

    async def _arrived(self, steps: Sequence[_Step], scratch: dict[str, str]) -> list[_Step]:
        """Those of the paths whose files are as in the new commit, filters considered."""
        present = [step for step in steps if step.new_mode != _GONE]
        await self._put(present, scratch)
        await self._refresh(scratch)
        done = await self.git("diff-files", "-z", "--name-only", env=scratch)
        other = set(done.out.split(b"\0"))
        top = os.fsencode(self.place.root) + b"/"
        absent = [s for s in steps if s.new_mode == _GONE and not _is_file(_mode(top + s.path))]
        return [*absent, *(step for step in present if step.path not in other)]

    async def _refresh(self, env: dict[str, str] | None = None) -> None:
        """Bring the times in the index up to date: a file touched but not edited is no edit."""
        await self.git("update-index", "--refresh", env=env, ok=(0, 1))

    async def _put(self, steps: Iterable[_Step], env: dict[str, str] | None = None) -> None:
        """Set those entries of the index, and nothing else."""
        lines = b"".join(b"%b %b\t%b\0" % (s.new_mode, s.new_id, s.path) for s in steps)
        if lines:
            await self.git("update-index", "-z", "--index-info", stdin=lines, env=env)


def _strangers(top: bytes, paths: Iterable[bytes], tracked: set[bytes]) -> set[bytes]:
    """Untracked files at those paths below `top`, in folders there, or where a folder has to be."""
    found: set[bytes] = set()
    checked: set[bytes] = set()
    for path in paths:
        names = path.split(b"/")
        for depth in range(1, len(names)):
            above = b"/".join(names[:depth])
            if above not in checked:
                checked.add(above)
                if _is_file(_mode(top + b"/" + above)):
                    found |= {above} - tracked
        mode = _mode(top + b"/" + path)
        if _is_file(mode):
            found |= {path} - tracked
        elif mode is not None:
            below = (file for file in _files(top, path) if file not in tracked)
            found |= set(islice(below, _NAMED))
    return found


def _is_file(mode: int | None) -> bool:
    """Whether something is there that is no folder."""
    return mode is not None and not stat.S_ISDIR(mode)


def _mode(path: bytes) -> int | None:
    try:
        return os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


def _files(top: bytes, folder: bytes) -> Iterator[bytes]:
    """Every file below the folder, relative to `top`; links are not followed."""
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        with os.scandir(top + b"/" + here) as entries:
            for entry in entries:
                path = here + b"/" + entry.name
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
                else:
                    yield path
