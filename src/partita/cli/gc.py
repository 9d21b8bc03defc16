"""`partita gc`: remove what earlier runs left behind; reports and the ledger stay."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from partita.cli.main import json_option
from partita.cli.options import database_option
from partita.cli.output import document, say

if TYPE_CHECKING:
    from partita.adapters.git.leftovers import GitLeftovers, Leftovers
    from partita.core.retention import Bounds, Fate
    from partita.engine.retention import Workflows
    from partita.ports.store import RunRecord, Store
    from partita.ports.sweeping import Sweeping
    from partita.wiring import GitRepo

MEGABYTE = 1_000_000


@click.command(epilog="Example: partita gc --keep 5 --dry-run")
@click.option(
    "--keep",
    type=click.IntRange(min=0),
    default=20,
    metavar="N",
    help="Keep the record of the N newest runs (20 unless given).",
)
@click.option(
    "--older",
    type=click.FloatRange(min=0),
    metavar="DAYS",
    help="Of these, too, remove what is older than this.",
)
@click.option("--branches", is_flag=True, help="Also remove branches that kept runs did not land.")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Spare neither runs that could be resumed nor what belongs to no known run.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@database_option
@json_option
def command(
    *,
    keep: int,
    older: float | None,
    branches: bool,
    everything: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remove what earlier runs left: records, recordings, blobs, worktrees, branches, caches.

    A run that can be resumed is left alone. Reports stay, and every line of the ledger.
    """
    from partita.core.retention import DAY, Bounds  # noqa: PLC0415 - start-up of --help

    bounds = Bounds(
        keep=keep,
        older=None if older is None else older * DAY,
        resumable=everything,
        branches=branches,
    )
    swept = _sweep(bounds, really=not dry_run)
    if as_json:
        document(swept.facts())
    else:
        for line in swept.words():
            say(line)


@dataclass(slots=True, kw_only=True)
class Swept:
    """What was removed, or would be; sizes in bytes."""

    really: bool
    runs: tuple[str, ...] = ()
    given_up: tuple[str, ...] = ()
    workflows: int = 0
    rows: int = 0
    documents: int = 0
    blobs: int = 0
    worktrees: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    refs: int = 0
    environments: int = 0
    files: int = 0  # bytes of all that lay outside of the database
    before: int = 0
    after: int | None = None
    shrunk: bool = True
    unknown: tuple[str, ...] = ()
    busy: tuple[str, ...] = ()

    @property
    def freed(self) -> int:
        """Bytes; what the database will give back is known only afterwards."""
        return self.files + (0 if self.after is None else max(0, self.before - self.after))

    def facts(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "dry_run": not self.really,
            "runs": list(self.runs),
            "given_up": list(self.given_up),
            "workflows": self.workflows,
            "rows": self.rows,
            "documents": self.documents,
            "blobs": self.blobs,
            "worktrees": list(self.worktrees),
            "branches": list(self.branches),
            "refs": self.refs,
            "environments": self.environments,
            "freed_bytes": self.freed,
            "database_bytes_before": self.before,
            "database_bytes_after": self.after,
            "left_unknown": list(self.unknown),
            "left_checked_out": list(self.busy),
        }

    def words(self) -> list[str]:
        """For people."""
        counts = [
            (len(self.runs), "run's record", "runs' records"),
            (self.workflows, "workflow", "workflows"),
            (self.rows, "row", "rows"),
            (self.documents, "document", "documents"),
            (self.blobs, "blob", "blobs"),
            (len(self.worktrees), "worktree", "worktrees"),
            (len(self.branches), "branch", "branches"),
            (self.refs, "ref", "refs"),
            (self.environments, "environment", "environments"),
        ]
        parts = [f"{n} {one if n == 1 else many}" for n, one, many in counts if n]
        verb = "removed" if self.really else "would remove"
        lines = [f"{verb} {', '.join(parts)}" if parts else "there is nothing to remove"]
        if self.given_up:
            lines.append(f"given up: {', '.join(self.given_up)}")
        if self.really:
            size = "" if self.after is None else f"; the database takes {_size(self.after)}"
            lines.append(f"{_size(self.freed)} freed{size}")
        elif self.files:
            lines.append(f"{_size(self.files)} in files, and what the database can give back")
        if not self.shrunk:
            lines.append("the database file could not shrink, as another process reads it")
        if self.busy:
            lines.append(f"left, as they are checked out: {', '.join(self.busy)}")
        if self.unknown:
            lines.append(f"left, of runs not known here: {', '.join(self.unknown)} (see --all)")
        return lines


