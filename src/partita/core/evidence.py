"""What a test run printed, made the same on every machine, and the part a model is shown."""

import re
from collections.abc import Collection, Sequence

from partita.core.verdict import Case, TestRun

SHOWN = 5  # failures told in full; the rest by name

_PATH = re.compile(r"(?:\.\.)?/[\w.+@~%/-]+")
_LIBRARY = re.compile(r"/(?:site|dist)-packages(?=/)|/lib/python3\.\d+(?=/)")
_TEMPORARY = re.compile(r"/pytest-of-[^/]+/pytest-\d+(?=/|$)|^/tmp/tmp[a-z0-9_]{8}(?=/|$)")
_FOREIGN_LINE = re.compile(r'(File "<(?:python|env)>/[^"\n]+"), line \d+')
_FOREIGN_SHORT = re.compile(r"(<(?:python|env)>/[\w./-]+):\d+:")
_FROZEN = re.compile(r'\s*File "<frozen [^"]+", line \d+')
_TOOK = re.compile(r"\bin \d+(?:\.\d+)?s(?: \(\d+:\d\d:\d\d\))?")
_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{6,16}\b|\b0x[5-7][0-9a-f]{11}\b")
_PORT = re.compile(r"((?:127\.0\.0\.1|localhost|0\.0\.0\.0|\[::1\]|'::1')(?::|', ?|, ?))\d{5}\b")
_LOGGED = re.compile(r"\[\d\d/[A-Z][a-z]{2}/\d{4}[ :]\d\d:\d\d:\d\d(?: [+-]\d{4})?\]")
_CLOCK = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?"
)
_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b")
_HEADER = (
    "platform linux -- ",
    "platform darwin -- ",
    "rootdir: ",
    "configfile: ",
    "cachedir: ",
    "plugins: ",
    "asyncio: mode=",
    "hypothesis profile ",
)
_ANSI = re.compile(r"\x1b\[[0-9;?]{0,20}[A-Za-z]")


def normalise(text: str, *, roots: Sequence[str], today: Collection[str] = ()) -> str:
    """The text without what differs between two machines that see the same failure.

    `roots` are the folders the tree was seen at; paths below become relative to it. `today`
    are ISO dates: a time on one of them is a reading of the clock, any other is test data.
    Time is linear in the length of the text.
    """
    text = _ANSI.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    for root in sorted({r.rstrip("/") for r in roots} - {""}, key=len, reverse=True):
        edge = re.escape(root)
        text = re.sub(rf"(?<![\w./-]){edge}/(?=[\w.])", "", text)
        text = re.sub(rf"(?<![\w./-]){edge}/?(?![\w.-])", ".", text)
    text = _PATH.sub(lambda m: _place(m[0]), text)
    lines = (line for line in text.split("\n") if not _noise(line))
    text = "\n".join(lines)
    text = _FOREIGN_LINE.sub(r"\1", text)
    text = _FOREIGN_SHORT.sub(r"\1:", text)
    text = _TOOK.sub("in <time>", text)
    text = _ADDRESS.sub(lambda m: "at 0x.." if m[0].startswith("at") else "0x..", text)
    text = _PORT.sub(r"\1<port>", text)
    text = _LOGGED.sub("[<time>]", text)
    text = _CLOCK.sub(lambda m: "<time>" if m[1] in today else m[0], text)
    seen: dict[str, str] = {}
    return _UUID.sub(lambda m: seen.setdefault(m[0], f"<uuid {len(seen) + 1}>"), text)


def files_of(text: str) -> tuple[str, ...]:
    """The repository's files that a normalised traceback names, deepest first, each once."""
    found: dict[str, None] = {}
    for match in reversed(list(_FRAME.finditer(text))):
        path = next(g for g in match.groups() if g)
        path = path.removeprefix("./")
        if not path.startswith(("/", "<", "..")):
            found.setdefault(path)
    return tuple(found)[:20]


