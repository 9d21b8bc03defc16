"""`partita retry`: do tasks of a run anew, with fresh answers for them alone."""

from typing import Any

import click

from partita.cli.main import json_option
from partita.cli.options import spending_options


@click.command(epilog="Example: partita retry core --run last")
@click.argument("tasks", nargs=-1, required=True, metavar="TASK...")
@click.option("--run", default="last", metavar="RUN", help="The run; the last one unless given.")
@spending_options
@json_option
def command(tasks: tuple[str, ...], *, run: str, as_json: bool, **flags: Any) -> int:
    """Do TASK of a run that did not land anew, and what depends on it; all else keeps its work.

    Its questions are asked afresh. Questions of other tasks are asked again only where they show
    other code than before.
    """
    from contextlib import ExitStack  # noqa: PLC0415 - start-up of --help
    from dataclasses import replace  # noqa: PLC0415

    from partita.cli import again  # noqa: PLC0415
    from partita.cli.output import remark  # noqa: PLC0415
    from partita.core.validity import ripple  # noqa: PLC0415
    from partita.core.words import count  # noqa: PLC0415

    with ExitStack() as stack:
        desk = again.open_desk(stack, run, flags, as_json=as_json)
        again.refuse_at_work(desk)
        again.refuse_over(desk)
        again.refuse_rejected(desk)
        plan = again.require_tasks(desk, tasks)
        comparison = ripple(plan, dict.fromkeys(tasks, "asked anew"))
        for line in again.moved(comparison):
            remark(line)
        for task in again.broken(desk):
            if task in comparison.kept:
                remark(f"{task} failed, too, and stays so: partita retry {' '.join(tasks)} {task}")
        salt = str(desk.start.generation + 1)
        redo = {**desk.start.redo, **{f"task:{task}": salt for task in tasks}}
        options = again.models_now(desk)[1] if flags["model"] else {}
        what = f"retry of {count(len(tasks), 'task')}: {', '.join(tasks)}"
        return again.take_up(desk, replace(desk.start, redo=redo), options, anew=True, why=what)
