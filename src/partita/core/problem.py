"""One thing that is wrong with a plan, and what would mend it: in words, and as data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTasks:
    """Let the task `then` need the task `first`."""

    first: str
    then: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOut:
    """Take the pattern out of the task's scope: out of its lists, or into its `forbid`."""

    task: str
    pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveFile:
    """List the wanted file under the task `target`, which may write it, and not under `source`."""

    path: str
    source: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DropNeeds:
    """Remove these needs, each a task and what it needs: they say nothing that is not so anyway."""

    needs: tuple[tuple[str, str], ...]


Fix = OrderTasks | TakeOut | MoveFile | DropNeeds


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that keeps a plan from running: a sentence, whom it concerns, what would mend it.

    `kind`: "form", "empty", "size", "id", "pattern", "folder", "needs", "contract", "cycle",
    "scope", "file", "overlap", "collision", "hazard", "intricate", or "more" for those that are
    not listed one by one. `witness` is a path. `mend` says all that would help, `fix` is the
    simplest of it as data, where that is certain enough to be suggested.
    """

    kind: str
    text: str
    tasks: tuple[str, ...] = ()
    witness: str | None = None
    mend: str = ""
    fix: Fix | None = None
