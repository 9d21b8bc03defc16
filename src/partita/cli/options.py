"""The options that commands which run something share."""

import os
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlsplit

import click

from partita.cli.main import json_option

DEPTHS = ("quick", "standard", "thorough")
UNSANDBOXED = "Run generated code unprotected where no sandbox can be had."

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _all(command: Callable[..., Any], *options: Decorator) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command


def database_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which database; without it the repository's own file."""
    return click.option(
        "--database",
        metavar="URL",
        help="The PostgreSQL database that several machines share: postgresql://...",
        expose_value=False,
        is_eager=True,
        callback=_remember,
    )(command)


def _remember(_context: click.Context, _option: click.Parameter, value: str | None) -> None:
    """The flag speaks for all that this command opens, as the variable does."""
    if value:
        os.environ["PARTITA_DATABASE"] = value
        if urlsplit(value).password:
            click.echo(
                "partita: whoever lists this machine's processes can read the password in "
                "--database; set PARTITA_DATABASE, or put it into ~/.pgpass",
                err=True,
            )


def spending_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which models, how much money, where it is kept, and what where there is no sandbox."""
    return _all(
        command,
        click.option(
            "--model",
            multiple=True,
            metavar="PROVIDER:NAME",
            help="Model for all roles, or the name of a [models.X] table; repeat it to name "
            "fallbacks in order.",
        ),
        click.option("--budget", metavar="DOLLARS", help="The most this run may spend."),
        click.option("--task-budget", metavar="DOLLARS", help="The most each of its tasks may."),
        click.option(
            "--role-budgets",
            metavar="ROLE=DOLLARS,...",
            help="The most it may spend on a role, such as coder=2.00,planner=0.50.",
        ),
        click.option(
            "--day-budget",
            metavar="DOLLARS",
            help="The most that all runs of the project may spend today (UTC).",
        ),
        click.option(
            "--project-budget",
            metavar="DOLLARS",
            help="The most that all runs of the project may ever spend.",
        ),
        click.option("--allow-unsandboxed", is_flag=True, help=UNSANDBOXED),
        database_option,
    )


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How deep, how many at once, where it goes, what it is called, and all of the above."""
    every = _all(
        command,
        click.option("--depth", type=click.Choice(DEPTHS), help="How thorough the analysis is."),
        click.option("--max-parallel", type=int, metavar="N", help="Tasks at the same time."),
        click.option(
            "--into",
            type=click.Path(file_okay=False),
            metavar="DIR",
            help="The repository, or an empty or new folder to start one in.",
        ),
        click.option("--name", metavar="NAME", help="The name of the new thing."),
        click.option("--yes", is_flag=True, help="Build on a name that exists already."),
    )
    return cast("Callable[..., Any]", json_option(spending_options(every)))
