"""The end of a command that ran something: the record, the files, the last words, the exit code."""

import csv
import io
from typing import TYPE_CHECKING

from partita.cli.follow import tell_outcome
from partita.cli.output import last_line, remark
from partita.cli.recording import save_recording
from partita.core.codec import encode
from partita.core.report import Outcome
from partita.errors import (
    AwaitingAnswer,
    BadInput,
    Cancelled,
    NotAccepted,
    PartitaError,
)
from partita.wiring import now

if TYPE_CHECKING:
    from partita.cli.job import Job


def conclude(job: "Job", ended: Outcome | BaseException, *, as_json: bool) -> int:
    """Write down and say how the run ended; the exit code."""
    outcome, status = _judge(job.run, ended)
    result = encode(outcome)
    job.store.update(job.run, status=status, exit_code=outcome.exit, result=result)
    try:
        _files(job)
    except OSError as e:  # how the run ended stands, and is told
        remark(f"the ledger and the recording can't be written as files: {e.strerror}")
    budget = job.store.budget(job.run, None)
    if as_json:
        _json(job, outcome, status, budget.spent)
    else:
        tell_outcome(job.run, outcome, budget.spent)
    return outcome.exit


def _judge(run: str, ended: Outcome | BaseException) -> tuple[Outcome, str]:
    """The outcome and the run's status: what raised has only interrupted it."""
    match ended:
        case Outcome():
            return ended, ended.status
        case AwaitingAnswer():
            status, summary, remedy, code = "waiting", ended.message, ended.remedy, 3
        case PartitaError():
            status, summary, code = "interrupted", ended.message, ended.exit_code
            remedy = ended.remedy
        case KeyboardInterrupt():
            status, summary, remedy, code = "interrupted", "stopped", "", Cancelled.exit_code
        case _:
            status, code = "interrupted", 70
            summary = f"unexpected {type(ended).__name__}: {str(ended)[:500]}"
            remedy = "this is a fault in Partita; PARTITA_DEBUG=1 shows where it arose"
    if isinstance(ended, NotAccepted | BadInput) or "resume" not in remedy:
        remedy = f"{remedy}\n".lstrip("\n") + f"nothing is lost: partita resume {run} goes on"
    return Outcome(exit=code, status=status, summary=summary, remedy=remedy), status


def _files(job: "Job") -> None:
    """The ledger and the recording, for whoever looks later."""
    folder = job.repo.root / ".partita" / "runs" / job.run
    folder.mkdir(parents=True, exist_ok=True)
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(
        (
            "at",
            "question",
            "model",
            "role",
            "task",
            "activity",
            "input",
            "output",
            "held",
            "cost",
            "state",
        )
    )
    for e in job.store.entries(job.run):
        tokens = (e.usage.input, e.usage.output) if e.usage else ("", "")
        lines.writerow(
            (
                e.at,
                e.question,
                e.model,
                e.role,
                e.task or "",
                e.activity,
                *tokens,
                e.held,
                e.cost,
                e.state,
            )
        )
    (folder / "ledger.csv").write_text(out.getvalue())
    save_recording(job.run, job.store, job.repo, folder / "transcript" / "run.jsonl")


def _json(job: "Job", outcome: Outcome, status: str, spent: int) -> None:
    events = job.store.events(job.run)
    last_line(
        seq=(events[-1].seq if events else 0) + 1,
        at=now(),
        run=job.run,
        exit=outcome.exit,
        status=status,
        summary=outcome.summary,
        branch=outcome.branch,
        commit=outcome.commit,
        kept=outcome.kept,
        remedy=outcome.remedy,
        spent_nano_dollars=spent,
    )
