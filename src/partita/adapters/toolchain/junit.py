"""Reading JUnit XML that a hostile test run may have written."""

from typing import Any
from xml.etree import ElementTree as ET

from partita.core.verdict import Case

LARGEST = 5 * 2**20  # bytes of a report that are read
MOST = 20_000  # cases
NAME, MESSAGE, DETAIL = 400, 2_000, 100_000  # characters kept of each
DEPTH = 20

_OUTCOMES = {"failure": "failed", "error": "error", "skipped": "skipped"}
_RANK = {"passed": 0, "skipped": 1, "failed": 2, "error": 3}


def cases(report: bytes) -> tuple[Case, ...] | None:
    """The test cases of the report; None when it is no report, or one that must not be read.

    Declarations are refused before parsing, so that there is no entity to expand; elements
    are handled as they come, so that no tree is built that could be too deep or too large.
    """
    if len(report) > LARGEST:
        return None
    try:
        text = report.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    folded = text.lower()
    if "<!doctype" in folded or "<!entity" in folded:
        return None
    reader = _Reader()
    parser = ET.XMLParser(target=reader)  # noqa: S314 - no declarations, bounded size and depth
    try:
        parser.feed(text)
        parser.close()
    except (ET.ParseError, ValueError):
        return None
    return tuple(reader.found) if reader.root in ("testsuites", "testsuite") else None


class _Reader:
    """Receives the elements of a report one by one."""

    def __init__(self) -> None:
        self.found: list[Case] = []
        self.root = ""
        self._depth = 0
        self._case: dict[str, str] | None = None
        self._outcome = ""
        self._message = ""
        self._text: list[str] = []
        self._size = 0
        self._reading = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self._depth += 1
        if self._depth > DEPTH:
            msg = "too deep"
            raise ValueError(msg)
        if self._depth == 1:
            self.root = tag
        if tag == "testcase":
            if len(self.found) >= MOST:
                msg = "too many cases"
                raise ValueError(msg)
            self._case, self._outcome, self._message = attributes, "passed", ""
            self._text, self._size = [], 0
        elif self._case is not None and tag in _OUTCOMES:
            self._reading = True
            if _RANK[_OUTCOMES[tag]] > _RANK[self._outcome]:
                self._outcome = _OUTCOMES[tag]
                self._message = attributes.get("message", "")

    def data(self, text: str) -> None:
        """Characters of the open element."""
        if self._reading and self._size < DETAIL:
            self._text.append(text[: DETAIL - self._size])
            self._size += len(text)

    def end(self, tag: str) -> None:
        """An element ends."""
        self._depth -= 1
        if tag in _OUTCOMES:
            self._reading = False
        if tag == "testcase" and self._case is not None:
            self.found.append(
                Case(
                    name=_name(self._case)[:NAME],
                    outcome=self._outcome,
                    message=self._message[:MESSAGE].strip(),
                    detail="".join(self._text).strip(),
                )
            )
            self._case = None

    def close(self) -> Any:
        """The document ends."""
        return None


def _name(attributes: dict[str, str]) -> str:
    """`tests/test_a.py::TestA::test_b` where the file is known, else dotted."""
    own, group = attributes.get("name", ""), attributes.get("classname", "")
    file = attributes.get("file", "").replace("\\", "/")
    if not file:
        return f"{group}.{own}" if group else own
    module = file.removesuffix(".py").replace("/", ".")
    if group == module:
        group = ""
    elif group.startswith(f"{module}."):
        group = group[len(module) + 1 :]
    elif group and (short := module.rpartition(".")[2]) in group.split("."):
        group = group.rpartition(f"{short}.")[2] if f"{short}." in group else ""
    return "::".join(part for part in (file, group.replace(".", "::"), own) if part)
