"""Test: run the target's tests in the sandbox, judge them, and send failures to their owner."""

import json
from dataclasses import dataclass
from typing import Any

from partita.activities.build import mend
from partita.activities.provision import toolchain
from partita.core.codec import decode, encode
from partita.core.evidence import evidence
from partita.core.judge import blame, judge
from partita.core.owners import owner
from partita.core.paths import is_test
from partita.core.plan import Plan, Task
from partita.core.scope import scope_of
from partita.core.start import Start
from partita.core.state import Deferred, Failed, Passed
from partita.core.verdict import TestRun, Verdict
from partita.core.worker import GaveUp
from partita.errors import CommandFailed
from partita.ports.repo import Conflict
from partita.ports.world import World

EVIDENCE = 6_000  # characters that a fix prompt shows
LOOK_AT = 6  # files of the traceback that it shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A test run of a commit and the verdict on it."""

    run: TestRun
    verdict: Verdict


async def check(
    world: World, start: Start, plan: Plan, commit: str, *, name: str, whole: bool
) -> Checked:
    """Run the tests of the commit; `whole` demands that there are some."""
    entries = await world.repo.files(commit)
    paths = tuple(e.path for e in entries)
    chain = toolchain(world, paths)
    gate = "tests of the whole" if whole else f"tests of {name}"
    if chain is None:
        run = TestRun(command="", exit=None, reason="exited", report=False)
        summary = "no toolchain here can test the languages of this tree"
        return Checked(run=run, verdict=Verdict(gate=gate, ok=not whole, summary=summary))
    run = await run_tests(world, start, plan, commit, name=name, chain_paths=paths)
    need = whole or any(is_test(p) for p in paths)
    verdict = judge(run, gate=gate, need_tests=need)
    if not verdict.ok and run.failures and start.base and any(is_test(p) for p in paths):
        known = await already_failing(world, start, plan, name=name)
        verdict = judge(run, gate=gate, need_tests=need, known=known)
    return Checked(run=run, verdict=verdict)


async def run_tests(
    world: World,
    start: Start,
    plan: Plan,
    commit: str,
    *,
    name: str,
    chain_paths: tuple[str, ...],
) -> TestRun:
    """The tests of a commit in a worktree of the name, once in the run however often it dies.

    Contents that passed in this run are not tested again under another name.
    """
    chain = toolchain(world, chain_paths)
    if chain is None:
        raise CommandFailed("no toolchain here can test the languages of this tree")

    async def effect() -> Any:
        contents = await world.repo.tree_id(commit)
        tested = f"tested:{contents}"  # in whichever generation of the run
        if (told := world.store.told(world.run, tested)) is not None:
            return told.data["report"]
        tree = await world.repo.checkout(f"{world.run}-{name}", commit)
        env = await chain.prepare(tree, plan.dependencies)
        run = await chain.test(tree, env, start.test_command or plan.test_command)
        key = world.store.keep(json.dumps(encode(run)).encode())
        if run.exit == 0:
            world.store.append(world.run, tested, "tested", {"tree": contents, "report": key})
        return key

    key = await world.journal.once(f"check:{name}:{commit[:16]}", effect)
    return decode(TestRun, json.loads(world.store.load(key)))


async def already_failing(world: World, start: Start, plan: Plan, *, name: str) -> frozenset[str]:
    """The tests that fail on the base, before any change of ours, by name.

    `name` is the task's that asks: each has a worktree of its own for it.
    """
    paths = tuple(e.path for e in await world.repo.files(start.base))
    if toolchain(world, paths) is None or not any(is_test(p) for p in paths):
        return frozenset()
    run = await run_tests(world, start, plan, start.base, name=base_tree(name), chain_paths=paths)
    return frozenset(c.name for c in run.failures)


def base_tree(name: str) -> str:
    """The worktree in which a task looks at the base."""
    return f"{name}._base"


