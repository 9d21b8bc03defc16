"""Assess: is it to be done? Verdicts by code stand on files and counts; a model's is an opinion."""

from typing import Any

from partita.activities.asking import ask_json
from partita.core.analysis import Assessment, Brief, Findings, Requirement
from partita.core.prompts import analysis as prompts
from partita.core.question import Question
from partita.core.start import Start
from partita.core.verdict import Verdict
from partita.errors import NoUsableAnswer
from partita.ports.world import World

TESTED = 4
DOCUMENTED = 5
EXPLAIN_OUTPUT = 4_000


async def assess(
    world: World, start: Start, found: Findings, brief: Brief, wishes: tuple[Requirement, ...]
) -> Assessment:
    """Ask a reviewer for its opinion and set it beside what code can show."""
    return await ask_json(
        world,
        activity="assess",
        role="reviewer",
        messages=prompts.assess(start.request, found, brief, wishes),
        schema=prompts.ASSESSMENT_SCHEMA,
        make=lambda data: read_assessment(data, found, wishes),
    )


async def explain(world: World, start: Start, found: Findings) -> Assessment:
    """Answer a request that wants words, not changes."""
    answer = await world.asker.ask(
        Question(
            name="assess:1",
            role="writer",
            messages=prompts.explain(start.request, found),
            max_output=EXPLAIN_OUTPUT,
            activity="assess",
        )
    )
    if not answer.text.strip():
        raise NoUsableAnswer(f"{answer.model} answered with nothing")
    now = maturity(found)
    return Assessment(
        go=False, maturity_now=now, maturity_wanted=now, verdicts=facts(found), answer=answer.text
    )


def read_assessment(data: Any, found: Findings, wishes: tuple[Requirement, ...]) -> Assessment:
    """The Assessment in a model's answer, with the verdicts of code before it."""
    musts = sum(1 for w in wishes if w.priority == "must")
    testable = sum(1 for w in wishes if w.criteria)
    verdicts = (
        *facts(found),
        Verdict(
            gate="requirements",
            ok=musts > 0,
            summary=f"{len(wishes)} requirements, {musts} of them must",
            evidence=(f"{testable} of {len(wishes)} have acceptance criteria",),
        ),
        Verdict(
            gate="go",
            ok=data["go"],
            summary=str(data.get("why") or ("worth doing" if data["go"] else "not to be done")),
            opinion=True,
        ),
    )
    return Assessment(
        go=data["go"],
        maturity_now=maturity(found),
        maturity_wanted=data.get("maturity_wanted", TESTED),
        gaps=tuple(str(g) for g in data.get("gaps", [])[:20]),
        verdicts=verdicts,
    )


def maturity(found: Findings) -> int:
    """L1 to L5 by what is there: nothing, files, an entry point, tests, tests and documents."""
    if found.empty:
        return 1
    if found.test_files:
        return DOCUMENTED if found.documents else TESTED
    return 3 if found.entry_points else 2


def facts(found: Findings) -> tuple[Verdict, ...]:
    """What counting files shows."""
    return (
        Verdict(
            gate="repository",
            ok=True,
            summary="nothing is there yet" if found.empty else f"{found.files} files",
            evidence=tuple(f"{count} {name} files" for name, count in found.languages[:5]),
        ),
        Verdict(
            gate="tests",
            ok=bool(found.test_files),
            summary=f"{len(found.test_files)} test files",
            evidence=found.test_files[:10],
        ),
    )
