"""`partita check plan`: what is wrong with a plan file, what mends it, and what it will take."""

import json
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from partita.cli.check_input import (
    Answer,
    answer_lines,
    as_line,
    blind_options,
    file_argument,
    kind_of,
    lines_option,
    name_of,
    put,
    read_object,
    read_whole,
    refuse,
    sight,
)
from partita.cli.main import json_option
from partita.errors import BadInput, PartitaError

if TYPE_CHECKING:
    from partita.core.budget import Price
    from partita.core.plan import Estimate, Plan, Range
    from partita.core.problem import Problem
    from partita.core.scope import Blind

MAX_OUTPUT = 16_384  # tokens, where no model is configured


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What plans are judged on: the files that are there, and what models cost.

    `base` is the commit whose files count, "" for none; `note` says why there is none. `prices`
    None: not known.
    """

    existing: frozenset[str]
    base: str
    note: str
    blind: "Blind"
    prices: "tuple[Price, ...] | None"
    max_output: int
    rounds: int
    slots: int


@click.command(epilog="Example: partita check plan plan.json --repair mended.json")
@file_argument
@click.option(
    "--repair",
    "out",
    type=click.Path(dir_okay=False, allow_dash=True),
    metavar="OUT",
    help='Write the plan to OUT ("-": standard output) with the mends made that are safe, and '
    "judge that one.",
)
@click.option("--model", multiple=True, metavar="PROVIDER:NAME", help="As for `partita build`.")
@blind_options
@lines_option
@json_option
def command(
    file: str | None,
    *,
    out: str | None,
    model: tuple[str, ...],
    case: bool | None,
    forms: bool | None,
    lines: bool,
    as_json: bool,
) -> int:
    """Judge the plan in FILE ("-" or nothing: standard input): problems, waves, critical path,
    estimate.

    Within a repository the files of its last commit count as there. No model is asked anything.
    Exit 0 when the plan can run. With --jsonl each line is {"id", "plan"}.
    """
    if out is not None and lines:
        raise BadInput("--repair takes one plan, not --jsonl")
    if out == "-" and as_json:
        raise BadInput("--repair - and --json both want standard output", remedy="name a file")
    ground = _ground(model, sight(case, forms))
    if lines:
        return answer_lines(file, lambda data: judge(_plan_of(data, ground), ground))
    plan = _plan(read_object(read_whole(file), name_of(file)), ground, name_of(file))
    if out is None:
        answer = judge(plan, ground)
        done = None
    else:
        plan, done = _repaired(plan, ground)
        answer = judge(plan, ground, done=done)
        _write(plan, out)
    if as_json:
        put(as_line(answer.facts))
    else:
        _tell(plan, answer, ground, file=file, out=out)
    return answer.code


def judge(plan: "Plan", ground: Ground, *, done: tuple[str, ...] | None = None) -> Answer:
    """All that is wrong with the plan, and what it will take; `done` is what was mended before."""
    from partita.core.graph import critical_path, waves  # noqa: PLC0415 - start-up of --help
    from partita.core.problems import problems  # noqa: PLC0415

    wrong = problems(plan, existing=ground.existing, blind=ground.blind)
    figures = _figures(plan, ground)
    middle = {i: (s.low + s.high) / 2 for i, s in figures.per_task.items()}
    facts: dict[str, Any] = {
        "ok": not wrong,
        "problems": [_problem(p) for p in wrong],
        "waves": [list(wave) for wave in waves(plan)],
        "critical_path": list(critical_path(plan, middle)),
        "estimate": {
            "calls": _range(figures.calls),
            "tokens": _range(figures.tokens),
            "money": None if ground.prices is None else _range(figures.money),
            "seconds": _range(figures.seconds),
            "per_task": {ident: _range(seconds) for ident, seconds in figures.per_task.items()},
        },
        "base": ground.base or None,
    }
    if done is not None:
        facts["done"] = list(done)
    return Answer(facts, 1 if wrong else 0)


def _range(figure: "Range") -> dict[str, float]:
    return {"low": figure.low, "high": figure.high}


def _problem(problem: "Problem") -> dict[str, Any]:
    from partita.core.codec import encode  # noqa: PLC0415 - start-up of --help

    return {
        "kind": problem.kind,
        "text": problem.text,
        "tasks": list(problem.tasks),
        "witness": problem.witness,
        "mend": problem.mend,
        "fix": encode(problem.fix),
    }


def _figures(plan: "Plan", ground: Ground) -> "Estimate":
    from partita.core.estimate import estimate  # noqa: PLC0415 - start-up of --help

    return estimate(
        plan,
        prices=ground.prices or (),
        max_output=ground.max_output,
        rounds=ground.rounds,
        slots=ground.slots,
    )


def _repaired(plan: "Plan", ground: Ground) -> "tuple[Plan, tuple[str, ...]]":
    from partita.core.repair import repair  # noqa: PLC0415 - start-up of --help

    weights = {i: (s.low + s.high) / 2 for i, s in _figures(plan, ground).per_task.items()}
    found = repair(plan, existing=ground.existing, blind=ground.blind, weights=weights)
    return found.plan, found.done


def _write(plan: "Plan", out: str) -> None:
    from partita.core.planfile import to_json  # noqa: PLC0415 - start-up of --help

    text = json.dumps(to_json(plan), indent=2, ensure_ascii=False) + "\n"
    # Half a surrogate pair is no UTF-8; escaped it is what JSON calls it.
    data = text.encode("utf-8", "backslashreplace")
    if out == "-":
        sys.stdout.buffer.write(data)
        return
    try:
        Path(out).write_bytes(data)
    except OSError as e:
        raise BadInput(f"{out} can't be written: {e.strerror}") from e


def _tell(
    plan: "Plan",
    answer: Answer,
    ground: Ground,
    *,
    file: str | None,
    out: str | None,
) -> None:
    from partita.cli.output import remark, say  # noqa: PLC0415 - start-up of --json
    from partita.core.report import estimate_lines  # noqa: PLC0415
    from partita.present.checks import plan_lines  # noqa: PLC0415

    figures = list(estimate_lines(_figures(plan, ground)))
    if ground.prices is None:
        unknown = "money: not known, as no model with a price is configured (see --model)"
        figures = [unknown if f.startswith("money:") else f for f in figures]
    tell = remark if out == "-" else say
    for line in plan_lines(answer.facts, figures=figures, note=ground.note):
        tell(line)
    if out is None and answer.code:
        _, could = _repaired(plan, ground)
        if could:
            name = "FILE" if file is None or not Path(file).is_file() else shlex.quote(file)
            mends = f"{len(could):,} mend{'s' * (len(could) != 1)}"
            tell(f"{mends} can be made for you: partita check plan {name} --repair OUT")
    elif out not in (None, "-"):
        tell(f"saved as {out}")


# --- reading ------------------------------------------------------------------------------------


def _plan_of(data: Mapping[str, Any], ground: Ground) -> "Plan":
    """The plan of a line."""
    if "plan" not in data:
        raise BadInput("`plan` is missing; want a plan")
    if not isinstance(data["plan"], dict):
        raise BadInput(f"`plan` is {kind_of(data['plan'])}; want a JSON object")
    return _plan(data["plan"], ground, "`plan`")


def _plan(data: dict[str, Any], ground: Ground, what: str) -> "Plan":
    from partita.core.plan import Plan  # noqa: PLC0415 - start-up of --help
    from partita.core.planfile import read_plan  # noqa: PLC0415

    plan = read_plan(data, existing=ground.existing)
    if not isinstance(plan, Plan):
        refuse([f"{what} is no plan:", *(p.text for p in plan)])
        raise BadInput(f"{what} is no plan")
    return plan


def _ground(model: tuple[str, ...], blind: "Blind") -> Ground:
    """The repository around the current folder, and the coder's models as far as they are known."""
    import os  # noqa: PLC0415 - start-up of --help

    from partita.cli.running import settings_for  # noqa: PLC0415
    from partita.settings import keyless_route  # noqa: PLC0415
    from partita.wiring import here, specification  # noqa: PLC0415

    existing, base, note = _committed()
    settings = settings_for(here() if base else None, {"model": model})
    specs = [specification(t, os.environ) for t in keyless_route(settings, os.environ, "coder")]
    prices = tuple(s.price for s in specs if s.price is not None)
    return Ground(
        existing=existing,
        base=base,
        note=note,
        blind=blind,
        prices=prices if specs and len(prices) == len(specs) else None,
        max_output=specs[0].max_output if specs else MAX_OUTPUT,
        rounds=settings.rounds,
        slots=settings.max_parallel,
    )


def _committed() -> tuple[frozenset[str], str, str]:
    """The paths of the last commit here, its id, and why there are none."""
    import asyncio  # noqa: PLC0415 - start-up of --help

    from partita.wiring import open_repo  # noqa: PLC0415

    async def look() -> tuple[frozenset[str], str]:
        repo = open_repo()
        base = await repo.base()
        return frozenset(e.path for e in await repo.files(base.commit)), base.commit

    try:
        existing, base = asyncio.run(look())
    except PartitaError as e:
        return frozenset(), "", f"no existing files are taken into account: {e.message}"
    return existing, base, "" if base else "no existing files: the repository has no commit yet"
