"""Provision: the run's branches, and an environment in which the target's tests can run."""

import shutil
from pathlib import Path
from typing import Any

from partita.activities.asking import ask_json
from partita.core.codec import decode, encode
from partita.core.plan import Plan
from partita.core.prompts import provision as prompts
from partita.core.start import Start
from partita.errors import CommandFailed, NotAccepted
from partita.ports.sandbox import Toolchain
from partita.ports.world import World

TRIES = 2


def toolchain(world: World, paths: tuple[str, ...]) -> Toolchain | None:
    """The first toolchain that knows the language of the files."""
    return next((t for t in world.toolchains if t.handles(paths)), None)


async def provision(world: World, start: Start, plan: Plan) -> Plan:
    """Branches made and dependencies installed; the plan's dependencies may be mended by it."""
    if start.base:
        await world.repo.point(f"partita/{world.run}/_base", start.base)
    for attempt in range(TRIES + 1):
        trouble = await _install(world, start, plan, attempt)
        if trouble is None:
            return plan
        if attempt == TRIES or not plan.dependencies:
            break
        plan = await _other_dependencies(world, plan, trouble, attempt)
    raise NotAccepted(
        f"the dependencies can't be installed: {trouble}",
        remedy="name others in the request, or give a plan with --plan",
    )


async def _install(world: World, start: Start, plan: Plan, attempt: int) -> str | None:
    """None when the environment is there; else what the installer said."""
    entries = await world.repo.files(start.base)
    wanted = tuple(f.path for t in plan.tasks for f in t.files)
    chain = toolchain(world, (*(e.path for e in entries), *wanted))
    if chain is None:
        return None

    async def effect() -> Any:
        name = f"{world.run}-_env"
        tree = await world.repo.checkout(name, start.base) if start.base else _empty(world, name)
        try:
            env = await chain.prepare(tree, plan.dependencies)
        except CommandFailed as e:
            return {"trouble": e.message}
        return {"trouble": None, "installed": list(env.installed), "note": env.note}

    got = await world.journal.once(f"provision:{attempt}", effect)
    world.tell(f"provisioned:{attempt}", "provisioned", **got)
    trouble: str | None = got["trouble"]
    return trouble


def _empty(world: World, name: str) -> Path:
    folder = world.repo.root / ".partita" / "worktrees" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


async def _other_dependencies(world: World, plan: Plan, trouble: str, attempt: int) -> Plan:
    def make(data: Any) -> Plan:
        body = {**encode(plan), "dependencies": [str(d) for d in data["dependencies"]]}
        return decode(Plan, body)

    return await ask_json(
        world,
        activity=f"provision:{attempt + 1}",
        role="planner",
        messages=prompts.dependencies(plan, trouble),
        schema=prompts.DEPENDENCIES_SCHEMA,
        make=make,
        max_output=1_000,
    )
