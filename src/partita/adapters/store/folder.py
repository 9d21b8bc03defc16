"""The folder `.partita/` of a repository: made private, ignored by git, never a link elsewhere."""

import stat
from pathlib import Path

from partita.errors import BadInput, OutsideFailure


def prepare(folder: Path) -> Path:
    """Make the folder with its own `.gitignore` unless it is there, and give it back.

    Raises BadInput when something else stands in its place, OutsideFailure when it can't be made.
    """
    plain_directory(folder)
    ignore = folder / ".gitignore"
    try:
        with ignore.open("x", encoding="utf-8") as file:
            file.write("*\n")
    except FileExistsError:
        pass
    except OSError as e:
        raise OutsideFailure(f"{ignore} can't be written: {e.strerror}") from e
    return folder


def plain_directory(folder: Path) -> None:
    """See to it that the path is a directory of its own; a link could lead out of the work tree."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = folder.lstat().st_mode
    except FileExistsError:
        mode = 0
    except OSError as e:
        raise OutsideFailure(
            f"{folder} can't be made: {e.strerror}", remedy="check the permissions and free space"
        ) from e
    if not stat.S_ISDIR(mode):
        raise BadInput(
            f"{folder} is not a plain folder, and Partita keeps its runs there",
            remedy=f"look at it, then remove it: rm {folder}",
        )


def plain_file(path: Path) -> bool:
    """Whether the file is there; BadInput when the path is a link, a pipe or a folder."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False
    except OSError as e:
        raise OutsideFailure(f"{path} can't be read: {e.strerror}") from e
    if not stat.S_ISREG(mode):
        raise BadInput(
            f"{path} is not a plain file, and Partita keeps its runs there",
            remedy=f"look at it, then remove it: rm {path}",
        )
    return True
