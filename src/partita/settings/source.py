"""Where settings are written: reading TOML that may be hostile, and naming the place of a key."""

import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

LARGEST = 64 * 1024  # bytes of a settings file

_HEADER = re.compile(r"\s{0,40}\[{1,2}([^\[\]#]{1,300})\]")
_KEY = re.compile(r"\s{0,40}([\w.\"':-]{1,300})\s{0,40}=")

Kind = Literal["user", "project", "environment", "flag"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Settings as one place gives them; `label` names the file, `lines` its keys' lines."""

    kind: Kind
    label: str = ""
    values: Mapping[str, object] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)

    def place(self, *path: str) -> str:
        """The file and line, variable or flag that sets the key."""
        name = ".".join(path)
        if self.kind == "environment":
            return f"PARTITA_{name.upper()}"
        if self.kind == "flag":
            return f"--{name.replace('_', '-')}"
        line = self.lines.get(name)
        return self.label if line is None else f"{self.label}, line {line}"


class Unusable(ValueError):
    """The file can't be read; the text says why, and becomes one of the problems."""


def read_file(path: Path, *, links: bool) -> str | None:
    """The file's text, None when there is none; Unusable for what is no plain file.

    `links`: whether it may be a symbolic link, as a user's own often is; a repository's could
    point at anything.
    """
    try:
        mode = (path.stat() if links else path.lstat()).st_mode
        if not stat.S_ISREG(mode):
            raise Unusable("is not a plain file")
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as e:
        raise Unusable(f"can't be read: {e.strerror}") from e
    if len(data) > LARGEST:
        raise Unusable(f"is larger than {LARGEST // 1024} KiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise Unusable("is not UTF-8 text") from e


def parse(kind: Kind, label: str, text: str) -> Source:
    """The settings in TOML, numbers with a point kept exact; Unusable when it is not TOML."""
    if len(text) > LARGEST:
        raise Unusable(f"is larger than {LARGEST // 1024} KiB")
    try:
        values: dict[str, Any] = tomllib.loads(text, parse_float=Decimal)
    except ValueError as e:
        raise Unusable(f"is not TOML: {e}") from e
    except RecursionError as e:
        raise Unusable("is not TOML: it is nested too deeply") from e
    return Source(kind=kind, label=label, values=values, lines=_lines(text))


def _lines(text: str) -> dict[str, int]:
    """The line of each key and table by dotted path; the first one counts."""
    found: dict[str, int] = {}
    table = ""
    for number, content in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(content):
            table = _plain(header[1]) + "."
            found.setdefault(table[:-1], number)
        elif key := _KEY.match(content):
            found.setdefault(table + _plain(key[1]), number)
    return found


def _plain(path: str) -> str:
    return re.sub(r"[\"'\s]", "", path)
