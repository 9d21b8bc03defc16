"""`partita init`: a commented `partita.toml` to start from."""

from pathlib import Path

import click

from partita.cli.main import json_option
from partita.cli.output import document, say


@click.command(epilog="Example: partita init && git add partita.toml")
@click.option("--force", is_flag=True, help="Replace a partita.toml that is there.")
@json_option
def command(*, force: bool, as_json: bool) -> None:
    """Write partita.toml at the top of this repository, every setting in it explained."""
    from partita.errors import BadInput  # noqa: PLC0415 - start-up of --help
    from partita.settings import template  # noqa: PLC0415
    from partita.wiring import open_repo  # noqa: PLC0415

    path: Path = open_repo().root / "partita.toml"
    if path.is_symlink() or (path.exists() and not force):
        raise BadInput(f"{path} is there already", remedy="replace it: partita init --force")
    path.write_text(template())
    if as_json:
        document({"written": str(path)})
    else:
        say(f"wrote {path}; every line in it is a comment until you change it")
