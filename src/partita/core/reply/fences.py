"""Markdown fences in a reply: what each holds, and the path it names, if it names one."""

import re
from dataclasses import dataclass
from itertools import islice

from partita.core.reply.value import glimpse

_MARK = re.compile(r"^[ \t]*(?P<ticks>`{3,}|~{3,})(?P<info>[^\n]*)$", re.MULTILINE)
_INFO_KEY = re.compile(
    r"""(?:^|[\s{,])(?:path|file|filename|title)\s*[=:]\s*(?:"([^"]+)"|'([^']+)'|([^\s"',}]+))"""
)
_INFO_COLON = re.compile(r"[\w+#.-]{1,30}:(?!//)(\S+)\Z")
_LABEL = re.compile(r"(?:file(?:name)?|path)\s*:\s*", re.IGNORECASE)
_BULLET = re.compile(r"(?:#{1,6}|[-*+]|\d{1,3}[.)])[ \t]+")
_COMMENT = re.compile(
    r"(?:#|//|--|;|%)[ \t]*(?P<line>[^\n]*)|/\*(?P<c>[^\n]*)\*/|<!--(?P<x>[^\n]*)-->"
)
_PATHLIKE = re.compile(r"[\w.@~+()\[\]$-]+(?:/[\w.@~+()\[\]$-]+)*")
_EXTENSION = re.compile(r"\.[A-Za-z][\w-]{0,14}\Z")
_MOST_MARKS = 5_000
_USUAL = 3  # ticks; a longer fence encloses fences
_SHELL = frozenset(("bash", "sh", "shell", "console", "zsh", "terminal", "shell-session", "cmd"))
_SHELL_FILES = (".sh", ".bash", ".zsh", ".bats")
_SHOWN = frozenset(("diff", "patch", "udiff", "pycon", "output", "log", "traceback"))
_SHOWN_FILES = (".diff", ".patch", ".log", ".out")
# What a line of prose looks like, where a line of code would put an end in doubt.
_PROSE_LINE = re.compile(
    r"[ \t]*(?:\Z|\r?\n|[#*>|`~-]|<|\d+[.)] |[A-Z][^\n]*[.:!?)*`][ \t\r]*(?:\n|\Z))"
)
_PROSE_EXTENSIONS = (".md", ".markdown", ".mdx", ".mdc", ".rst", ".txt", ".adoc", ".rmd", ".qmd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """A fenced block. `text` is what stands between its fences; `closed` is False at a cut.

    `sure`: no other reading of the fences of the reply gives it another end.
    """

    info: str
    path: str
    text: str
    closed: bool
    sure: bool = True

    @property
    def language(self) -> str:
        """The first word of its info string, in lower case."""
        first = re.split(r"[\s:{,]", self.info, maxsplit=1)[0]
        return first.lower()

    @property
    def shell(self) -> bool:
        """Whether it shows commands, or what they print, rather than a file."""
        shell = self.language in _SHELL and not self.path.endswith(_SHELL_FILES)
        return shell or (self.language in _SHOWN and not self.path.endswith(_SHOWN_FILES))


@dataclass(frozen=True, slots=True)
class _Mark:
    start: int
    end: int
    ticks: str
    info: str

    def closes(self, opener: "_Mark") -> bool:
        return not self.info and self.fits(opener)

    def fits(self, opener: "_Mark") -> bool:
        return self.ticks[0] == opener.ticks[0] and len(self.ticks) >= len(opener.ticks)


def prose_like(path: str) -> bool:
    """Whether fences may belong to the file itself, as in Markdown."""
    name = path.rsplit("/", 1)[-1].lower()
    return name.endswith(_PROSE_EXTENSIONS) or ("." not in name and name.startswith("readme"))


def fences(text: str) -> tuple[Fence, ...]:
    """The outermost fenced blocks in order.

    A fence with an info string opens a level and a bare one closes it; longer fences enclose
    shorter ones. A file of Markdown, whose own bare fences can't be told apart from that, runs to
    the last bare fence before the next block that names a path.
    """
    marks = _marks(text)
    found: list[Fence] = []
    at = 0
    while at < len(marks):
        opener = marks[at]
        path = _path_of(text, opener)
        usual = len(opener.ticks) == _USUAL
        ends_last = usual and prose_like(path)
        last = _prose_end(text, marks, at) if ends_last else _balanced_end(marks, at)
        start = min(opener.end + 1, len(text))
        end = len(text) if last is None else marks[last].start
        body = text[start:end]
        found.append(
            Fence(
                info=opener.info,
                path=path or _path_in_comment(body),
                text=body,
                closed=last is not None,
                sure=last is not None and _is_sure(text, marks, at, last, path),
            )
        )
        if last is None:
            break
        at = last + 1
    return tuple(found)


def _is_sure(text: str, marks: list[_Mark], at: int, last: int, path: str) -> bool:
    """Whether the mark `last` can only be the end of the block that `at` opens.

    Not if a fence without an info string follows outside any block, for the two may be the
    block's own; nor if what follows looks like code; nor if a Markdown file may go on with a block
    that is opened there.
    """
    opener, close = marks[at], marks[last]
    is_open = False
    for index in range(last + 1, len(marks)):
        mark = marks[index]
        if not mark.fits(opener):
            continue  # shorter fences can't be its end
        if not is_open and _path_of(text, mark):
            break
        if not is_open and not mark.info:
            return False
        is_open = bool(mark.info) or not is_open
    if len(opener.ticks) > _USUAL:
        return True
    if prose_like(path):
        above = (
            text[max(0, close.start - 300) : close.start]
            .rstrip(" \t")
            .removesuffix("\n")
            .rpartition("\n")[2]
        )
        if (last - at) % 2 == 0 or not above.strip():
            return False
    return _PROSE_LINE.match(text, min(close.end + 1, len(text))) is not None


def unfenced(text: str) -> str | None:
    """What one fence around the entire text holds; None if there is no such fence.

    The fences between must come in pairs: else the last one need not belong to the first.
    """
    marks = _marks(text)
    if len(marks) < 2 or len(marks) % 2:  # noqa: PLR2004 - a pair
        return None
    first, last = marks[0], marks[-1]
    if text[: first.start].strip() or text[last.end :].strip() or not last.closes(first):
        return None
    return text[first.end + 1 : last.start]


def peeled(text: str) -> tuple[str, bool]:
    """A part of a file without the fence that opens it and the one that ends it, if any.

    The second value says that it was ended by a fence.
    """
    marks = _marks(text)
    start, end = 0, len(text)
    only_an_end = len(marks) == 1 and not marks[0].info and not text[marks[0].end :].strip()
    if marks and not only_an_end and not text[: marks[0].start].strip():
        start = min(marks[0].end + 1, end)
        marks = marks[1:]
    if len(marks) % 2 and not marks[-1].info and not text[marks[-1].end :].strip():
        return text[start : marks[-1].start], True
    return text[start:end], False


def fence_is_open(text: str) -> bool:
    """Whether a text ends inside a fence."""
    return len(_marks(text)) % 2 == 1


def _marks(text: str) -> list[_Mark]:
    marks = [
        _Mark(m.start(), m.end(), m["ticks"], m["info"].strip())
        for m in islice(_MARK.finditer(text), _MOST_MARKS + 1)
        if "`" not in m["info"]
    ]
    return marks if len(marks) <= _MOST_MARKS else []  # noise, no Markdown


def _balanced_end(marks: list[_Mark], at: int) -> int | None:
    opener, depth = marks[at], 1
    for index in range(at + 1, len(marks)):
        mark = marks[index]
        if mark.fits(opener):
            depth += -1 if mark.closes(opener) else 1
        if depth == 0:
            return index
    return None


def _prose_end(text: str, marks: list[_Mark], at: int) -> int | None:
    last = None
    for index in range(at + 1, len(marks)):
        if last is not None and _path_of(text, marks[index]):
            break
        if marks[index].closes(marks[at]):
            last = index
    return last


def _path_of(text: str, mark: _Mark) -> str:
    """The path in the info string of a fence, or in the line above it."""
    if keyed := _INFO_KEY.search(mark.info[:400]):
        return next(group for group in keyed.groups() if group).strip()
    if (colon := _INFO_COLON.match(mark.info[:400])) and _pathlike(colon[1]):
        return colon[1]
    words = mark.info[:400].split()
    if words and _pathlike(words[-1]) and (len(words) == 2 or "/" in words[0]):  # noqa: PLR2004
        return words[-1]
    return _path_in_heading(_line_above(text, mark.start))


def path_above(text: str, start: int) -> str:
    """The path that stands above what begins at `start`, a fence's own line not counted."""
    line = _line_above(text, start)
    if _MARK.fullmatch(line):
        return _path_in_heading(_line_above(text, text.rfind(line, 0, start)))
    return _path_in_heading(line)


def _line_above(text: str, start: int) -> str:
    """The nearest non-blank line above, at most one blank line away."""
    end = start
    for _ in range(2):
        begin = text.rfind("\n", 0, max(end - 1, 0)) + 1
        line = text[begin : max(end - 1, 0)].strip()
        if line or begin == 0:
            return line
        end = begin
    return ""


def _path_in_heading(line: str) -> str:
    """The path that a line consists of, as a heading, in bold, quoted or with a colon."""
    if len(line) > 300:  # noqa: PLR2004 - longer than any heading
        return ""
    if bullet := _BULLET.match(line):
        line = line[bullet.end() :]
    bare = line.strip().rstrip(":").strip("*_").rstrip(":").strip()
    if label := _LABEL.match(bare):
        bare = bare[label.end() :].strip("* ")
    if len(bare) > 2 and bare[0] == bare[-1] == "`":  # noqa: PLR2004 - quotes around something
        bare = bare[1:-1].strip()
    return bare if _pathlike(bare) else ""


def _path_in_comment(body: str) -> str:
    """The path that a comment on the first line consists of."""
    lines = body.lstrip("\n").split("\n", 2)[:2]
    first = lines[1] if lines[0].startswith("#!") and len(lines) > 1 else lines[0]
    comment = _COMMENT.fullmatch(first.strip()[:300])
    if comment is None:
        return ""
    said = (comment["line"] or comment["c"] or comment["x"] or "").strip()
    if label := _LABEL.match(said):
        said = said[label.end() :].strip()
    return said if _pathlike(said) else ""


def _pathlike(text: str) -> bool:
    """Whether the text can only be meant as a file: a name with an extension, or in a folder."""
    if not _PATHLIKE.fullmatch(text.removeprefix("./")) or len(text) > 300:  # noqa: PLR2004
        return False
    name = text.rsplit("/", 1)[-1]
    known = name in ("Dockerfile", "Makefile", "Procfile", "LICENSE", "Justfile")
    return known or bool(_EXTENSION.search(name)) or ("/" in text and name.startswith("."))


def describe(fence: Fence) -> str:
    """How to name a fence in a sentence."""
    return f"a fenced block without a path (`{glimpse(fence.text, width=40)}`)"
