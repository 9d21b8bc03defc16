"""Removing and mending folders that untrusted programs have filled.

Such a folder may be nested deeper than a path can be long, hold links that lead out of it, and
lack the permissions to be read. No link is followed here, nothing recurses, and no path grows.
"""

import os
import stat
import uuid
from itertools import islice
from pathlib import Path

_BATCH = 10_000
_MOST_ENTRIES = 500_000
_LONGEST_PATH = 3000


def remove(path: Path, bin_: Path) -> None:
    """Remove whatever is at `path`; nothing there is no error.

    A folder is moved into `bin_` (on the same file system) first: it is gone at once, and what a
    crash leaves behind lies there until `empty`.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(mode):
        path.unlink(missing_ok=True)
        return
    heap = bin_ / uuid.uuid4().hex
    heap.mkdir(mode=0o700, parents=True)
    path.chmod(stat.S_IRWXU)
    path.rename(heap / uuid.uuid4().hex)
    _burn(heap)


def empty(bin_: Path) -> None:
    """Remove the bin with what crashes have left in it."""
    if bin_.is_symlink():
        bin_.unlink()
    elif bin_.is_dir():
        for heap in list(bin_.iterdir()):
            remove(heap, bin_)
        bin_.rmdir()


def mend(top: Path, bin_: Path) -> bool:
    """Make every folder below `top` passable, and remove what `git clean` does not see.

    That is `.git` below the top, pipes, sockets and devices. False when there is more than it is
    worth to look at, or deeper than a path can name: then the whole is better made anew.
    """
    waiting = [top]
    seen = 0
    while waiting:
        folder = waiting.pop()
        mode = stat.S_IMODE(folder.lstat().st_mode)
        if mode & stat.S_IRWXU != stat.S_IRWXU:
            folder.chmod(mode | stat.S_IRWXU)
        with os.scandir(folder) as entries:
            for entry in entries:
                seen += 1
                if seen > _MOST_ENTRIES or len(entry.path) > _LONGEST_PATH:
                    return False
                if entry.name == ".git" and folder != top:
                    remove(Path(entry.path), bin_)
                elif entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                elif not entry.is_symlink() and not entry.is_file(follow_symlinks=False):
                    Path(entry.path).unlink()
    return True


def _burn(heap: Path) -> None:
    """Remove the folder; what lies deeper is moved up into it before its turn comes."""
    waiting = [heap]
    while waiting:
        folder = waiting[-1]
        entries = _some(folder)
        if not entries:
            folder.rmdir()
            waiting.pop()
        for entry in entries:
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                path.chmod(stat.S_IRWXU)
                waiting.append(path if folder == heap else path.rename(heap / uuid.uuid4().hex))
            else:
                path.unlink(missing_ok=True)


def _some(folder: Path) -> list[os.DirEntry[str]]:
    """The first entries of a folder that may have millions."""
    with os.scandir(folder) as entries:
        return list(islice(entries, _BATCH))
