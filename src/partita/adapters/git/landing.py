"""The one moment at which the user's branch changes: a compare-and-swap, and the files follow.

The order is: look (nothing changed), record the intent, swap the ref, let index and work tree
follow, forget the intent. A crash before the swap leaves nothing but the note; after it,
`finish_landing` (or the next `land`) takes the files along, or takes the ref back.
"""

import asyncio

from partita.adapters.git import identity
from partita.adapters.git.follow import WorkTree
from partita.adapters.git.intent import Intent, IntentFile
from partita.adapters.git.merging import merged_tree
from partita.adapters.git.objects import Commit, Object, format_commit
from partita.adapters.git.parts import Part, Place, branch_ref
from partita.adapters.git.process import Git, failure
from partita.errors import GitFailed, LandingRefused
from partita.ports.repo import Conflict, Landed


class GitLanding(Part):
    """Lands on the user's branch, and takes back what was landed."""

    def __init__(self, place: Place, git: Git) -> None:
        super().__init__(place, git)
        self._work_tree = WorkTree(place, git, self._database)
        self._intents = IntentFile(place.state / "landing.json")

    async def land(self, branch: str | None, expected: str, commit: str, run: str) -> Landed:
        """Move `branch` from `expected` to `commit`; index and work tree follow if checked out.

        Calling it again after a crash finishes it. Raises LandingRefused when the branch is
        checked out in another worktree, or when the commit would drop what is on the branch.
        """
        await self.finish_landing()
        if branch is None:
            return Landed(outcome="detached")
        return await self._move(branch, expected, commit, f"partita: {run}")

    async def undo(
        self, branch: str, commit: str, message: str, *, at: float | None = None
    ) -> Landed:
        """Revert that landed commit on the branch, the same way.

        The revert is dated `at` (seconds since 1970), or a second after the branch's last commit.
        Where its change is already gone, the branch stays as it is. Raises LandingRefused, naming
        the paths, when later commits changed the same places.
        """
        await self.finish_landing()
        tip_id = await self._tip(branch)
        if not tip_id:
            raise LandingRefused(f"There is no branch {branch}.")
        tip, landed = await self._database.commits([tip_id, commit])
        if not await self._contains(tip.id, landed.id):
            raise LandingRefused(f"{commit} is not on the branch {branch}.")
        tree = await self._without(tip, landed)
        if tree == tip.tree:
            return Landed(outcome="landed", commit=tip.id)
        when = tip.at + 1 if at is None else int(at)
        author, committer = await identity.users(self._git, when)
        revert = format_commit(
            tree=tree, parents=[tip.id], author=author, committer=committer, message=message
        )
        new = (await self._database.write([Object("tree", b""), revert]))[-1]
        return await self._move(branch, tip.id, new, f"partita: undo {commit[:12]}")

    async def finish_landing(self) -> Landed | None:
        """Finish or undo what a crash has interrupted; None when no branch was moved."""
        intent = await asyncio.to_thread(self._intents.read)
        if intent is None:
            return None
        ref = branch_ref(intent.branch)
        if await self.resolve(ref) != intent.commit:
            # Never swapped, or the user has gone on from there: either way theirs to keep.
            self._intents.clear()
            return None
        on_it = intent.follow and await self._head() == ref
        return await (self._settle(intent) if on_it else self._done(intent))

    async def _tip(self, branch: str) -> str:
        """The commit that the branch to land on points to; "" when there is no such branch."""
        return await self.resolve(branch_ref(branch)) or ""

    async def _move(self, branch: str, expected: str, commit: str, why: str) -> Landed:
        """Swap the branch and take index and work tree along."""
        ref = branch_ref(branch)
        tip = await self._tip(branch)
        if tip == commit:
            return Landed(outcome="landed", commit=commit)
        if tip not in {"", expected} and await self._contains(tip, commit):
            # It landed, and nobody could note it before somebody else went on from there.
            return Landed(outcome="landed", commit=commit)
        if tip != expected:
            return Landed(outcome="moved", commit=tip)
        if expected and not await self._contains(commit, expected):
            raise LandingRefused(f"{commit} does not build on what {branch} holds; not landed.")
        follow = await self._is_checked_out(branch, ref)
        if follow and (paths := await self._work_tree.blocked(expected, commit)):
            return Landed(outcome="dirty", commit=tip, paths=paths)
        intent = Intent(branch=branch, expected=expected, commit=commit, why=why, follow=follow)
        await asyncio.to_thread(self._intents.write, intent)
        try:
            swapped = await self._swapped(ref, expected, commit, why)
        except GitFailed:
            self._intents.clear()
            raise
        if not swapped:
            self._intents.clear()
            return Landed(outcome="moved", commit=await self.resolve(ref) or "")
        return await (self._settle(intent) if follow else self._done(intent))

    async def _settle(self, intent: Intent) -> Landed:
        """The ref is swapped: take index and work tree along, or the ref back."""
        old, new = intent.expected, intent.commit
        try:
            await self._work_tree.go(old, new)
        except GitFailed:
            # An edit made in this very moment, or a crash that left some of the files new.
            here = await self._work_tree.recognise(old, new)
            if paths := await self._work_tree.blocked(here, new):
                await self._work_tree.go(here, old)
                await self._swapped(branch_ref(intent.branch), new, old, f"{intent.why} undone")
                self._intents.clear()
                return Landed(outcome="dirty", commit=old, paths=paths)
            await self._work_tree.go(here, new)
        return await self._done(intent)

    async def _done(self, intent: Intent) -> Landed:
        await asyncio.to_thread(self._intents.clear)
        return Landed(outcome="landed", commit=intent.commit)

    async def _swapped(self, ref: str, old: str, new: str, why: str) -> bool:
        """Move the ref if it is still at `old`; False when it is not. "" is no commit."""
        zero = self._database.zero
        args = ("update-ref", "-m", why, ref, new or zero, old or zero)
        done = await self._git(*args, ok=(0, 1, 128))
        if done.code == 0:
            return True
        if (await self.resolve(ref) or "") != old:
            return False
        raise failure(args, done)

    async def _is_checked_out(self, branch: str, ref: str) -> bool:
        """Whether this work tree is on the branch; raises LandingRefused when another one is."""
        done = await self._git("worktree", "list", "--porcelain", "-z")
        text = done.out.decode("utf-8", "surrogateescape")
        records = [record.split("\0") for record in text.split("\0\0")]
        on_it = [record for record in records if f"branch {ref}" in record]
        here = await self._head() == ref
        live = [r for r in on_it if not any(line.startswith("prunable") for line in r)]
        if len(live) > int(here):
            where = ", ".join(r[0].removeprefix("worktree ") for r in live)
            raise LandingRefused(
                f"The branch {branch} is also checked out in another worktree ({where}).",
                remedy="Switch that worktree to another branch, then resume the run.",
            )
        return here

    async def _contains(self, commit: str, older: str) -> bool:
        ids = (self._database.checked(older), self._database.checked(commit))
        done = await self._git("merge-base", "--is-ancestor", *ids, ok=(0, 1))
        return done.code == 0

    async def _without(self, tip: Commit, landed: Commit) -> str:
        """The tree of `tip` with the change of `landed` taken out; raises LandingRefused."""
        before = await self._database.tree_of(landed.parents[0] if landed.parents else "")
        if tip.tree == landed.tree:
            return before
        # A three-way merge whose base is the landed commit itself. git finds the base by
        # ancestry, so it is given a small history in which that is so.
        base = _stand_in(landed.tree)
        root = self._database.id_of(base)
        ours, theirs = (_stand_in(tree, root) for tree in (tip.tree, before))
        ids = await self._database.write([Object("tree", b""), base, ours, theirs])
        tree = await merged_tree(self._git, *ids[1:])
        if isinstance(tree, Conflict):
            names = ", ".join(tree.paths[:20])
            raise LandingRefused(
                f"Later commits changed the same places, so it can't be undone: {names}.",
                remedy=f"git revert {landed.id}",
            )
        return tree


def _stand_in(tree: str, *parents: str) -> Object:
    nobody = identity.partita(identity.BEGINNING)
    return format_commit(
        tree=tree, parents=parents, author=nobody, committer=nobody, message="Undo"
    )
