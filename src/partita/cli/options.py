"""The options that commands which run something share."""

from collections.abc import Callable
from typing import Any, cast

import click

from partita.cli.main import json_option

DEPTHS = ("quick", "standard", "thorough")


def model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which models, how deep, how much money, how many at once."""
    for option in reversed(
        (
            click.option(
                "--model",
                multiple=True,
                metavar="PROVIDER:NAME",
                help="Model for all roles, or the name of a [models.X] table; repeat it to name "
                "fallbacks in order.",
            ),
            click.option(
                "--depth", type=click.Choice(DEPTHS), help="How thorough the analysis is."
            ),
            click.option("--budget", metavar="DOLLARS", help="The most this run may spend."),
            click.option("--max-parallel", type=int, metavar="N", help="Tasks at the same time."),
            click.option(
                "--allow-unsandboxed",
                is_flag=True,
                help="Run generated code unprotected where no sandbox can be had.",
            ),
        )
    ):
        command = option(command)
    return command


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Where it goes, what it is called, and who is asked."""
    for option in reversed(
        (
            click.option(
                "--into",
                type=click.Path(file_okay=False),
                metavar="DIR",
                help="The repository, or an empty or new folder to start one in.",
            ),
            click.option("--name", metavar="NAME", help="The name of the new thing."),
            click.option("--yes", is_flag=True, help="Build on a name that exists already."),
        )
    ):
        command = option(command)
    return cast("Callable[..., Any]", json_option(model_options(command)))