def _size(count: int) -> str:
    return f"{count / MEGABYTE:.1f} MB"


def _sweep(bounds: "Bounds", *, really: bool) -> Swept:
    """Decide what goes, and remove it; in an order in which it can be interrupted anywhere.

    What names something goes before what is named, so that whatever is left after a kill is
    found again by the next one.
    """
    # Not through partita.wiring, whose start every other command would pay for.
    from partita.adapters.git.leftovers import GitLeftovers  # noqa: PLC0415
    from partita.adapters.store.sweeping import sweep_of  # noqa: PLC0415
    from partita.cli.judging import Judge  # noqa: PLC0415
    from partita.engine.retention import open_workflows  # noqa: PLC0415
    from partita.wiring import now, open_repo, open_shared, open_store, own, shared_by  # noqa: PLC0415

    repo = open_repo()
    shared = shared_by(repo)
    database: Path | str = repo.root / ".partita" / "partita.db"
    if shared is not None:
        repo, database = open_shared(repo, shared), shared.url
    with ExitStack() as stack:
        stack.enter_context(own(repo, "gc"))
        store = open_store(write=True)
        stack.enter_context(store)
        judge = Judge(
            repo=repo,
            store=store,
            shared=shared is not None,
            bounds=bounds,
            now=now(),
            really=really,
        )
        records, fates = judge.fates()
        broom = Broom(
            repo=repo,
            store=store,
            sweeping=sweep_of(store),
            leftovers=GitLeftovers(repo),
            fates=fates,
            records=records,
            swept=Swept(really=really),
            now=judge.now,
        )
        broom.give_up()
        with open_workflows(database) as workflows:
            broom.rows(workflows)
        broom.documents()
        # On a shared remote a run that is not known here may be another database's, and alive.
        broom.git(strangers=bounds.resumable and shared is None)
        broom.environments()
        broom.shrink()
        return broom.swept


