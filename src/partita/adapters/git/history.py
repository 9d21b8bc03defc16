"""Reading commits: where HEAD is, which files a commit has, what they hold, what differs."""

import asyncio
from collections.abc import Sequence

from partita.adapters.git.merging import changed_paths
from partita.adapters.git.parts import Part, Place
from partita.adapters.git.paths import decoded, is_plain
from partita.adapters.git.process import Git
from partita.adapters.git.remembered import Remembered
from partita.core.changes import Entry
from partita.ports.repo import Base

ENTRIES = 200_000
"""Files of commits whose lists are remembered, in all."""

_KINDS = {b"100755": "executable", b"120000": "link", b"160000": "submodule"}


class GitHistory(Part):
    """Reads only; the commit "" is the empty tree."""

    def __init__(self, place: Place, git: Git) -> None:
        super().__init__(place, git)
        self._lists: Remembered[str, tuple[Entry, ...]] = Remembered(ENTRIES)

    async def base(self) -> Base:
        """Where HEAD is now."""
        ref, commit = await asyncio.gather(self._head(), self.resolve("HEAD"))
        branch = ref.removeprefix("refs/heads/") if ref is not None else None
        return Base(commit=commit or "", branch=branch, subfolder=self.place.subfolder)

    async def files(self, commit: str) -> tuple[Entry, ...]:
        """Every file of the commit, sorted by path."""
        if not commit:
            return ()
        name = self._database.checked(commit)
        known = self._lists.get(name)
        if known is not None:
            return known
        done = await self._git("ls-tree", "-r", "-z", "-l", "--full-tree", name)
        entries = (_entry(line) for line in done.out.split(b"\0") if line)
        found = tuple(sorted(entries, key=lambda entry: entry.path))
        self._lists.put(name, found, len(found) + 1)
        return found

    async def read(self, commit: str, paths: Sequence[str]) -> dict[str, bytes]:
        """The contents of those of the paths that exist there; a link's is its target's name.

        Raises GitFailed when they are more than 256 MiB together.
        """
        wanted = [path for path in dict.fromkeys(paths) if is_plain(path)]
        if not commit or not wanted:
            return {}
        top = self._database.checked(commit).encode()
        names = [top + b":" + path.encode("utf-8", "surrogateescape") for path in wanted]
        found = await self._database.read(names)
        return {
            path: item.data
            for path, item in zip(wanted, found, strict=True)
            if item is not None and item.kind == "blob"
        }

    async def diff(self, old: str, new: str) -> str:
        """The unified diff between two commits, with renames off."""
        plain = ("--no-renames", "--no-ext-diff", "--no-textconv", "--no-color", "-U3")
        prefixes = ("--src-prefix=a/", "--dst-prefix=b/")
        sides = (self._database.tree_ish(old), self._database.tree_ish(new))
        done = await self._git("diff-tree", "-r", "-p", *plain, *prefixes, *sides)
        return done.out.decode("utf-8", "replace")

    async def changed(self, old: str, new: str) -> tuple[str, ...]:
        """The paths that differ between two commits, sorted."""
        sides = (self._database.tree_ish(old), self._database.tree_ish(new))
        return tuple(sorted(map(decoded, await changed_paths(self._git, *sides))))

    async def roots_of(self, commit: str) -> frozenset[str] | None:
        """The commits that the history begins with; None where it was cut off (a shallow clone)."""
        if not commit:
            return frozenset()
        shallow = await self._git("rev-parse", "--is-shallow-repository")
        if shallow.out.strip() == b"true":
            return None
        asked = ("rev-list", "--max-parents=0", self._database.checked(commit))
        return frozenset((await self._git(*asked)).out.decode("ascii").split())

    async def tree_id(self, commit: str) -> str:
        """The id of the commit's tree; equal ids mean equal files."""
        return await self._database.tree_of(commit)

    async def dirty(self) -> tuple[str, ...]:
        """The paths with uncommitted edits, untracked ones too (a whole new folder as `name/`)."""
        done = await self._git("status", "--porcelain=v1", "-z", "--no-renames")
        return tuple(sorted(decoded(line[3:]) for line in done.out.split(b"\0") if line))


def _entry(line: bytes) -> Entry:
    """One line of `ls-tree -l`: mode, type, id, size, tab, path."""
    facts, _, path = line.partition(b"\t")
    mode, _, _, size = facts.split()
    number = int(size) if size.isdigit() else 0
    return Entry(path=decoded(path), size=number, kind=_KINDS.get(mode, "file"))
