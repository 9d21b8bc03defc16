"""A run's documents in `.partita/runs/<id>/`, written atomically, with secrets taken out."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


class FolderShelf:
    """Implements the Shelf port on a folder."""

    def __init__(self, folder: Path, clean: Callable[[str], str]) -> None:
        self._folder = folder
        self._clean = clean

    def put(self, name: str, text: str) -> None:
        """Write to a temporary name and rename, so that a reader never sees half a document."""
        target = self._folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".new-")
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(self._clean(text))
        Path(temporary).replace(target)

    def path(self, name: str) -> str:
        """Where a reader finds it."""
        return str(self._folder / name)
