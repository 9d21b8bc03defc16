"""A clone whose commits travel by a remote that several machines share.

Each commit of a run is a ref of its own, `refs/partita/RUN/COMMIT`, on the remote and in every
clone that has it: nothing is overwritten, a second push of it changes nothing, and no `git gc`
takes it while the run lives. The branch that the user lands on is the remote's: the clone's own
branches, index and work tree stay as they are.
"""

import asyncio
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from partita.adapters.git import locks, process
from partita.adapters.git.open import find_repository
from partita.adapters.git.parts import Place, branch_ref
from partita.adapters.git.process import Git, RealGit
from partita.adapters.git.remote import Limits, Pushed, Remote, clean, find_remote, names
from partita.adapters.git.repo import GitRepo
from partita.errors import BadInput, GitFailed, LandingRefused, RemoteLost
from partita.ports.repo import Landed

SHARED = "refs/partita/"
_PROBE = "_probe"
_BRANCHES = "refs/heads/partita/"
_RUN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")

PAUSES = (0.1, 0.4, 1.2)
"""Seconds before each new try of a ref that somebody else was just moving."""

_HALF_MADE = re.compile(r"did not send all necessary objects|bad object")
"""What a fetch says of a worktree without a commit, which is being made or was left like that."""

_RACE = re.compile(
    r"stale info|failed to update ref|lock|incorrect old value|already exists|report"
)
"""What a remote says when another push was in the way, or when it does not know what happened."""


def open_shared(where: Path, remote: str, limits: Limits | None = None) -> "SharedRepo":
    """The clone that `where` lies in, sharing by that remote: its name in the clone, a URL, a path.

    Nothing is asked of the remote yet. Raises BadInput when there is no repository, or no remote.
    """
    found = find_repository(where)
    if found is None:
        raise BadInput(f"{where} lies in no git repository.", remedy="git clone URL")
    place = found.place
    near = RealGit(place.root, place.git_dir)
    far = RealGit(place.root, place.git_dir, process.NETWORK_THREADS)
    return SharedRepo(place, near, find_remote(far, place.root, remote, limits or Limits()))


