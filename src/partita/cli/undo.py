"""`partita undo`: revert what a run landed, as one commit on the same branch."""

import click

from partita.cli.main import json_option
from partita.cli.output import document, say


@click.command(epilog="Example: partita undo last")
@click.argument("run", default="last")
@json_option
def command(run: str, *, as_json: bool) -> None:
    """Revert what RUN landed (an id, its unique beginning, or "last")."""
    import asyncio  # noqa: PLC0415 - start-up of --help

    from partita.cli.traces import landed_unnoticed, note_landed  # noqa: PLC0415
    from partita.errors import BadInput, LandingRefused  # noqa: PLC0415
    from partita.wiring import lock, open_repo, open_store  # noqa: PLC0415

    with open_store(write=True) as store:
        record = store.find(run)
        repo = open_repo()
        with lock(repo).take(record.id):
            if not (record.result or {}).get("commit") and not store.shared:
                asyncio.run(repo.finish_landing())
                if commit := landed_unnoticed(repo, record):
                    store.abandon(record.id)
                    record = note_landed(store, record, commit)
            result = record.result or {}
            if not result.get("commit"):
                raise BadInput(f"run {record.id} landed nothing")
            branch, commit = result["branch"], result["commit"]
            message = f"Revert the work of run {record.id}\n\nThis reverts commit {commit}.\n"
            landed = asyncio.run(repo.undo(branch, commit, message))
        if landed.outcome != "landed":
            named = f": {', '.join(landed.paths)}" if landed.paths else ""
            raise LandingRefused(
                f"nothing was reverted, {branch} is {landed.outcome}{named}",
                remedy="commit or stash what is uncommitted, then try again",
            )
        store.append(record.id, f"undone:{landed.commit}", "undone", {"commit": landed.commit})
        store.update(record.id, status="undone", exit_code=record.exit, result=record.result)
    if as_json:
        document({"run": record.id, "branch": branch, "commit": landed.commit})
    else:
        say(f"reverted {commit[:12]} on {branch}: {landed.commit[:12]}")
