"""Scope expansion: whether a task may write paths that it asks for while the others go on."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from partita.core.clashes import clashes
from partita.core.graph import edges, waits_for
from partita.core.plan import Plan, Task
from partita.core.scope import (
    SHARP,
    Blind,
    Scope,
    bad_path,
    collision,
    literal,
    matches,
    normalise,
    scope_of,
)
from partita.core.state import Denied, Phase, Widened

PATHS = 20  # of one request
NO_FILES = {"link": "a symbolic link", "submodule": "a submodule"}
NO_TEXTS = {"large": "too large to be shown", "binary": "no text"}
RUNNING = ("building", "testing")
DONE = ("passed", "deferred")
SHOWN = 5  # contracts in a sentence


def expand(
    plan: Plan,
    phases: Mapping[str, Phase],
    task: str,
    paths: Sequence[str],
    *,
    blind: Blind = SHARP,
    there: Mapping[str, str] | None = None,
    begun: Collection[str] = (),
) -> Widened | Denied:
    """Whether the task, which was building and now asks, may write these paths, too.

    All are granted or none. Granted is what no task that runs, or may run, beside this one can
    write, read or need as a folder: the task is put after every other that can (`needs`), unless
    that one waits for it. Failed tasks, and those that wait for a failed one, do not count.

    `phases` tells where the tasks stand (waiting, when missing), `there` what kind of entry lies
    at each path of the task's tree ("link" and "submodule" are no files, "large" and "binary" files
    that a worker can't be shown). Of the tasks in `begun` something is committed already: even if
    they go on after this one only, it can't write what is theirs.
    """
    me = next(t for t in plan.tasks if t.id == task)
    wishes = tuple(dict.fromkeys(paths))
    wrong = _unfit(me, wishes, there or {})
    if wrong:
        return Denied(task=task, why=_sentence(wrong))
    touch = tuple(normalise(literal(p)) for p in wishes if not scope_of(me).may_write(p))
    if not touch:
        return Widened(task=task, touch=(), needs=())
    found = _concerned(plan, me, touch, blind, begun)
    if isinstance(found, str):
        return Denied(task=task, why=found)
    behind, doomed = _reach(_turned(edges(plan)), [task]), _doomed(plan, phases)
    needs = []
    for other, path in found.items():
        if other in doomed and phases.get(other) in RUNNING:
            wrong.append(f"`{path}` belongs to `{other}`, which is at work and can't pass any more")
        elif other in doomed:
            continue
        elif other in behind:
            wrong.append(_waiting(plan, me, other, path))
        else:
            needs.append(other)
    if wrong:
        return Denied(task=task, why=_sentence(wrong))
    return Widened(task=task, touch=touch, needs=tuple(needs))


def _unfit(me: Task, paths: Sequence[str], there: Mapping[str, str]) -> list[str]:
    """Why these paths can't be this task's, whatever the others do."""
    if not paths:
        return ["no path was asked for"]
    if len(paths) > PATHS:
        return [f"{len(paths):,} paths were asked for, and {PATHS} are the most"]
    wrong = []
    for path in paths:
        shown = f"`{path[:80]}`"
        if why := bad_path(path):
            wrong.append(f"{shown} can't be written: {why}")
        elif any(matches(p, path) for p in me.forbid):
            wrong.append(f"{shown} is forbidden to `{me.id}`")
        elif any(p.startswith(f"{path}/") for p in there):
            wrong.append(f"{shown} is a folder; ask for the files")
        else:
            wrong += _in_the_way(path, shown, there)
    if wrong:
        return wrong
    asked = tuple(map(literal, paths))
    own = collision((*me.touch, *asked), asked)
    if own:
        wrong.append(f"`{own[0]}` and `{own[1]}` can't be a file and a folder at once")
    return wrong


def _in_the_way(path: str, shown: str, there: Mapping[str, str]) -> list[str]:
    if there.get(path) in NO_FILES:
        return [f"{shown} is {NO_FILES[there[path]]}"]
    if there.get(path) in NO_TEXTS:
        return [f"{shown} can't be changed here: it is {NO_TEXTS[there[path]]}"]
    for folder in (path[:i] for i, char in enumerate(path) if char == "/"):
        if folder in there:
            return [
                f"{shown} can't be written: `{folder}` is {NO_FILES.get(there[folder], 'a file')}"
            ]
    return []


# --- the other tasks ----------------------------------------------------------------------------


def _concerned(
    plan: Plan, me: Task, touch: tuple[str, ...], blind: Blind, begun: Collection[str]
) -> dict[str, str] | str:
    """The tasks that writing there would clash with, each with a path; or why it can't be told."""
    waits = waits_for(plan)
    before = _reach(waits, waits[me.id])
    after = _reach(_turned(waits), [me.id])
    # What `touch` clashes with must be over before the first build of a task begins: what one that
    # asked for more has sent so far is kept. For what is read it is enough that one has passed
    # before the other passes.
    ordered = _reach(waits, (n for n in me.needs if n in waits and n != me.id))
    later = {t.id for t in plan.tasks if any(n in after and n != t.id for n in t.needs)}
    ordered |= later.difference(begun)
    reads_ordered = before | after

    def other(a: str, b: str) -> str:
        return b if a == me.id else a

    scopes = {t.id: scope_of(t) for t in plan.tasks}
    scopes[me.id] = Scope(touch=touch, forbid=me.forbid)
    found = clashes(
        scopes,
        apart=lambda a, b: other(a, b) in ordered,
        reads_apart=lambda a, b: other(a, b) in reads_ordered,
        blind=blind,
        most=3 * len(scopes),  # one of each kind with each other task
        of=me.id,
    )
    if found.unsure:
        a, b, why = found.unsure[0]
        return f"`{a}` and `{b}` can't be compared with these paths: {why}."
    paths: dict[str, str] = {}
    for clash in found.found:
        paths.setdefault(other(clash.a, clash.b), clash.witness)
    return {ident: paths[ident] for ident in scopes if ident in paths}


def _waiting(plan: Plan, me: Task, ident: str, path: str) -> str:
    """That the other task waits for this one, and what to do without writing there."""
    gives = plan.task(ident).provides[:SHOWN]
    how = (
        f"build on its contract {' or '.join(f'`{c}`' for c in gives)} as it stands"
        if gives
        else f"leave the edit to `{ident}`, and say in your file what it lacks"
    )
    return f"`{path}` belongs to `{ident}`, which waits for `{me.id}`: {how}"


def _doomed(plan: Plan, phases: Mapping[str, Phase]) -> set[str]:
    """The tasks that failed, and those that can't be done since they wait for one that did."""
    links = {
        i: [o for o in others if phases.get(o) not in DONE]
        for i, others in _turned(edges(plan)).items()
    }
    return _reach(links, (i for i in links if phases.get(i) == "failed"))


def _turned(links: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """The links the other way round."""
    found: dict[str, list[str]] = {ident: [] for ident in links}
    for ident, others in links.items():
        for other in others:
            found[other].append(ident)
    return found


def _reach(links: Mapping[str, Iterable[str]], starts: Iterable[str]) -> set[str]:
    """The starts and all that the links lead to from them."""
    seen = set(starts)
    todo = list(seen)
    while todo:
        new = [o for o in links[todo.pop()] if o not in seen]
        seen.update(new)
        todo += new
    return seen


def _sentence(wrong: Sequence[str]) -> str:
    return "; ".join(wrong) + "."
