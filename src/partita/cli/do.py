"""`partita do`: a run up to one activity, for looking at its result or for trying prompts."""

from typing import Any

import click

from partita.cli.options import run_options
from partita.core.start import ACTIVITIES


@click.command(epilog='Example: partita do assess "Add rate limiting to the login endpoint"')
@click.argument("activity", type=click.Choice(ACTIVITIES), metavar="ACTIVITY")
@click.argument("request")
@run_options
def command(activity: str, request: str, **options: Any) -> int:
    """Do ACTIVITY for REQUEST, with the activities that it stands on.

    ACTIVITY is engage, discover, plan, assess, design, provision, build, test or finalise; only
    finalise lands anything. Answers that were paid for are used again.
    """
    from partita.cli.build import build  # noqa: PLC0415 - start-up of --help
    from partita.cli.output import say  # noqa: PLC0415
    from partita.cli.plan import last_run  # noqa: PLC0415

    as_json, into = options["as_json"], options["into"]
    code = build(request, until=activity, **options)
    if code == 0 and not as_json:
        folder = last_run(into)
        name = "analysis.md" if activity in ACTIVITIES[:4] else "plan.md"
        if activity in ACTIVITIES[:5] and (folder / name).exists():
            say((folder / name).read_text())
    return code
