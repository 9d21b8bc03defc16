"""Everything that is wrong with a plan, said at once, each with what would mend it."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from partita.core.graph import (
    ancestors,
    built_after,
    critical_path,
    first,
    layers,
    provider_of,
    waits_for,
    waves,
)
from partita.core.plan import Plan, Task
from partita.core.scope import (
    BadPattern,
    Fuel,
    Scope,
    bad_path,
    collision,
    head,
    machine,
    normalise,
    scope_of,
)

__all__ = ["Problem", "ancestors", "critical_path", "problems", "provider_of", "waves"]

ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
TASKS = 1_000
MOST = 200  # problems between pairs of tasks
PLAN_FUEL = 1_000_000  # ten of the most intricate comparisons
SHOWN = 80
SHARED = ("schema", "other")  # contracts that may be a convention which nobody builds


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that keeps a plan from running: a sentence, whom it concerns, what would mend it.

    `kind`: "form", "empty", "size", "id", "pattern", "folder", "needs", "contract", "cycle",
    "scope", "file", "overlap", "collision", "hazard", "intricate". `witness` is a path.
    """

    kind: str
    text: str
    tasks: tuple[str, ...] = ()
    witness: str | None = None
    mend: str = ""


def problems(
    plan: Plan, *, existing: frozenset[str] = frozenset(), wanted: Sequence[str] = ()
) -> tuple[Problem, ...]:
    """All that is wrong with the plan, in a stable order; none means that it may run.

    `existing` are the paths of the base's files, `wanted` those that some task must own.
    """
    if not plan.tasks:
        return (Problem(kind="empty", text="The plan has no tasks.", mend="Give one at least."),)
    if len(plan.tasks) > TASKS:
        text = f"The plan has {len(plan.tasks):,} tasks; {TASKS:,} are the most."
        return (Problem(kind="size", text=text, mend="Join tasks that belong together."),)
    patterns = tuple(_bad_patterns(plan))
    unread = {p.tasks for p in patterns}
    sound = tuple(t for t in plan.tasks if (t.id,) not in unread)
    tank = Fuel(PLAN_FUEL)
    return (
        *_bad_ids(plan),
        *patterns,
        *_folders(sound, existing),
        *_bad_needs(plan),
        *_bad_contracts(plan, sound, existing),
        *_cycles(plan),
        *_unable(sound, tank),
        *_bad_files(sound, wanted, whole=len(sound) == len(plan.tasks)),
        *_clashes(plan, sound, tank),
    )


def _bad_ids(plan: Plan) -> Iterator[Problem]:
    for what, idents in (
        ("task", [t.id for t in plan.tasks]),
        ("contract", [c.id for c in plan.contracts]),
    ):
        for ident, count in Counter(idents).items():
            if not ID.fullmatch(ident):
                yield Problem(
                    kind="id",
                    text=f"`{ident[:SHOWN]}` is no {what} id.",
                    tasks=(ident,) if what == "task" else (),
                    mend="Use 1 to 40 of a-z, 0-9 and `-`, not starting with `-`.",
                )
            if count > 1:
                yield Problem(
                    kind="id",
                    text=f"There are {count} {what}s with the id `{ident[:SHOWN]}`.",
                    tasks=(ident,) if what == "task" else (),
                    mend="Give each an id of its own.",
                )


def _bad_patterns(plan: Plan) -> Iterator[Problem]:
    for task in plan.tasks:
        for name in ("touch", "read", "forbid"):
            patterns: tuple[str, ...] = getattr(task, name)
            bad = False
            for pattern in patterns:
                try:
                    normalise(pattern)
                except BadPattern as e:
                    bad = True
                    yield _pattern(task, name, str(e))
            if not bad:
                try:
                    machine(patterns)
                except BadPattern as e:
                    yield _pattern(task, name, str(e))


def _pattern(task: Task, name: str, why: str) -> Problem:
    return Problem(
        kind="pattern",
        text=f"`{name}` of `{task.id}` can't be used: {why}.",
        tasks=(task.id,),
        mend="Write repository-relative paths or patterns with `*`, `?`, `[a-z]`, `{a,b}`, `**`.",
    )


def _folders(tasks: Sequence[Task], existing: frozenset[str]) -> Iterator[Problem]:
    folders = {path[:i] for path in existing for i, char in enumerate(path) if char == "/"}
    for task in tasks:
        for pattern in task.touch:
            path, whole = head(pattern)
            if whole and path in folders:
                yield Problem(
                    kind="folder",
                    text=f"`{task.id}` touches `{pattern}`, which is a folder.",
                    tasks=(task.id,),
                    witness=path,
                    mend=f"Write `{pattern}/**` for what lies below it.",
                )


