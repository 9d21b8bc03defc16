"""Runs that workers do: submitting one from a clone, going on with one, and bringing it home."""

import asyncio
import os
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from partita.cli.follow import Following, follow
from partita.cli.recording import save_recording
from partita.core.report import Outcome
from partita.core.start import Start
from partita.errors import BadInput
from partita.ports.store import RunRecord
from partita.wiring import (
    GitRepo,
    PostgresStore,
    SharedBy,
    SharedRepo,
    copy_documents,
    open_fleet,
    open_postgres,
    open_repo,
    open_shared,
    secrets_of,
    state_folder,
)

ROOT = "root"  # the signal that ties a project's name to a repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """This clone, the database and the remote that it shares with the workers."""

    repo: SharedRepo
    shared: SharedBy
    store: PostgresStore

    def workers(self) -> str:
        """The workers that live, in words; "" for none."""
        with open_fleet(self.shared) as fleet:
            return ", ".join(m.host for m in fleet.members() if not m.dead)


def meet(stack: ExitStack, repo: GitRepo, shared: SharedBy) -> Meeting:
    """The meeting place, open until the stack is left."""
    store = stack.enter_context(open_postgres(shared, secrets_of(None, os.environ)))
    return Meeting(repo=open_shared(repo, shared), shared=shared, store=store)


def check_base(meeting: Meeting, start: Start) -> None:
    """The run must land on what others see: BadInput for commits that were never pushed."""
    if start.branch is None:
        raise BadInput(
            "HEAD is detached, so there is no branch to land on", remedy="git switch ..."
        )
    tip = asyncio.run(meeting.repo.tip(start.branch))
    if start.base and not tip:
        raise BadInput(
            f"{meeting.shared.remote} has no branch {start.branch} to land on",
            remedy=f"push it first: git push {meeting.shared.remote} {start.branch}",
        )
    if tip and not asyncio.run(meeting.repo.contains(start.branch, start.base)):
        raise BadInput(
            f"your branch {start.branch} has commits that {meeting.shared.remote} does not have",
            remedy=f"push them first: git push {meeting.shared.remote} {start.branch}",
        )


def check_project(meeting: Meeting, base: str) -> None:
    """Each project of a database is one repository: BadInput where the name is another's."""
    project = meeting.shared.project
    if not base and meeting.store.received(f"project:{project}", ROOT) is not None:
        raise BadInput(
            f"this clone has no commit yet, and the project {project} has",
            remedy=f"git pull {meeting.shared.remote}; or, if it is another repository, give it a "
            "name of its own: PARTITA_PROJECT=NAME, on all its machines",
        )
    bind_project(meeting.store, meeting.repo, project, base)


def bind_project(store: PostgresStore, repo: GitRepo, project: str, commit: str) -> None:
    """Tie the name to the repository that the commit is of, by the beginning of its history.

    The first to come ties it. BadInput where it is tied to another.
    """
    roots = asyncio.run(repo.roots_of(commit))
    key = f"project:{project}"
    if not roots or store.send(key, ROOT, {"commit": min(roots)}):
        return
    if (store.received(key, ROOT) or {}).get("commit") not in roots:
        raise BadInput(
            f"the database knows another repository by the name of {project}",
            remedy="give this one a name of its own: PARTITA_PROJECT=NAME, on all its machines",
        )


def is_stranded(meeting: Meeting, run: str) -> bool:
    """Whether a run that counts as running waits for nobody: its client died before it was queued,
    or it was cancelled when no worker was there.
    """
    from partita.engine.clerk import Clerk  # noqa: PLC0415 - DBOS takes half a second

    if meeting.store.received(run, "cancel") is not None and not meeting.workers():
        return True
    clerk = Clerk.at(meeting.shared.url, meeting.shared.project)
    try:
        return meeting.store.received(run, "rest") is None and not clerk.open(run)
    finally:
        clerk.close()


def submit(meeting: Meeting, record: RunRecord, start: Start) -> None:
    """Enter the run and put it where workers look for work; its base is shared first."""
    asyncio.run(meeting.repo.share(record.id, *([start.base] if start.base else [])))
    meeting.store.create(record)
    _put_to_work(meeting, record.id, start.generation, anew=False)


def go_on(meeting: Meeting, run: str, start: Start, *, options: dict[str, Any], anew: bool) -> None:
    """Put a run that rests back to work; `anew` where a new generation begins."""
    for word in ("cancel", "rest"):
        meeting.store.clear(run, word)
    meeting.store.update(run, status="running", options=options)
    _put_to_work(meeting, run, start.generation, anew=anew)


def _put_to_work(meeting: Meeting, run: str, generation: int, *, anew: bool) -> None:
    from partita.engine.clerk import Clerk  # noqa: PLC0415 - DBOS takes half a second

    clerk = Clerk.at(meeting.shared.url, meeting.shared.project)
    try:
        if anew:
            clerk.cancel(run)
        clerk.submit(run, generation)
    finally:
        clerk.close()


def follow_shared(
    meeting: Meeting, record: RunRecord, start: Start, *, cap: int | None, as_json: bool, after: int
) -> int:
    """Follow a run that workers do, and take its documents and its landing home; the exit code."""

    def landed(outcome: Outcome) -> str:
        return bring_home(meeting, record.id, start, outcome)

    code = follow(
        Following(
            run=record.id,
            store=meeting.store,
            as_json=as_json,
            cap=cap,
            alive=meeting.workers,
            remedy="start one on any machine that has a clone: partita worker --database URL",
            landed=landed,
        ),
        after=after,
    )
    runs = state_folder(meeting.repo) / "runs"  # which ignores itself, whatever the run came to
    copy_documents(meeting.store, record.id, runs / record.id)
    _bring_branch(meeting, record.id)
    recording = runs / record.id / "transcript" / "run.jsonl"
    save_recording(record.id, meeting.store, meeting.repo, recording)
    return code


def _bring_branch(meeting: Meeting, run: str) -> None:
    """The branch that the result of a run was kept on, in this clone too, for who merges it."""
    kept = str((meeting.store.find(run).result or {}).get("kept") or "")
    if kept and (tip := asyncio.run(meeting.repo.tip(kept))):
        asyncio.run(meeting.repo.obtain(run, tip))
        asyncio.run(open_repo(meeting.repo.root).point(kept, tip))


def bring_home(meeting: Meeting, run: str, start: Start, outcome: Outcome) -> str:
    """Let this clone's own branch follow the landing where that is safe; a line for the user."""
    pull = f"bring it here: git pull {meeting.shared.remote} {start.branch}"
    if start.branch is None or not outcome.commit:
        return ""
    asyncio.run(meeting.repo.obtain(run, outcome.commit))
    here = open_repo(meeting.repo.root)
    done = asyncio.run(here.land(start.branch, start.base, outcome.commit, run))
    asyncio.run(meeting.repo.leave(run))
    return f"your {start.branch} follows" if done.outcome == "landed" else pull
