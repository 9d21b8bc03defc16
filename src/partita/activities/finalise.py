"""Finalise: land in one atomic step, write the Accomplishment Report, clean up."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from partita.activities.integrate import Whole
from partita.activities.test import base_tree, check, keep_evidence
from partita.core.analysis import Analysis
from partita.core.codec import decode, encode
from partita.core.plan import Plan
from partita.core.report import Outcome, Spending, accomplishment_report, commit_message
from partita.core.start import Start
from partita.core.state import RunState
from partita.errors import NotAccepted
from partita.ports.repo import Conflict, Landed
from partita.ports.sandbox import Isolation
from partita.ports.world import World

TRIES = 3  # times that a moving branch is followed


async def finalise(
    world: World,
    start: Start,
    analysis: Analysis | None,
    plan: Plan,
    state: RunState,
    whole: Whole,
) -> Outcome:
    """Land what passed every gate; say plainly what did not."""
    kept = f"partita/{world.run}/_result"
    if not whole.ok:
        wrong = "; ".join(f"{v.gate}: {v.summary}" for v in whole.verdicts if not v.ok)
        outcome = Outcome(
            exit=1,
            status="not accepted",
            summary=f"Nothing landed. {wrong}",
            kept=kept if whole.commit != start.base else _built(world, plan, state),
            remedy=f"look at it with: partita show {world.run}",
        )
    elif not start.land:
        outcome = Outcome(
            exit=0, status="built", summary="Built and tested, not landed.", kept=kept
        )
    else:
        outcome, whole = await _land(world, start, analysis, plan, state, whole, kept)
    _report(world, start, analysis, plan, state, whole, outcome)
    await _clean_up(world, plan, landed=bool(outcome.commit))
    return outcome


def _built(world: World, plan: Plan, state: RunState) -> str:
    """The branch of the first task that was built at all, where nothing could be integrated."""
    made = [t.id for t in plan.tasks if t.id in state.commits]
    return f"partita/{world.run}/{made[0]}" if made else ""


async def _land(
    world: World,
    start: Start,
    analysis: Analysis | None,
    plan: Plan,
    state: RunState,
    whole: Whole,
    kept: str,
) -> tuple[Outcome, Whole]:
    expected, branch = start.base, start.branch
    brief = analysis.brief if analysis else None
    message = commit_message(
        brief.kind if brief else "feature",
        plan.name,
        brief.goal if brief else plan.name,
        state,
        whole.verdicts,
        world.run,
    )
    at = await world.journal.once("landing:time", _now(world))
    for attempt in range(1, TRIES + 1):
        try:
            landed = await _try(world, start, whole, message, expected, at, attempt)
        except NotAccepted as e:
            return _refused(e.message.rstrip("."), kept, e.remedy), whole
        if landed.outcome != "moved":
            return _outcome(landed, branch, kept), whole
        if not landed.commit:
            return _refused(f"the branch {branch} is gone", kept), whole
        await world.repo.obtain(world.run, landed.commit)
        merged = await world.repo.merge(whole.commit, landed.commit, "the branch moved meanwhile")
        if isinstance(merged, Conflict):
            return _refused(
                f"{branch} moved meanwhile and no longer merges: {', '.join(merged.paths)}", kept
            ), whole
        checked = await check(world, start, plan, merged, name=f"_moved{attempt}", whole=True)
        keep_evidence(world, f"_moved{attempt}", 0, checked)
        whole = Whole(commit=merged, verdicts=(checked.verdict,))
        await world.repo.point(kept, merged)
        if not checked.verdict.ok:
            return _refused(
                f"{branch} moved meanwhile; merged with it, {checked.verdict.summary}", kept
            ), whole
        expected = landed.commit
    return _refused(f"{branch} moved again and again", kept), whole


async def _try(
    world: World,
    start: Start,
    whole: Whole,
    message: str,
    expected: str,
    at: float,
    attempt: int,
) -> Landed:
    async def effect() -> Any:
        commit = await world.repo.squash(
            expected, whole.commit, message, at=at, author=start.author
        )
        return encode(await world.repo.land(start.branch, expected, commit, world.run))

    landed = decode(Landed, await world.journal.once(f"landing:{attempt}", effect))
    told = {k: v for k, v in encode(landed).items() if k != "type"}  # the event has its own
    world.tell(f"landing:{attempt}", "landing", **told)
    return landed


def _now(world: World) -> Any:
    async def effect() -> float:
        return float(int(world.clock.now()))

    return effect


def _outcome(landed: Landed, branch: str | None, kept: str) -> Outcome:
    if landed.outcome == "landed":
        return Outcome(
            exit=0,
            status="landed",
            summary=f"Landed on {branch}.",
            branch=branch,
            commit=landed.commit,
        )
    if landed.outcome == "dirty":
        return _refused(
            f"uncommitted changes would be overwritten: {', '.join(landed.paths)}",
            kept,
            remedy=f"commit or stash them, then: git merge {kept}",
        )
    return _refused(
        "HEAD is detached, so there is no branch to land on",
        kept,
        remedy=f"check out a branch, then: git merge {kept}",
    )


def _refused(why: str, kept: str, remedy: str = "") -> Outcome:
    return Outcome(
        exit=1,
        status="not landed",
        summary=f"Built and tested, but not landed: {why}.",
        kept=kept,
        remedy=remedy or f"look at it, then: git merge {kept}",
    )


def spending(world: World) -> Spending:
    """What the ledger and the log say of the run's calls."""
    entries = [e for e in world.store.entries(world.run) if e.state != "released"]
    reused = sum(1 for e in world.store.events(world.run) if e.type == "call.reused")
    return Spending(
        calls=len(entries) + reused,
        reused=reused,
        input=sum(e.usage.input for e in entries if e.usage),
        output=sum(e.usage.output for e in entries if e.usage),
        money=sum(e.cost for e in entries),
    )


