"""`partita check scopes`: which tasks that may run at the same time clash."""

from collections.abc import Iterator, Mapping
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
    named,
    put,
    read_object,
    read_whole,
    refuse,
    sight,
    unknown_keys,
)
from partita.cli.main import json_option
from partita.errors import BadInput

if TYPE_CHECKING:
    from partita.core.clashes import Clash, Clashes
    from partita.core.scope import Blind, Scope

TASKS = 50_000
SHOWN = 20  # tasks of a circle
PARTS = ("touch", "read", "forbid")


@click.command(epilog="Example: partita check scopes tasks.json --json")
@file_argument
@blind_options
@lines_option
@json_option
def command(
    file: str | None, *, case: bool | None, forms: bool | None, lines: bool, as_json: bool
) -> int:
    """Check that no two tasks in FILE ("-" or nothing: standard input) can write the same path.

    FILE is {"tasks": {"T1": ["src/**"]}, "needs": {"T3": ["T1"]}}; a task may also be {"touch",
    "read", "forbid"}. Tasks that are ordered by needs are not compared. Exit 0 when the tasks are
    disjoint; a hazard (one reads what another writes) is listed and changes nothing. With
    --jsonl each line is such an object with an "id".
    """
    blind = sight(case, forms)
    if lines:
        return answer_lines(file, lambda data: judge(data, blind))
    data = read_object(read_whole(file), name_of(file))
    answer = judge(data, blind)
    if as_json:
        put(as_line(answer.facts))
    else:
        from partita.cli.output import say  # noqa: PLC0415 - start-up of --json
        from partita.present.checks import scopes_lines  # noqa: PLC0415

        for line in scopes_lines(answer.facts, tasks=len(data["tasks"])):
            say(line)
    return answer.code


def judge(data: Mapping[str, Any], blind: "Blind") -> Answer:
    """The clashes of the division of work; BadInput with all that keeps it from being one."""
    from partita.core.clashes import clashes  # noqa: PLC0415 - start-up of --help
    from partita.core.graph import Order  # noqa: PLC0415
    from partita.core.scope import BadPattern, Scope  # noqa: PLC0415

    scopes, needs = _read(data)
    order = Order(needs)
    try:
        found = writes = clashes(scopes, apart=order.apart, blind=blind, any_path=True)
    except BadPattern as e:
        refuse(list(_bad_patterns(scopes)))
        raise BadInput(str(e)) from e
    if (found.cut or found.unsure) and not _broken(found) and any(s.read for s in scopes.values()):
        # The verdict must not hang on how many hazards there are, or how intricate they are.
        bare = {i: Scope(touch=s.touch, forbid=s.forbid) for i, s in scopes.items()}
        writes = clashes(bare, apart=order.apart, blind=blind, any_path=True)
    broken = _broken(writes)
    facts: dict[str, Any] = {
        "disjoint": not (broken or writes.unsure),
        "clashes": [_clash(c) for c in (writes if broken else found).found],
    }
    if found.cut:
        facts["cut"] = True
    if found.unsure:
        facts["unsure"] = [{"a": a, "b": b, "why": why} for a, b, why in found.unsure]
    return Answer(facts, 1 if broken else 2 if writes.unsure else 0)


def _clash(clash: "Clash") -> dict[str, str]:
    return {
        "kind": clash.kind,
        "a": clash.a,
        "b": clash.b,
        "pattern_a": clash.pattern_a,
        "pattern_b": clash.pattern_b,
        "witness": clash.witness,
    }


def _broken(found: "Clashes") -> bool:
    return any(c.kind != "hazard" for c in found.found)


# --- reading ------------------------------------------------------------------------------------


