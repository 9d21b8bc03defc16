"""What git says of a run whose record tells less: landed unnoticed, or its commits are gone."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from partita.core.codec import encode
from partita.core.report import Outcome
from partita.errors import BadInput

if TYPE_CHECKING:
    from partita.ports.store import RunRecord, Store
    from partita.wiring import GitRepo

LOOKED_AT = 2_000  # commits on the branch since the run's base
OPEN = ("running", "waiting", "interrupted")
UNNOTICED = (*OPEN, "stopped")  # what a run may be called whose landing nobody could write down


def landed_unnoticed(repo: "GitRepo", record: "RunRecord") -> str:
    """The commit on the branch that carries the run's trailer, where the record knows of none.

    "" when there is none. A landing that was cut short must have been finished before.
    """
    start = record.options.get("start") or {}
    branch = start.get("branch")
    if record.status not in UNNOTICED or not branch:
        return ""
    base, tip = start.get("base") or "", f"refs/heads/{branch}"
    shape = "--format=%H %(trailers:key=Partita-Run,valueonly,separator=%x20)"
    asked = ["log", f"--max-count={LOOKED_AT}", shape, "--end-of-options", tip]
    told = _git(repo, *asked, *([f"^{base}"] if base else []), ok=(0, 128))
    for line in told.splitlines():
        commit, _, runs = line.partition(" ")
        if record.id in runs.split():
            return commit
    return ""


def as_landed(record: "RunRecord", commit: str) -> "RunRecord":
    """The record as it would be had the run been able to write its landing down."""
    branch = record.options["start"]["branch"]
    outcome = Outcome(
        exit=0, status="landed", summary=f"Landed on {branch}.", branch=branch, commit=commit
    )
    return replace(record, status="landed", exit=0, result=encode(outcome))


def note_landed(store: "Store", record: "RunRecord", commit: str) -> "RunRecord":
    """Write it down."""
    new = as_landed(record, commit)
    store.update(record.id, status=new.status, exit_code=new.exit, result=new.result)
    return new


def tasks_without_commits(repo: "GitRepo", record: "RunRecord") -> frozenset[str]:
    """The ids of the run's builds and tests whose record names commits that are gone.

    BadInput when the commit is gone that all of it began from.
    """
    from partita.engine.commits import commits_named  # noqa: PLC0415 - it loads the engine

    base = (record.options.get("start") or {}).get("base") or ""
    named = commits_named(repo.root / ".partita" / "partita.db", record.id)
    gone = _gone(repo, {base, *(c for some in named.values() for c in some)} - {""})
    if base in gone:
        raise BadInput(
            f"the commit {base[:12]} that run {record.id} began from is gone",
            remedy="start another: partita build",
        )
    return frozenset(ident for ident, commits in named.items() if commits & gone)


def forget_tasks(repo: "GitRepo", tasks: Collection[str]) -> None:
    """Let these builds and tests be done again; their answers are kept, and cost nothing."""
    from partita.engine.commits import forget_tasks as forget  # noqa: PLC0415 - as above

    if tasks:
        forget(repo.root / ".partita" / "partita.db", tasks)


def _gone(repo: "GitRepo", commits: Collection[str]) -> frozenset[str]:
    """Those of the commits that the repository does not have."""
    if not commits:
        return frozenset()
    told = _git(repo, "cat-file", "--batch-check", stdin="\n".join(sorted(commits)))
    answers = (line.split() for line in told.splitlines())
    return frozenset(words[0] for words in answers if words[1:] != ["commit", *words[2:]])


def _git(repo: "GitRepo", *args: str, stdin: str = "", ok: tuple[int, ...] = (0,)) -> str:
    """What git says in the repository; "" when it said no, GitFailed when it failed."""
    from partita.adapters.git.process import failure, run  # noqa: PLC0415 - start-up of --help

    done = asyncio.run(run(args, repo.root, stdin=stdin.encode()))
    if done.code not in ok:
        raise failure(args, done)
    return done.out.decode("utf-8", "replace") if done.code == 0 else ""
