"""`partita reject`: refuse the plan of a waiting run."""

import click

from partita.cli.approve import answer
from partita.cli.main import json_option
from partita.cli.options import database_option


@click.command(epilog='Example: partita reject last --why "too many tasks"')
@click.argument("run", default="last")
@click.option("--why", default="", help="Recorded in the run's log.")
@database_option
@json_option
def command(run: str, *, why: str, as_json: bool) -> None:
    """Reject the plan of RUN (an id, its unique beginning, or "last")."""
    answer(run, approved=False, why=why, as_json=as_json)
