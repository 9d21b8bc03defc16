"""The options that commands which run something share."""

from collections.abc import Callable
from typing import Any, cast

import click

from partita.cli.main import json_option

DEPTHS = ("quick", "standard", "thorough")
UNSANDBOXED = "Run generated code unprotected where no sandbox can be had."

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _all(command: Callable[..., Any], *options: Decorator) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command


def spending_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which models, how much money, and what where there is no sandbox."""
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
        click.option("--allow-unsandboxed", is_flag=True, help=UNSANDBOXED),
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
