"""Design: the Coordination Plan, asked of a planner until nothing is wrong with it."""

import json
import re
from dataclasses import asdict, replace
from typing import Any

from partita.activities.asking import ask_json
from partita.activities.build import FILE_BYTES, SHOWN_CHARACTERS
from partita.core.analysis import Analysis
from partita.core.briefing import carry
from partita.core.estimate import estimate, expected, foretold
from partita.core.plan import Estimate, Plan, Task
from partita.core.planfile import PLAN_SCHEMA, read_plan, to_json
from partita.core.problem import Problem
from partita.core.problems import problems
from partita.core.prompts import design as prompts
from partita.core.repair import Repaired, repair
from partita.core.report import plan_report
from partita.core.scope import matches, scope_of
from partita.core.start import Start
from partita.errors import BadInput
from partita.ports.world import World

MAX_OUTPUT = 8_000
CHARACTERS = 4  # a token
SAID = 50  # problems, or mends, one by one

AT_ONCE = 200  # tasks of a plan in one event, which has bounds


async def design(world: World, start: Start, analysis: Analysis | None) -> Plan:
    """A plan without problems: from the plan file, by rules, or from the planner."""
    existing = frozenset(e.path for e in await world.repo.files(start.base))
    if start.plan is not None:
        plan = _given(start.plan, start, existing)
    elif analysis is None or start.no_model:
        plan = by_rules(start, analysis)
    else:
        told = (start.request, analysis.findings, analysis.brief, analysis.requirements)
        gaps = analysis.assessment.gaps
        command = start.test_command or analysis.findings.test_command
        made = await ask_json(
            world,
            activity="design",
            role="planner",
            messages=prompts.design(*told, gaps=gaps, test_command=command),
            schema=PLAN_SCHEMA,
            make=lambda data: _made({"name": analysis.brief.name, **data}, start, existing),
            max_output=MAX_OUTPUT,
            accept={"type": "object", "required": ["tasks"]},
            later=prompts.design(*told, gaps=gaps, test_command=command, excerpts=False),
        )
        for number, text in enumerate(_some(made.done)):
            world.tell(f"mended:{number}", "note", text=f"the plan was mended: {text}")
        plan = carry(made.plan, analysis.brief, analysis.requirements)
    if analysis is not None and start.plan is None:
        known = start.test_command or analysis.findings.test_command or plan.test_command
        plan = replace(plan, test_command=known)
    return plan


def strangers(start: Start, plan: Plan, manifests: str) -> tuple[str, ...]:
    """The plan's dependencies whose names stand neither in the request nor in the manifests."""
    said = f"{start.request}\n{manifests}".lower().replace("_", "-")
    names = (re.split(r"[^A-Za-z0-9._-]", d.strip(), maxsplit=1)[0] for d in plan.dependencies)
    return tuple(n for n in names if n.lower().replace("_", "-") not in said)


async def foresee(world: World, start: Start, analysis: Analysis | None, plan: Plan) -> Estimate:
    """What the plan will take, and both put on the shelf.

    What was guessed is told with it, for later runs to learn from.
    """
    paths = analysis.findings.manifests if analysis else ()
    texts = (await world.repo.read(start.base, paths)).values()
    known = "\n".join(t.decode(errors="replace") for t in texts)
    limit, shown = world.asker.limit("coder"), await _shown(world, plan)
    figures = estimate(
        plan,
        prices=world.asker.price("coder"),
        max_output=limit,
        rounds=start.rounds,
        context_tokens=shown,
        slots=start.max_parallel,
        pace=start.pace,
        thrift=start.thrift,
    )
    hoped = foretold(plan, max_output=limit, rounds=start.rounds, context_tokens=shown)
    told = [(ident, asdict(use)) for ident, use in hoped.items()]
    common: dict[str, object] = {"depth": start.depth, "thrift": asdict(start.thrift)}
    world.tell("foreseen", "foreseen", hoped=dict(told[:AT_ONCE]), **common)
    for n in range(AT_ONCE, len(told), AT_ONCE):
        world.tell(f"foreseen:{n}", "foreseen.more", hoped=dict(told[n : n + AT_ONCE]))
    for name in strangers(start, plan, known):
        text = f"the dependency {name} was named neither in the request nor by the repository"
        world.tell(f"stranger:{name}", "note", text=text)
    world.shelf.put("plan.json", json.dumps(to_json(plan), indent=2, ensure_ascii=False) + "\n")
    learnt = f"\nCalls, tokens and money {start.thrift.words}.\n" if start.thrift.runs else ""
    world.shelf.put("plan.md", plan_report(plan, figures) + learnt)
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


def _given(data: Any, start: Start, existing: frozenset[str]) -> Plan:
    """The user's plan, as it is; BadInput when it can't run, with the mends that can be had."""
    plan = read_plan(data, base=start.base, existing=existing)
    if isinstance(plan, tuple):
        raise BadInput(f"the plan file can't run as it is:\n{prompts.mend(plan)}")
    mended = _mended(plan, start, existing)
    if not mended.done and not mended.left:
        return plan
    wrong = problems(plan, existing=existing, blind=start.blind)
    lines = "".join(f"\n- {text}" for text in _some(mended.done))
    rest = "; the rest is yours to mend" if mended.left else ""
    raise BadInput(
        f"the plan file can't run as it is:\n{prompts.mend(_brief(wrong))}",
        remedy=f"`partita check plan FILE --repair OUT` makes these mends{rest}:{lines}"
        if mended.done
        else "",
    )


def _made(data: Any, start: Start, existing: frozenset[str]) -> Repaired | str:
    """The planner's plan, mended where that is safe; or all that is wrong with it, in words.

    A plan of which only a part can be mended goes back whole: its planner knows better.
    """
    plan = read_plan(data, base=start.base, existing=existing)
    if isinstance(plan, tuple):
        return prompts.mend(plan)
    mended = _mended(plan, start, existing)
    if mended.left:
        return prompts.mend(_brief(problems(plan, existing=existing, blind=start.blind)))
    return mended


def _mended(plan: Plan, start: Start, existing: frozenset[str]) -> Repaired:
    """The plan repaired, the same way in every replay: by what the run was told at its start."""
    took = expected(plan, max_output=MAX_OUTPUT, rounds=start.rounds)
    weights = {ident: start.pace.applied(seconds).both for ident, seconds in took.items()}
    return repair(plan, existing=existing, blind=start.blind, weights=weights)


def _brief(wrong: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """As many problems as a reader can use."""
    rest = len(wrong) - SAID
    if rest <= 0:
        return wrong
    return (*wrong[:SAID], Problem(kind="more", text=f"There are {rest:,} other problems."))


def _some(lines: tuple[str, ...]) -> tuple[str, ...]:
    if len(lines) <= SAID:
        return lines
    return (*lines[:SAID], f"{len(lines) - SAID:,} more mends of this kind.")
