"""What of earlier runs is kept and what goes, decided from facts that others have gathered."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

RESUMABLE = ("running", "waiting", "interrupted")
TAKEN = ("landed", "undone")  # what they built is on the user's own branch
DAY = 86_400.0
YOUNG = 3_600.0  # seconds in which a blob may still be waiting for the row that names it
UNUSED = 30 * DAY  # after which an environment is better made anew when it is needed

RUN = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}(?![^~:/-])")
BLOB = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is known of an earlier run: `created` in UTC seconds, `origin` what it forked from.

    `busy`: another machine may be at work on it at this moment.
    """

    run: str
    status: str
    exit: int | None
    created: float
    origin: str | None = None
    busy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What the user wants kept: the `keep` newest runs, none of them older than `older` seconds.

    `resumable`: runs that could go on are treated like those that ended. `branches`: what did not
    land goes from the kept runs, too. `blobs`: how long one that no row names is spared.
    """

    keep: int = 20
    older: float | None = None
    resumable: bool = False
    branches: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What goes of one run.

    `record`: its events, questions, answers, recording and evidence; its report and its lines in
    the ledger stay. `workflows`: what the engine needs to go on with it or to redo a part, and the
    refs that hold its commits. `worktrees`, `branches`: those in the repository. `given_up`: it
    could have been resumed.
    """

    run: str
    record: bool = False
    workflows: bool = False
    worktrees: bool = False
    branches: bool = False
    given_up: bool = False


def fates(runs: Sequence[Past], bounds: Bounds, now: float) -> tuple[Fate, ...]:
    """What goes of each of the runs, which come newest first.

    Nothing goes of a run that can be resumed, unless the bounds say so, and nothing of a busy one.
    While a run can go on, the record stays of each that it was forked from, as it uses their
    answers.
    """
    open_ = {r.run for r in runs if r.busy or r.status in RESUMABLE}
    past = {
        r.run
        for rank, r in enumerate(runs)
        if rank >= bounds.keep or (bounds.older is not None and now - r.created > bounds.older)
    }
    stay = {r.run for r in runs if r.busy} if bounds.resumable else set(open_)
    stay |= _origins(runs, (open_ & stay) | (open_ - past))
    return tuple(
        _fate(r, bounds, goes=r.run in past and r.run not in stay, rests=r.run in open_)
        for r in runs
    )


def _fate(run: Past, bounds: Bounds, *, goes: bool, rests: bool) -> Fate:
    if rests and not goes:
        return Fate(run=run.run)
    return Fate(
        run=run.run,
        record=goes,
        workflows=goes or run.exit == 0,  # what failed may be tried again, in part
        worktrees=True,
        branches=goes or bounds.branches or run.status in TAKEN,
        given_up=rests,
    )


def _origins(runs: Sequence[Past], of: Collection[str]) -> set[str]:
    """The runs that these were forked from, and those that they in turn were forked from."""
    origin = {r.run: r.origin for r in runs}
    found: set[str] = set()
    waiting = [origin.get(run) for run in of]
    while waiting:
        run = waiting.pop()
        if run is not None and run not in found:
            found.add(run)
            waiting.append(origin.get(run))
    return found


def run_of(name: str) -> str | None:
    """The run that a workflow, worktree or branch belongs to, by the id that its name begins with.

    None for a name that is not of our making.
    """
    found = RUN.match(name)
    return found[0] if found else None


def of_runs(names: Collection[str], runs: Collection[str]) -> tuple[str, ...]:
    """Those of the names that belong to one of the runs, sorted."""
    return tuple(sorted(name for name in names if run_of(name) in runs))


def blobs_in(text: str) -> frozenset[str]:
    """All that may be keys of blobs in the text; what only looks like one is spared with them."""
    return frozenset(BLOB.findall(text))


def unnamed(blobs: Mapping[str, float], named: Collection[str], now: float) -> tuple[str, ...]:
    """The blobs that go, sorted: nothing names them, and they are not young.

    `blobs` gives for each when it was written, in UTC seconds. One from the future stays.
    """
    return tuple(sorted(k for k, at in blobs.items() if k not in named and now - at > YOUNG))


def unused(environments: Mapping[str, float], now: float) -> tuple[str, ...]:
    """The environments that go, sorted; `environments` gives for each when it was last used."""
    return tuple(sorted(k for k, at in environments.items() if now - at > UNUSED))
