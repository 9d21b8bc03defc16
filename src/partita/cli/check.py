"""`partita check`: scopes, two patterns, a plan or a reply, judged for people and scripts."""

import click

from partita.cli.main import Lazy

CHECKS = {
    "scopes": "which tasks that may run at the same time clash",
    "overlap": "whether two path patterns share a path",
    "plan": "what is wrong with a plan file, its waves, and what it will take",
    "reply": "what a model's reply holds: JSON, files, edits or a review",
}


class Checks(Lazy):
    """The checks, one module each."""

    table = CHECKS
    prefix = "partita.cli.check_"


@click.group(cls=Checks, epilog="Example: partita check overlap 'src/**' 'src/auth/*.py'")
def command() -> None:
    """Check scopes, patterns, plans and replies.

    Input is a file or standard input. Exit 0 when all is well, 1 when it is not, 2 when the input
    can't be used.
    """
