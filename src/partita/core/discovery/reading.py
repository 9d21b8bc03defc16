"""Which files are worth opening, and which bytes are text."""

from collections.abc import Collection, Iterable, Sequence

from partita.core.changes import Entry
from partita.core.discovery.languages import (
    is_code,
    is_document,
    is_opaque,
    is_secret,
    language,
    own,
)
from partita.core.discovery.manifests import is_manifest
from partita.core.discovery.words import words

MAX_FILES = 2_000
MAX_FILE = 200_000  # bytes
MAX_TOTAL = 20_000_000  # bytes
_SNIFFED = 8_000  # bytes in which a NUL says that this is no text
_MAX_MANIFESTS = 200
_MAX_DEPTH = 40
_MAX_PATH = 1_000


def project(entries: Iterable[Entry], named: Collection[str]) -> tuple[str, ...]:
    """The paths of the project's own files, and those that the request names whatever they are.

    A path below more than 40 folders, or of more than 1,000 characters, is nobody's work.
    """
    paths = [
        e.path
        for e in entries
        if e.kind != "submodule" and e.path.count("/") <= _MAX_DEPTH and len(e.path) <= _MAX_PATH
    ]
    kept = set(own(paths)).union(p for p in paths if p in named)
    return tuple(p for p in paths if p in kept)


def to_open(
    entries: Sequence[Entry],
    paths: Collection[str],
    *,
    named: Collection[str],
    target: str,
    terms: Collection[str],
) -> tuple[str, ...]:
    """Those of the paths to be opened, most promising first, within all bounds.

    Never opened are links, files under names that secrets have, and what can't be text.
    """
    wanted = set(paths)
    asked = frozenset(terms)
    readable = [
        e
        for e in entries
        if e.path in wanted
        and e.kind in ("file", "executable")
        and e.size <= MAX_FILE
        and not is_secret(e.path)
        and not is_opaque(e.path)
    ]
    manifests = sorted(
        (e for e in readable if is_manifest(e.path)), key=lambda e: (e.path.count("/"), e.path)
    )[:_MAX_MANIFESTS]
    first = {e.path for e in manifests} | set(named)
    places = (target, *named)

    def promise(entry: Entry) -> tuple[bool, int, bool, int, int, str]:
        path = entry.path
        return (
            path not in first,
            -len(asked.intersection(words(path))),
            not any(below(path, place) for place in places),
            _dullness(path),
            path.count("/"),
            path,
        )

    return _within(sorted(readable, key=promise))


def below(path: str, target: str) -> bool:
    """The path is the target or lies in it; nothing is below the empty target."""
    return bool(target) and (path == target or path.startswith(target.rstrip("/") + "/"))


def text_of(data: bytes) -> str | None:
    """The bytes as UTF-8 text; None when they are too many, binary, or in another encoding."""
    if len(data) > MAX_FILE or b"\0" in data[:_SNIFFED]:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _dullness(path: str) -> int:
    if is_code(path):
        return 0
    if is_document(path):
        return 1
    return 2 if language(path) else 3


def _within(entries: Iterable[Entry]) -> tuple[str, ...]:
    kept: list[str] = []
    total = 0
    for entry in entries:
        if len(kept) == MAX_FILES:
            break
        if total + entry.size <= MAX_TOTAL:
            kept.append(entry.path)
            total += entry.size
    return tuple(kept)
