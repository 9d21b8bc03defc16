"""What git keeps of our worktrees, below `worktrees` in its own folder: never seen half made.

`git worktree add` first shows the others a worktree without a commit, of which a fetch beside it
dies; and of which, once it was killed there, every fetch dies.
"""

import os
import re
import shutil
import uuid
from contextlib import suppress
from pathlib import Path

_RUNS = re.compile(r"\d{8}-\d{6}-[0-9a-z]{4}-")
_OWN_WAYS = ("config.worktree", "reftable")
"""Where git's folder has one of these, only git itself knows what a worktree needs."""


def begin(home: Path, path: Path, commit: str) -> bool:
    """Make the folder of a new worktree, with what git keeps of it inside for the time being.

    `home` is git's folder. False where that can't be, and git has to add the worktree; raises
    OSError.
    """
    if any((home / name).exists() for name in _OWN_WAYS):
        return False
    if path.parent.stat().st_dev != home.stat().st_dev:
        return False
    inside = path / ".git"
    inside.mkdir(parents=True)
    (inside / "HEAD").write_text(f"{commit}\n", encoding="ascii")
    (inside / "commondir").write_text("../..\n", encoding="ascii")
    (inside / "gitdir").write_bytes(os.fsencode(inside) + b"\n")
    return True


def finish(home: Path, path: Path) -> None:
    """Move what `begin` made to where git looks for it, whole and in one step; raises OSError."""
    inside, notes = path / ".git", home / "worktrees"
    notes.mkdir(exist_ok=True)
    try:
        note = inside.rename(notes / path.name)
    except OSError:  # another worktree, somewhere else, has that name
        note = inside.rename(notes / f"{path.name}-{uuid.uuid4().hex[:8]}")
    inside.write_bytes(b"gitdir: " + os.fsencode(note) + b"\n")


def find(home: Path, path: Path) -> Path | None:
    """What git keeps of the worktree at `path`."""
    wanted = str(path / ".git")
    for note in (home / "worktrees").glob("*/gitdir"):
        # Another task's worktree may go away while we look.
        with suppress(FileNotFoundError):
            if os.fsdecode(note.read_bytes()).rstrip("\n") == wanted:
                return note.parent
    return None


def remove(note: Path, bin_: Path) -> None:
    """Remove it, in one step where `bin_` is on the same file system; raises OSError."""
    heap = bin_ / uuid.uuid4().hex
    with suppress(OSError):
        heap.mkdir(mode=0o700, parents=True)
        note = note.rename(heap / note.name)
    shutil.rmtree(note)
    with suppress(OSError):
        heap.rmdir()


def half_made(home: Path, folder: Path) -> list[Path]:
    """Notes without a commit, or without a place, of worktrees that only we made, in `folder`."""
    found = []
    for note in (home / "worktrees").glob("*"):
        with suppress(OSError):
            if _is_half_made(note, folder):
                found.append(note)
    return found


def _is_half_made(note: Path, folder: Path) -> bool:
    place = note / "gitdir"
    if not place.exists():
        return _RUNS.match(note.name) is not None
    if not place.read_bytes().startswith(os.fsencode(folder) + b"/"):
        return False
    head = note / "HEAD"
    return not (
        (note / "commondir").is_file() and head.is_file() and head.read_bytes().strip(b"0\n")
    )
