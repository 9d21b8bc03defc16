"""One entry `{"path", "content", "op"?, "executable"?}` of a JSON object of files."""

from dataclasses import dataclass
from typing import Any

from partita.core.reply.value import glimpse

# The last ones say nothing that is to be done.
_KEYS = frozenset(
    ("path", "content", "op", "executable", "language", "description", "reason", "summary")
)
_OPS = frozenset(("write", "create", "edit", "update", "delete", "remove"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is to be done with one file; `op` is the model's word for it."""

    path: str
    op: str
    text: str
    executable: bool


def read_entry(entry: Any) -> Entry | str:
    """The entry, or what is wrong with it: a key that is unknown may ask for anything."""
    if not isinstance(entry, dict):
        return "an entry of `files` is no object"
    path, op, runs = entry.get("path"), entry.get("op", "write"), entry.get("executable", False)
    text = entry.get("content", "" if op in ("delete", "remove") else None)
    if not (isinstance(path, str) and path.strip() and isinstance(text, str)):
        return "an entry of `files` lacks `path` or `content`"
    unknown = sorted(entry.keys() - _KEYS)
    if not isinstance(op, str) or op not in _OPS:
        unknown.append("op")
    if not isinstance(runs, bool):
        unknown.append("executable")
    if unknown:
        what = glimpse(unknown[0], width=40)
        return f"the entry `{glimpse(path, width=40)}` has an unknown `{what}`"
    return Entry(path=path, op=op, text=text, executable=runs)
