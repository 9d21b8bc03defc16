"""Figures out of what was measured, and the table they are printed in; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

Interval = tuple[float, float]

HEADER = ("what", "measured", "min - max", "target", "", "others")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the table: what was measured, what is wanted of it, what others need.

    What others need was measured earlier and is given, not measured again.
    """

    what: str
    value: str
    spread: str = ""
    target: str = ""
    met: bool | None = None
    others: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        """As the table shows it."""
        verdict = "" if self.met is None else "met" if self.met else "MISSED"
        return (self.what, self.value, self.spread, self.target, verdict, self.others)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Rows that were measured together, or why they were not."""

    title: str
    rows: tuple[Row, ...] = ()
    note: str = ""
    skipped: str = ""


def of_many(
    what: str,
    values: Sequence[float],
    unit: str,
    *,
    most: float | None = None,
    digits: int = 2,
    others: str = "",
) -> Row:
    """The median of several measurements, with the least and the largest."""
    middle = median(values)
    return Row(
        what=what,
        value=f"{middle:.{digits}f} {unit}",
        spread=f"{min(values):.{digits}f} - {max(values):.{digits}f}" if len(values) > 1 else "",
        target="" if most is None else f"at most {most:g} {unit}",
        met=None if most is None else middle <= most,
        others=others,
    )


def covered(intervals: Iterable[Interval]) -> float:
    """How long at least one of the intervals lasted: the length of their union."""
    total, end = 0.0, float("-inf")
    for start, stop in sorted(intervals):
        total += max(0.0, stop - max(start, end))
        end = max(end, stop)
    return total


def common_prefix(texts: Sequence[str]) -> str:
    """What all the texts begin with, to the character."""
    first, last = min(texts), max(texts)
    same = (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    return first[: next(same, min(len(first), len(last)))]


def tokens(texts: Iterable[str]) -> int:
    """Tokens as the target counts them: a quarter of the characters."""
    return sum(map(len, texts)) // 4


def table(sections: Sequence[Section]) -> str:
    """All sections as one text table."""
    lines = [row.cells for s in sections for row in s.rows]
    widths = [max(map(len, column)) for column in zip(HEADER, *lines, strict=True)]

    def line(cells: tuple[str, ...]) -> str:
        return "  ".join(c.ljust(w) for c, w in zip(cells, widths, strict=True)).rstrip()

    out = [line(HEADER), "-" * (sum(widths) + 2 * (len(widths) - 1))]
    for section in sections:
        out.append(section.title)
        out += [f"  skipped: {section.skipped}"] if section.skipped else []
        out += [line(row.cells) for row in section.rows]
        out += [f"  {section.note}"] if section.note else []
        out.append("")
    return "\n".join(out).rstrip()
