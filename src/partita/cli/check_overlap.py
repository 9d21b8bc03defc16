"""`partita check overlap`: whether two path patterns share a path."""

from typing import Any

import click

from partita.cli.check_input import as_line, blind_options, put, sight
from partita.cli.main import json_option
from partita.errors import BadInput


@click.command(epilog="Example: partita check overlap 'src/**' 'src/auth/*.py'")
@click.argument("first", metavar="PATTERN")
@click.argument("second", metavar="PATTERN")
@blind_options
@json_option
def command(
    first: str, second: str, *, case: bool | None, forms: bool | None, as_json: bool
) -> int:
    """Look for a path that both patterns match. Exit 0 when there is none, 1 when there is one.

    They also collide (exit 1) where one names a file that the other needs as a folder. For many
    patterns at once: partita check scopes.
    """
    from partita.core.scope import BadPattern, collision, overlap  # noqa: PLC0415 - as everywhere

    blind = sight(case, forms)
    try:
        witness = overlap((first,), (second,), blind=blind)
        names = collision((first,), (second,), blind=blind)
    except BadPattern as e:
        raise BadInput(str(e)) from e
    facts: dict[str, Any] = {
        "overlap": witness is not None,
        "witness": witness,
        "collision": names and {"pattern_a": names[0], "pattern_b": names[1], "witness": names[2]},
    }
    if as_json:
        put(as_line(facts))
    else:
        from partita.cli.output import say  # noqa: PLC0415 - start-up of --json
        from partita.present.checks import overlap_lines  # noqa: PLC0415

        for line in overlap_lines(facts):
            say(line)
    return 1 if facts["overlap"] or facts["collision"] else 0
