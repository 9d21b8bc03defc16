"""`partita doctor`: what this machine has of what a run needs, each with its remedy."""

from dataclasses import asdict, dataclass

import click

from partita.cli.main import json_option
from partita.cli.output import document, say

MARKS = {True: "ok  ", False: "FAIL", None: "note"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: `ok` None is a remark that fails nothing."""

    what: str
    ok: bool | None
    says: str
    remedy: str = ""


@click.command(epilog="Example: partita doctor --json")
@click.option("--model", multiple=True, metavar="PROVIDER:NAME", help="As for `partita build`.")
@json_option
def command(*, model: tuple[str, ...], as_json: bool) -> int:
    """Check git, sandbox, SQLite, keys and models. Exit 0 when a run could start, else 2."""
    findings = [
        _python(),
        _git(),
        *_sandbox(),
        _sqlite(),
        *_repository(),
        *_models(model),
    ]
    bad = [f for f in findings if f.ok is False]
    if as_json:
        document({"ok": not bad, "findings": [asdict(f) for f in findings]})
    else:
        for finding in findings:
            say(f"{MARKS[finding.ok]}  {finding.what}: {finding.says}")
            if finding.remedy:
                say(f"      {finding.remedy}")
    return 2 if bad else 0


def _python() -> Finding:
    import platform  # noqa: PLC0415 - start-up of --help

    return Finding("python", ok=True, says=platform.python_version())


def _git() -> Finding:
    import subprocess  # noqa: PLC0415

    from partita.errors import PartitaError  # noqa: PLC0415
    from partita.wiring import here  # noqa: PLC0415

    try:
        here()
        done = subprocess.run(["git", "--version"], capture_output=True, text=True, check=False)
    except PartitaError as e:
        return Finding("git", ok=False, says=e.message, remedy=e.remedy)
    except OSError:
        return Finding("git", ok=False, says="not found", remedy="install git 2.38 or newer")
    return Finding("git", ok=True, says=done.stdout.strip().removeprefix("git version "))


def _sandbox() -> list[Finding]:
    from partita.errors import NoSandbox  # noqa: PLC0415
    from partita.settings import Settings  # noqa: PLC0415
    from partita.wiring import describe, find_sandbox  # noqa: PLC0415

    try:
        isolation = find_sandbox(Settings()).get().isolation
    except NoSandbox as e:
        return [Finding("sandbox", ok=False, says=e.message, remedy=e.remedy)]
    return [Finding("sandbox", ok=True, says=text) for text in describe(isolation)]


def _sqlite() -> Finding:
    import sqlite3  # noqa: PLC0415

    try:
        with sqlite3.connect(":memory:") as db:
            db.execute("CREATE VIRTUAL TABLE t USING fts5(x)")
    except sqlite3.Error:
        says = f"{sqlite3.sqlite_version}, without FTS5: files are chosen by plain word counts"
        return Finding("sqlite", ok=None, says=says)
    return Finding("sqlite", ok=True, says=sqlite3.sqlite_version)


def _repository() -> list[Finding]:
    from partita.errors import PartitaError  # noqa: PLC0415
    from partita.wiring import here, owner_of  # noqa: PLC0415

    try:
        root = here()
        if root is None:
            says = "none here; partita build starts one in an empty folder"
            return [Finding("repository", ok=None, says=says)]
        owner = owner_of(root)
    except PartitaError as e:
        return [Finding("repository", ok=False, says=e.message, remedy=e.remedy)]
    busy = f", run {owner['run']} is at work in it" if owner else ""
    return [Finding("repository", ok=True, says=f"{root}{busy}")]


def _models(names: tuple[str, ...]) -> list[Finding]:
    import os  # noqa: PLC0415

    from partita.cli.running import settings_for  # noqa: PLC0415
    from partita.errors import PartitaError  # noqa: PLC0415
    from partita.settings import LOCAL_ENDPOINTS, resolve_routes, user_file  # noqa: PLC0415
    from partita.wiring import here, reachable, specification  # noqa: PLC0415

    findings = [Finding("settings", ok=True, says=f"your own file: {user_file(os.environ)}")]
    try:
        settings = settings_for(here(), {"model": names})
        routes = resolve_routes(settings, os.environ)
        specs = [specification(m, os.environ) for m in routes.models]
    except PartitaError as e:
        up = [f"{name} at {url}" for name, url in LOCAL_ENDPOINTS if reachable(url)]
        found = f"; answering here: {', '.join(up)}" if up else "; no local endpoint answers"
        return [*findings, Finding("model", ok=False, says=e.message + found, remedy=e.remedy)]
    for spec in specs:
        try:
            spec.usable_key()
        except PartitaError as e:
            findings.append(Finding(spec.name, ok=False, says=e.message, remedy=e.remedy))
            continue
        if spec.price is None:
            findings.append(
                Finding(
                    spec.name,
                    ok=False,
                    says="its price is not known",
                    remedy="set input_price and output_price in a [models.X] table of your own",
                )
            )
        elif not reachable(spec.url):
            says = f"nothing answers at {spec.url}"
            findings.append(
                Finding(spec.name, ok=False, says=says, remedy="start it, or check the network")
            )
        else:
            findings.append(Finding(spec.name, ok=True, says=f"{spec.url} answers"))
    return findings