async def test(
    world: World, start: Start, plan: Plan, task: Task, commit: str, providers: tuple[str, ...]
) -> Passed | Deferred | Failed:
    """Test the task on top of what it uses; mend it from the evidence, a bounded number of times.

    A failure that lies in a file of another task is left to the integration.
    """
    merged = await merge_all(world, commit, providers, f"{task.id} on top of what it uses")
    if isinstance(merged, Conflict):
        return Failed(task=task.id, why=f"does not merge with what it uses: {merged.paths}")
    commit = merged
    tried: list[str] = []
    scope = scope_of(task)
    for turn in range(start.rounds + 1):
        checked = await check(world, start, plan, commit, name=task.id, whole=False)
        keep_evidence(world, task.id, turn, checked)
        if checked.verdict.ok:
            await world.repo.point(f"partita/{world.run}/{task.id}", commit)
            return Passed(task=task.id, commit=commit)
        # Who may write the file now answers for it, whoever had it first.
        culprit = blame(
            checked.run,
            lambda path: task.id if scope.may_write(path) else owner(plan, path),
            task.id,
        )
        if culprit not in (None, task.id):
            why = f"{checked.verdict.summary}; the cause lies with {culprit}"
            return Deferred(task=task.id, commit=commit, why=why)
        if turn == start.rounds:
            break
        world.tell(
            f"fix:{task.id}:{turn}",
            "task.fix",
            task=task.id,
            round=turn + 1,
            of=start.rounds,
            why=checked.verdict.summary,
        )
        shown = evidence(checked.run, EVIDENCE)
        look_at = [p for c in checked.run.failures for p in c.where if not scope.may_write(p)]
        mended = await mend(
            world,
            start,
            plan,
            task,
            commit,
            name=f"fix:{task.id}:{turn + 1}",
            evidence=shown,
            tried=tried,
            look_at=look_at[:LOOK_AT],
        )
        if isinstance(mended, GaveUp):
            return Failed(task=task.id, why=f"no usable fix: {mended.why}")
        tried.append(await what_changed(world, commit, mended))
        commit = mended
        await world.repo.point(f"partita/{world.run}/{task.id}", commit)
    said = checked.verdict.summary.rstrip(".")
    return Failed(task=task.id, why=f"{said} after {start.rounds} fix rounds")


async def put_away(world: World, task: str) -> None:
    """Remove the worktrees that a task's tests ran in: there may be hundreds of tasks."""
    for name in (task, base_tree(task)):
        await world.repo.discard(f"{world.run}-{name}")


async def merge_all(
    world: World, commit: str, others: tuple[str, ...], message: str
) -> str | Conflict:
    """The commit with the others merged into it, in order."""
    for other in others:
        merged = await world.repo.merge(commit, other, message)
        if isinstance(merged, Conflict):
            return merged
        commit = merged
    return commit


async def what_changed(world: World, old: str, new: str) -> str:
    """A fix in short, so that the next round does not go in circles."""
    lines = (await world.repo.diff(old, new)).splitlines()
    changed = [ln for ln in lines if ln[:1] in "+-" and ln[:3] not in ("+++", "---")]
    return "\n".join(changed[:30])


def keep_evidence(world: World, name: str, turn: int, checked: Checked) -> None:
    """Put a test run on the shelf and its verdict into the log."""
    run, verdict = checked.run, checked.verdict
    file = f"evidence/{name}-{turn}.txt"
    head = (
        f"{run.command}\nexit {run.exit} ({run.reason}), {run.ran} tests run\n{verdict.summary}\n"
    )
    world.shelf.put(file, f"{head}\n{evidence(run, 20_000)}\n\n{run.output}")
    world.tell(
        f"gate:{name}:{turn}",
        "gate",
        name=name,
        turn=turn,
        ok=verdict.ok,
        summary=verdict.summary,
        tests=run.ran,
        failed=len(run.failures),
        seconds=round(run.seconds, 3),
        evidence=file,
    )
