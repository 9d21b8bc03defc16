"""`partita cost`: what runs have spent, by run, task, role, model or day."""

import re
from typing import TYPE_CHECKING

import click

from partita.cli.main import json_option
from partita.cli.options import database_option
from partita.cli.output import document, say, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partita.core.costs import Aside, By, Comparison, Fill, Line
    from partita.ports.store import Event, RunRecord, Store
    from partita.present.costs import Costs

GROUPS = ("run", "task", "role", "model", "day")
ALL = "all"
OPEN = ("running", "waiting", "interrupted")


@click.command(epilog="Example: partita cost all --by day --since 2026-11-01")
@click.argument("run", default="last")
@click.option(
    "--by",
    type=click.Choice(GROUPS),
    help="What to sum up by; unless said, by task for a run and by run for all.",
)
@click.option("--since", metavar="DAY", help="Only from this day on, as 2026-11-21 (UTC).")
@click.option("--csv", "as_csv", is_flag=True, help="Answer as CSV, in nano-dollars.")
@database_option
@json_option
def command(run: str, *, by: str | None, since: str | None, as_csv: bool, as_json: bool) -> None:
    """Show what RUN (an id, its unique beginning, "last", or "all") has spent.

    With how full its caps are, and what had been estimated.
    """
    from partita.errors import BadInput  # noqa: PLC0415 - start-up of --help
    from partita.present.costs import csv_of, facts_of, sentences, table_of  # noqa: PLC0415

    if as_csv and as_json:
        raise BadInput("--csv and --json are two answers", remedy="ask for one of them")
    costs = _costs(run, by, _day(since))
    if as_json:
        document(facts_of(costs))
    elif as_csv:
        say(csv_of(costs).removesuffix("\n"))
    else:
        table(*table_of(costs))
        said = sentences(costs)
        say("\n" + "\n".join(said) if said else "")


def _day(since: str | None) -> str:
    """The day as it was given; BadInput when it is none."""
    from datetime import date  # noqa: PLC0415 - start-up of --help

    from partita.errors import BadInput  # noqa: PLC0415

    if since is None:
        return ""
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", since, re.ASCII):
            return date.fromisoformat(since).isoformat()
    except ValueError:
        pass
    raise BadInput(f"{since!r} is no day", remedy="write it as in 2026-11-21")


def _costs(run: str, by: str | None, since: str) -> "Costs":
    from partita.core.budget import day_of  # noqa: PLC0415 - start-up of --help
    from partita.core.costs import BYS, grouped  # noqa: PLC0415
    from partita.present.costs import Costs  # noqa: PLC0415
    from partita.wiring import open_store  # noqa: PLC0415

    with open_store() as store:
        one = None if run == ALL else store.find(run)
        records = store.all() if one is None else (one,)
        lines = _lines(store, None if one is None else one.id)
        logs = {record.id: store.events(record.id) for record in records}
        asides = [aside for ident in logs for aside in _asides(store, ident, logs[ident])]
        fills = _fills(store, one, lines)
    wanted: By = next((b for b in BYS if b == by), "run" if one is None else "task")
    return Costs(
        run=None if one is None else one.id,
        by=wanted,
        since=since,
        rows=grouped(
            (line for line in lines if day_of(line.at) >= since),
            (aside for aside in asides if day_of(aside.at) >= since),
            wanted,
        ),
        fills=fills,
        comparisons=_comparisons(records, logs, lines),
        open_runs=frozenset(r.id for r in records if r.status in OPEN),
    )


def _lines(store: "Store", run: str | None) -> "list[Line]":
    from partita.core.costs import Line  # noqa: PLC0415 - start-up of --help

    return [
        Line(
            run=e.run,
            task=e.task,
            role=e.role,
            model=e.model,
            activity=e.activity,
            at=e.at,
            state=e.state,
            held=e.held,
            cost=e.cost,
            usage=e.usage,
        )
        for e in store.entries(run)
    ]


def _asides(store: "Store", run: str, log: "Sequence[Event]") -> "list[Aside]":
    """What the log tells beside the ledger; what a reused answer saved is what it cost once."""
    from dataclasses import replace  # noqa: PLC0415 - start-up of --help

    from partita.core.costs import aside_of  # noqa: PLC0415

    found = []
    for event in log:
        aside = aside_of(run, event.at, event.type, event.data)
        if aside is None:
            continue
        if event.type == "call.reused" and not aside.saved:
            answer = store.get(str(event.data.get("key")), run=run) or {}
            aside = replace(aside, saved=answer.get("cost", 0))
        found.append(aside)
    return found


def _fills(store: "Store", record: "RunRecord | None", lines: "list[Line]") -> "tuple[Fill, ...]":
    """How full the caps are: those that the run was given, for all runs those in force."""
    import os  # noqa: PLC0415 - start-up of --help
    from dataclasses import replace  # noqa: PLC0415

    from partita.core.budget import Caps, day_of  # noqa: PLC0415
    from partita.core.codec import decode  # noqa: PLC0415
    from partita.core.costs import fills  # noqa: PLC0415
    from partita.settings import load_settings, user_file  # noqa: PLC0415
    from partita.wiring import here, now  # noqa: PLC0415

    root = here()
    caps = load_settings(
        project=None if root is None else root / "partita.toml",
        user=user_file(os.environ),
        environ=os.environ,
        flags={},
    ).caps
    if record is not None:
        if "caps" in record.options:
            caps = decode(Caps, record.options["caps"])
        caps = replace(caps, run=record.options.get("budget", caps.run))
    if record is not None and (caps.day is not None or caps.project is not None):
        lines = _lines(store, None)
    ident = None if record is None else record.id
    return fills(lines, caps, run=ident, today=day_of(now()))


def _comparisons(
    records: "Sequence[RunRecord]", logs: "dict[str, Sequence[Event]]", lines: "list[Line]"
) -> "tuple[Comparison, ...]":
    """Of every run that built something: its last estimate against what it took."""
    from partita.core.costs import compared  # noqa: PLC0415 - start-up of --help

    by_run: dict[str, list[Line]] = {}
    for line in lines:
        by_run.setdefault(line.run, []).append(line)
    found = []
    for record in reversed(records):
        planned = [e.data.get("estimate") for e in logs[record.id] if e.type == "planned"]
        mine = by_run.get(record.id, [])
        one = compared(record.id, planned[-1] if planned else None, mine)
        if one is not None and one.calls.actual:
            found.append(one)
    return tuple(found)
