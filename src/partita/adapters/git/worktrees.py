"""Worktrees of ours below `.partita/worktrees`: clean when handed out, whatever was done in them.

Programs that are not trusted run in them, so nothing they can write is believed: git is told where
its own folder is and never asks the worktree's `.git`.
"""

import asyncio
import re
import shutil
from pathlib import Path

from partita.adapters.git import identity, notes, sweep
from partita.adapters.git.objects import Object, format_commit
from partita.adapters.git.parts import Part
from partita.adapters.git.state import ensure_folder, prepare
from partita.errors import BadInput, GitFailed

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")

# Ours hold every file, also where the user's own work tree is sparse; and a file that a program
# changed is seen as changed, whatever the user has told git to overlook.
_WHOLE = ("core.sparseCheckout=false", "index.sparse=false")
_WATCHFUL = ("core.trustctime=true", "core.checkStat=default", "core.ignoreStat=false")
_OPTIONS = tuple(part for setting in (*_WHOLE, *_WATCHFUL) for part in ("-c", setting))


_MAKING: set[Path] = set()
"""Worktrees that git itself is adding for this process."""


class GitWorktrees(Part):
    """Made by `checkout`, removed by `discard`; a name is used by one task at a time."""

    async def checkout(self, name: str, commit: str) -> Path:
        """A clean worktree of that name at the commit, ours alone; reused when it is there."""
        path, commit = self._path(name), await self._real(commit)
        admin = await asyncio.to_thread(self._prepared, path)
        if admin is not None and await self._renewed(path, admin, commit):
            return path
        await self.discard(name)
        if await asyncio.to_thread(self._begun, path, commit):
            reset = ("reset", "--hard", "--quiet", "--no-recurse-submodules")
            inside = {"GIT_DIR": str(path / ".git"), "GIT_WORK_TREE": str(path)}
            common = {"GIT_COMMON_DIR": str(self.place.common_dir)}
            await self._git(*_OPTIONS, *reset, env={**inside, **common}, cwd=path)
            await asyncio.to_thread(self._finished, path)
            return path
        _MAKING.add(path)
        try:
            add = ("worktree", "add", "--detach", "--force", "--quiet")
            await self._git(*_OPTIONS, *add, str(path), commit)
        finally:
            _MAKING.discard(path)
        return path

    async def discard(self, name: str) -> None:
        """Remove that worktree, also one that is only partly there; no error when there is none."""
        path = self._path(name)
        try:
            await asyncio.to_thread(self._removed, path)
        except OSError as error:
            raise GitFailed(f"The worktree {path} can't be removed: {error.strerror}.") from error

    async def sweep_notes(self) -> None:
        """Remove what a killed git has noted of worktrees of ours that it never made.

        Only for who has the repository's worktrees to itself.
        """
        await asyncio.to_thread(self._swept)

    async def _real(self, commit: str) -> str:
        """The commit; for "" one without files, since a worktree needs one."""
        if commit:
            return self._database.checked(commit)
        nobody = identity.partita(identity.BEGINNING)
        empty = Object("tree", b"")
        bare = format_commit(
            tree=self._database.id_of(empty),
            parents=[],
            author=nobody,
            committer=nobody,
            message="An empty tree",
        )
        return (await self._database.write([empty, bare]))[-1]

    async def _renewed(self, path: Path, admin: Path, commit: str) -> bool:
        """Bring an existing worktree to the commit; False when it is beyond repair."""
        own = {"GIT_DIR": str(admin), "GIT_WORK_TREE": str(path)}
        try:
            # HEAD is detached first: what a program has made of it, no branch moves with us.
            switch = ("checkout", "--detach", "--force", "--quiet", commit)
            await self._git(*_OPTIONS, *switch, env=own, cwd=path)
            await self._git(*_OPTIONS, "clean", "-ffdxq", env=own, cwd=path)
        except GitFailed:
            return False
        return True

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise BadInput(f"{name[:80]!r} can't be the name of a worktree.")
        return self.place.state / "worktrees" / name

    def _prepared(self, path: Path) -> Path | None:
        """What git keeps of that worktree, when both are fit to be used again."""
        prepare(self.place.state)
        ensure_folder(path.parent)
        admin = notes.find(self.place.common_dir, path)
        if admin is None or path.is_symlink() or not path.is_dir():
            return None
        try:
            link, content = path / ".git", f"gitdir: {admin}\n"
            if not sweep.mend(path, self._bin):
                return None
            sweep.remove(link, self._bin)
            link.write_text(content, encoding="utf-8")
        except OSError:
            return None
        return admin

    def _begun(self, path: Path, commit: str) -> bool:
        try:
            return notes.begin(self.place.common_dir, path, commit)
        except OSError as error:
            raise GitFailed(f"{path} can't be made: {error.strerror}.") from error

    def _finished(self, path: Path) -> None:
        try:
            notes.finish(self.place.common_dir, path)
        except OSError as error:
            raise GitFailed(f"{path} can't be made a worktree: {error.strerror}.") from error

    def _swept(self) -> None:
        making = tuple(path.name for path in _MAKING)
        for note in notes.half_made(self.place.common_dir, self.place.state / "worktrees"):
            # git puts a number behind a name that is taken.
            if not note.name.startswith(making):
                shutil.rmtree(note, ignore_errors=True)

    def _removed(self, path: Path) -> None:
        if self.place.state.is_symlink() or path.parent.is_symlink():
            raise BadInput(f"{path.parent} is reached through a link, so nothing there is removed.")
        # Not `git worktree prune`: it would also forget a worktree of the user's whose disk is
        # not mounted at the moment.
        # The note goes first: a folder that a kill leaves is found by looking, a note is not.
        if (admin := notes.find(self.place.common_dir, path)) is not None:
            notes.remove(admin, self._bin)
        sweep.remove(path, self._bin)
        self._swept()

    @property
    def _bin(self) -> Path:
        return self.place.state / "bin"
