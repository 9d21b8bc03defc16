"""What a plan's tasks wait for: ancestors, waves and the longest chain; cycles do no harm here."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from partita.core.plan import Plan, Task

K = TypeVar("K", bound=Hashable)


def provider_of(plan: Plan) -> dict[str, str]:
    """The task that provides each contract; the first one where there are two."""
    found: dict[str, str] = {}
    for task in plan.tasks:
        for contract in task.provides:
            found.setdefault(contract, task.id)
    return found


def waits_for(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Per task, the other tasks that must have passed before it can pass, as far as they exist.

    They are those that it needs and those whose contracts it uses, but for its `partners`.
    """
    edges, mutual = _edges(plan), partners(plan)
    return {
        ident: tuple(o for o in others if o not in mutual[ident]) for ident, others in edges.items()
    }


def partners(plan: Plan) -> dict[str, frozenset[str]]:
    """Per task, those with which it uses contracts to and fro, with no `needs` between them.

    Each is tested on top of the others as they were built; waiting until they have passed would
    be for ever.
    """
    edges = _edges(plan)
    uses = provider_of(plan)
    if not any(c in uses for t in plan.tasks for c in t.uses):
        return dict.fromkeys(edges, frozenset())
    reach = {ident: _reach(edges, others) for ident, others in edges.items()}
    circle = {
        ident: frozenset(o for o in found if ident in reach[o]) for ident, found in reach.items()
    }
    needs = {t.id: t.needs for t in first(plan.tasks)}
    return {
        ident: frozenset()
        if any(need in members for member in members for need in needs[member])
        else members - {ident}
        for ident, members in circle.items()
    }


def _edges(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Per task, the other tasks that it needs or whose contracts it uses, as far as they exist."""
    providers = provider_of(plan)
    known = {t.id for t in plan.tasks}
    return {
        t.id: tuple(
            dict.fromkeys(
                other
                for other in (*t.needs, *(providers[c] for c in t.uses if c in providers))
                if other in known and other != t.id
            )
        )
        for t in first(plan.tasks)
    }


def first(tasks: Sequence[Task]) -> tuple[Task, ...]:
    """The tasks in order; of several with one id the first, so that all of a plan is judged."""
    found: dict[str, Task] = {}
    for task in tasks:
        found.setdefault(task.id, task)
    return tuple(found.values())


def ancestors(plan: Plan) -> dict[str, frozenset[str]]:
    """Per task, all that must have passed before it can pass."""
    direct = waits_for(plan)
    return {ident: frozenset(_reach(direct, others)) for ident, others in direct.items()}


def built_after(plan: Plan) -> dict[str, frozenset[str]]:
    """Per task, all that has passed before its build begins, and so never runs beside it.

    A provider of a contract is not among them: a contract lets both be built at once.
    """
    waits = waits_for(plan)
    return {
        t.id: frozenset(_reach(waits, (n for n in t.needs if n in waits and n != t.id)))
        for t in first(plan.tasks)
    }


def _reach(edges: Mapping[K, Iterable[K]], starts: Iterable[K]) -> set[K]:
    seen = set(starts)
    todo = list(seen)
    while todo:
        for node in edges[todo.pop()]:
            if node not in seen:
                seen.add(node)
                todo.append(node)
    return seen


def layers(edges: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """The nodes by depth, in their own order; those on or behind a cycle are left out."""
    left = {node: {other for other in before if other in edges} for node, before in edges.items()}
    out = []
    while ready := tuple(node for node, before in left.items() if not before):
        out.append(ready)
        for node in ready:
            del left[node]
        for before in left.values():
            before.difference_update(ready)
    return tuple(out)


def waves(plan: Plan) -> tuple[tuple[str, ...], ...]:
    """The task ids by depth over `needs`: what can be built at once. Cyclic ones come last."""
    tasks = first(plan.tasks)
    found = layers({t.id: t.needs for t in tasks})
    placed = {ident for wave in found for ident in wave}
    rest = tuple(t.id for t in tasks if t.id not in placed)
    return (*found, rest) if rest else found


def critical_path(plan: Plan, seconds: Mapping[str, float]) -> tuple[str, ...]:
    """The chain of tasks, each waiting for the one before, that takes longest."""
    waits = waits_for(plan)
    longest: dict[str, float] = {}
    before: dict[str, str | None] = {}
    for layer in layers(waits):
        for ident in layer:
            slowest = max(waits[ident], key=lambda i: longest[i], default=None)
            before[ident] = slowest
            longest[ident] = seconds.get(ident, 0) + (longest[slowest] if slowest else 0)
    at = max(longest, key=lambda i: longest[i], default=None)
    path = []
    while at is not None:
        path.append(at)
        at = before[at]
    return tuple(reversed(path))
