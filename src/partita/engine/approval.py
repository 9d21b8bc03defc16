"""Waiting for a person: approval of a plan, answers to open questions; durable and bounded."""

from dataclasses import replace
from typing import Any

from partita.activities.engage import answered
from partita.core.analysis import Analysis
from partita.core.plan import Estimate, Plan
from partita.core.report import analysis_report, plan_report
from partita.core.start import Start
from partita.errors import AwaitingAnswer, Rejected
from partita.ports.world import World

PAUSE = 0.3  # seconds between two looks for an answer
SHOWN = 12_000  # characters of the plan that are put before the user


async def wait_for(world: World, name: str, *, interactive: bool, how: str) -> dict[str, Any]:
    """The signal of that name; AwaitingAnswer where nobody sits at a terminal to give it."""

    async def effect() -> Any:
        if (got := world.store.received(world.run, name)) is not None:
            return got
        if not (interactive or world.patient):
            raise AwaitingAnswer(f"the run waits for an answer: {name}", remedy=how)
        world.store.update(world.run, status="waiting")
        while (got := world.store.received(world.run, name)) is None:
            await world.clock.sleep(PAUSE)
        world.store.update(world.run, status="running")
        return got

    got: dict[str, Any] = await world.journal.once(f"wait:{name}", effect)
    return got


async def approval(world: World, start: Start, plan: Plan, figures: Estimate) -> None:
    """Go on only with a plan that was approved, where approval is asked for; else Rejected."""
    if not start.approve:
        return
    text = plan_report(plan, figures)[:SHOWN]
    world.tell("approval.wanted", "approval.wanted", text=text)
    got = await wait_for(
        world,
        "approval",
        interactive=start.interactive,
        how=f"partita approve {world.run} (or reject), then partita resume {world.run}",
    )
    world.tell("approval.given", "approval.given", **got)
    if not got.get("approved"):
        raise Rejected(
            "the plan was rejected" + (f": {got['why']}" if got.get("why") else ""),
            remedy=f"have another made: partita fork {world.run} --from design",
        )


async def doubts(world: World, start: Start, analysis: Analysis) -> Analysis:
    """The open questions put to the user at a terminal; elsewhere the defaults stand."""
    asked = analysis.brief.doubts
    known = world.store.received(world.run, "doubts") is not None
    if not asked or not (start.interactive or known):
        return analysis
    world.tell(
        "doubts.wanted",
        "doubts.wanted",
        doubts=[{"question": d.question, "default": d.default} for d in asked],
    )
    got = await wait_for(world, "doubts", interactive=True, how="partita resume")
    analysis = replace(analysis, brief=answered(analysis.brief, got.get("answers", {})))
    world.shelf.put("analysis.md", analysis_report(start, analysis))
    return analysis