def _bad_needs(plan: Plan) -> Iterator[Problem]:
    known = {t.id for t in plan.tasks}
    for task in plan.tasks:
        for need in dict.fromkeys(task.needs):
            if need == task.id:
                yield Problem(
                    kind="needs",
                    text=f"`{task.id}` needs itself.",
                    tasks=(task.id,),
                    mend=f"Remove `{task.id}` from its own `needs`.",
                )
            elif need not in known:
                yield Problem(
                    kind="needs",
                    text=f"`{task.id}` needs `{need[:SHOWN]}`, which is no task.",
                    tasks=(task.id,),
                    mend=f"Remove it from `needs`, or add a task `{need[:SHOWN]}`.",
                )


def _bad_contracts(
    plan: Plan, sound: Sequence[Task], existing: frozenset[str]
) -> Iterator[Problem]:
    known = {c.id for c in plan.contracts}
    for task in plan.tasks:
        for name, verb in (("uses", "uses"), ("provides", "provides")):
            for ident in dict.fromkeys(getattr(task, name)):
                if ident not in known:
                    yield Problem(
                        kind="contract",
                        text=f"`{task.id}` {verb} `{ident[:SHOWN]}`, which is no contract.",
                        tasks=(task.id,),
                        mend=f"Add it to `contracts`, or remove it from `{name}`.",
                    )
    scopes = {t.id: scope_of(t) for t in sound}
    for contract in {c.id: c for c in plan.contracts}.values():
        providers = tuple(t.id for t in plan.tasks if contract.id in t.provides)
        if not providers and contract.kind in SHARED:
            continue
        if len(providers) != 1:
            several = " and ".join(f"`{p}`" for p in providers) or "no task"
            yield Problem(
                kind="contract",
                text=f"The contract `{contract.id[:SHOWN]}` is provided by {several}.",
                tasks=providers,
                mend="Put it in the `provides` of exactly one task, or remove it.",
            )
        elif (
            contract.path
            and contract.path not in existing
            and providers[0] in scopes
            and not scopes[providers[0]].may_write(contract.path)
        ):
            path = contract.path[:SHOWN]
            yield Problem(
                kind="contract",
                text=f"`{providers[0]}` provides the contract `{contract.id[:SHOWN]}` in `{path}`, "
                "which it may not write.",
                tasks=providers,
                witness=contract.path,
                mend=f"Add `{path}` to its `touch`, or let the task that owns it provide it.",
            )


def _cycles(plan: Plan) -> Iterator[Problem]:
    left = waits_for(plan)
    while True:
        for layer in layers(left):
            for ident in layer:
                del left[ident]
        if not left:
            return
        at, path = next(iter(left)), []
        while at not in path:
            path.append(at)
            at = next(i for i in left[at] if i in left)
        cycle = (*path[path.index(at) :], at)
        yield Problem(
            kind="cycle",
            text="These tasks wait for each other: "
            + ", which waits for ".join(f"`{i}`" for i in cycle)
            + ".",
            tasks=cycle[:-1],
            mend="Remove one of these `needs` or `uses`, or join the tasks.",
        )
        for ident in cycle[:-1]:
            del left[ident]
        left = {i: tuple(o for o in others if o in left) for i, others in left.items()}


def _unable(tasks: Sequence[Task], tank: Fuel) -> Iterator[Problem]:
    for task in tasks:
        if not task.touch:
            only = " It only forbids." if task.forbid else ""
            text = f"`{task.id}` may not write anything: its `touch` is empty.{only}"
        else:
            try:
                if scope_of(task).example(fuel=Fuel(tank=tank)) is not None:
                    continue
            except BadPattern as e:
                yield _intricate((task.id,), str(e))
                if tank.left < 0:
                    return
                continue
            text = f"`{task.id}` may not write anything: all that it touches is forbidden to it."
        yield Problem(
            kind="scope",
            text=text,
            tasks=(task.id,),
            mend="List in `touch` the files that it writes, or drop the task.",
        )


