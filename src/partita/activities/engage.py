"""Engage: what kind of work is wanted, what it is called, where it goes, what is in doubt."""

from dataclasses import replace
from typing import Any

from partita.activities.asking import ask_json
from partita.core.analysis import KINDS, Brief, Doubt, Findings
from partita.core.intent import kind_hint, target_hint
from partita.core.naming import kebab, name_from
from partita.core.prompts import analysis as prompts
from partita.core.start import Start
from partita.errors import BadInput
from partita.ports.world import World

MOST_CONSTRAINTS = 20
MOST_DOUBTS = 5


async def engage(world: World, start: Start, found: Findings) -> Brief:
    """Ask for the Brief; what code is certain of is not left to the model."""
    told = (hint(start, found), known(start, found))
    return await ask_json(
        world,
        activity="engage",
        role="planner",
        messages=prompts.engage(start.request, found, *told),
        schema=prompts.BRIEF_SCHEMA,
        make=lambda data: read_brief(data, start, found),
    )


def known(start: Start, found: Findings) -> frozenset[str]:
    """What of the Brief a model need not be asked, since code is certain of it."""
    kind, _ = kind_hint(start.request, empty=found.empty)
    certain = {"kind": kind, "name": start.name, "target": found.empty}
    return frozenset(key for key, value in certain.items() if value)


def hint(start: Start, found: Findings) -> str:
    """What code knows already, as a remark to the model."""
    kind, _ = kind_hint(start.request, empty=found.empty)
    name = start.name or name_from(start.request)
    parts = []
    if kind:
        parts.append(f'kind is "{kind}"')
    if name:
        doubtful = "" if start.name else " unless the request names it otherwise"
        parts.append(f'name is "{name}"{doubtful}')
    return f" (Known: {'; '.join(parts)}.)" if parts else ""


def read_brief(data: Any, start: Start, found: Findings) -> Brief | str:
    """The Brief in a model's answer, corrected by what code knows; or what is wrong with it."""
    certain, _ = kind_hint(start.request, empty=found.empty)
    kind = certain or data.get("kind")
    if kind not in KINDS:
        return f"kind must be one of {', '.join(KINDS)}"
    name = start.name or kebab(str(data.get("name", ""))) or name_from(start.request)
    if not name:
        return "name is missing: a short kebab-case name of the thing"
    paths = [p.split(":")[0] for p in found.outline]
    target = str(data.get("target") or "").strip("/")
    if not any(p == target or p.startswith(f"{target}/") for p in paths):
        target = target_hint(start.request, paths)
    doubts = tuple(
        Doubt(question=str(d["question"]), default=str(d["default"]))
        for d in data.get("doubts", [])[:MOST_DOUBTS]
    )
    return Brief(
        kind=kind,
        name=name,
        goal=str(data["goal"]),
        target=target or start.subfolder,
        constraints=tuple(str(c) for c in data.get("constraints", [])[:MOST_CONSTRAINTS]),
        doubts=doubts,
    )


def answered(brief: Brief, answers: dict[str, str]) -> Brief:
    """The Brief with the user's answers to its doubts, by question."""
    return replace(
        brief,
        doubts=tuple(replace(d, answer=answers.get(d.question) or None) for d in brief.doubts),
    )


def refuse_taken_name(brief: Brief, start: Start, taken: frozenset[str]) -> None:
    """A new thing may not silently take the place of one that is there: BadInput."""
    if brief.kind != "build" or start.confirmed:
        return
    names = {brief.name, brief.name.replace("-", "_")}
    clash = sorted(names & taken)
    if clash:
        raise BadInput(
            f"the new {brief.name!r} would collide with {clash[0]!r}, which is there already",
            remedy="give it another name with --name, or confirm with --yes",
        )
