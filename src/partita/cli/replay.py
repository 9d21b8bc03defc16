"""`partita replay`: run a recording again offline, and say whether the result is the same."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from partita.cli.main import json_option
from partita.cli.options import UNSANDBOXED
from partita.cli.output import last_line, remark, say

if TYPE_CHECKING:
    from partita.errors import BadInput
    from partita.ports.store import RunRecord


@click.command(epilog="Example: partita replay last")
@click.argument("run", default="last")
@click.option(
    "--into",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Keep the result in this new or empty folder.",
)
@click.option("--allow-unsandboxed", is_flag=True, help=UNSANDBOXED)
@json_option
def command(run: str, *, into: str | None, allow_unsandboxed: bool, as_json: bool) -> int:
    """Replay RUN (an id, its unique beginning, "last", or a recording's file) without any model.

    Exit 0 when the same tree comes out, 1 when another does.
    """
    from partita.cli.playback import base_in, play  # noqa: PLC0415 - start-up of --help
    from partita.testing.transcript import read_transcript  # noqa: PLC0415
    from partita.wiring import now  # noqa: PLC0415

    file, source = _find(run)
    recording = read_transcript(file)
    with tempfile.TemporaryDirectory(prefix="partita-replay-") as scratch:
        folder = Path(into) if into else Path(scratch) / "work"
        base_in(folder, source, recording.header.base)
        played = play(
            recording,
            folder,
            as_json=as_json,
            allow_unsandboxed=allow_unsandboxed,
        )
    for sentence in played.drift:
        remark(sentence)
    same = played.tree == recording.header.tree and not played.drift
    if as_json:
        last_line(
            seq=played.seq + 1,
            at=now(),
            run=played.run,
            exit=0 if same else 1,
            status=played.outcome.status,
            same=same,
            tree=played.tree,
            recorded=recording.header.tree,
            drift=list(played.drift),
        )
    elif same:
        say(f"the same result: tree {played.tree[:12] or '(none)'}, {played.outcome.status}")
    elif played.tree and not recording.header.tree:
        remark("the run had no result when it was recorded, so there is nothing to compare with")
        remark(f"replayed: {played.outcome.summary} tree {played.tree[:12]}")
    else:
        remark(f"another result: {played.outcome.summary}")
        remark(f"recorded tree {recording.header.tree[:12]}, replayed {played.tree[:12]}")
    return 0 if same else 1


def _find(run: str) -> tuple[Path, Path | None]:
    """The recording, and the repository that its base may be in."""
    from partita.errors import BadInput  # noqa: PLC0415
    from partita.wiring import open_repo, open_store  # noqa: PLC0415

    path = Path(run)
    if path.is_file():
        try:
            return path, open_repo().root
        except BadInput:
            return path, None
    root = open_repo().root
    with open_store() as store:
        record = store.find(run)
    file = root / ".partita" / "runs" / record.id / "transcript" / "run.jsonl"
    if not file.exists():
        raise _nothing_of(record)
    return file, root


def _nothing_of(record: "RunRecord") -> "BadInput":
    """Why there is no recording of the run."""
    from partita.errors import BadInput  # noqa: PLC0415 - start-up of --help

    if record.options.get("swept"):
        return BadInput(
            f"the recording of run {record.id} was removed by gc",
            remedy=f"see what is kept: partita show {record.id}",
        )
    if record.status in ("running", "waiting", "interrupted"):
        return BadInput(
            f"no recording of run {record.id} was written yet: that is done when it ends",
            remedy=f"see it to its end first: partita resume {record.id}",
        )
    return BadInput(f"run {record.id} asked no model, so there is nothing to replay")