def _report(
    world: World,
    start: Start,
    analysis: Analysis | None,
    plan: Plan,
    state: RunState,
    whole: Whole,
    outcome: Outcome,
) -> None:
    text = accomplishment_report(
        run=world.run,
        start=start,
        analysis=analysis,
        plan=plan,
        state=replace(state, plan=plan),
        verdicts=whole.verdicts,
        outcome=outcome,
        spending=spending(world),
        isolation=isolation_lines(world.sandbox.isolation),
        notes=_notes(world),
        evidence=[
            (e.data["evidence"], f"{'pass' if e.data['ok'] else 'FAIL'}, {e.data['summary']}")
            for e in world.store.events(world.run)
            if e.type == "gate"
        ],
    )
    world.shelf.put("accomplishment.md", text)


def isolation_lines(isolation: Isolation) -> tuple[str, ...]:
    """What was in force when generated code ran, in words."""
    walls = (
        f"{isolation.backend}: network {_word(isolation.network)}, "
        f"writes outside the worktree {_word(isolation.writes)}, "
        f"reads outside it {_word(isolation.reads)}"
    )
    processes = "bounded" if isolation.processes else "NOT bounded"
    leftovers = "killed" if isolation.tree_killed else "NOT killed"
    return (walls, f"number of processes {processes}, leftovers {leftovers}")


def _word(blocked: bool) -> str:  # noqa: FBT001 - one flag, one word
    return "blocked" if blocked else "NOT blocked"


def _notes(world: World) -> Sequence[str]:
    notes = []
    for event in world.store.events(world.run):
        data = event.data
        match event.type:
            case "note":
                notes.append(str(data["text"]))
            case "reply.rung" if data["rung"] != "whole":
                notes.append(_leniently(data["name"], [data["rung"]]))
            case "patch":
                rungs = [r for r in data["rungs"] if r != "tags"]
                notes += [_leniently(data["name"], rungs)] if rungs else []
                notes += [f"{data['name']}: {n}" for n in data["notes"]]
            case "task.widened":
                more = ", ".join(data["touch"])
                after = f", after {', '.join(data['needs'])}" if data["needs"] else ""
                notes.append(f"{data['task']} asked for more and may write {more}{after}")
            case "task.denied":
                notes.append(f"{data['task']} asked for more and was refused: {data['why']}")
            case "provisioned" if data.get("note"):
                notes.append(str(data["note"]))
            case _:
                pass
    return notes


def _leniently(name: str, rungs: Sequence[str]) -> str:
    return f"{name}: a reply was read leniently ({', '.join(rungs)})"


async def _clean_up(world: World, plan: Plan, *, landed: bool) -> None:
    names = ["_result", "_env", *(f"_moved{n}" for n in range(1, TRIES + 1))]
    names += [t.id for t in plan.tasks]
    for name in names:
        await world.repo.discard(f"{world.run}-{name}")
        await world.repo.discard(f"{world.run}-{base_tree(name)}")
    if landed:
        await world.repo.drop(f"partita/{world.run}/")
