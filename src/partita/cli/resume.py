"""`partita resume`: go on with a run where it stopped."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from partita.cli.main import json_option
from partita.cli.options import spending_options

if TYPE_CHECKING:
    from partita.cli.again import Desk
    from partita.core.validity import Change

COMMITS_GONE = "commits that its record names are gone"


@click.command(epilog="Example: partita resume last --budget 5")
@click.argument("run", default="last")
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Go on with this plan instead of the run's own.",
)
@click.option(
    "--accept-changes",
    is_flag=True,
    help="Go on although the request, the plan, a model or the version is another.",
)
@spending_options
@json_option
def command(
    run: str, *, plan_file: str | None, accept_changes: bool, as_json: bool, **flags: Any
) -> int:
    """Go on with RUN (an id, its unique beginning, or "last"); no finished answer is paid twice.

    Where what it was started from has changed, it says what is still valid and what would be done
    again, and goes on only with --accept-changes.
    """
    from contextlib import ExitStack  # noqa: PLC0415 - start-up of --help

    from partita.cli import again  # noqa: PLC0415
    from partita.cli.job import CAPS  # noqa: PLC0415
    from partita.cli.output import remark  # noqa: PLC0415
    from partita.cli.running import resume_run  # noqa: PLC0415
    from partita.core.validity import changes  # noqa: PLC0415
    from partita.errors import RunInProgress  # noqa: PLC0415

    with ExitStack() as stack:
        desk = again.open_desk(stack, run, flags, as_json=as_json)
        if desk.at_work and any(flags.get(flag) for flag in CAPS):
            raise RunInProgress(
                f"run {desk.record.id} is at work, and its caps can't be changed meanwhile",
                remedy=f"stop it first: partita cancel {desk.record.id}; then resume it with them",
            )
        if desk.at_work and not (plan_file or accept_changes or flags["model"]):
            stack.close()
            return resume_run(desk.record.id, flags, as_json=as_json)
        lost = [COMMITS_GONE] if _lacks_commits(desk) else []
        if lost and not accept_changes:
            raise _without_commits(desk)
        was = again.recorded(desk)
        now, start = again.present(desk, was, plan_file)
        found = changes(was, now, again.done_by(desk))
        if not found and not lost:
            _require_open(desk)
            stack.close()
            return resume_run(desk.record.id, flags, as_json=as_json)
        again.refuse_at_work(desk)
        again.refuse_over(desk)
        if not accept_changes:
            return _refuse(desk, found)
        for line in told(found):
            remark(line)
        options: dict[str, Any] = {"version": now.version}
        if "sources" in desk.record.options:
            sources = {**desk.record.options["sources"], "settings": dict(now.settings)}
            options["sources"] = sources
        if flags["model"]:
            options |= again.models_now(desk)[1]
        return again.take_up(
            desk,
            start,
            options,
            anew=bool(lost) or any(c.anew for c in found) or not is_open(desk),
            why="; ".join([*lost, *(c.what for c in found)]),
        )


def is_open(desk: "Desk") -> bool:
    """Does the run rest, so that it can go on as it is?"""
    return desk.record.status in ("running", "waiting", "interrupted")


def _require_open(desk: "Desk") -> None:
    from partita.cli.again import refuse_over, refuse_rejected  # noqa: PLC0415 - as above
    from partita.errors import BadInput  # noqa: PLC0415

    if not is_open(desk):
        refuse_over(desk)
        refuse_rejected(desk)
        raise BadInput(
            f"run {desk.record.id} has ended: {desk.record.status}",
            remedy=f"do a task of it anew: partita retry TASK --run {desk.record.id}; or go on "
            f"with another request or plan: partita resume {desk.record.id} --accept-changes",
        )


def _lacks_commits(desk: "Desk") -> bool:
    """Would going on as it is fail for want of commits? What landed needs none of them."""
    return is_open(desk) and not desk.at_work and bool(desk.without_commits) and not desk.unnoticed


def _without_commits(desk: "Desk") -> Exception:
    from partita.errors import BadInput  # noqa: PLC0415 - start-up of --help

    ident = desk.record.id
    return BadInput(
        f"run {ident} can't go on as it is: {COMMITS_GONE}",
        remedy="make them again from its answers, which are kept and cost nothing: "
        f"partita resume {ident} --accept-changes",
    )


def told(found: "Sequence[Change]") -> list[str]:
    """The changes in lines."""
    lines = []
    for change in found:
        lines += [change.what, f"  still valid: {change.valid}", f"  done again: {change.again}"]
    return lines


def _refuse(desk: "Desk", found: "Sequence[Change]") -> int:
    """Say what differs, and both ways on; the exit code."""
    import json  # noqa: PLC0415 - start-up of --help

    from partita.cli.output import say  # noqa: PLC0415
    from partita.errors import BadInput  # noqa: PLC0415

    ident, kinds = desk.record.id, {c.kind for c in found}
    message = "\n".join([f"run {ident} would not go on as it began:", *told(found)])
    ways = [f"with that: partita resume {ident} --accept-changes (and the same options)"]
    undo = [
        "put the file back that the run was started from" if kinds & {"request", "plan"} else "",
        "leave out --plan" if "plan" in kinds else "",
        "leave out --model" if "model" in kinds else "",
        "set the settings back" if "setting" in kinds else "",
        "use the version that it was started by" if "version" in kinds else "",
    ]
    ways.append("without: " + "; ".join(u for u in undo if u))
    error = BadInput(message, remedy="\n  ".join(ways))
    if not desk.as_json:
        raise error
    facts = [{"kind": c.kind, "what": c.what, "valid": c.valid, "again": c.again} for c in found]
    last = {"type": "result", "exit": 2, "error": message, "remedy": error.remedy, "run": ident}
    say(json.dumps({**last, "changes": facts}))
    return error.exit_code
