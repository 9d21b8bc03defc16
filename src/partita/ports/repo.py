"""The user's repository: reading commits, making them, worktrees, landing. Paths are relative."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from partita.core.changes import Change, Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """Where a run starts: HEAD's commit ("" if unborn), branch (None if detached), subfolder."""

    commit: str
    branch: str | None
    subfolder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Two commits that can't be merged, and the paths that clash."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """The outcome of a landing. `commit` is what landed, or else what the branch points to.

    "landed" is also said where the commit was on the branch already, with others above it.
    "moved": the branch is no longer at the commit that was expected; nothing was changed.
    "dirty": uncommitted edits (named in `paths`) would be overwritten; nothing was changed.
    "detached": there is no branch to land on; nothing was changed.
    """

    outcome: Literal["landed", "moved", "dirty", "detached"]
    commit: str = ""
    paths: tuple[str, ...] = ()


class History(Protocol):
    """Reading commits. The commit "" is the empty tree."""

    async def base(self) -> Base:
        """Where HEAD is now."""

    async def files(self, commit: str) -> tuple[Entry, ...]:
        """Every file of the commit, sorted by path."""

    async def read(self, commit: str, paths: Sequence[str]) -> dict[str, bytes]:
        """The contents of those of the paths that exist there."""

    async def diff(self, old: str, new: str) -> str:
        """The unified diff between two commits, with renames off."""

    async def tree_id(self, commit: str) -> str:
        """What identifies the contents of the commit, whatever its history."""

    async def changed(self, old: str, new: str) -> tuple[str, ...]:
        """The paths that differ between two commits, sorted."""


class Workshop(Protocol):
    """Making commits and branches without touching the user's work tree or index."""

    async def commit(self, parent: str, changes: Sequence[Change], message: str) -> str:
        """A commit of the parent's tree with the changes made. The parent "" starts a history.

        Deterministic: the same parent, changes and message give the same commit id.
        Refuses (BadInput) a path through a symlink or submodule of the parent, or in `.git`.
        """

    async def squash(
        self, parent: str, tree_of: str, message: str, *, at: float, author: str = ""
    ) -> str:
        """One commit on `parent` with the tree of `tree_of`, by `author` ("Name <mail>").

        By the user's own identity where no author is given. `at` is its date in UTC seconds; the
        parent "" starts a history.
        """

    async def merge(self, ours: str, theirs: str, message: str) -> str | Conflict:
        """A merge commit (or the one that holds the other already), or what clashes."""

    async def point(self, branch: str, commit: str) -> None:
        """Make or move a branch of ours (`partita/...`)."""

    async def drop(self, prefix: str) -> None:
        """Delete the branches of ours below the prefix."""

    async def checkout(self, name: str, commit: str) -> Path:
        """A clean worktree of that name at the commit, ours alone; reused when it is there."""

    async def discard(self, name: str) -> None:
        """Remove that worktree; no error when there is none."""


class Sharing(Protocol):
    """Commits on their way between machines; nothing happens where there is only one."""

    async def share(self, run: str, *commits: str) -> None:
        """Make these commits available to the other machines; returns when they are.

        Raises RemoteLost when the remote can't be reached in time.
        """

    async def obtain(self, run: str, *commits: str) -> None:
        """Have these commits here; RemoteLost as above, GitFailed when nobody has shared one."""


class Landing(Protocol):
    """The one moment at which the user's branch changes."""

    async def land(self, branch: str | None, expected: str, commit: str, run: str) -> Landed:
        """Move `branch` from `expected` to `commit`; index and work tree follow if checked out.

        The intent is recorded first; calling it again after a crash finishes it.
        """

    async def undo(self, branch: str, commit: str, message: str) -> Landed:
        """Revert that landed commit on the branch, the same way."""


class Repo(History, Workshop, Sharing, Landing, Protocol):
    """All of them, for who needs them together."""

    @property
    def root(self) -> Path:
        """The top of the work tree."""
