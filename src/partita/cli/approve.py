"""`partita approve`: let the plan of a waiting run be carried out."""

import click

from partita.cli.main import json_option
from partita.cli.options import database_option
from partita.cli.output import document, say


@click.command(epilog="Example: partita approve last && partita resume last")
@click.argument("run", default="last")
@database_option
@json_option
def command(run: str, *, as_json: bool) -> None:
    """Approve the plan of RUN (an id, its unique beginning, or "last")."""
    answer(run, approved=True, why="", as_json=as_json)


def answer(run: str, *, approved: bool, why: str, as_json: bool) -> None:
    """Send the verdict, unless one was given before."""
    from partita.errors import BadInput  # noqa: PLC0415 - start-up of --help
    from partita.wiring import open_store, owner_of  # noqa: PLC0415

    with open_store(write=True) as store:
        record = store.find(run)
        wanted = any(e.type == "approval.wanted" for e in store.events(record.id))
        if not wanted or record.exit in (0, 1):
            raise BadInput(
                f"run {record.id} does not wait for approval (it is {record.status})",
                remedy="partita status lists the runs",
            )
        at_once = store.shared or (owner_of() or {}).get("run") == record.id
        if not store.send(record.id, "approval", {"approved": approved, "why": why}):
            given = store.received(record.id, "approval") or {}
            word = "approved" if given.get("approved") else "rejected"
            raise BadInput(
                f"run {record.id} was {word} already",
                remedy=f"go on with it: partita resume {record.id}"
                if given.get("approved")
                else f"have it planned anew: partita fork {record.id} --from design",
            )
    word = "approved" if approved else "rejected"
    if as_json:
        document({"run": record.id, "approved": approved})
    else:
        say(f"{word} {record.id}")
        if not at_once:
            say(f"{'go on with' if approved else 'end'} it: partita resume {record.id}")
