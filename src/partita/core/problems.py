"""Everything that is wrong with a plan, said at once, each with what would mend it."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from partita.core.beside import beside, intricate
from partita.core.graph import circles, provider_of, waits_for
from partita.core.language import machine, patterns_of
from partita.core.plan import Plan, Task
from partita.core.problem import DropNeeds, MoveFile, Problem
from partita.core.scope import (
    SHARP,
    BadPattern,
    Blind,
    Fuel,
    bad_path,
    head,
    normalise,
    scope_of,
)

__all__ = ["ID", "TASKS", "Problem", "problems"]

ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
TASKS = 20_000
MOST = 200  # cycles that are named one by one
PLAN_FUEL = 1_000_000  # ten of the most intricate comparisons
_SPECIAL = re.compile(r"[*?\[\]{}\\]")
_GLOB = re.compile(r"[*?\[{]")
SHOWN = 80  # characters of a text that is not ours
NAMED = 10  # tasks in a sentence
PLAIN = 150  # characters: fewer can't make a machine of more edges than are allowed
SHARED = ("schema", "other")  # contracts that may be a convention which nobody builds


def problems(
    plan: Plan,
    *,
    existing: frozenset[str] = frozenset(),
    wanted: Sequence[str] = (),
    blind: Blind = SHARP,
) -> tuple[Problem, ...]:
    """All that is wrong with the plan, in a stable order; none means that it may run.

    `existing` are the paths of the base's files, `wanted` those that some task must own; paths
    that the file system is `blind` to the difference of are the same to all tasks.
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
        *beside(plan, sound, blind),
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
            if not bad and sum(map(len, filter(_GLOB.search, patterns))) > PLAIN:
                try:
                    machine(patterns_of(patterns).globs)
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
            path = normalise(pattern)
            if path not in folders and "\\" not in path:
                continue
            path, whole = head(path)
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
                    fix=DropNeeds(needs=((task.id, task.id),)),
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
    owners = _Owners(sound)
    given: dict[str, list[str]] = {}
    for task in plan.tasks:
        for ident in dict.fromkeys(task.provides):
            given.setdefault(ident, []).append(task.id)
    for contract in {c.id: c for c in plan.contracts}.values():
        providers = tuple(given.get(contract.id, ()))
        if not providers and contract.kind in SHARED:
            continue
        if len(providers) != 1:
            several = " and ".join(_named(providers)) or "no task"
            yield Problem(
                kind="contract",
                text=f"The contract `{contract.id[:SHOWN]}` is provided by {several}.",
                tasks=providers,
                mend="Put it in the `provides` of exactly one task, or remove it.",
            )
        elif (
            contract.path
            and contract.path not in existing
            and owners.may_write(providers[0], contract.path) is False
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
    """Rings of tasks that wait for each other, none sharing a task, until no other is left."""
    waits = waits_for(plan)
    place = {ident: i for i, ident in enumerate(waits)}
    todo = [(group, group) for group in _rings(waits, place)]
    said = 0
    while todo:
        group, whole = todo.pop()
        if said == MOST:
            yield Problem(
                kind="more",
                text=f"{sum(len(g) for g, _ in todo) + len(group):,} other tasks wait for each "
                "other, too.",
                mend="Use contracts (`uses`) instead of `needs` where tasks call each other.",
            )
            return
        said += 1
        ring = _ring(waits, group)
        shown = _named((*ring, ring[0]))
        idle = _idle(plan, whole)
        yield Problem(
            kind="cycle",
            text=f"These tasks wait for each other: {', which waits for '.join(shown)}.",
            tasks=ring,
            mend="; ".join(
                f"`{t}` uses a contract of `{n}`: remove `{n}` from its `needs`"
                for t, n in idle[:NAMED]
            )
            + "."
            if idle
            else "Remove one of these `needs` or `uses`, or join the tasks.",
            fix=DropNeeds(needs=idle) if idle else None,
        )
        rest = group - set(ring)
        inner = {i: [o for o in waits[i] if o in rest] for i in waits if i in rest}
        todo += [(g, whole) for g in _rings(inner, place)]


def _rings(waits: Mapping[str, Sequence[str]], place: Mapping[str, int]) -> list[frozenset[str]]:
    """The groups of tasks of which each waits for each, the one with the first task last."""
    found = [frozenset(group) for group in circles(waits) if len(group) > 1]
    return sorted(found, key=lambda group: -min(place[i] for i in group))


def _ring(waits: Mapping[str, Sequence[str]], group: frozenset[str]) -> tuple[str, ...]:
    """The shortest way from the group's first task through the group back to it."""
    start = next(i for i in waits if i in group)
    came: dict[str, str] = {}
    layer = [start]
    while start not in came:
        following = []
        for ident in layer:
            for other in waits[ident]:
                if other in group and other not in came:
                    came[other] = ident
                    following.append(other)
        layer = following
    back = [start]
    while came[back[-1]] != start:
        back.append(came[back[-1]])
    return (start, *reversed(back[1:]))


def _idle(plan: Plan, group: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """The needs inside the group, where contracts give all that they are for; () where not.

    Without them its tasks use each other's contracts, are built at once and tested together.
    """
    providers = provider_of(plan)
    found = []
    for task in plan.tasks:
        if task.id in group:
            given = {providers.get(c) for c in task.uses}
            needs = [n for n in task.needs if n in group and n != task.id]
            if not given.issuperset(needs):
                return ()
            found += [(task.id, n) for n in needs]
    return tuple(found)


def _named(idents: Sequence[str]) -> list[str]:
    """The ids as they stand in a sentence, the first and the last of very many."""
    shown = [f"`{i[:SHOWN]}`" for i in idents]
    if len(shown) <= NAMED:
        return shown
    return [*shown[: NAMED - 1], f"{len(shown) - NAMED:,} others", shown[-1]]


def _unable(tasks: Sequence[Task], tank: Fuel) -> Iterator[Problem]:
    for task in tasks:
        if not task.touch:
            only = " It only forbids." if task.forbid else ""
            text = f"`{task.id}` may not write anything: its `touch` is empty.{only}"
        elif _names_a_file(task):
            continue
        else:
            try:
                if scope_of(task).example(fuel=Fuel(tank=tank)) is not None:
                    continue
            except BadPattern as e:
                yield intricate((task.id,), str(e))
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


def _names_a_file(task: Task) -> bool:
    """Does it touch, by name, a file that can be written? If not, it may be able all the same."""
    path, whole = head(task.touch[0])
    return whole and not task.forbid and bad_path(path) is None


def _bad_files(tasks: Sequence[Task], wanted: Sequence[str], *, whole: bool) -> Iterator[Problem]:
    owners = _Owners(tasks)
    for task in tasks:
        for path in dict.fromkeys(f.path for f in task.files):
            shown, why = path[:SHOWN], bad_path(path)
            fix = None
            if why is not None:
                text, mend = f"`{task.id}` wants `{shown}`: {why}.", "Choose another path for it."
            elif owners.may_write(task.id, path):
                continue
            else:
                others = owners.of(path)
                text = f"`{task.id}` wants `{shown}`, which is outside its scope."
                mend = f"Add it to the `touch` of `{task.id}`."
                if others:
                    mend = f"List it under {' or '.join(_named(others))}, which may write it."
                if len(others) == 1:
                    fix = MoveFile(path=path, source=task.id, target=others[0])
            yield Problem(
                kind="file", text=text, tasks=(task.id,), witness=path, mend=mend, fix=fix
            )
    for path in dict.fromkeys(wanted) if whole else ():
        if not owners.of(path):
            yield Problem(
                kind="file",
                text=f"`{path[:SHOWN]}` is wanted, and no task may write it.",
                witness=path,
                mend=f"Add `{path[:SHOWN]}` to the `touch` and `files` of one task.",
            )


class _Owners:
    """Who may write a path, found by the names of files and folders, then by asking the scopes."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._scopes = {t.id: scope_of(t) for t in tasks}
        self._named: dict[str, dict[str, None]] | None = None

    def may_write(self, task: str, path: str) -> bool | None:
        """May the task write there? None when it is none of these."""
        scope = self._scopes.get(task)
        if scope is None:
            return None
        if path in scope.touch and not scope.forbid and not _SPECIAL.search(path):
            return bad_path(path) is None
        return scope.may_write(path)

    def of(self, path: str) -> tuple[str, ...]:
        """The tasks that may write the path, in the plan's order."""
        named = self._names()
        places = [path, *(path[: i + 1] for i, char in enumerate(path) if char == "/"), ""]
        found = {ident for place in places for ident in named.get(place, ())}
        return tuple(i for i in self._scopes if i in found and self._scopes[i].may_write(path))

    def _names(self) -> dict[str, dict[str, None]]:
        """The tasks by each file (`a/b`) that they name, each folder (`a/`), and the rest ("")."""
        if self._named is None:
            self._named = {}
            for ident, scope in self._scopes.items():
                for pattern in scope.touch:
                    text, whole = head(pattern)
                    place = text if whole else text[: text.rfind("/") + 1]
                    self._named.setdefault(place, {})[ident] = None
        return self._named
