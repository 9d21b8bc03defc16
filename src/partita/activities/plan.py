"""Plan: numbered requirements with acceptance criteria; dividing the work is `design`."""

from typing import Any

from partita.activities.asking import ask_json
from partita.core.analysis import Brief, Findings, Requirement
from partita.core.prompts import analysis as prompts
from partita.core.start import Start
from partita.ports.world import World

MOST = 40
MOST_CRITERIA = 10


async def plan(
    world: World, start: Start, found: Findings, brief: Brief
) -> tuple[Requirement, ...]:
    """Ask for the requirements."""
    return await ask_json(
        world,
        activity="plan",
        role="planner",
        messages=prompts.plan(start.request, found, brief),
        schema=prompts.REQUIREMENTS_SCHEMA,
        make=read_requirements,
    )


def read_requirements(data: Any) -> tuple[Requirement, ...] | str:
    """Requirements numbered in the order given; at least one must be a "must"."""
    wishes = tuple(
        Requirement(
            id=f"R{n}",
            text=str(item["text"]),
            priority=item["priority"],
            criteria=tuple(str(c) for c in item.get("criteria", [])[:MOST_CRITERIA]),
            milestone=item.get("milestone", 1),
        )
        for n, item in enumerate(data["requirements"][:MOST], 1)
    )
    if not any(w.priority == "must" for w in wishes):
        return "at least one requirement must have the priority must"
    return wishes
