"""A run's documents, with secrets taken out: in `.partita/runs/<id>/`, or in a shared store."""

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from partita.errors import BadInput, OutsideFailure
from partita.ports.store import Documents

BULKY = ("transcript", "evidence")  # folders of a run that take room; its reports take little
TEMPORARY = ".new-"
LONGEST_NAME = 255  # bytes of one part
LONGEST = 1024


class FolderShelf:
    """Implements the Shelf port on a folder."""

    def __init__(self, folder: Path, clean: Callable[[str], str]) -> None:
        self._folder = folder
        self._clean = clean

    def put(self, name: str, text: str) -> None:
        """Write to a temporary name and rename, so that a reader never sees half a document."""
        _put(self._folder, name, self._clean(text))

    def path(self, name: str) -> str:
        """Where a reader finds it."""
        return str(self._folder.joinpath(*_parts(name)))


class StoreShelf:
    """Implements the Shelf port on a store, for runs whose readers share no folder."""

    def __init__(self, store: Documents, run: str, clean: Callable[[str], str]) -> None:
        self._store = store
        self._run = run
        self._clean = clean

    def put(self, name: str, text: str) -> None:
        """Write or replace it in the store."""
        self._store.put_document(self._run, "/".join(_parts(name)), self._clean(text))

    def path(self, name: str) -> str:
        """Where a reader finds it once the run's documents were copied to their machine."""
        return "/".join((".partita", "runs", self._run, *_parts(name)))


def copy_documents(store: Documents, run: str, folder: Path) -> tuple[Path, ...]:
    """Write the run's documents into the folder, each atomically; where they are now, sorted.

    Raises BadInput for a name that would lead out of the folder; then nothing is written.
    """
    names = store.documents(run)
    for name in names:
        _parts(name)
    found = []
    for name in names:
        text = store.document(run, name)
        if text is not None:  # it may be removed meanwhile
            found.append(_put(folder, name, text))
    return tuple(sorted(found))


def bulky(folder: Path) -> tuple[int, int]:
    """How many files, and bytes, `strip` would remove from that run's folder."""
    files = [p for part in _bulky(folder) for p in part.rglob("*") if _is_file(p)]
    return len(files), sum(p.lstat().st_size for p in files)


def strip(folder: Path) -> None:
    """Remove a run's recording and evidence, and leave its reports and its ledger."""
    for part in _bulky(folder):
        shutil.rmtree(part)


def _bulky(folder: Path) -> Sequence[Path]:
    """Those folders of the run that are there; what lies behind a link is not ours."""
    if not (_is_folder(folder.parent) and _is_folder(folder)):
        return ()
    return [folder / part for part in BULKY if _is_folder(folder / part)]


def halves(runs: Path) -> Iterator[Path]:
    """The documents below the runs' folders that killed processes have left half written."""
    for run in runs.iterdir() if _is_folder(runs) else ():
        for folder in (run, *(run / part for part in BULKY)):
            if _is_folder(folder):
                yield from (p for p in folder.glob(f"{TEMPORARY}*") if _is_file(p))


def _put(folder: Path, name: str, text: str) -> Path:
    target = folder.joinpath(*_parts(name))
    try:
        for below in _folders(folder, target):
            below.mkdir(parents=below == folder, exist_ok=True)
            if not _is_folder(below):
                raise BadInput(
                    f"{below} is not a plain folder, and a run's documents belong there",
                    remedy="look at it, then move it away",
                )
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=TEMPORARY)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as e:
        raise OutsideFailure(
            f"{target} can't be written: {e.strerror}",
            remedy="check the free space and the permissions",
        ) from e
    return target


def _folders(top: Path, target: Path) -> Iterator[Path]:
    """The folder and those below it on the way to the file, from the top down."""
    yield top
    for name in target.relative_to(top).parts[:-1]:
        top /= name
        yield top


def _parts(name: str) -> Sequence[str]:
    """The parts of a relative name; BadInput for one that is no plain name below a folder."""
    parts = name.split("/")
    if (
        "\\" in name
        or any(c < " " or c == "\x7f" for c in name)
        or any(p in ("", ".", "..") or p.startswith(TEMPORARY) for p in parts)
        or len(name) > LONGEST
        or any(len(p.encode("utf-8", "surrogatepass")) > LONGEST_NAME for p in parts)
    ):
        raise BadInput(f"{name[:80]!r} can't be the name of a run's document")
    return parts


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False