def _bad_files(tasks: Sequence[Task], wanted: Sequence[str], *, whole: bool) -> Iterator[Problem]:
    scopes = {t.id: scope_of(t) for t in tasks}
    for task in tasks:
        for path in dict.fromkeys(f.path for f in task.files):
            shown, why = path[:SHOWN], bad_path(path)
            if why is not None:
                text, mend = f"`{task.id}` wants `{shown}`: {why}.", "Choose another path for it."
            elif scopes[task.id].may_write(path):
                continue
            else:
                owner = next((i for i, s in scopes.items() if s.may_write(path)), None)
                text = f"`{task.id}` wants `{shown}`, which is outside its scope."
                mend = f"List it under `{owner}`, which may write it" if owner else "Add it to"
                mend += "." if owner else f" the `touch` of `{task.id}`."
            yield Problem(kind="file", text=text, tasks=(task.id,), witness=path, mend=mend)
    for path in dict.fromkeys(wanted) if whole else ():
        if not any(s.may_write(path) for s in scopes.values()):
            yield Problem(
                kind="file",
                text=f"`{path[:SHOWN]}` is wanted, and no task may write it.",
                witness=path,
                mend=f"Add `{path[:SHOWN]}` to the `touch` and `files` of one task.",
            )


# --- tasks side by side -------------------------------------------------------------------------


def _clashes(plan: Plan, tasks: Sequence[Task], tank: Fuel) -> Iterator[Problem]:
    """What two tasks do to each other that may run at the same time."""
    earlier, before = built_after(plan), ancestors(plan)
    tops = {t.id: _tops((*t.touch, *t.read)) for t in tasks}
    said = 0
    for a, b in combinations(first(tasks), 2):
        if a.id in earlier[b.id] or b.id in earlier[a.id] or not _meet(tops[a.id], tops[b.id]):
            continue
        apart = a.id in before[b.id] or b.id in before[a.id]
        for problem in _pair(a, b, Fuel(tank=tank), reads=not apart):
            yield problem
            said += 1
        if said >= MOST or tank.left < 0:
            yield _intricate((), "there is too much to compare")
            return


def _pair(a: Task, b: Task, fuel: Fuel, *, reads: bool) -> Iterator[Problem]:
    both = (a.id, b.id)
    try:
        path = scope_of(a).overlaps(scope_of(b), fuel=fuel)
        if path is not None:
            yield Problem(
                kind="overlap",
                text=f"`{a.id}` and `{b.id}` may both write `{path}` at the same time.",
                tasks=both,
                witness=path,
                mend=f"Take `{path}` out of one of them (or `forbid` it there), "
                f"or let `{b.id}` need `{a.id}`.",
            )
        names = collision(a.touch, b.touch)
        if names is not None:
            yield Problem(
                kind="collision",
                text=f"`{a.id}` touches `{names[0]}` and `{b.id}` touches `{names[1]}`: "
                "one needs a folder where the other has a file.",
                tasks=both,
                witness=min((head(n)[0] for n in names), key=len),
                mend="Rename one of them.",
            )
        for reader, writer in ((a, b), (b, a)) if reads else ():
            if not reader.read:
                continue
            shown = Scope(touch=reader.read, forbid=reader.forbid)
            path = shown.overlaps(scope_of(writer), fuel=fuel)
            if path is not None:
                yield Problem(
                    kind="hazard",
                    text=f"`{reader.id}` reads `{path}`, which `{writer.id}` may be writing "
                    "at the same time.",
                    tasks=(reader.id, writer.id),
                    witness=path,
                    mend=f"Let `{reader.id}` need `{writer.id}`, let it use a contract that "
                    f"`{writer.id}` provides, or narrow its `read`.",
                )
    except BadPattern as e:
        yield _intricate(both, str(e))


def _intricate(tasks: tuple[str, ...], why: str) -> Problem:
    whom = " and ".join(f"`{t}`" for t in tasks) or "this plan"
    return Problem(
        kind="intricate",
        text=f"The scopes of {whom} can't all be compared: {why}.",
        tasks=tasks,
        mend="List plain paths and folders (`dir/**`) instead of intricate patterns.",
    )


def _tops(patterns: Iterable[str]) -> frozenset[str] | None:
    """The first segments that the patterns' paths can have; None where that is open."""
    tops = set()
    for pattern in patterns:
        text, whole = head(pattern)
        if not whole and "/" not in text:
            return None
        tops.add(text.partition("/")[0])
    return frozenset(tops)


def _meet(a: frozenset[str] | None, b: frozenset[str] | None) -> bool:
    return a is None or b is None or not a.isdisjoint(b)