@dataclass(slots=True, kw_only=True)
class Broom:
    """Removes what the fates say, or only counts it."""

    repo: "GitRepo"
    store: "Store"
    sweeping: "Sweeping"
    leftovers: "GitLeftovers"
    fates: Mapping[str, "Fate"]
    records: Mapping[str, "RunRecord"]
    swept: Swept
    now: float
    _gone: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self._gone = tuple(f.run for f in self.fates.values() if f.record)
        fresh = [r for r in self._gone if not self.records[r].options.get("swept")]
        self.swept.runs = tuple(fresh)
        self.swept.given_up = tuple(f.run for f in self.fates.values() if f.given_up)
        self.swept.before = self.sweeping.size()

    def give_up(self) -> None:
        """Say in the register what is about to go: from here on nothing takes those runs up."""
        if not self.swept.really:
            return
        for run in self.swept.runs:
            record = self.records[run]
            given_up = self.fates[run].given_up
            if given_up:
                self.store.abandon(run)
            self.store.update(
                run,
                status="stopped" if given_up else record.status,
                options={**record.options, "swept": self.now},
            )

    def rows(self, workflows: "Workflows") -> None:
        """The engine's rows, then ours, then the blobs that no row names any more."""
        from partita.core.retention import of_runs, unnamed  # noqa: PLC0415

        every = workflows.ids()
        going = of_runs(every, {f.run for f in self.fates.values() if f.workflows})
        named = workflows.blobs(sorted(set(every) - set(going)))
        self.swept.workflows = len(going)
        if self.swept.really:
            workflows.delete(going)
        forgotten = self.sweeping.forget(self._gone, really=self.swept.really)
        self.swept.rows = forgotten.rows
        kept = self.sweeping.kept()
        times = {key: blob.at for key, blob in kept.items()}
        blobs = unnamed(times, named | forgotten.named, self.now)
        self.swept.blobs = len(blobs)
        self.swept.files += sum(kept[key].size for key in blobs)
        if self.swept.really:
            self.sweeping.throw(blobs)

    def documents(self) -> None:
        """Recordings and evidence of runs whose record goes, and half-written documents of all."""
        from partita.adapters.shelf import bulky, halves, strip  # noqa: PLC0415

        runs = self.repo.root / ".partita" / "runs"
        for run in self._gone:
            count, size = bulky(runs / run)
            self.swept.documents += count
            self.swept.files += size
            if self.swept.really:
                strip(runs / run)
        for half in list(halves(runs)):
            self.swept.documents += 1
            self.swept.files += half.lstat().st_size
            if self.swept.really:
                half.unlink(missing_ok=True)

    def git(self, *, strangers: bool) -> None:
        """Worktrees, branches and refs; those of runs that are not known here only if wanted."""
        import asyncio  # noqa: PLC0415

        found: Leftovers = asyncio.run(self.leftovers.find())
        branches = self._going(found.branches, "branches", strangers=strangers)
        refs = self._going(found.refs, "workflows", strangers=strangers)
        worktrees = self._going(found.worktrees, "worktrees", strangers=strangers)
        self.swept.branches = tuple(f"partita/{name}" for name in branches)
        self.swept.refs, self.swept.worktrees = len(refs), tuple(worktrees)
        busy = self._going(found.busy, "branches", strangers=strangers)
        self.swept.busy = tuple(f"partita/{name}" for name in busy)
        self.swept.unknown = () if strangers else self._strangers(found)
        if self.swept.really:
            from partita.core.retention import run_of  # noqa: PLC0415

            runs = {run for name in branches if (run := run_of(name))}
            runs |= {run for run in found.far if run in self.fates and self.fates[run].branches}
            asyncio.run(self.leftovers.remove(runs, refs, worktrees))

    def _going(self, names: Sequence[str], what: str, *, strangers: bool) -> list[str]:
        from partita.core.retention import run_of  # noqa: PLC0415

        going = []
        for name in names:
            run = run_of(name)
            if run is None:
                continue  # not of our making
            fate = self.fates.get(run)
            if strangers if fate is None else getattr(fate, what):
                going.append(name)
        return going

    def _strangers(self, found: "Leftovers") -> tuple[str, ...]:
        from partita.core.retention import run_of  # noqa: PLC0415

        names = (*found.branches, *found.refs, *found.worktrees, *found.far)
        runs = {run for name in names if (run := run_of(name))}
        return tuple(sorted(runs - self.fates.keys()))

    def environments(self) -> None:
        """Those of targets that nobody has used for a month, in the user's own cache."""
        from partita.adapters.toolchain import sweeping  # noqa: PLC0415
        from partita.core.retention import unused  # noqa: PLC0415

        cache = environment_cache()
        keys = unused(sweeping.last_used(cache), self.now)
        self.swept.environments = len(keys)
        self.swept.files += sum(sweeping.weigh_environment(cache, key) for key in keys)
        if self.swept.really:
            sweeping.remove_environments(cache, keys)

    def shrink(self) -> None:
        """The room of deleted rows back to the disk, also what earlier ones left."""
        if self.swept.really:
            self.swept.shrunk = self.sweeping.shrink()
            self.swept.after = self.sweeping.size()


def environment_cache() -> Path:
    """Where `partita.wiring` keeps the environments of targets."""
    import platformdirs  # noqa: PLC0415

    return Path(platformdirs.user_cache_dir("partita")) / "environments"
