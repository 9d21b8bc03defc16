"""`partita resume`: go on with a run where it stopped."""

from typing import Any

import click

from partita.cli.main import json_option
from partita.cli.options import spending_options


@click.command(epilog="Example: partita resume last --budget 5")
@click.argument("run", default="last")
@spending_options
@json_option
def command(run: str, *, as_json: bool, **flags: Any) -> int:
    """Go on with RUN (an id, its unique beginning, or "last"); no finished answer is paid twice."""
    from partita.cli.running import resume_run  # noqa: PLC0415 - start-up of --help

    return resume_run(run, flags, as_json=as_json)
