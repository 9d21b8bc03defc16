"""Design: the Coordination Plan, asked of a planner until nothing is wrong with it."""

import json
import re
from dataclasses import replace
from typing import Any

from partita.activities.asking import ask_json
from partita.activities.build import FILE_BYTES, SHOWN_CHARACTERS
from partita.core.analysis import Analysis
from partita.core.estimate import estimate
from partita.core.plan import Estimate, Plan, Task
from partita.core.planfile import PLAN_SCHEMA, read_plan, to_json
from partita.core.problems import problems
from partita.core.prompts import design as prompts
from partita.core.report import plan_report
from partita.core.scope import matches, scope_of
from partita.core.start import Start
from partita.errors import BadInput
from partita.ports.world import World

MAX_OUTPUT = 8_000
CHARACTERS = 4  # a token


async def design(world: World, start: Start, analysis: Analysis | None) -> Plan:
    """A plan without problems: from the plan file, by rules, or from the planner."""
    existing = frozenset(e.path for e in await world.repo.files(start.base))
    if start.plan is not None:
        found = _read(start.plan, start, existing)
        if isinstance(found, str):
            raise BadInput(f"the plan file can't run as it is:\n{found}")
        plan = found
    elif analysis is None or start.no_model:
        plan = by_rules(start, analysis)
    else:
        plan = await ask_json(
            world,
            activity="design",
            role="planner",
            messages=prompts.design(
                start.request, analysis.findings, analysis.brief, analysis.requirements
            ),
            schema=PLAN_SCHEMA,
            make=lambda data: _read({"name": analysis.brief.name, **data}, start, existing),
            max_output=MAX_OUTPUT,
            accept={"type": "object", "required": ["tasks"]},
        )
    if analysis is not None and analysis.findings.test_command and start.plan is None:
        plan = replace(plan, test_command=analysis.findings.test_command)
    return plan


def strangers(start: Start, plan: Plan, manifests: str) -> tuple[str, ...]:
    """The plan's dependencies whose names stand neither in the request nor in the manifests."""
    said = f"{start.request}\n{manifests}".lower().replace("_", "-")
    names = (re.split(r"[^A-Za-z0-9._-]", d.strip(), maxsplit=1)[0] for d in plan.dependencies)
    return tuple(n for n in names if n.lower().replace("_", "-") not in said)


async def foresee(world: World, start: Start, analysis: Analysis | None, plan: Plan) -> Estimate:
    """What the plan will take, and both put on the shelf."""
    paths = analysis.findings.manifests if analysis else ()
    texts = (await world.repo.read(start.base, paths)).values()
    known = "\n".join(t.decode(errors="replace") for t in texts)
    figures = estimate(
        plan,
        prices=world.asker.price("coder"),
        max_output=world.asker.limit("coder"),
        rounds=start.rounds,
        context_tokens=await _shown(world, plan),
        slots=start.max_parallel,
    )
    for name in strangers(start, plan, known):
        text = f"the dependency {name} was named neither in the request nor by the repository"
        world.tell(f"stranger:{name}", "note", text=text)
    world.shelf.put("plan.json", json.dumps(to_json(plan), indent=2, ensure_ascii=False) + "\n")
    world.shelf.put("plan.md", plan_report(plan, figures))
    return figures


async def _shown(world: World, plan: Plan) -> int:
    """Tokens of existing files that a task's prompt shows, on average."""
    sizes = 0
    for entry in await world.repo.files(plan.base):
        readers = (t for t in plan.tasks if _sees(t, entry.path))
        sizes += sum(entry.size for _ in readers) if entry.size <= FILE_BYTES else 0
    return min(sizes // CHARACTERS // len(plan.tasks), 2 * SHOWN_CHARACTERS // CHARACTERS)


def _sees(task: Task, path: str) -> bool:
    return scope_of(task).may_write(path) or any(matches(p, path) for p in task.read)


def by_rules(start: Start, analysis: Analysis | None) -> Plan:
    """One task that owns the whole target: all that can be planned without a model."""
    target = start.subfolder or (analysis.brief.target if analysis else "")
    name = start.name or (analysis.brief.name if analysis else "work")
    return Plan(
        name=name,
        base=start.base,
        tasks=(
            Task(
                id="work",
                objective=" ".join(start.request.split())[:500],
                touch=(f"{target}/**" if target else "**",),
            ),
        ),
    )


def _read(data: Any, start: Start, existing: frozenset[str]) -> Plan | str:
    """The plan, or everything that is wrong with it, in words for its planner."""
    plan = read_plan(data, base=start.base, existing=existing)
    wrong = plan if isinstance(plan, tuple) else problems(plan, existing=existing)
    if wrong or isinstance(plan, tuple):
        return prompts.mend(wrong)
    return plan
