"""What reading a reply gives: values, or an `Unreadable` that tells the model what to mend."""

from dataclasses import dataclass
from typing import Any, Literal

JsonRung = Literal["whole", "found", "mended", "yaml", "toml", "salvaged"]
"""How a document was read: strict and alone; strict amid other text; with slips mended; as YAML or
TOML; or only the finished part of a document that was cut."""

FilesRung = Literal["tags", "loose tags", "fences", "single", "json"]
"""How files were read: tags with the right id; tags without it; Markdown fences that name a path;
the one fence of a question for one file; a JSON object of files."""

Op = Literal["write", "edit", "delete"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Model text that can't be used; `why` is a sentence to send back to the model."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonRead:
    """A JSON value out of a reply.

    `truncated` means that the document was cut: `value` then holds only members and list items
    that were finished, and `problems` what the schema misses in it. Otherwise the value satisfies
    the schema and `problems` says what had to be tolerated.
    """

    value: Any
    rung: JsonRung
    truncated: bool = False
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Replace the lines `search` by the lines `replace`; both end in a newline unless empty."""

    search: str
    replace: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileBlock:
    """One finished file of a reply: its whole `text`, its `edits`, or its deletion.

    `path` is what the model wrote, without surrounding blanks and one leading "./": it is not
    checked against any scope.
    """

    path: str
    op: Op
    text: str = ""
    edits: tuple[Edit, ...] = ()
    executable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """The open last block of a reply that was cut, never to be taken for a whole file.

    An empty `path` means that the reply was cut between blocks: more files may be missing.
    """

    path: str
    text: str
    op: Op = "write"
    executable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesRead:
    """The files of a reply, one block per path in the order they were first named.

    `problems` are blocks that could not be used, for the model to mend; `notes` are oddities that
    were tolerated, for the record. `requests` are (path, reason) pairs: a wish for more scope.
    """

    files: tuple[FileBlock, ...]
    unfinished: Unfinished | None = None
    rung: FilesRung = "tags"
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    requests: tuple[tuple[str, str], ...] = ()


def glimpse(text: str, *, width: int = 120) -> str:
    """The beginning of a text on one line, to quote in a sentence."""
    line = " ".join(text[: width * 4].split())
    return line if len(line) <= width else line[: width - 1] + "…"
