"""The command group: commands are imported only when they run, errors become exit codes."""

import importlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from partita import __version__
from partita.errors import PartitaError
from partita.present.printable import printable

COMMANDS = {
    "build": "turn a request or a written spec into tested, merged code",
    "plan": "plan only: tasks, scopes, waves and the estimate, saved as a file",
    "do": "run the activities up to the one named",
    "status": "list the runs of this repository",
    "show": "show a run: plan, tasks, evidence, ledger, diffs",
    "cost": "what runs have spent, by run, task, role, model or day",
    "resume": "go on with a run that was interrupted, stopped or waits",
    "retry": "do tasks of a run anew; the others keep their work",
    "fork": "start a run that shares what another has paid for",
    "cancel": "stop a run; it can be resumed",
    "approve": "approve the plan of a run that waits for it",
    "reject": "reject the plan of a run that waits for approval",
    "undo": "revert what a run landed",
    "gc": "remove what earlier runs left: records, blobs, worktrees, branches, caches",
    "replay": "replay a recorded run offline and compare the result",
    "check": "check scopes, patterns, plans and replies, for people and scripts",
    "worker": "do the work of runs in a database that several machines share",
    "demo": "build a small service from recorded answers, with no key and no cost",
    "init": "write a commented partita.toml",
    "doctor": "check git, sandbox, SQLite, keys and models; each with its remedy",
    "models": "list the configured models with their prices",
}


class Lazy(click.Group):
    """A group whose commands live in modules of their own names, `prefix` before them."""

    table: Mapping[str, str] = COMMANDS
    prefix = "partita.cli."

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one that was asked for."""
        if cmd_name not in self.table:
            return None
        module = importlib.import_module(f"{self.prefix}{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """From the table, without importing any command."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.table.items()))


@click.group(
    cls=Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog='Example: partita build "Build a FastAPI todo service with CRUD and tests"',
)
@click.version_option(__version__, prog_name="partita")
def cli() -> None:
    """Partita turns a request into tested, merged code.

    It plans the work as tasks that own disjoint files, builds them in parallel, and lands only
    what its tests show to be right.
    """


def run(arguments: Sequence[str]) -> int:
    """The exit code of the command line."""
    try:
        code = cli.main(list(arguments), prog_name="partita", standalone_mode=False)
    except click.exceptions.Exit as e:
        return e.exit_code
    except click.Abort:
        return _say("stopped", code=4)
    except click.ClickException as e:
        e.show(sys.stderr)
        return _document(arguments, e.format_message(), "", code=2)
    except PartitaError as e:
        _say(e.message, e.remedy, code=e.exit_code)
        return _document(arguments, e.message, e.remedy, code=e.exit_code)
    except KeyboardInterrupt:
        return _say("stopped", code=4)
    except BrokenPipeError:
        # Whoever read our output has gone; nothing can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as e:  # noqa: BLE001 - the last line of defence names itself as our fault
        return _unexpected(e)
    return code if isinstance(code, int) else 0


def _say(message: str, remedy: str = "", *, code: int) -> int:
    click.echo(f"partita: {printable(message)}", err=True)
    if remedy:
        click.echo(f"  {printable(remedy)}", err=True)
    return code


def _document(arguments: Sequence[str], message: str, remedy: str, *, code: int) -> int:
    """The error as the one document that `--json` promises."""
    if "--json" in arguments:
        error = {"type": "result", "exit": code, "error": message, "remedy": remedy}
        click.echo(json.dumps(error))  # ASCII: it may quote what no encoding can hold
    return code


def _unexpected(error: Exception) -> int:
    if os.environ.get("PARTITA_DEBUG"):
        import traceback  # noqa: PLC0415 - only for a bug of ours

        traceback.print_exception(error)
    return _say(
        f"unexpected {type(error).__name__}: {str(error)[:500]}",
        "this is a fault in Partita; PARTITA_DEBUG=1 shows where it arose",
        code=70,
    )


def json_option(command: Any) -> Any:
    """`--json`, the same on every command."""
    return click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")(command)
