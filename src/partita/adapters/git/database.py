"""git's object database: many objects read in one process, many written in one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from partita.adapters.git.objects import (
    Algorithm,
    Commit,
    Object,
    object_id,
    pack,
    parse_commit,
    parse_tree,
)
from partita.adapters.git.process import Git
from partita.adapters.git.remembered import Remembered
from partita.errors import BadInput, GitFailed

ROOM = 16 * 2**20
"""Bytes of objects that are remembered."""

OF_ITS_OWN = 300
"""Bytes that remembering a small object takes besides."""

_HEX = frozenset("0123456789abcdef")


class Found(NamedTuple):
    """An object that is there."""

    kind: str
    data: bytes


class _Known(NamedTuple):
    """An object, or that there is none of that name."""

    found: Found | None


_UNKNOWN = _Known(None)


@dataclass(frozen=True, slots=True)
class Database:
    """The objects of one repository; what was read or written lately is remembered."""

    git: Git
    algorithm: Algorithm
    _known: Remembered[bytes, Found] = field(default_factory=lambda: Remembered(ROOM))

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
        known = [self._remembered(name) for name in names]
        unknown = [name for name, item in zip(names, known, strict=True) if item is _UNKNOWN]
        if not unknown:
            return [item.found for item in known]
        told = iter(await self._read(unknown))
        return [next(told) if item is _UNKNOWN else item.found for item in known]

    def _remembered(self, name: bytes) -> "_Known":
        """What is known of that name: its object, or that there is none."""
        top, _, path = name.partition(b":")
        if (item := self._known.get(name)) is not None:
            return _Known(item)
        item = self._known.get(top)
        if item is None or item.kind != "commit" or b":" not in name:
            return _UNKNOWN
        item = self._known.get(parse_commit("", item.data).tree.encode())
        for part in path.split(b"/") if path else ():
            if item is None or item.kind != "tree":
                return _UNKNOWN
            node = parse_tree(item.data, self.algorithm).get(part)
            if node is None:
                return _Known(None)
            item = self._known.get(node.id.encode())
        return _UNKNOWN if item is None else _Known(item)

    async def _read(self, names: Sequence[bytes]) -> list[Found | None]:
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
            item = Found(head[1].decode("ascii", "replace"), out[start : start + size])
            found.append(item)
            for known in {name, head[0]}:
                self._known.put(known, item, size + OF_ITS_OWN)
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
        ids = [self.id_of(item) for item in items]
        for ident, item in zip(ids, items, strict=True):
            self._known.put(ident.encode(), Found(*item), len(item.data) + OF_ITS_OWN)
        return ids
