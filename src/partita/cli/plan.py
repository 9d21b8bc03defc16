"""`partita plan`: the Coordination Plan of a request, saved as a file; nothing is built."""

import shlex
import shutil
from pathlib import Path
from typing import Any

import click

from partita.cli.options import run_options
from partita.cli.output import remark


@click.command(epilog='Example: partita plan "Add rate limiting" --out plan.json')
@click.argument("request")
@click.option("--no-model", is_flag=True, help="Plan by rules alone: one task, no call, no cost.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Save the plan here, too (build it with: partita build --plan FILE).",
)
@run_options
def command(request: str, *, out: str | None, **options: Any) -> int:
    """Plan REQUEST: tasks with their scopes, waves, and what it will take."""
    from partita.cli.build import build  # noqa: PLC0415 - start-up of --help

    into, as_json = options["into"], options["as_json"]
    code = build(request, until="design", dry_run=True, **options)
    if code:
        return code
    if out:
        _copy(last_run(into) / "plan.json", out)
    if not as_json:
        tell_plan(into, saved=out)
    return code


def tell_plan(into: str | None, *, saved: str | None = None) -> None:
    """The plan that was just made, and how to build it."""
    folder = last_run(into)
    click.echo((folder / "plan.md").read_text())
    file = saved or str(folder / "plan.json")
    remark(f"saved as {file}; build it with: partita build --plan {shlex.quote(file)}")


def last_run(into: str | None) -> Path:
    """The folder of the newest run in that repository."""
    from partita.wiring import open_repo, open_store  # noqa: PLC0415 - start-up of --help

    where = Path(into) if into else None
    with open_store(where=where) as store:
        return open_repo(where).root / ".partita" / "runs" / store.find("last").id


def _copy(plan: Path, out: str) -> None:
    from partita.errors import BadInput  # noqa: PLC0415 - start-up of --help

    try:
        shutil.copyfile(plan, out)
    except OSError as e:
        raise BadInput(f"{out} can't be written: {e.strerror}", remedy=f"it is in {plan}") from e
