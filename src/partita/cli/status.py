"""`partita status`: the runs of this repository."""

from datetime import UTC, datetime

import click

from partita.cli.main import json_option
from partita.cli.options import database_option
from partita.cli.output import document, say, table


@click.command(epilog="Example: partita status --json")
@click.option("--all", "everything", is_flag=True, help="Every run, not only the last ten.")
@database_option
@json_option
def command(*, everything: bool, as_json: bool) -> None:
    """List the runs of this repository, newest first."""
    from partita.core.budget import dollars  # noqa: PLC0415 - start-up of --help
    from partita.present.progress import standing  # noqa: PLC0415
    from partita.wiring import open_store, owner_of  # noqa: PLC0415

    with open_store() as store:
        owner = owner_of()
        rows, found = [], []
        for record in store.all()[: None if everything else 10]:
            status = record.status
            at_work = store.shared or (owner or {}).get("run") == record.id
            if status == "running" and not at_work:
                status = "interrupted"
            progress = standing(store, record.id)
            spent = store.budget(record.id, None).spent
            at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%d %H:%M")
            doing = progress.activity if status in ("running", "waiting", "interrupted") else ""
            title = " ".join(record.request.split())
            rows.append((record.id, status, doing, dollars(spent), at, title[:50]))
            found.append(
                {
                    "run": record.id,
                    "status": status,
                    "exit": record.exit,
                    "activity": progress.activity,
                    "spent_nano_dollars": spent,
                    "created": record.created,
                    "request": title[:500],
                    "tasks": {k: v.state for k, v in progress.lanes.items()},
                }
            )
    if as_json:
        document({"runs": found, "owner": owner})
        return
    table(("run", "status", "at", "spent", "started (UTC)", "request"), rows)
    if any(r[1] == "interrupted" for r in rows):
        say("\ngo on with an interrupted run: partita resume RUN")
    if any(r[1] == "waiting" for r in rows):
        say("\nanswer a waiting run: partita approve RUN (or reject), then partita resume RUN")
