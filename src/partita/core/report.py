"""The documents of the three phases as Markdown, from facts alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from partita.core.analysis import Analysis
from partita.core.budget import dollars
from partita.core.graph import waves
from partita.core.plan import Estimate, Plan, Range, Task
from partita.core.start import Start
from partita.core.state import RunState
from partita.core.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What a run used: calls, of them reused, tokens in and out, nano-dollars."""

    calls: int
    reused: int
    input: int
    output: int
    money: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended. `exit` as in the exit codes; `commit` is what landed."""

    exit: int
    status: str
    summary: str
    branch: str | None = None
    commit: str = ""
    kept: str = ""  # the branch that holds the result when it did not land
    remedy: str = ""


def analysis_report(start: Start, analysis: Analysis) -> str:
    """The Analysis Report."""
    brief, found, judged = analysis.brief, analysis.findings, analysis.assessment
    parts = [
        f"# Analysis: {brief.name}\n",
        f"{brief.goal}\n",
        f"- kind: {brief.kind}\n- depth: {start.depth}\n- base: {start.base or 'nothing yet'}",
        *([f"- folder: {brief.target}"] if brief.target else []),
    ]
    if judged.answer:
        parts.append(f"\n## Answer\n\n{judged.answer}")
    if brief.constraints:
        parts.append("\n## Constraints\n\n" + _list(brief.constraints))
    if brief.doubts:
        lines = [
            f"{d.question} " + (f"Answered: {d.answer}" if d.answer else f"Assumed: {d.default}")
            for d in brief.doubts
        ]
        parts.append("\n## Open questions\n\n" + _list(lines))
    parts.append("\n## What is there\n")
    parts.append(f"{found.files} files." if found.files else "Nothing yet.")
    facts = [
        ("languages", ", ".join(f"{n} ({c})" for n, c in found.languages)),
        ("frameworks", ", ".join(found.frameworks)),
        ("entry points", ", ".join(found.entry_points)),
        ("test command", found.test_command or ""),
        ("test files", str(len(found.test_files)) if found.test_files else ""),
        ("shown to the planner", ", ".join(e.path for e in found.relevant)),
        ("left out", f"{found.left_out} files" if found.left_out else ""),
    ]
    parts.append(_list(f"{label}: {value}" for label, value in facts if value))
    if analysis.requirements:
        parts.append("\n## Requirements\n")
        for wish in analysis.requirements:
            parts.append(f"- **{wish.id}** ({wish.priority}) {wish.text}")
            parts += [f"  - {c}" for c in wish.criteria]
    parts.append(
        f"\n## Assessment\n\nMaturity: L{judged.maturity_now} now, "
        f"L{judged.maturity_wanted} wanted.\n"
    )
    parts.append(_verdicts(judged.verdicts))
    if judged.gaps:
        parts.append("\nGaps:\n\n" + _list(judged.gaps))
    return "\n".join(parts).rstrip() + "\n"


def plan_report(plan: Plan, figures: Estimate) -> str:
    """The Coordination Plan for people."""
    parts = [f"# Plan: {plan.name}\n", plan.architecture]
    if plan.constraints:
        parts.append("\n## Asked of the whole\n\n" + _list(plan.constraints))
    parts.append("\n## Tasks\n")
    for number, wave in enumerate(waves(plan), 1):
        parts.append(f"Wave {number}: {', '.join(wave)}\n")
        parts += [_task(plan.task(ident)) for ident in wave]
    if plan.contracts:
        lines = [
            f"`{c.id}` ({c.kind}) `{c.signature}`" + (f": {c.note}" if c.note else "")
            for c in plan.contracts
        ]
        parts.append("\n## Contracts\n\n" + _list(lines))
    if plan.dependencies:
        parts.append("\n## Dependencies\n\n" + _list(plan.dependencies))
    parts.append("\n## Estimate\n\n" + _list(estimate_lines(figures)))
    return "\n".join(parts).rstrip() + "\n"


def estimate_lines(figures: Estimate) -> tuple[str, ...]:
    """The estimate in words, each figure as a range."""
    money = figures.money
    cost = (
        "nothing (local)"
        if not money.high
        else (f"{dollars(round(money.low))} to {dollars(round(money.high))}")
    )
    return (
        f"calls: {_range(figures.calls)}",
        f"tokens: {_range(figures.tokens)}",
        f"money: {cost}",
        f"time: {_range(figures.seconds)} s",
    )


def accomplishment_report(
    *,
    run: str,
    start: Start,
    analysis: Analysis | None,
    plan: Plan,
    state: RunState,
    verdicts: Sequence[Verdict],
    outcome: Outcome,
    spending: Spending,
    isolation: Sequence[str],
    notes: Sequence[str],
    evidence: Sequence[tuple[str, str]] = (),
) -> str:
    """The Accomplishment Report: what was asked, done, shown, spent, and what is missing.

    `evidence` names the files of the test runs beside the report, and what each showed.
    """
    parts = [
        f"# {plan.name}: {outcome.status}\n",
        outcome.summary,
        f"\n- run: {run}\n- base: {start.base or 'nothing'}",
    ]
    if outcome.commit:
        parts.append(f"- landed: {outcome.commit} on {outcome.branch}")
    if outcome.kept:
        parts.append(f"- kept on the branch {outcome.kept}")
    parts.append(
        f"- spent: {dollars(spending.money)} in {spending.calls} calls "
        f"({spending.reused} of them reused), {spending.input} tokens in, {spending.output} out"
    )
    parts.append("\n## Request\n\n" + _quote(start.request))
    parts.append("\n## Tasks\n")
    for task in plan.tasks:
        why = state.reasons.get(task.id, "")
        parts.append(f"- **{task.id}** {state.phase(task.id)}" + (f": {why}" if why else ""))
    parts.append("\n## Gates\n\n" + _verdicts(verdicts))
    if evidence:
        lines = [f"[{file.rpartition('/')[2]}]({file}): {said}" for file, said in evidence]
        parts.append("\n## Evidence\n\n" + _list(lines))
    if plan.dependencies:
        parts.append("\n## Dependencies\n\n" + _list(plan.dependencies))
    if analysis is not None and analysis.brief.doubts:
        lines = [f"{d.question} {d.answer or d.default}" for d in analysis.brief.doubts]
        parts.append("\n## Assumed\n\n" + _list(lines))
    parts.append("\n## Isolation of what was run\n\n" + _list(isolation))
    if notes:
        parts.append("\n## Notes\n\n" + _list(notes))
    if outcome.remedy:
        parts.append(f"\n## What to do next\n\n{outcome.remedy}")
    return "\n".join(parts).rstrip() + "\n"


def commit_message(
    kind: str, name: str, goal: str, state: RunState, verdicts: Sequence[Verdict], run: str
) -> str:
    """A Conventional Commit of what was really done, with the run as a trailer."""
    types = {
        "build": "feat",
        "feature": "feat",
        "fix": "fix",
        "refactor": "refactor",
        "test": "test",
    }
    name, goal = _one_line(name), _one_line(goal)
    subject = f"{types.get(kind, 'feat')}({name}): {goal[:1].lower()}{goal[1:]}".rstrip(".")
    if len(subject) > 72:  # noqa: PLR2004 - git's own advice
        subject = subject[:71].rsplit(" ", 1)[0].rstrip(",;:") + "…"
    done = [
        f"- {t.id}: {_one_line(t.objective)[:200]}"
        for t in state.plan.tasks
        if state.phase(t.id) in ("passed", "deferred")
    ]
    shown = [f"- {v.gate}: {_one_line(v.summary)}" for v in verdicts if v.ok and not v.opinion]
    body = "\n".join(done) + "\n\nShown by:\n" + "\n".join(shown)
    return f"{subject}\n\n{body}\n\nPartita-Run: {run}\n"


def _one_line(text: str) -> str:
    """Words of a model's that can't end a line, and so can't pass for a trailer."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _task(task: Task) -> str:
    lines = [f"- **{task.id}**: {task.objective}", f"  - writes {', '.join(task.touch)}"]
    if task.needs:
        lines.append(f"  - needs {', '.join(task.needs)}")
    if task.uses:
        lines.append(f"  - uses {', '.join(task.uses)}")
    lines += [f"  - {c}" for c in task.criteria]
    return "\n".join(lines)


def _verdicts(verdicts: Sequence[Verdict]) -> str:
    lines = []
    for v in verdicts:
        opinion = " (an opinion of the model)" if v.opinion else ""
        lines.append(f"- {'pass' if v.ok else 'FAIL'} **{v.gate}**: {v.summary}{opinion}")
        lines += [f"  - {e}" for e in v.evidence]
    return "\n".join(lines) or "- none"


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _quote(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.strip().splitlines()[:60])


def _range(figure: Range) -> str:
    low, high = round(figure.low), round(figure.high)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
