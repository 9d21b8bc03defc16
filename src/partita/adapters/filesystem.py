"""What the file system of a folder takes for one name: found by looking, nothing is created."""

import os
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from partita.core.scope import Blind

LOOKED_AT = 1_000  # entries of a folder

Turn = Callable[[str], str]


def blind(folder: Path, *, platform: str = sys.platform) -> Blind:
    """What names in the folder may differ in and still be one file: letter case, Unicode forms.

    Each is seen by asking for an entry of the folder under another spelling. Where no entry has
    one, letter case is as git found it when it made the repository around the folder, and counts
    outside of one; Unicode forms count but on a Mac, whose file systems never tell them apart.
    """
    case, forms = _same(folder, _other_case), _same(folder, _other_form)
    return Blind(
        case=_configured(folder, "core.ignorecase") if case is None else case,
        forms=platform == "darwin" if forms is None else forms,
    )


def _other_case(name: str) -> str:
    return name.swapcase() if name.isascii() else name  # beyond ASCII, file systems differ


def _other_form(name: str) -> str:
    composed = unicodedata.normalize("NFC", name)
    return composed if composed != name else unicodedata.normalize("NFD", name)


def _same(folder: Path, turn: Turn) -> bool | None:
    """Is an entry found under its other spelling? None where no entry has another."""
    try:
        names = {entry.name for entry in islice(os.scandir(folder), LOOKED_AT)}
    except OSError:
        return None
    for name, other in _turned(names, turn):
        with suppress(OSError, ValueError):
            here = (folder / name).lstat()
            try:
                there = (folder / other).lstat()
            except FileNotFoundError:
                return False
            return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)
    return None


def _turned(names: set[str], turn: Turn) -> Iterator[tuple[str, str]]:
    """Names with their other spelling, but where the folder has an entry of that one, too.

    Two links to one file would look like one name.
    """
    for name in sorted(names):
        other = turn(name)
        if other != name and other not in names:
            yield name, other


def _configured(folder: Path, key: str) -> bool:
    from partita.adapters.git.process import run_now  # noqa: PLC0415 - seldom needed
    from partita.errors import PartitaError  # noqa: PLC0415

    try:
        done = run_now(("config", "--type=bool", "--get", key), folder)
    except (PartitaError, OSError):
        return False
    return done.code == 0 and done.out.strip() == b"true"
