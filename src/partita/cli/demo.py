"""`partita demo`: a small service built from recorded answers; no key, no cost, no question."""

import json
import re
import shlex
from importlib.resources import as_file, files
from pathlib import Path

import click

from partita.cli.main import json_option
from partita.cli.options import UNSANDBOXED
from partita.cli.output import last_line, remark, say

PRICED_AS = ("openai", "gpt-5-mini")


@click.command(epilog="Example: partita demo --into my-demo")
@click.option(
    "--into",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="A new or empty folder (default: demo-N here).",
)
@click.option("--allow-unsandboxed", is_flag=True, help=UNSANDBOXED)
@json_option
def command(*, into: str | None, allow_unsandboxed: bool, as_json: bool) -> int:
    """Build a small service in a new folder, from answers that a model gave in a real run.

    Planning, worktrees, sandboxed tests, mending and landing are real; only the model's answers
    are replayed.
    """
    from partita.cli.playback import play  # noqa: PLC0415 - start-up of --help
    from partita.core.budget import dollars  # noqa: PLC0415
    from partita.testing.transcript import read_transcript  # noqa: PLC0415
    from partita.wiring import now, price_as  # noqa: PLC0415

    with as_file(files("partita.cli") / "demo.jsonl") as path:
        recording = read_transcript(path)
    folder = Path(into) if into else _new_folder()
    header = recording.header
    remark(
        "Demo: only the model's answers are replayed (recorded "
        f"{header.recorded}); all else happens now."
    )
    remark(f"Request: {' '.join(header.request.split())}\n")
    played = play(
        recording,
        folder,
        as_json=as_json,
        price=price_as(*PRICED_AS),
        allow_unsandboxed=allow_unsandboxed,
    )
    for sentence in played.drift:
        remark(sentence)
    outcome = played.outcome
    if as_json:
        last_line(
            seq=played.seq + 1,
            at=now(),
            run=played.run,
            exit=outcome.exit,
            status=outcome.status,
            folder=str(folder.resolve()),
            calls=played.calls,
            would_have_cost_nano_dollars=played.cost,
            seconds=round(played.seconds, 2),
        )
        return outcome.exit
    if outcome.exit:
        remark(f"partita: {outcome.summary}")
        return outcome.exit
    say(f"\n{outcome.summary} The code is in {folder}, as a git repository.")
    where = shlex.quote(str(folder))
    documents = folder / ".partita" / "runs" / played.run
    plan = json.loads((documents / "plan.json").read_text())
    for what, key in (("test it:", "test_command"), ("run it: ", "run_command")):
        if plan.get(key):
            say(f"  {what}  cd {where} && {re.sub(r'^python ', 'python3 ', plan[key])}")
    say(f"  read:     {documents}/accomplishment.md")
    provider, model = PRICED_AS
    say(
        f"{played.calls} answers in {played.seconds:.1f} s; with {provider}:{model} they would "
        f"have cost {dollars(played.cost)}. Cost now: nothing."
    )
    return 0


def _new_folder() -> Path:
    return next(p for n in range(1, 10_000) if not (p := Path(f"demo-{n}")).exists())