_FRAME = re.compile(
    r'File "([^"\n]{1,300})", line \d'
    r"|^(?:E +)?([^\s:<>\"']{1,300}\.py):\d{1,7}: "
    r"|^(?:E +)?ImportError: cannot import name .{1,200} from .{1,200} \(([^()\n]{1,300}\.py)\)",
    re.MULTILINE,
)


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters: the head, what surrounds the failed assertion, the tail."""
    if len(text) <= limit:
        return text
    room = limit - 2 * len(_cut(len(text)))
    if room < 60:  # noqa: PLR2004 - too little for pieces: the end says most
        return text[len(text) - max(limit, 0) :]
    match = _CLAIM.search(text)
    middle = match.start() if match else len(text)
    head, around = room // 4, room // 2
    start = max(middle - around // 4, 0)
    pieces = [(0, head), (start, start + around), (len(text) - (room - head - around), len(text))]
    kept: list[tuple[int, int]] = []
    for begin, end in sorted(pieces):
        end = min(end, len(text))  # noqa: PLW2901 - a piece may not pass the end
        if kept and begin <= kept[-1][1]:
            kept[-1] = (kept[-1][0], max(kept[-1][1], end))
        else:
            kept.append((begin, end))
    out, at = "", 0
    for begin, end in kept:
        out += (_cut(begin - at) if begin > at else "") + text[begin:end]
        at = end
    return out


_CLAIM = re.compile(r"^(?:E  |AssertionError|\w{1,80}Error\b)", re.MULTILINE)


def _cut(count: int) -> str:
    return f"\n[{count} characters left out]\n"


REASONS = {
    "timeout": "The tests ran longer than allowed and were stopped.",
    "output": "The tests printed more than allowed and were stopped.",
    "memory": "The tests needed more memory than allowed and were stopped.",
    "disk": "The tests wrote more to the disk than allowed and were stopped.",
    "signal": "The tests were ended by a signal.",
}


def evidence(run: TestRun, limit: int) -> str:
    """What a model is shown of a run that was not good, in at most `limit` characters."""
    limit = max(limit, 0)
    head = _headline(run)
    failures = _different_first(run.failures)
    if not failures:
        room = limit - len(head) - 30
        tail = shorten(run.output.strip(), room) if room > 0 else ""
        return f"{head}\n\nOutput:\n{tail}"[:limit] if tail else head[:limit]
    shown, rest = failures[:SHOWN], failures[SHOWN:]
    names = ", ".join(c.name for c in rest[:20])
    more = f"\n\nAlso failing ({len(rest)}): {names}" if rest else ""
    more = more[: limit // 4]
    room = (limit - len(head) - len(more)) // len(shown)
    told = "".join(f"\n\n{_tell(c, room - 2)}" for c in shown) if room > 2 else ""  # noqa: PLR2004
    return f"{head}{told}{more}"[:limit]


def _headline(run: TestRun) -> str:
    first = f"`{run.command}`"
    if run.exit is None:
        return f"{first}: {REASONS.get(run.reason, REASONS['signal'])}"
    if run.failures:
        return f"{first}: exit code {run.exit}, {len(run.failures)} of {len(run.cases)} failed."
    if not run.report:
        why = "something ended the process, or no test runner was started"
        return f"{first}: exit code {run.exit}, and no test report was written: {why}."
    if not run.ran:
        skipped = f" ({len(run.cases)} skipped)" if run.cases else ""
        return f"{first}: exit code {run.exit}, and no test was run{skipped}."
    return f"{first}: exit code {run.exit}, {run.ran} tests run."


def _different_first(failures: Sequence[Case]) -> tuple[Case, ...]:
    """One of each message before the repetitions of any; errors before failures."""
    seen: set[str] = set()
    first: list[Case] = []
    again: list[Case] = []
    for case in sorted(failures, key=lambda c: c.outcome != "error"):
        message = case.message or case.detail[-200:]
        (again if message in seen else first).append(case)
        seen.add(message)
    return (*first, *again)


def _tell(case: Case, room: int) -> str:
    title = f"{case.outcome.upper()} {case.name}"
    message = "" if case.message and case.message in case.detail else case.message
    body = "\n".join(part for part in (message, case.detail) if part)
    left = room - len(title) - 1
    return f"{title}\n{shorten(body, left)}" if left > 0 else title[: max(room, 0)]


def _place(path: str) -> str:
    """An absolute path as every machine would write it."""
    found = list(_LIBRARY.finditer(path))
    if found:
        last = found[-1]
        name = "python" if last[0].startswith("/lib/") else "env"
        return f"<{name}>{path[last.end() :]}"
    if (temporary := _TEMPORARY.search(path)) is not None:
        return f"<tmp>{path[temporary.end() :]}"
    return path


def _noise(line: str) -> bool:
    """A line that tells of the machine or the Python version and not of the failure."""
    if line.startswith(_HEADER) or _FROZEN.match(line):
        return True
    bare = line.removeprefix("E").strip()
    return "^" in bare and not bare.strip("~^")
