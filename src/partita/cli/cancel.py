"""`partita cancel`: stop a run that is at work; what it has is kept."""

import click

from partita.cli.main import json_option
from partita.cli.options import database_option
from partita.cli.output import document, say


@click.command(epilog="Example: partita cancel last")
@click.argument("run", default="last")
@database_option
@json_option
def command(run: str, *, as_json: bool) -> None:
    """Stop RUN (an id, its unique beginning, or "last"); `partita resume` goes on with it."""
    from partita.errors import BadInput  # noqa: PLC0415 - start-up of --help
    from partita.wiring import open_store, owner_of  # noqa: PLC0415

    with open_store(write=True) as store:
        record = store.find(run)
        if record.status not in ("running", "waiting", "interrupted"):
            raise BadInput(f"run {record.id} has ended already: {record.status}")
        at_work = store.shared or (owner_of() or {}).get("run") == record.id
        if at_work:
            store.send(record.id, "cancel", {})
    if as_json:
        document({"run": record.id, "cancelled": at_work})
    else:
        what = f"cancelling {record.id}" if at_work else f"run {record.id} rests already"
        say(f"{what}; partita resume {record.id} goes on with it")
