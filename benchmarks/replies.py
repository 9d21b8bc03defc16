"""Reading replies of one and two megabytes: what it takes, and how it grows."""

import json
from collections.abc import Callable
from functools import partial
from time import thread_time
from typing import Any

from figures import Row, Section

from partita.core.reply.documents import read_json
from partita.core.reply.edits import apply_edits
from partita.core.reply.files import read_files
from partita.core.reply.value import Edit

MOST = 0.150  # seconds a megabyte
GROWTH = 2.5  # for twice as much
NOISE = 0.050  # seconds below which a ratio says more about caches than about the reader
RUNS = 5
NONCE = "k7Q2x"
MEGABYTE = 1_000_000


def measure() -> list[Section]:
    """Processor time, the best of several runs each, since other work on the machine only adds."""
    return [
        Section(title="reading a reply of JSON, 1 MB", rows=tuple(map(_row, _json_cases()))),
        Section(title="reading a reply of files, 1 MB", rows=tuple(map(_row, _file_cases()))),
    ]


def _row(case: tuple[str, Callable[[str], Any], Callable[[int], str]]) -> Row:
    what, read, text = case
    once, twice = _seconds(read, text(MEGABYTE)), _seconds(read, text(2 * MEGABYTE))
    ratio = twice / once
    return Row(
        what=what,
        value=f"{once * 1000:.0f} ms, 2 MB {ratio:.2f} times that",
        target=f"at most {MOST * 1000:.0f} ms, {GROWTH} times",
        met=once <= MOST and (ratio <= GROWTH or twice <= NOISE),
    )


def _seconds(read: Callable[[str], Any], text: str) -> float:
    """The least of several runs for exactly as many characters as were wanted, or a few more."""
    best = float("inf")
    for _ in range(RUNS):
        start = thread_time()
        read(text)
        best = min(best, thread_time() - start)
    return best


def _code(number: int) -> str:
    return "".join(
        f'def f{number}_{row}(x):\n    """Give "{row}"."""\n    return {{"a": [x, {row}]}}  # ok\n'
        for row in range(40)
    )


def _until(size: int, piece: Callable[[int], str]) -> str:
    pieces, total = [], 0
    while total < size:
        pieces.append(piece(len(pieces)))
        total += len(pieces[-1])
    return "".join(pieces)


def _entry(number: int) -> str:
    return json.dumps({"path": f"src/m{number}.py", "content": _code(number)}) + ", "


def _document(size: int) -> str:
    return '{"files": [' + _until(size, _entry)[:-2] + "]}"


def _json_cases() -> list[tuple[str, Callable[[str], Any], Callable[[int], str]]]:
    read = partial(read_json, schema={})
    shapes: dict[str, Callable[[str], str]] = {
        "valid": str,
        "valid, in a fence amid prose": lambda text: f"See [1]:\n```json\n{text}\n```\nDone.",
        "a trailing comma": lambda text: text[:-1] + ",}",
        "cut": lambda text: text[:-9],
        "single quotes, as Python writes it": lambda text: repr(json.loads(text)),
        "raw line breaks in strings": lambda text: text.replace("\\n", "\n"),
        "raw quotes in strings, refused": lambda text: text.replace('\\"', '"'),
        "prose without any": lambda text: text.replace("{", "(").replace("[", "("),
    }
    return [
        (what, read, lambda size, shape=shape: shape(_document(size)))
        for what, shape in shapes.items()
    ]


def _file_cases() -> list[tuple[str, Callable[[str], Any], Callable[[int], str]]]:
    read = partial(read_files, nonce=NONCE)
    shapes: dict[str, Callable[[int], str]] = {
        "tags": lambda n: f'<file path="m{n}.py" id="{NONCE}">\n{_code(n)}</file {NONCE}>\n',
        "tags without the id": lambda n: f'<file path="m{n}.py">\n{_code(n)}</file>\n',
        "fences": lambda n: f"`m{n}.py`:\n```python\n{_code(n)}```\n\n",
    }
    cases: list[tuple[str, Callable[[str], Any], Callable[[int], str]]] = [
        (what, read, lambda size, shape=shape: _until(size, shape))
        for what, shape in shapes.items()
    ]
    cases.append(("tags, cut", partial(read, finish="length"), lambda n: _until(n, shapes["tags"])))
    found = [Edit(search=f"def f0_{row}(x):\n", replace=f"def g{row}(x):\n") for row in range(40)]
    blind = [Edit(search="  def f0_1(x):\n", replace="  def g(x):\n")]
    missing = [Edit(search="def nobody(x):\n    return 7\n", replace="\n")]
    for what, edits in (
        ("40 edits of a file", found),
        ("an edit with other blanks", blind),
        ("an edit that fits nowhere, refused", missing),
    ):
        cases.append((what, partial(apply_edits, edits=edits), lambda n: _until(n, _code)))
    return cases
