"""git's object database: many objects read in one process, many written in one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from partita.adapters.git.objects import (
    Algorithm,
    Commit,
    Object,
    object_id,
    pack,
    parse_commit,
)
from partita.adapters.git.process import Git
from partita.errors import BadInput, GitFailed

_HEX = frozenset("0123456789abcdef")


class Found(NamedTuple):
    """An object that is there."""

    kind: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Database:
    """The objects of one repository."""

    git: Git
    algorithm: Algorithm

    @property
    def empty_tree(self) -> str:
        """The id of the tree without entries, which git knows without being told."""
        return self.id_of(Object("tree", b""))

    @property
    def zero(self) -> str:
        """The id that stands for "no commit" when a ref is moved."""
        return "0" * len(self.empty_tree)

    def checked(self, commit: str) -> str:
        """The id itself; raises BadInput unless it is a full one, so that it is never an option."""
        if len(commit) != len(self.empty_tree) or not _HEX.issuperset(commit):
            raise BadInput(f"{commit[:80]!r} is not a full commit id.")
        return commit

    def id_of(self, item: Object) -> str:
        """The id that git gives to that object."""
        return object_id(item, self.algorithm)

    def tree_ish(self, commit: str) -> str:
        """What names the commit's tree to git; "" is the empty tree."""
        return self.checked(commit) if commit else self.empty_tree

    async def read(self, names: Sequence[bytes]) -> list[Found | None]:
        """The objects of those names (`ID` or `ID:path`), in that order; None where missing."""
        if not names:
            return []
        asked = b"".join(name + b"\0" for name in names)
        out = (await self.git("cat-file", "--batch", "-z", stdin=asked)).out
        found: list[Found | None] = []
        at = 0
        for name in names:
            absent = name + b" missing\n"
            if out.startswith(absent, at):
                found.append(None)
                at += len(absent)
                continue
            end = out.find(b"\n", at)
            head = out[at:end].split(b" ")
            if end < 0 or len(head) != 3 or not head[2].isdigit():  # noqa: PLR2004 - id, kind, size
                raise GitFailed("git cat-file ended before it had answered everything.")
            start, size = end + 1, int(head[2])
            found.append(Found(head[1].decode("ascii", "replace"), out[start : start + size]))
            at = start + size + 1
        return found

    async def commits(self, ids: Sequence[str]) -> list[Commit]:
        """What those commits say; raises BadInput for an id that is no commit here."""
        found = await self.read([self.checked(commit).encode() for commit in ids])
        commits = []
        for commit, item in zip(ids, found, strict=True):
            if item is None or item.kind != "commit":
                raise BadInput(f"There is no commit {commit} in this repository.")
            commits.append(parse_commit(commit, item.data))
        return commits

    async def tree_of(self, commit: str) -> str:
        """The id of the commit's tree; "" has the empty one."""
        return (await self.commits([commit]))[0].tree if commit else self.empty_tree

    async def write(self, items: Sequence[Object]) -> list[str]:
        """Store those objects; gives their ids."""
        if items:
            await self.git("unpack-objects", "-q", stdin=pack(items, self.algorithm))
        return [self.id_of(item) for item in items]