class SharedRepo(GitRepo):
    """`partita.ports.repo.Repo` for several machines; opened by `open_shared`.

    Whatever needs the remote raises RemoteLost when it can't be reached within the limits.
    """

    def __init__(self, place: Place, git: Git, remote: Remote) -> None:
        super().__init__(place, git)
        self.remote = remote
        self._here: set[tuple[str, str]] = set()
        self._there: set[tuple[str, str]] = set()

    async def share(self, run: str, *commits: str) -> None:
        """Make these commits available to the other machines; returns when they are.

        Raises GitFailed when one is not here, or the remote refuses it.
        """
        ids = self._unknown(self._there, run, commits)
        if not ids:
            return
        await self._keep(run, ids)
        await self._send({_ref(run, commit): commit for commit in ids}, by_content=True)
        self._there.update((run, commit) for commit in ids)

    async def obtain(self, run: str, *commits: str) -> None:
        """Have these commits here, with all that they hold; those of the remote's branches too.

        Raises GitFailed when nobody has shared one.
        """
        ids = self._unknown(self._here, run, commits)
        if not ids:
            return
        if not await self._complete(ids):
            missing = [commit for commit in ids if not await self._complete([commit])]
            if not await self._fetch([_ref(run, commit) for commit in missing]):
                await self._search(missing)
            for commit in missing:
                if not await self._complete([commit]):
                    raise GitFailed(
                        f"Nobody has shared the commit {commit} of run {run}.",
                        remedy="Push the branch it is on to the remote, then resume the run.",
                    )
        await self._keep(run, ids)

    async def point(self, branch: str, commit: str) -> None:
        """Make or move a branch of ours, here and on the remote."""
        await self._patiently(super().point, branch, commit)
        await self._send({branch_ref(branch): commit})

    async def drop(self, prefix: str) -> None:
        """Delete the branches of ours below the prefix, here and on the remote.

        The prefix of a run takes the commits that it shared along. What a remote that can't be
        reached, or forbids it, keeps: `forget` removes it later.
        """
        await super().drop(prefix)
        run, _, below = prefix.removeprefix("partita/").strip("/").partition("/")
        if below:
            with suppress(GitFailed):
                await self._delete(branch_ref(f"partita/{run}/{below}"))
            return
        await self._forget_here(run)
        with suppress(GitFailed):
            await self.forget(run)

    async def forget(self, run: str) -> None:
        """Delete the run's branches and commits on the remote; what is gone already is no error."""
        await self._delete(f"{SHARED}{_run(run)}", f"{_BRANCHES}{run}")

    async def shared_runs(self) -> tuple[str, ...]:
        """The runs that have something on the remote, sorted."""
        found = await self.remote.refs(f"{SHARED}*", f"{_BRANCHES}*")
        return tuple(sorted({_run_of(ref) for ref in found} - {_PROBE, ""}))

    async def tidy(self) -> tuple[str, ...]:
        """Leave every run that was shared, and worktrees half made; gives the runs, sorted.

        Runs that were never shared keep their branches. Only for who has the clone to itself and
        is at work on none.
        """
        await self.sweep_notes()
        done = await self._git("for-each-ref", "--format=%(refname)", SHARED)
        here = {_run_of(ref) for ref in done.out.decode("utf-8", "replace").splitlines()}
        left = tuple(sorted(here - {_PROBE, ""}))
        for run in left:
            await self.leave(run)
        return left

    async def leave(self, run: str) -> None:
        """Delete here what holds the run's commits and branches; the remote keeps what it has.

        For when nothing of the run is at work here any more; should it come back, `obtain` brings
        what it needs.
        """
        # Last what says that the run was shared: a crash before that leaves `tidy` to do the rest.
        await super().drop(f"partita/{_run(run)}")
        await self._forget_here(run)

    async def finish_landing(self) -> Landed | None:
        """Nothing: a landing on the remote is one step, and the clone's own are not ours."""
        return None

    async def land(self, branch: str | None, expected: str, commit: str, run: str) -> Landed:
        """Move the remote's `branch` from `expected` to `commit`; nothing in the clone follows.

        Calling it again, from any machine, lands nothing twice. A tip that is in the way is brought
        here. Raises LandingRefused with the remote's words when it does not take the push.
        """
        landed = await super().land(branch, expected, commit, run)
        if landed.outcome == "moved" and landed.commit:
            await self._keep(run, [landed.commit])
        return landed

    async def tip(self, branch: str) -> str:
        """The commit of the remote's branch; "" when it has none of that name."""
        ref = branch_ref(branch)
        return (await self.remote.refs(ref)).get(ref, "")

    async def contains(self, branch: str, commit: str) -> bool:
        """Whether the commit is on the remote's branch already; "" always is."""
        if not commit:
            return True
        tip = await self._tip(branch)
        return bool(tip) and await self._is_here(commit) and await self._contains(tip, commit)

    async def objection(self, branch: str | None) -> str:
        """Why a landing on that branch of the remote can't succeed, as a sentence; "" if it can.

        The remote is written to (and cleaned again), since nothing else shows that one may.
        """
        if branch is not None and await self.remote.is_looked_at(branch_ref(branch)):
            return _refusal(branch, "branch is currently checked out", "").message
        commit = await self._real("")
        ref = f"{SHARED}{_PROBE}/{commit}"
        pushed = await self.remote.push({ref: commit})
        if pushed.refused and (await self.remote.refs(ref)).get(ref) != commit:
            return f"The shared remote {self.remote.name} takes no commits: {_why(pushed, ref)}."
        pushed = await self.remote.push({ref: ""})
        if pushed.refused and await self.remote.refs(ref):
            return f"The shared remote {self.remote.name} deletes no refs: {_why(pushed, ref)}."
        return ""

    async def _tip(self, branch: str) -> str:
        """The remote's, brought here."""
        for _ in range(3):
            tip = await self.tip(branch)
            if not tip or await self._complete([tip]):
                return tip
            await self._fetch([branch_ref(branch)])
            if await self._complete([tip]):
                return tip
        raise GitFailed(f"The remote's branch {branch} is moved too often to be read.")

    async def _move(self, branch: str, expected: str, commit: str, why: str) -> Landed:  # noqa: ARG002 - a push can't carry it
        """Compare and swap on the remote."""
        ref = branch_ref(branch)
        await self._database.commits([commit])
        for pause in (*PAUSES, None):
            tip = await self._tip(branch)
            if tip == commit or (tip not in {"", expected} and await self._contains(tip, commit)):
                return Landed(outcome="landed", commit=commit)
            if tip != expected:
                return Landed(outcome="moved", commit=tip)
            if expected and not await self._contains(commit, expected):
                raise LandingRefused(f"{commit} does not build on what {branch} holds; not landed.")
            pushed = await self.remote.push({ref: commit}, expected={ref: expected})
            if not pushed.refused:
                return Landed(outcome="landed", commit=commit)
            if pause is None or not _RACE.search(pushed.refused[ref]):
                break
            await asyncio.sleep(pause)
        raise _refusal(branch, pushed.refused[ref], pushed.words)

    async def _send(self, orders: Mapping[str, str], *, by_content: bool = False) -> None:
        """Set refs of ours on the remote; tried again while another push is in the way.

        `by_content`: the ref's name does not matter, so that a lock that nobody can take away any
        more is gone round.
        """
        left = dict(orders)
        for pause in (*PAUSES, None):
            pushed = await self.remote.push(left)
            refs = pushed.refused
            if not refs:
                return
            there = await self.remote.refs(*refs)
            left = {ref: left[ref] for ref in refs if there.get(ref) != left[ref]}
            if not left:
                return
            if pause is None or not all(_RACE.search(refs[ref]) for ref in left):
                break
            if not self._break_stale(pushed.words):
                await asyncio.sleep(pause)
        if by_content:
            aside = {f"{ref}-{uuid.uuid4().hex[:8]}": commit for ref, commit in left.items()}
            pushed = await self.remote.push(aside)
            if not pushed.refused:
                return
        refused = sorted(pushed.refused)
        raise GitFailed(
            f"The shared remote {self.remote.name} did not take {names(refused)}:"
            f" {_why(pushed, refused[0])}.",
            remedy="Allow pushes to refs/partita/ and partita/ there, then resume the run.",
        )

    async def _fetch(self, refs: Sequence[str]) -> bool:
        """Bring the objects of those refs here; False when one does not exist."""
        for pause in PAUSES:
            try:
                return await self.remote.fetch(refs)
            except RemoteLost as error:
                if not _HALF_MADE.search(error.message):
                    raise
            await self.sweep_notes()
            await asyncio.sleep(pause)
        return await self.remote.fetch(refs)

    async def _search(self, missing: Sequence[str]) -> None:
        """Fetch the commits from wherever the remote has them: runs, also others, and branches."""
        found = await self.remote.refs(f"{SHARED}*", "refs/heads/*")
        by_commit = {commit: ref for ref, commit in found.items()}
        wanted = {by_commit[commit] for commit in missing if commit in by_commit}
        if not {found[ref] for ref in wanted} >= set(missing):
            theirs = (ref for ref in found if ref.startswith("refs/heads/"))
            wanted |= {ref for ref in theirs if not ref.startswith(_BRANCHES)}
        if wanted:
            await self._fetch(sorted(wanted))

    async def _delete(self, *tops: str) -> None:
        """Delete the remote's refs of those names and below."""
        for _ in range(2):
            found = await self.remote.refs(*(name for top in tops for name in (top, f"{top}/*")))
            if not found:
                return
            pushed = await self.remote.push(dict.fromkeys(found, ""))
            self._break_stale(pushed.words)
        if pushed.refused:
            refused = sorted(pushed.refused)
            raise GitFailed(
                f"The shared remote {self.remote.name} still has {names(refused)}:"
                f" {_why(pushed, refused[0])}."
            )

    async def _keep(self, run: str, commits: Iterable[str]) -> None:
        """Hold the commits here by refs of ours, so that no `git gc` takes them."""
        for commit in commits:
            ref = _ref(run, commit)
            try:
                await self._patiently(self._git, "update-ref", "--no-deref", ref, commit)
            except GitFailed as error:
                if ".lock'" not in error.message:
                    raise
                aside = f"{ref}-{uuid.uuid4().hex[:8]}"
                await self._git("update-ref", "--no-deref", aside, commit)
            self._here.add((run, commit))

    async def _forget_here(self, run: str) -> None:
        """Delete the refs that hold the run's commits here, and stale locks on them."""
        await asyncio.to_thread(locks.clear, self.place.common_dir, _run(run))
        done = await self._git("for-each-ref", "--format=%(refname)", f"{SHARED}{run}")
        orders = b"".join(
            b"option no-deref\0delete " + ref + b"\0\0" for ref in done.out.split(b"\n") if ref
        )
        if orders:
            with suppress(GitFailed):
                await self._git("update-ref", "-z", "--stdin", stdin=orders)
        await asyncio.to_thread(locks.clear, self.place.common_dir, run)
        for known in (self._here, self._there):
            known -= {(of, commit) for of, commit in tuple(known) if of == run}

    async def _patiently(self, step: Any, *args: str) -> None:
        """Do it, and again when only a lock that a dead git left was in the way."""
        try:
            await step(*args)
        except GitFailed as error:
            if not self._break_stale(error.message):
                raise
            await step(*args)

    def _break_stale(self, words: str) -> bool:
        folder = self.remote.folder
        homes = [self.place.common_dir]
        if folder is not None:
            homes += [folder, folder / ".git"]
        return locks.break_stale(words, homes)

    async def _complete(self, commits: Sequence[str]) -> bool:
        """Whether the commits are here with all that they hold: a killed fetch leaves parts."""
        asked = "".join(f"{commit}\n" for commit in commits).encode()
        # Another worktree's HEAD says nothing, and stops git while that is being made.
        options = ("--objects", "--quiet", "--stdin", "--not", "--single-worktree", "--all")
        return (await self._git("rev-list", *options, stdin=asked, ok=(0, 1, 128))).code == 0

    async def _is_here(self, commit: str) -> bool:
        found = await self._database.read([self._database.checked(commit).encode()])
        return found[0] is not None and found[0].kind == "commit"

    def _unknown(self, known: set[tuple[str, str]], run: str, commits: Iterable[str]) -> list[str]:
        ids = dict.fromkeys(self._database.checked(commit) for commit in commits if commit)
        return [commit for commit in ids if (_run(run), commit) not in known]


