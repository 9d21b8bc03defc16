"""What was spent, for people as a table and sentences, for programs as CSV and JSON."""

import csv
import io
from dataclasses import asdict, dataclass
from typing import Any

from partita.core.budget import dollars
from partita.core.costs import FIGURES, By, Comparison, Figure, Fill, Row, total
from partita.core.words import count


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """All that is told. `run` None: of all runs. `since`: only from that day (UTC) on, or "".

    `open_runs` are those that go on, so that their comparisons are not the last word.
    """

    run: str | None
    by: By
    since: str
    rows: tuple[Row, ...]
    fills: tuple[Fill, ...]
    comparisons: tuple[Comparison, ...]
    open_runs: frozenset[str]

    @property
    def total(self) -> Row:
        """The sum of the rows."""
        return total(self.rows)


def table_of(costs: Costs) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Head and rows, the total last; columns in which nothing happened are left out."""
    whole = costs.total
    columns: list[tuple[str, bool, Any]] = [
        (costs.by, True, lambda r: r.key),
        ("calls", True, lambda r: f"{r.calls:,}"),
        ("tokens in", True, lambda r: f"{r.input:,}"),
        ("cached", bool(whole.cache_read), lambda r: f"{r.cache_read:,}"),
        ("out", True, lambda r: f"{r.output:,}"),
        ("cost", True, lambda r: dollars(r.cost)),
        ("unconfirmed", bool(whole.unconfirmed_calls), _unconfirmed),
        ("estimated", bool(whole.estimated_calls), _estimated),
        ("held", bool(whole.held), lambda r: dollars(r.held) if r.held else ""),
        ("reused", bool(whole.reused), _reused),
        ("failed", bool(whole.failed), lambda r: f"{sum(r.failed.values()):,}" if r.failed else ""),
    ]
    shown = [(head, cell) for head, used, cell in columns if used]
    rows = [tuple(cell(row) for _, cell in shown) for row in (*costs.rows, whole)]
    return tuple(head for head, _ in shown), rows


def _unconfirmed(row: Row) -> str:
    if not row.unconfirmed_calls:
        return ""
    return f"{dollars(row.unconfirmed)} ({row.unconfirmed_calls:,})"


def _estimated(row: Row) -> str:
    if not row.estimated_calls:
        return ""
    return f"{dollars(row.estimated)} ({row.estimated_calls:,})"


def _reused(row: Row) -> str:
    return f"{row.reused:,} (saved {dollars(row.saved)})" if row.reused else ""


def sentences(costs: Costs) -> list[str]:
    """What there is to say below the table: doubtful sums, failures, caps, estimates."""
    whole, said = costs.total, []
    if whole.unconfirmed_calls:
        said.append(
            f"unconfirmed: {count(whole.unconfirmed_calls, 'call')} without an answer, "
            f"counted in full ({dollars(whole.unconfirmed)}), as the provider may bill them"
        )
    if whole.estimated_calls:
        said.append(
            f"estimated: the provider did not say what {count(whole.estimated_calls, 'call')} "
            f"took, counted as held ({dollars(whole.estimated)})"
        )
    if whole.failed:
        kinds = ", ".join(f"{kind.replace('_', ' ')} {n:,}" for kind, n in whole.failed.items())
        said.append(f"failed calls: {kinds}")
    said += [_fill(fill) for fill in costs.fills]
    for each in costs.comparisons:
        so_far = " so far" if each.run in costs.open_runs else ""
        said.append(
            f"estimate of {each.run} against what it took{so_far}: calls {_figure(each.calls)}; "
            f"tokens {_figure(each.tokens)}; money {_figure(each.money, money=True)}"
        )
    return said


def _fill(fill: Fill) -> str:
    held = f" and {dollars(fill.held)} held" if fill.held else ""
    return (
        f"cap of {fill.kind} {fill.name}: {dollars(fill.spent)} spent{held} "
        f"of {dollars(fill.cap)} ({fill.percent} %)"
    )


def _figure(figure: Figure, *, money: bool = False) -> str:
    low, high, actual = (
        dollars(round(n)) if money else f"{round(n):,}"
        for n in (figure.low, figure.high, figure.actual)
    )
    return f"{low} to {high}, took {actual} ({figure.verdict})"


def csv_of(costs: Costs) -> str:
    """The rows as CSV, money in nano-dollars; no total, so that every line may be added up."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((costs.by, *FIGURES, "failed", "outcomes"))
    for row in costs.rows:
        outcomes = " ".join(f"{kind}:{n}" for kind, n in row.failed.items())
        figures = (getattr(row, name) for name in FIGURES)
        writer.writerow((row.key, *figures, sum(row.failed.values()), outcomes))
    return text.getvalue()


def facts_of(costs: Costs) -> dict[str, Any]:
    """The JSON document, money in nano-dollars."""
    return {
        "run": costs.run,
        "by": costs.by,
        "since": costs.since or None,
        "rows": [asdict(row) for row in costs.rows],
        "total": asdict(costs.total),
        "caps": [{**asdict(fill), "percent": fill.percent} for fill in costs.fills],
        "estimates": [
            {
                "run": each.run,
                "over": each.run not in costs.open_runs,
                "calls": _facts(each.calls),
                "tokens": _facts(each.tokens),
                "money": _facts(each.money),
            }
            for each in costs.comparisons
        ],
    }


def _facts(figure: Figure) -> dict[str, Any]:
    return {
        "low": round(figure.low),
        "high": round(figure.high),
        "actual": figure.actual,
        "verdict": figure.verdict,
    }
