"""Integration: the passed tasks merged in plan order, documents in step, and the whole gated."""

from dataclasses import dataclass, replace

from partita.activities.build import drive, mend
from partita.activities.test import (
    EVIDENCE,
    Checked,
    check,
    keep_evidence,
    merge_all,
    what_changed,
)
from partita.core.assignment import Assignment
from partita.core.evidence import evidence
from partita.core.judge import blame
from partita.core.owners import owner
from partita.core.paths import is_document
from partita.core.plan import Plan, Task
from partita.core.prompts import build as prompts
from partita.core.start import Start
from partita.core.state import RunState
from partita.core.verdict import Verdict
from partita.core.worker import GaveUp
from partita.ports.repo import Conflict
from partita.ports.world import World

DIFF = 8_000  # characters that the writer is shown
DOCUMENT_BYTES = 40_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """The integrated tree as a commit, and whether it may land."""

    commit: str
    verdicts: tuple[Verdict, ...]

    @property
    def ok(self) -> bool:
        """Every gate passed."""
        return all(v.ok for v in self.verdicts)


async def integrate(world: World, start: Start, plan: Plan, state: RunState) -> Whole:
    """Merge, document, gate, and let the owners mend what only shows in the whole."""
    done = tuple(
        state.commits[t.id] for t in plan.tasks if state.phase(t.id) in ("passed", "deferred")
    )
    merged = await merge_all(world, start.base, done, f"partita {world.run}: the whole")
    if isinstance(merged, Conflict):
        clash = Verdict(gate="merge", ok=False, summary="tasks do not merge", evidence=merged.paths)
        return Whole(commit=start.base, verdicts=(clash,))
    broken = tuple(
        Verdict(gate=f"task {t.id}", ok=False, summary=state.reasons.get(t.id, "not done"))
        for t in plan.tasks
        if state.phase(t.id) not in ("passed", "deferred")
    )
    commit = merged
    if not await world.repo.changed(start.base, commit):
        nothing = Verdict(gate="change", ok=False, summary="nothing was changed")
        return Whole(commit=start.base, verdicts=broken or (nothing,))
    if not broken:
        commit = await _documents(world, start, plan, commit)
    commit, checked = await _gate(world, start, plan, commit, mending=not broken)
    await world.repo.point(f"partita/{world.run}/_result", commit)
    return Whole(commit=commit, verdicts=(*broken, checked.verdict))


async def _gate(
    world: World, start: Start, plan: Plan, commit: str, *, mending: bool
) -> tuple[str, Checked]:
    tried: dict[str, list[str]] = {}
    turn = 0
    while True:
        checked = await check(world, start, plan, commit, name="_result", whole=True)
        keep_evidence(world, "_result", turn, checked)
        if checked.verdict.ok or not mending:
            return commit, checked
        culprit = blame(checked.run, lambda path: owner(plan, path), "") or _tester(plan)
        if culprit is None or len(tried.get(culprit, [])) >= start.rounds:
            return commit, checked
        turn += 1
        world.tell(
            f"fix:_result:{turn}",
            "task.fix",
            task=culprit,
            round=len(tried.get(culprit, [])) + 1,
            of=start.rounds,
            why=checked.verdict.summary,
        )
        mended = await mend(
            world,
            start,
            plan,
            plan.task(culprit),
            commit,
            name=f"fix:_result:{turn}",
            evidence=evidence(checked.run, EVIDENCE),
            tried=tried.get(culprit, []),
            look_at=[p for c in checked.run.failures for p in c.where][:6],
        )
        if isinstance(mended, GaveUp):
            return commit, checked
        tried.setdefault(culprit, []).append(await what_changed(world, commit, mended))
        commit = mended


async def _documents(world: World, start: Start, plan: Plan, commit: str) -> str:
    """README and its like brought in step; a reply that can't be used leaves them as they are."""
    touched = await world.repo.changed(start.base, commit)
    entries = [
        e
        for e in await world.repo.files(commit)
        if is_document(e.path) and e.kind == "file" and e.size <= DOCUMENT_BYTES
    ]
    if not entries or any(is_document(p) for p in touched):
        return commit
    texts = {
        p: d.decode(errors="replace")
        for p, d in (await world.repo.read(commit, [e.path for e in entries])).items()
    }
    writer = Task(id="documents", objective="Keep the documents in step.", touch=tuple(texts))
    job = Assignment(
        plan=plan,
        task=writer,
        name="documents",
        seed=start.seed,
        prompt=(),
        own=texts,
        contracts=False,
        optional=True,
    )
    changes = (await world.repo.diff(start.base, commit))[:DIFF]
    prompt = prompts.documents(plan, texts, changes, job.mark)
    patch = await drive(world, replace(job, prompt=prompt), activity="finalise", role="writer")
    if isinstance(patch, GaveUp):
        world.tell("documents", "note", text=f"documents were left as they are: {patch.why[:300]}")
        return commit
    if not patch.changes:
        return commit
    return await world.repo.commit(commit, patch.changes, "documents: in step with the change")


def _tester(plan: Plan) -> str | None:
    """Who is asked when nobody's file can be named: the task that comes last."""
    return plan.tasks[-1].id if plan.tasks else None