def _run(run: str) -> str:
    """The run itself; raises BadInput when no ref can be called that."""
    if not _RUN.fullmatch(run) or ".." in run or run.endswith((".", ".lock")):
        raise BadInput(f"{run[:80]!r} is not the id of a run.")
    return run


def _ref(run: str, commit: str) -> str:
    return f"{SHARED}{_run(run)}/{commit}"


def _run_of(ref: str) -> str:
    return ref.removeprefix(SHARED).removeprefix(_BRANCHES).partition("/")[0]


def _why(pushed: Pushed, ref: str) -> str:
    """The remote's reason and words, for the end of a sentence."""
    parts = [part for part in (pushed.refused.get(ref, ""), pushed.words) if part]
    return clean(" - ".join(parts)).rstrip(". ") or "no reason was given"


def _refusal(branch: str, why: str, words: str) -> LandingRefused:
    """The error for a push to the user's branch that the remote did not take."""
    if "checked out" in why:
        remedy = "Share a bare repository (git clone --bare), or switch to another branch there."
    elif "lock" in words:
        remedy = "Wait for the other git process there, or remove the lock; then resume the run."
    else:
        remedy = f"Allow pushes to {branch} there, or land on another branch; then resume the run."
    said = " - ".join(part for part in (why, words) if part)
    return LandingRefused(
        f"The shared remote did not take {branch}: {clean(said).rstrip('. ')}.", remedy=remedy
    )
