"""Which paths a commit of ours may name: inside the tree, outside of git's and Partita's own."""

import re
import unicodedata

from partita.errors import BadInput

STATE_FOLDER = ".partita"

_LONGEST_PATH = 2048
_LONGEST_NAME = 255
_GIT_FOLDER = re.compile(r"\.git|git~\d{1,6}")
# File systems that drop these code points would read ".g<U+200C>it" as ".git".
_IGNORABLE = dict.fromkeys(
    [*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF]
)


def checked(path: str) -> bytes:
    """The path as git stores it; raises BadInput, naming it, when it may not be written."""
    reason = _objection(path)
    if reason:
        raise BadInput(f"{shown(path)} can't be changed: {reason}.")
    return path.encode("utf-8", "surrogateescape")


def shown(path: str | bytes) -> str:
    """The path for a sentence: quoted, and cut when it is very long."""
    text = decoded(path) if isinstance(path, bytes) else path
    return repr(text if len(text) <= 200 else text[:200] + "...")  # noqa: PLR2004 - a line or two


def decoded(path: bytes) -> str:
    """A path of git's as text; bytes that are not UTF-8 survive the way back."""
    return path.decode("utf-8", "surrogateescape")


def is_plain(path: str) -> bool:
    """Whether a commit could hold a file of that name at all."""
    return _encodable(path) and "\0" not in path and not {"", ".", ".."} & set(path.split("/"))


def _objection(path: str) -> str:
    if not path:
        return "the path is empty"
    if path.startswith("/"):
        return "the path is absolute"
    if "\\" in path:
        return "it contains a backslash"
    if not _encodable(path):
        return "it is not valid Unicode"
    if not is_plain(path):
        return "the path must be plain names joined by single slashes"
    raw, names = path.encode("utf-8", "surrogateescape"), path.split("/")
    if len(raw) > _LONGEST_PATH or max(map(len, raw.split(b"/"))) > _LONGEST_NAME:
        return "the path is too long"
    if any(_GIT_FOLDER.fullmatch(_folded(name)) for name in names):
        return "it lies in git's own folder"
    if _folded(names[0]) == STATE_FOLDER:
        return "it lies in Partita's own folder"
    return ""


def _encodable(path: str) -> bool:
    try:
        path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def _folded(name: str) -> str:
    """The name as the most forgiving file system would read it."""
    text = unicodedata.normalize("NFKC", name.translate(_IGNORABLE)).casefold()
    return text.split(":")[0].rstrip(". ")
