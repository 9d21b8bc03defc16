"""What runs have left in a repository: branches and refs of ours, worktrees and notes of them."""

import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from partita.adapters.git.parts import Part
from partita.adapters.git.repo import GitRepo
from partita.adapters.git.shared import SharedRepo

BRANCHES = "refs/heads/partita/"
HOLDING = "refs/partita/"  # commits that are on their way between machines


@dataclass(frozen=True, slots=True)
class Leftovers:
    """By the names that begin with a run's id: a branch `RUN/TASK`, a worktree `RUN-NAME`.

    `busy`: branches that are checked out somewhere, so that they stay. `far`: runs that have
    something on the remote.
    """

    branches: tuple[str, ...]
    busy: tuple[str, ...]
    refs: tuple[str, ...]
    worktrees: tuple[str, ...]
    far: tuple[str, ...] = ()


class GitLeftovers(Part):
    """Finds them and removes them, in a repository that no run is at work in."""

    def __init__(self, repo: GitRepo) -> None:
        super().__init__(repo.place, repo._git)  # noqa: SLF001 - another part of the same repository
        self._repo = repo

    async def find(self) -> Leftovers:
        """All that is there now."""
        mark = "--format=%(refname)%(if)%(worktreepath)%(then)*%(end)"
        listed = await self._git("for-each-ref", mark, BRANCHES, HOLDING)
        names = listed.out.decode("utf-8", "surrogateescape").split("\n")
        heads = [n.removeprefix(BRANCHES) for n in names if n.startswith(BRANCHES)]
        return Leftovers(
            branches=tuple(n for n in heads if not n.endswith("*")),
            busy=tuple(n[:-1] for n in heads if n.endswith("*")),
            refs=tuple(n.removeprefix(HOLDING) for n in names if n.startswith(HOLDING)),
            worktrees=self._worktrees(),
            far=await self._repo.shared_runs() if isinstance(self._repo, SharedRepo) else (),
        )

    async def remove(
        self, runs: Collection[str], refs: Collection[str], worktrees: Collection[str]
    ) -> None:
        """Remove the branches of those runs (on the remote, too), those refs and worktrees."""
        gone = [f"{HOLDING}{ref}".encode("utf-8", "surrogateescape") for ref in refs]
        if gone:
            orders = b"".join(b"option no-deref\0delete " + name + b"\0\0" for name in gone)
            await self._git("update-ref", "-z", "--stdin", stdin=orders)
        for run in sorted(runs):
            await self._repo.drop(f"partita/{run}/")
        for name in worktrees:
            await self._repo.discard(name)

    def _worktrees(self) -> tuple[str, ...]:
        """Those that are there, and those that git alone still remembers."""
        folder = self.place.state / "worktrees"
        found = set()
        if not (self.place.state.is_symlink() or folder.is_symlink()):
            with suppress(FileNotFoundError):
                found |= {entry.name for entry in folder.iterdir()}
        for note in (self.place.common_dir / "worktrees").glob("*/gitdir"):
            with suppress(FileNotFoundError):
                path = Path(os.fsdecode(note.read_bytes()).rstrip("\n"))
                if path.parent.parent == folder:
                    found.add(path.parent.name)
        return tuple(sorted(found))
