"""The `.partita` folder: made so that git never sees it, refused where it is not ours alone."""

import os
import tempfile
from pathlib import Path

from partita.adapters.git import sweep
from partita.adapters.git.paths import STATE_FOLDER
from partita.adapters.git.process import failure, run_now
from partita.errors import BadInput, OutsideFailure

_IGNORE_ALL = b"*\n"


def ensure_state_folder(root: Path) -> Path:
    """Make `.partita` at the top of a work tree (0700), ignored by git through its own file.

    Raises BadInput when it is a link, a file, or tracked: what lies there would not be ours.
    """
    args = ("ls-files", "-z", "--", f":(top,literal){STATE_FOLDER}")
    tracked = run_now(args, root)
    if tracked.code:
        raise failure(args, tracked)
    if tracked.out:
        raise BadInput(
            f"{STATE_FOLDER} is tracked by git; Partita needs that name for itself.",
            remedy=f"git rm -r --cached {STATE_FOLDER} && git commit",
        )
    state = root / STATE_FOLDER
    try:
        prepare(state)
        sweep.empty(state / "bin")
    except OSError as error:
        raise OutsideFailure(f"{state} can't be prepared: {error.strerror}.") from error
    return state


def prepare(state: Path) -> None:
    """Make the folder and the file by which it ignores itself; raises BadInput, OSError."""
    ensure_folder(state)
    note = state / ".gitignore"
    if note.is_symlink() or not note.is_file() or note.read_bytes() != _IGNORE_ALL:
        write_durably(note, _IGNORE_ALL)


def ensure_folder(path: Path) -> None:
    """Make that folder (0700) unless it is there; raises BadInput when something else is."""
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise BadInput(
            f"{path} is not a folder of Partita's own.",
            remedy="Move it away; Partita keeps its files there and follows no links.",
        )
    path.mkdir(mode=0o700, exist_ok=True)


def write_durably(path: Path, data: bytes) -> None:
    """Replace the file in one step; when this returns, a power cut does not undo it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the names in that folder survive a power cut."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
