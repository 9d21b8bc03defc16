"""The analytic phase: engage, discover, plan and assess, together in one question at `quick`."""

from dataclasses import replace
from typing import Any

from partita.activities.asking import ask_json
from partita.activities.assess import assess, explain, facts, maturity, read_assessment
from partita.activities.discover import discover
from partita.activities.engage import engage, hint, known, read_brief, refuse_taken_name
from partita.activities.plan import plan, read_requirements
from partita.core.analysis import Analysis, Assessment, Brief, Findings
from partita.core.intent import kind_hint
from partita.core.naming import name_from
from partita.core.prompts import analysis as prompts
from partita.core.report import analysis_report
from partita.core.start import Start
from partita.core.words import count
from partita.ports.world import World

BUDGETS = {"quick": 2_500, "standard": 8_000, "thorough": 16_000}  # tokens of repository


async def analyse(world: World, start: Start) -> Analysis:
    """From the request to the Analysis Report, which is put on the shelf."""
    found = await look(world, start, start.subfolder)
    kind, _ = kind_hint(start.request, empty=found.empty)
    if kind == "explain":
        analysis = await _explain(world, start, found)
    elif start.depth == "quick" and start.includes("assess"):
        analysis = await _at_once(world, start, found)
    else:
        analysis = await _step_by_step(world, start, found)
    taken = frozenset(e.path.split("/")[0] for e in await world.repo.files(start.base))
    refuse_taken_name(analysis.brief, start, taken)
    world.shelf.put("analysis.md", analysis_report(start, analysis))
    return analysis


async def look(world: World, start: Start, target: str) -> Findings:
    """Discover, within the depth's budget."""
    with_events(world, "discover", done=False)
    found = await discover(
        world,
        commit=start.base,
        request=start.request,
        target=target,
        token_budget=BUDGETS[start.depth],
    )
    with_events(world, "discover", done=True, summary=count(found.files, "file"))
    return found


def with_events(world: World, activity: str, *, done: bool, summary: str = "") -> None:
    """Tell that an activity starts or has ended."""
    kind = "activity.finished" if done else "activity.started"
    world.tell(f"{kind}:{activity}", kind, activity=activity, summary=summary)


async def _at_once(world: World, start: Start, found: Findings) -> Analysis:
    for activity in ("engage", "plan", "assess"):
        with_events(world, activity, done=False)

    def make(data: Any) -> Analysis | str:
        brief = read_brief(data, start, found)
        wishes = () if brief_kind(brief) == "explain" else read_requirements(data)
        if isinstance(brief, str) or isinstance(wishes, str):
            return "; ".join(x for x in (brief, wishes) if isinstance(x, str))
        return Analysis(
            brief=brief,
            findings=found,
            requirements=wishes,
            assessment=read_assessment(data, found, wishes),
        )

    analysis = await ask_json(
        world,
        activity="analyse",
        role="planner",
        messages=prompts.quick(start.request, found, hint(start, found), known(start, found)),
        schema=prompts.QUICK_SCHEMA,
        make=make,
    )
    if analysis.brief.kind == "explain":
        return await _explain(world, start, found)
    for activity in ("engage", "plan", "assess"):
        with_events(world, activity, done=True, summary=_summary(activity, analysis))
    return analysis


def brief_kind(brief: Brief | str) -> str:
    """The kind, or "" where the brief could not be read."""
    return "" if isinstance(brief, str) else brief.kind


async def _step_by_step(world: World, start: Start, found: Findings) -> Analysis:
    with_events(world, "engage", done=False)
    brief = await engage(world, start, found)
    with_events(world, "engage", done=True, summary=f"{brief.kind} {brief.name}")
    if brief.kind == "explain":
        return await _explain(world, start, found)
    if brief.target != start.subfolder:
        found = await look(world, start, brief.target)
    now = maturity(found)
    analysis = Analysis(
        brief=brief,
        findings=found,
        requirements=(),
        assessment=Assessment(
            go=True, maturity_now=now, maturity_wanted=now, verdicts=facts(found)
        ),
    )
    if start.includes("plan"):
        with_events(world, "plan", done=False)
        analysis = replace(analysis, requirements=await plan(world, start, found, brief))
        with_events(world, "plan", done=True, summary=_summary("plan", analysis))
    if start.includes("assess"):
        with_events(world, "assess", done=False)
        verdict = await assess(world, start, found, brief, analysis.requirements)
        analysis = replace(analysis, assessment=verdict)
        with_events(world, "assess", done=True, summary=_summary("assess", analysis))
    return analysis


async def _explain(world: World, start: Start, found: Findings) -> Analysis:
    with_events(world, "assess", done=False)
    assessment = await explain(world, start, found)
    with_events(world, "assess", done=True, summary="answered")
    brief = Brief(
        kind="explain", name=name_from(start.request) or "answer", goal="An answer in words."
    )
    return Analysis(brief=brief, findings=found, requirements=(), assessment=assessment)


def _summary(activity: str, analysis: Analysis) -> str:
    if activity == "engage":
        return f"{analysis.brief.kind} {analysis.brief.name}"
    if activity == "plan":
        return count(len(analysis.requirements), "requirement")
    return "go" if analysis.assessment.go else "no go"
