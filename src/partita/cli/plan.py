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
    from partita.wiring import open_repo, open_store  # noqa: PLC0415

    into, as_json = options["into"], options["as_json"]
    code = build(request, until="design", dry_run=True, **options)
    if code:
        return code
    where = Path(into) if into else None
    with open_store(where=where) as store:
        folder = open_repo(where).root / ".partita" / "runs" / store.find("last").id
    if out:
        _copy(folder / "plan.json", out)
    if not as_json:
        click.echo((folder / "plan.md").read_text())
        saved = out or folder / "plan.json"
        remark(f"saved as {saved}; build it with: partita build --plan {shlex.quote(str(saved))}")
    return code


def _copy(plan: Path, out: str) -> None:
    from partita.errors import BadInput  # noqa: PLC0415 - start-up of --help

    try:
        shutil.copyfile(plan, out)
    except OSError as e:
        raise BadInput(f"{out} can't be written: {e.strerror}", remedy=f"it is in {plan}") from e
