"""`partita fork`: a new run that shares what another has paid for, up to a point."""

from typing import Any

import click

from partita.cli.main import json_option
from partita.cli.options import spending_options


@click.command(epilog="Example: partita fork last --from design")
@click.argument("run", default="last")
@click.option(
    "--from",
    "point",
    metavar="ACTIVITY|TASK",
    help="From here on all is asked anew: engage, plan, assess, design, build, ... or a task.",
)
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Do this plan instead of the run's own.",
)
@spending_options
@json_option
def command(
    run: str, *, point: str | None, plan_file: str | None, as_json: bool, **flags: Any
) -> int:
    """Start a run of the same request, on the same commit as RUN, that shares its answers.

    Those before the activity or task given by --from cost nothing; the rest is asked anew. RUN may
    have landed; it is left as it is.
    """
    from contextlib import ExitStack  # noqa: PLC0415 - start-up of --help

    from partita.cli import again, forking  # noqa: PLC0415
    from partita.cli.output import remark  # noqa: PLC0415
    from partita.errors import BadInput  # noqa: PLC0415

    if point is None and plan_file is None:
        raise BadInput(
            "nothing says where the new run leaves the old one",
            remedy="name an activity or a task: --from design; or give another plan: --plan FILE",
        )
    with ExitStack() as stack:
        desk = again.open_desk(stack, run, flags, as_json=as_json)
        fork = forking.fork_of(desk, point, plan_file)
        for line in fork.lines:
            remark(line)
        return forking.launch(desk, fork)
