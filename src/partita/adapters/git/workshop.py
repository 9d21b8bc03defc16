"""Making commits and branches of ours, without the user's index or work tree."""

import asyncio
from collections.abc import Sequence

from partita.adapters.git import heads, identity
from partita.adapters.git.merging import merged_tree
from partita.adapters.git.objects import Object, format_commit, parse_commit, parse_tree
from partita.adapters.git.parts import Part, branch_ref
from partita.adapters.git.trees import Folders, applied, folders_above
from partita.core.changes import Change
from partita.errors import BadInput, GitFailed
from partita.ports.repo import Conflict

OURS = "partita/"
"""Every branch of ours begins with it."""


class GitWorkshop(Part):
    """Commits are written as objects; only `point` and `drop` touch a ref."""

    async def commit(self, parent: str, changes: Sequence[Change], message: str) -> str:
        """A commit of the parent's tree with the changes made. The parent "" starts a history.

        Deterministic: signed by Partita, one second after its parent. Raises BadInput for a path
        that is outside the tree, in git's or Partita's own folder, or through a link or submodule,
        and for a parent that is not here.
        """
        folders, at = await self._folders(parent, folders_above(changes))
        objects = applied(folders, changes, self.place.algorithm)
        signature = identity.partita(at)
        commit = format_commit(
            tree=self._database.id_of(objects[-1]),
            parents=[parent] if parent else [],
            author=signature,
            committer=signature,
            message=message,
        )
        return (await self._database.write([*objects, commit]))[-1]

    async def merge(self, ours: str, theirs: str, message: str) -> str | Conflict:
        """A merge commit (or the one that holds the other already), or what clashes."""
        if not ours or not theirs or ours == theirs:
            return ours or theirs
        sides = (self._database.checked(ours), self._database.checked(theirs))
        facts, base = await asyncio.gather(
            self._database.commits(sides), self._git("merge-base", *sides, ok=(0, 1))
        )
        nearest = base.out.decode("ascii", "replace").strip()
        if nearest in sides:
            return theirs if nearest == ours else ours
        tree = await merged_tree(self._git, nearest, *sides)
        if isinstance(tree, Conflict):
            return tree
        signature = identity.partita(max(commit.at for commit in facts) + 1)
        commit = format_commit(
            tree=tree, parents=sides, author=signature, committer=signature, message=message
        )
        return (await self._database.write([commit]))[-1]

    async def squash(
        self, parent: str, tree_of: str, message: str, *, at: float, author: str = ""
    ) -> str:
        """One commit after `parent` with the tree of the commit `tree_of`: what the user will see.

        It carries `author` ("Name <mail>") as author and committer, so that it is the same commit
        on every machine; where none is given, the identity the user has configured (or Partita's).
        `at` is its time in seconds since 1970.
        """
        if author:
            signatures = (identity.named(author, int(at)),) * 2
        else:
            signatures = await identity.users(self._git, int(at))
        commit = format_commit(
            tree=await self._database.tree_of(tree_of),
            parents=[self._database.checked(parent)] if parent else [],
            author=signatures[0],
            committer=signatures[1],
            message=message,
        )
        return (await self._database.write([Object("tree", b""), commit]))[-1]

    async def author(self) -> str:
        """The "Name <mail>" that the user has configured, or Partita's; as `squash` takes it."""
        who, _ = await identity.users(self._git, 0)
        return f"{who.name} <{who.email}>"

    async def point(self, branch: str, commit: str) -> None:
        """Make or move a branch of ours (`partita/...`); never one that is checked out."""
        ref, target = branch_ref(_own(branch)), self._database.checked(commit)
        if await asyncio.to_thread(heads.may_be_at, self.place.common_dir, ref):
            shown = await self._git("for-each-ref", "--format=%(worktreepath)", ref)
            if where := shown.out.decode("utf-8", "replace").strip():
                raise GitFailed(
                    f"The branch {branch} is checked out in {where}, so it was not moved.",
                    remedy="Switch to another branch there, then resume the run.",
                )
        if not await asyncio.to_thread(heads.holds, self.place.common_dir, ref, target):
            await self._git("update-ref", "--no-deref", ref, target)

    async def drop(self, prefix: str) -> None:
        """Delete the branches of ours below the prefix; one that is checked out stays."""
        ref = branch_ref(_own(prefix.rstrip("/")))
        mark = "--format=%(refname)%(if)%(worktreepath)%(then)*%(end)"
        names = (await self._git("for-each-ref", mark, ref)).out.split(b"\n")
        gone = [name for name in names if name and not name.endswith(b"*")]
        if gone:
            orders = b"".join(b"option no-deref\0delete " + name + b"\0\0" for name in gone)
            await self._git("update-ref", "-z", "--stdin", stdin=orders)

    async def _folders(self, parent: str, wanted: Sequence[bytes]) -> tuple[Folders, int]:
        """Those of the folders that the parent has, and the second at which its child is made."""
        if not parent:
            return {b"": {}}, identity.BEGINNING
        top = self._database.checked(parent).encode()
        first, *others = await self._database.read([top, *(top + b":" + path for path in wanted)])
        if first is None or first.kind != "commit":
            raise BadInput(f"There is no commit {parent} in this repository.")
        folders = {
            path: parse_tree(item.data, self.place.algorithm)
            for path, item in zip(wanted, others, strict=True)
            if item is not None and item.kind == "tree"
        }
        return folders, parse_commit(parent, first.data).at + 1


def _own(branch: str) -> str:
    """The name itself; raises BadInput unless it is below ours."""
    if not branch.startswith(OURS):
        raise BadInput(f"{branch[:80]!r} is not a branch of Partita's.")
    return branch
