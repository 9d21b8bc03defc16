"""Commits in memory: enough of a repository to build tasks in."""

from partita.core.changes import Entry, Write
from partita.errors import BadInput


class MemoryRepo:
    """Trees by commit id ("" is empty); `branches` holds where each was pointed to."""

    def __init__(self, **commits):
        self.trees = {"": {}, **commits}
        self.branches = {}
        self.messages = []

    async def files(self, commit):
        tree = self.trees[commit]
        return tuple(Entry(path=p, size=len(tree[p])) for p in sorted(tree))

    async def read(self, commit, paths):
        return {p: self.trees[commit][p].encode() for p in paths if p in self.trees[commit]}

    async def changed(self, old, new):
        a, b = self.trees[old], self.trees[new]
        return tuple(sorted(p for p in {*a, *b} if a.get(p) != b.get(p)))

    async def commit(self, parent, changes, message):
        if not changes:
            raise AssertionError("an empty commit")
        tree = dict(self.trees[parent])
        for change in changes:
            if "refused" in change.path:
                raise BadInput(f"git refuses {change.path}")
            if isinstance(change, Write):
                tree[change.path] = change.data.decode()
            else:
                del tree[change.path]
        ident = f"c{len(self.trees)}"
        self.trees[ident] = tree
        self.messages.append(message)
        return ident

    async def share(self, run, *commits):
        """Nobody else is there."""

    async def obtain(self, run, *commits):
        """Everything is here."""

    async def point(self, branch, commit):
        if not commit:
            raise AssertionError("a branch must point to a commit")
        self.branches[branch] = commit
