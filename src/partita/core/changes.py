"""Changes to files as plain values: what a task wants the tree to become."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """The file at `path` (repository-relative, `/`-separated) becomes `data`."""

    path: str
    data: bytes
    executable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """The file at `path` goes away."""

    path: str


Change = Write | Delete


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file of a commit; `kind` is "file", "executable", "link" or "submodule"."""

    path: str
    size: int
    kind: str = "file"
