"""`partita worker`: do the work of a shared database's runs, on this machine."""

from typing import Any

import click

from partita.cli.main import json_option
from partita.cli.options import database_option


@click.command(
    epilog="Example: partita worker --database postgresql://db.example/partita --slots 8"
)
@database_option
@click.option("--slots", type=click.IntRange(1, 64), metavar="N", help="Builds and tests at once.")
@click.option("--list", "listing", is_flag=True, help="List the project's workers instead.")
@click.option("--allow-unsandboxed", is_flag=True, help="Run generated code unprotected.")
@json_option
def command(*, listing: bool, as_json: bool, **flags: Any) -> int:
    """Do the work of runs that were submitted to a shared database, until stopped.

    Start it in a clone of the repository whose remote all machines share; the clone's own
    branches and files are not touched. Its models and keys are this machine's. On SIGTERM or
    Ctrl-C it hands over what it has not finished.
    """
    from partita.cli.serving import list_workers, serve  # noqa: PLC0415 - start-up of --help

    if listing:
        return list_workers(flags, as_json=as_json)
    return serve(flags, as_json=as_json)