def _read(data: Mapping[str, Any]) -> tuple[dict[str, "Scope"], dict[str, list[str]]]:
    """The scopes by task, and what each task needs."""
    tasks, needs = data.get("tasks"), data.get("needs")
    wrong = [*unknown_keys(data, ("id", "tasks", "needs"), "")]
    if not isinstance(tasks, dict):
        missing = "`tasks` is missing" if tasks is None else f"`tasks` is {kind_of(tasks)}"
        wrong.append(f"{missing}; want an object of path patterns by task")
        tasks = {}
    if len(tasks) > TASKS:
        raise BadInput(f"there are {len(tasks):,} tasks; {TASKS:,} are the most")
    scopes = {ident: _scope(ident, given, wrong) for ident, given in tasks.items()}
    edges: dict[str, list[str]] = {ident: [] for ident in scopes}
    if needs is not None:
        _read_needs(needs, edges, wrong)
    if wrong:
        refuse([*wrong, *_bad_patterns(scopes)])
    if needs:
        refuse(list(_cycles(edges)))
    return scopes, edges


def _scope(ident: str, given: object, wrong: list[str]) -> "Scope":
    """The scope; what is wrong with its form goes into `wrong`."""
    from partita.core.scope import Scope  # noqa: PLC0415 - start-up of --help

    if isinstance(given, list):
        given = {"touch": given}
    if not isinstance(given, dict):
        wrong.append(f"{named(ident)} is {kind_of(given)}; want a list of patterns, or an object")
        return Scope(touch=())
    if "touch" not in given:
        wrong.append(f"{named(ident)}: `touch` is missing; want a list of patterns")
    wrong += unknown_keys(given, PARTS, f"{named(ident)}: ")
    parts: dict[str, tuple[str, ...]] = {"touch": ()}
    for part in PARTS:
        patterns = given.get(part)
        if patterns is None and part != "touch":
            continue
        if isinstance(patterns, list) and all(isinstance(p, str) for p in patterns):
            parts[part] = tuple(patterns)
        elif part in given:
            wrong.append(f"{named(ident)}: `{part}` is {_not_texts(patterns)}")
    return Scope(**parts)


def _not_texts(value: object) -> str:
    """What the value is that should have been a list of texts."""
    if not isinstance(value, list):
        return f"{kind_of(value)}; want a list"
    strange = next(v for v in value if not isinstance(v, str))
    return f"a list with {kind_of(strange)} in it; want texts only"


def _bad_patterns(scopes: Mapping[str, "Scope"]) -> Iterator[str]:
    from partita.core.scope import BadPattern, normalise  # noqa: PLC0415 - start-up of --help

    for ident, scope in scopes.items():
        for pattern in (*scope.touch, *scope.read, *scope.forbid):
            try:
                normalise(pattern)
            except BadPattern as e:
                yield f"{named(ident)}: {e}"


def _read_needs(needs: object, edges: dict[str, list[str]], wrong: list[str]) -> None:
    """Enter what each task needs; unknown tasks and other nonsense go into `wrong`."""
    if not isinstance(needs, dict):
        wrong.append(f"`needs` is {kind_of(needs)}; want an object of lists of tasks by task")
        return
    for ident, given in needs.items():
        if ident not in edges:
            wrong.append(f"`needs` names {named(ident)}, which is no task")
        if not isinstance(given, list) or not all(isinstance(n, str) for n in given):
            wrong.append(f"`needs` of {named(ident)} is {_not_texts(given)}")
            continue
        for need in dict.fromkeys(given):
            if need == ident:
                wrong.append(f"{named(ident)} needs itself")
            elif need not in edges:
                wrong.append(f"{named(ident)} needs {named(need)}, which is no task")
        edges[ident] = given


def _cycles(edges: Mapping[str, list[str]]) -> Iterator[str]:
    """A sentence for each set of tasks of which every one waits for every other."""
    from partita.core.graph import circles  # noqa: PLC0415 - start-up of --help

    for circle in circles(edges):
        if len(circle) > 1:
            members, at, trail = set(circle), circle[0], dict[str, None]()
            while at not in trail:
                trail[at] = None
                at = next(n for n in edges[at] if n in members)
            ring = [*[*trail][[*trail].index(at) :], at]
            if len(ring) > SHOWN:
                yield f"{len(circle):,} tasks need each other, {named(at)} among them"
            else:
                names = ", which needs ".join(map(named, ring))
                yield f"tasks need each other: {names}"
