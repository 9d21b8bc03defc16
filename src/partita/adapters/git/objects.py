"""git's object formats as pure functions: ids, trees, commits, and packs to hand them over in.

Partita writes its objects itself and gives them to git in one pack: a commit of any number of
files costs two processes, no index and no work tree.
"""

import hashlib
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from partita.errors import GitFailed

Algorithm = Literal["sha1", "sha256"]
Kind = Literal["commit", "tree", "blob"]

_PACK_KINDS: dict[Kind, int] = {"commit": 1, "tree": 2, "blob": 3}
_COMMITTED = re.compile(rb"committer [^\n]*> (\d{1,12}) [+-]\d{4}")


class Object(NamedTuple):
    """One git object."""

    kind: Kind
    data: bytes


class Node(NamedTuple):
    """What a folder says of one name: git's octal mode and the object's id in hex."""

    mode: bytes
    id: str

    @property
    def is_folder(self) -> bool:
        """Whether it is a tree."""
        return self.mode in {b"40000", b"040000"}

    @property
    def is_file(self) -> bool:
        """Whether it is a plain file: no symbolic link and no submodule."""
        return self.mode.startswith(b"100")


Folder = dict[bytes, Node]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who and when (seconds since 1970, UTC)."""

    name: str
    email: str
    at: int

    def line(self) -> bytes:
        """As a commit states it."""
        who = f"{_plain(self.name)} <{_plain(self.email)}>"
        return f"{who} {max(0, self.at)} +0000".encode("utf-8", "replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """What we read of a commit; `at` is the committer's time in seconds since 1970."""

    id: str
    tree: str
    parents: tuple[str, ...]
    at: int


def object_id(item: Object, algorithm: Algorithm) -> str:
    """The id git gives to it, in hex."""
    head = f"{item.kind} {len(item.data)}\0".encode()
    return hashlib.new(algorithm, head + item.data, usedforsecurity=False).hexdigest()


def parse_tree(data: bytes, algorithm: Algorithm) -> Folder:
    """The entries of a raw tree object."""
    width = 20 if algorithm == "sha1" else 32
    folder: Folder = {}
    at = 0
    while at < len(data):
        space = data.index(b" ", at)
        end = data.index(b"\0", space)
        folder[data[space + 1 : end]] = Node(data[at:space], data[end + 1 : end + 1 + width].hex())
        at = end + 1 + width
    return folder


def format_tree(folder: Mapping[bytes, Node]) -> bytes:
    """The raw tree object of those entries; folders sort as if their names ended in `/`."""

    def order(item: tuple[bytes, Node]) -> bytes:
        name, node = item
        return name + b"/" if node.is_folder else name

    return b"".join(
        node.mode + b" " + name + b"\0" + bytes.fromhex(node.id)
        for name, node in sorted(folder.items(), key=order)
    )


def parse_commit(commit: str, data: bytes) -> Commit:
    """The header of a raw commit object; raises GitFailed when it is not one."""
    header = data.split(b"\n\n", 1)[0].split(b"\n")
    trees = [line[5:].decode("ascii", "replace") for line in header if line.startswith(b"tree ")]
    parents = [
        line[7:].decode("ascii", "replace") for line in header if line.startswith(b"parent ")
    ]
    times = [int(found[1]) for line in header if (found := _COMMITTED.fullmatch(line))]
    if not trees:
        raise GitFailed(f"{commit} is not a readable commit.")
    return Commit(id=commit, tree=trees[0], parents=tuple(parents), at=times[0] if times else 0)


def format_commit(
    *,
    tree: str,
    parents: Sequence[str],
    author: Signature,
    committer: Signature,
    message: str,
) -> Object:
    """A raw commit object; the message is stripped and ends in one newline."""
    lines = [f"tree {tree}".encode(), *(f"parent {parent}".encode() for parent in parents)]
    lines += [b"author " + author.line(), b"committer " + committer.line(), b""]
    text = message.replace("\0", "").replace("\r\n", "\n").strip() + "\n"
    return Object("commit", b"\n".join(lines) + b"\n" + text.encode("utf-8", "replace"))


def pack(items: Sequence[Object], algorithm: Algorithm) -> bytes:
    """A version 2 pack of those objects, whole and undeltified."""
    parts = [b"PACK", (2).to_bytes(4, "big"), len(items).to_bytes(4, "big")]
    for item in items:
        parts += [_pack_header(item), zlib.compress(item.data, 1)]
    body = b"".join(parts)
    return body + hashlib.new(algorithm, body, usedforsecurity=False).digest()


def _pack_header(item: Object) -> bytes:
    """Kind and size: four bits of the size in the first byte, then seven at a time."""
    size = len(item.data)
    byte = (_PACK_KINDS[item.kind] << 4) | (size & 0x0F)
    size >>= 4
    header = bytearray()
    while size:
        header.append(byte | 0x80)
        byte = size & 0x7F
        size >>= 7
    header.append(byte)
    return bytes(header)


def _plain(text: str) -> str:
    """A name without the characters that would end it inside a commit."""
    return "".join(" " if c in "<>\n\r\0" else c for c in text).strip()
