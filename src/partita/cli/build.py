"""`partita build`: a request or a written spec becomes tested, merged code."""

from pathlib import Path
from typing import Any

import click

from partita.cli.options import run_options


@click.command(
    epilog='Example: partita build "Build a FastAPI todo service with CRUD and tests" --budget 2.50'
)
@click.argument("request", required=False)
@click.option("--approve", is_flag=True, help="Ask before anything is built.")
@click.option("--dry-run", is_flag=True, help="Plan and estimate only; change nothing.")
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Build this plan (as `partita plan` saves it) instead of planning.",
)
@run_options
def command(request: str | None, **options: Any) -> int:
    """Turn REQUEST (words, or a file of them such as spec.md) into tested, merged code.

    Works in the git repository around the current folder, or starts one in an empty folder.
    Nothing is changed on your branch before every test has passed; then it lands as one commit.
    """
    into, as_json, dry_run = options["into"], options["as_json"], options["dry_run"]
    code = build(request, **options)
    if dry_run and code == 0 and not as_json:
        from partita.cli.plan import tell_plan  # noqa: PLC0415 - start-up of --help

        tell_plan(into)
    return code


def build(
    request: str | None,
    *,
    plan_file: str | None = None,
    until: str = "finalise",
    no_model: bool = False,
    **options: Any,
) -> int:
    """Start the run that the options describe; the exit code."""
    from partita.cli.planfile import read_plan_file  # noqa: PLC0415 - start-up of --help
    from partita.cli.request import checked_request, read_request  # noqa: PLC0415
    from partita.cli.running import Wanted, start_run  # noqa: PLC0415
    from partita.cli.sources import sources_of  # noqa: PLC0415

    plan = read_plan_file(Path(plan_file)) if plan_file else None
    if request is None and plan is not None:
        text = checked_request(f"Carry out the plan {plan.get('name', '')}")
    else:
        text = read_request(request or "")
    into = options.pop("into")
    own: dict[str, Any] = {
        "until": until,
        "plan": plan,
        "no_model": no_model,
        "name": options.pop("name"),
        "confirmed": options.pop("yes"),
        "dry_run": options.pop("dry_run", False),
    }
    if options.get("approve"):
        own["approve"] = True
    as_json = options.pop("as_json")
    flags = {k: v for k, v in options.items() if k != "approve"}
    return start_run(
        Wanted(
            request=text,
            into=Path(into) if into else None,
            flags=flags,
            options=own,
            sources=sources_of(request, plan_file),
            as_json=as_json,
        )
    )
