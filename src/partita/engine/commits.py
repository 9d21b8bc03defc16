"""The commits that the tasks of a run were given and gave, as the engine's record names them."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from partita.engine.children import commits_in
from partita.engine.retention import open_workflows


def commits_named(database: Path, run: str) -> dict[str, frozenset[str]]:
    """By the id of each of the run's builds and tests, in an SQLite file."""
    with open_workflows(database) as workflows:
        if workflows.client is None:
            return {}
        found = workflows.client.list_workflows(workflow_id_prefix=f"{run}:")
        return {w.workflow_id: _of(w.input) | _of(w.output) for w in found}


def forget_tasks(database: Path, ids: Collection[str]) -> None:
    """Forget these builds and tests, so that the run does them again."""
    with open_workflows(database) as workflows:
        workflows.delete(sorted(ids))


def _of(payload: Any) -> frozenset[str]:
    """The commits in what a workflow was given, which is in its arguments, or gave."""
    if isinstance(payload, dict):
        values = payload.get("args", [payload])
        return frozenset(c for v in values if isinstance(v, dict) for c in commits_in(v))
    return frozenset()
