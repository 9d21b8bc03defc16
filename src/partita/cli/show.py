"""`partita show`: everything that is known of a run."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from partita.cli.main import json_option
from partita.cli.options import database_option
from partita.cli.output import document, say, table

if TYPE_CHECKING:
    from partita.ports.store import RunRecord, Store

PARTS = ("report", "analysis", "plan", "tasks", "evidence", "ledger", "diff", "log")
SWEPT = ("tasks", "evidence", "log")  # what `partita gc` takes away


@click.command(epilog="Example: partita show last --part ledger")
@click.argument("run", default="last")
@click.option("--part", type=click.Choice(PARTS), help="Only this part.")
@database_option
@json_option
def command(run: str, *, part: str | None, as_json: bool) -> None:
    """Show RUN (an id, its unique beginning, or "last"): report, tasks and spending."""
    from partita.wiring import open_repo, open_store  # noqa: PLC0415 - start-up of --help

    with open_store() as store:
        record = store.find(run)
        folder = open_repo().root / ".partita" / "runs" / record.id
        if as_json:
            document(_facts(store, record, folder))
        elif part is None:
            _overview(store, record, folder)
        else:
            _part(store, record, folder, part)


def _overview(store: "Store", record: "RunRecord", folder: Path) -> None:
    report = folder / "accomplishment.md"
    if report.exists():
        say(report.read_text())
    else:
        say(f"run {record.id}: {record.status}")
        say(" ".join(record.request.split())[:500])
        _part(store, record, folder, "tasks")
    names = ", ".join(p for p in PARTS if p != "report")
    say(f"more: partita show {record.id} --part {{{names}}}; files in {folder}")


def _part(store: "Store", record: "RunRecord", folder: Path, part: str) -> None:
    files = {"report": "accomplishment.md", "analysis": "analysis.md", "plan": "plan.md"}
    if part in SWEPT and record.options.get("swept"):
        say(f"the {part} of run {record.id}: removed by partita gc")
    elif part in files:
        path = folder / files[part]
        say(path.read_text() if path.exists() else f"run {record.id} has no {part} yet")
    elif part == "tasks":
        _tasks(store, record)
    elif part == "evidence":
        for path in sorted((folder / "evidence").glob("*.txt")):
            say(f"==== {path.name}\n{path.read_text()}")
    elif part == "ledger":
        _ledger(store, record)
    elif part == "diff":
        say(_diff(record))
    else:
        from partita.present.progress import line  # noqa: PLC0415

        for event in store.events(record.id):
            if text := line(event):
                say(text)


def _tasks(store: "Store", record: "RunRecord") -> None:
    from partita.present.progress import standing  # noqa: PLC0415

    progress = standing(store, record.id)
    table(("task", "state"), [(lane.task, lane.state) for lane in progress.lanes.values()])


def _ledger(store: "Store", record: "RunRecord") -> None:
    from partita.core.budget import dollars  # noqa: PLC0415

    rows = []
    for e in store.entries(record.id):
        tokens = f"{e.usage.input} + {e.usage.output}" if e.usage else ""
        rows.append(
            (e.question, e.model, e.role, tokens, dollars(e.held), dollars(e.cost), e.state)
        )
    table(("question", "model", "role", "tokens in + out", "held", "cost", "state"), rows)


def _diff(record: "RunRecord") -> str:
    import asyncio  # noqa: PLC0415

    from partita.cli.recording import tip_of  # noqa: PLC0415
    from partita.wiring import open_repo  # noqa: PLC0415

    repo = open_repo()
    start = record.options.get("start", {})
    tip = asyncio.run(tip_of(repo, record.result or {}))
    if not tip:
        return f"run {record.id} has changed nothing, or its branch is gone"
    return asyncio.run(repo.diff(start.get("base", ""), tip))


def _facts(store: "Store", record: "RunRecord", folder: Path) -> dict[str, Any]:
    import json  # noqa: PLC0415

    from partita.core.codec import encode  # noqa: PLC0415

    plan = folder / "plan.json"
    budget = store.budget(record.id, None)
    return {
        "run": record.id,
        "status": record.status,
        "exit": record.exit,
        "request": record.request,
        "result": record.result,
        "plan": json.loads(plan.read_text()) if plan.exists() else None,
        "spent_nano_dollars": budget.spent,
        "held_nano_dollars": budget.held,
        "ledger": [encode(e) for e in store.entries(record.id)],
        "events": [
            {"seq": e.seq, "at": e.at, "type": e.type, **e.data} for e in store.events(record.id)
        ],
        "files": sorted(str(p) for p in folder.rglob("*") if p.is_file()),
    }
