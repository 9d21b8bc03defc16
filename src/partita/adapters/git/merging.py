"""Merging two commits without a work tree, each path for itself."""

import asyncio

from partita.adapters.git.paths import decoded
from partita.adapters.git.process import Git, failure
from partita.ports.repo import Conflict


async def merged_tree(git: Git, base: str, ours: str, theirs: str) -> str | Conflict:
    """The tree of the merge of two commits, or the paths that clash.

    `base` is the commit that they have in common, or "" for none. git follows renames and can't
    be told not to; an edit that would wander to a renamed path, which may belong to another task,
    clashes instead.
    """
    options = ("-z", "--name-only", "--no-messages", "--allow-unrelated-histories")
    args = ("merge-tree", "--write-tree", *options, ours, theirs)
    done = await git(*args, ok=(0, 1))
    tree, *names = (decoded(part) for part in done.out.split(b"\0") if part)
    if done.code == 0:
        strays = await _strays(git, base, ours, theirs, tree)
        return Conflict(paths=tuple(sorted(map(decoded, strays)))) if strays else tree
    if not names:
        raise failure(args, done)
    # Where a file meets a folder, git invents a name for one: the path and whose side it is.
    real = {name.split(f"~{ours}")[0].split(f"~{theirs}")[0] for name in names}
    return Conflict(paths=tuple(sorted(real)))


async def changed_paths(git: Git, old: str, new: str) -> set[bytes]:
    """The paths that differ between two commits or trees."""
    flags = ("-r", "-z", "--name-only", "--no-renames")
    return set((await git("diff-tree", *flags, old, new)).out.split(b"\0")) - {b""}


async def _strays(git: Git, base: str, ours: str, theirs: str, merged: str) -> set[bytes]:
    """What the merge changed on one side although the other side had not touched that path."""
    # Only what one side has deleted can git take for renamed.
    flags = ("-r", "-z", "--name-only", "--no-renames", "--no-commit-id", "--diff-filter=D")
    sides = "".join(f"{side} {base}\n" for side in (ours, theirs)).encode()
    if not base or not (await git("diff-tree", *flags, "--stdin", stdin=sides)).out:
        return set()
    by_us, by_them, to_ours, to_theirs = await asyncio.gather(
        changed_paths(git, base, ours),
        changed_paths(git, base, theirs),
        changed_paths(git, ours, merged),
        changed_paths(git, theirs, merged),
    )
    return (to_ours - by_them) | (to_theirs - by_us)
