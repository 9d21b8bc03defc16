"""A repository as a dictionary, and the activity run on it."""

import asyncio
from types import SimpleNamespace

import pytest

from partita.activities.discover import discover
from partita.adapters.search import FtsSearch
from partita.core.changes import Entry


class Tree:
    """A commit that holds these files; it notes what was opened."""

    def __init__(self, files, *, kinds=None, sizes=None):
        self.contents = {p: d if isinstance(d, bytes) else d.encode() for p, d in files.items()}
        self.kinds, self.sizes = kinds or {}, sizes or {}
        self.opened = []

    async def files(self, commit):
        return tuple(
            Entry(path=p, size=self.sizes.get(p, len(d)), kind=self.kinds.get(p, "file"))
            for p, d in sorted(self.contents.items())
            if commit
        )

    async def read(self, commit, paths):
        self.opened.extend(paths)
        return {p: self.contents[p] for p in paths if commit and p in self.contents}


@pytest.fixture(scope="session")
def tree():
    return Tree


@pytest.fixture(scope="session")
def look():
    def look(files, request, *, target="", tokens=4_000, commit="c"):
        tree = files if isinstance(files, Tree) else Tree(files)
        world = SimpleNamespace(repo=tree, search=FtsSearch())
        return asyncio.run(
            discover(world, commit=commit, request=request, target=target, token_budget=tokens)
        )

    return look
