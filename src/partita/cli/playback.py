"""Playing a recording back: all is real but the model, whose answers are the recorded ones."""

import asyncio
import os
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from partita.cli.job import Job
from partita.cli.recording import tip_of
from partita.cli.running import execute, new_run_id, settings_for
from partita.cli.watch import Watch
from partita.core.budget import FREE, Price
from partita.core.codec import decode, encode
from partita.core.question import ROLES
from partita.core.report import Outcome
from partita.core.start import Start
from partita.errors import BadInput
from partita.ports.store import RunRecord
from partita.testing.models import RecordedModel
from partita.testing.transcript import Header, Transcript
from partita.wiring import (
    GitRepo,
    SqliteStore,
    find_sandbox,
    now,
    open_repo,
    open_writing,
    own,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """How a playback ended: the outcome, its tree and commit, what the calls would have cost.

    `seq` is the number of its last event.
    """

    run: str
    seq: int
    outcome: Outcome
    tree: str
    cost: int
    calls: int
    seconds: float
    drift: tuple[str, ...]


def play(
    recording: Transcript,
    folder: Path,
    *,
    as_json: bool = False,
    price: Price | None = None,
    allow_unsandboxed: bool = False,
) -> Played:
    """Run the recording's request in the folder, which holds the recorded base or is empty.

    `price` is what the calls are charged at, for a cost that was not really incurred.
    """
    settings = settings_for(None, {"allow_unsandboxed": allow_unsandboxed})
    settings = replace(settings, budget=None, answer_cache=False)
    sandbox = find_sandbox(settings)
    repo = open_repo(folder, make=True)
    drift: list[str] = []
    header = recording.header
    model = RecordedModel(
        recording,
        strict=False,
        on_drift=drift.append,
        price=price or FREE,
        max_output=header.options.get("max_output", 16_384),
        context=header.options.get("context", 128_000),
    )
    start = replace(
        decode(Start, header.options["start"]),
        generation=0,  # whatever was before it, a playback begins from nothing
        interactive=False,
        asked=tuple(map(str, header.options.get("asked") or ())),
        branch=asyncio.run(repo.base()).branch,
    )
    sandbox.get()
    began = time.monotonic()
    with ExitStack() as stack:
        run = new_run_id()
        stack.enter_context(own(repo, run))
        store = stack.enter_context(open_writing(repo, ()))
        _enter(store, run, header, start)
        job = Job(
            run=run,
            start=start,
            repo=repo,
            store=store,
            settings=settings,
            routes=dict.fromkeys(ROLES, (model,)),
            secrets=(),
            sandbox=sandbox,
            reuse=False,
        )
        watch = Watch(as_json=as_json, cap=None, run=run, store=store)
        watch.interactive = False  # all that the run asks was answered
        try:
            outcome = execute(job, watch)
        finally:
            watch.close()
        store.update(run, status=outcome.status, exit_code=outcome.exit, result=encode(outcome))
        return Played(
            run=run,
            seq=max((e.seq for e in store.events(run)), default=0),
            outcome=outcome,
            tree=_tree(repo, outcome),
            cost=sum(e.cost for e in store.entries(run)),
            calls=len(store.entries(run)),
            seconds=time.monotonic() - began,
            drift=tuple(drift),
        )


def _enter(store: SqliteStore, run: str, header: Header, start: Start) -> None:
    """The playback as a run of its own, with what the user answered in the recorded one.

    An approval is given again: a plan that was approved as it stands is not changed on the way.
    """
    options = {
        **header.options,
        "start": encode(start),
        "budget": None,
        "models": {role: [header.model] for role in ROLES},
    }
    store.create(RunRecord(id=run, request=header.request, options=options, created=now()))
    if answers := header.options.get("answers"):
        store.send(run, "doubts", answers)
    if start.approve:
        store.send(run, "approval", header.options.get("approval") or {"approved": True})


def _tree(repo: GitRepo, outcome: Outcome) -> str:
    tip = asyncio.run(tip_of(repo, {"commit": outcome.commit, "kept": outcome.kept}))
    return asyncio.run(repo.tree_id(tip)) if tip else ""


def base_in(folder: Path, source: Path | None, commit: str) -> None:
    """Put the recorded base into the empty folder: a clone of `source`, checked out there."""
    if not commit:
        return
    if source is None:
        raise BadInput(
            f"the recording starts from the commit {commit[:12]}, and this is no repository",
            remedy="run it inside the repository that it was recorded in",
        )
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    for arguments in (
        ["clone", "--quiet", "--no-checkout", str(source), str(folder)],
        [
            "-C",
            str(folder),
            "-c",
            "core.hooksPath=/dev/null",
            "checkout",
            "-q",
            "-B",
            "main",
            commit,
        ],
    ):
        done = subprocess.run(
            ["git", *arguments], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise BadInput(
                f"the commit {commit[:12]} that the recording starts from is not here",
                remedy=done.stderr.strip()[:300],
            )
