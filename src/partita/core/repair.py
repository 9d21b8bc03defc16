"""Repair of a plan: what can be mended without asking what was meant, and in which words."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise

from partita.core.clashes import Clash, Clashes, clashes
from partita.core.graph import built_order, waits_for, waits_order
from partita.core.plan import Plan, Task
from partita.core.problem import DropNeeds, MoveFile, Problem
from partita.core.problems import problems
from partita.core.scope import SHARP, Blind, Scope, scope_of
from partita.core.sequence import Sequence as Order
from partita.core.sequence import sequence

MOST = 100_000  # clashes that one round orders
ROUNDS = 8
CROWDS = 50  # paths of which all writers are put in a row at once
After = dict[str, dict[str, Clash]]  # per task those that go before it, and why

BROKEN = ("form", "empty", "size", "id")  # until these are mended, no name in the plan is certain


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """A plan after its repair: what was done, in sentences, and what is left of its problems."""

    plan: Plan
    done: tuple[str, ...] = ()
    left: tuple[Problem, ...] = ()


def repair(
    plan: Plan,
    *,
    existing: frozenset[str] = frozenset(),
    wanted: Sequence[str] = (),
    blind: Blind = SHARP,
    weights: Mapping[str, float] | None = None,
) -> Repaired:
    """The plan with its safe mends made; unchanged when nothing is wrong with it.

    Needs that say nothing are dropped: of a task on itself, and those that close a circle in
    which contracts give all that is needed. A wanted file goes to the one task that may write it.
    Tasks that clash are put in order, along the side that makes the shorter chain by `weights`
    (seconds; one each when missing), a reader after the writer where that can be.

    No scope changes, no order between tasks is lost but inside a circle, and no other problem
    comes in, but those that a circle hid. A file where another task needs a folder, and whatever
    else only its author can know, is left. Beyond some hundred thousand clashes the rest is left.
    """
    found = problems(plan, existing=existing, wanted=wanted, blind=blind)
    if not found or any(p.kind in BROKEN for p in found):
        return Repaired(plan=plan, left=found)
    done: list[str] = []
    mended = _apply(plan, found, done)
    unread = {i for p in found if p.kind == "pattern" for i in p.tasks}
    for _ in range(ROUNDS):
        ordered = _in_order(mended, unread, blind, weights, done)
        if ordered is mended:
            break
        mended = ordered
    if mended is plan:
        return Repaired(plan=plan, left=found)
    left = problems(mended, existing=existing, wanted=wanted, blind=blind)
    return Repaired(plan=mended, done=tuple(done), left=left)


def _apply(plan: Plan, found: Sequence[Problem], done: list[str]) -> Plan:
    """The plan with its idle needs dropped and its files moved."""
    dropped: dict[str, set[str]] = {}
    tasks = {t.id: t for t in plan.tasks}
    for problem in found:
        match problem.fix:
            case DropNeeds(needs=needs):
                for task, need in needs:
                    if need not in dropped.setdefault(task, set()):
                        dropped[task].add(need)
                        done.append(
                            f"`{task}` no longer needs itself."
                            if need == task
                            else f"`{task}` no longer needs `{need}`: the contracts that it uses "
                            f"give what it needs of `{need}`, and they wait for each other."
                        )
            case MoveFile(path=path, source=source, target=target):
                _move(tasks, path, source, target)
                done.append(f"`{path}` is written by `{target}`, whose scope holds it.")
            case _:
                pass
    for ident, idle in dropped.items():
        kept = tuple(n for n in tasks[ident].needs if n not in idle)
        tasks[ident] = replace(tasks[ident], needs=kept)
    return replace(plan, tasks=tuple(tasks.values())) if done else plan


def _move(tasks: dict[str, Task], path: str, source: str, target: str) -> None:
    giver, taker = tasks[source], tasks[target]
    file = next(f for f in giver.files if f.path == path)
    tasks[source] = replace(giver, files=tuple(f for f in giver.files if f.path != path))
    if all(f.path != path for f in taker.files):
        tasks[target] = replace(taker, files=(*taker.files, file))


# --- clashing tasks, one after the other --------------------------------------------------------


def _in_order(
    plan: Plan,
    unread: set[str],
    blind: Blind,
    weights: Mapping[str, float] | None,
    done: list[str],
) -> Plan:
    """The plan with its clashing tasks ordered; itself when there is no more to order."""
    scopes = {t.id: scope_of(t) for t in plan.tasks if t.id not in unread}
    found = clashes(
        scopes,
        apart=built_order(plan).apart,
        reads_apart=waits_order(plan).apart,
        blind=blind,
        most=MOST,
    )
    pairs = [c for c in found.found if c.kind != "collision"]
    order = sequence(plan, ((c.a, c.b) for c in pairs if c.kind == "hazard"), weights)
    after: After = {}
    for clash in pairs:
        _put(after, order, clash.a, clash.b, clash)
    if found.cut:
        for clash, crowd in _crowds(scopes, found, order):
            for first, then in pairwise(crowd):
                _put(after, order, first, then, clash)
    more = _reduced(plan, order, after)
    if not more:
        return plan
    for task in plan.tasks:
        done += (_said(task.id, n, after[task.id][n]) for n in more.get(task.id, ()))
    tasks = (replace(t, needs=(*t.needs, *more.get(t.id, ()))) for t in plan.tasks)
    return replace(plan, tasks=tuple(tasks))


def _put(after: After, order: Order, a: str, b: str, clash: Clash) -> None:
    pair = order.pair(a, b)
    if pair is not None:
        after.setdefault(pair[1], {}).setdefault(pair[0], clash)


def _said(then: str, first: str, clash: Clash) -> str:
    path = f"`{clash.witness}`"
    if clash.kind == "overlap":
        return f"`{then}` now needs `{first}`: both may write {path}."
    if then == clash.a:
        return f"`{then}` now needs `{first}`: it reads {path}, which `{first}` may write."
    return f"`{then}` now needs `{first}`: it may write {path}, which `{first}` reads."


def _crowds(
    scopes: Mapping[str, Scope], found: Clashes, order: Order
) -> Iterator[tuple[Clash, list[str]]]:
    """The tasks that may write one path, in their order, for the paths that most clash over.

    Each two of them overlap, so a row of n tasks stands for n * (n - 1) / 2 clashes.
    """
    over: dict[str, Clash] = {}
    for clash in found.found:
        if clash.kind == "overlap":
            over.setdefault(clash.witness, clash)
    often = Counter(c.witness for c in found.found if c.kind == "overlap")
    for path, _ in often.most_common(CROWDS):
        crowd = [i for i, scope in scopes.items() if scope.may_write(path)]
        yield over[path], sorted(crowd, key=order.rank.__getitem__)


def _reduced(plan: Plan, order: Order, after: After) -> dict[str, tuple[str, ...]]:
    """The needs that are still to be added, the fewest that put all of `after` in order.

    Task by task in order, each with the latest of those before it first: one that is passed by
    then anyway is not needed. What has passed is a set of bits, one for each task in `after`.
    """
    bits: dict[str, int] = {}
    for ident in chain.from_iterable(after.values()):
        bits.setdefault(ident, 1 << len(bits))
    waits, passed, more = waits_for(plan), dict.fromkeys(order.rank, 0), {}
    needs = {t.id: t.needs for t in plan.tasks}
    for ident in sorted(order.rank, key=order.rank.__getitem__):
        # What has passed when it is built; and what, with the contracts it uses, when it passes,
        # which is enough for what is only read.
        base = _union(set(needs[ident]).intersection(waits[ident]), passed, bits)
        whole = base | _union(waits[ident], passed, bits)
        found: list[str] = []
        earlier = after.get(ident, {})
        for other in sorted(earlier, key=order.rank.__getitem__, reverse=True):
            done = base if earlier[other].kind == "overlap" else whole
            if not done & bits[other]:
                found.append(other)
                base |= passed[other] | bits[other]
                whole |= base
        passed[ident] = whole
        if found:
            more[ident] = tuple(reversed(found))
    return more


def _union(idents: Iterable[str], passed: Mapping[str, int], bits: Mapping[str, int]) -> int:
    """These tasks and all that has passed before them, as a set of bits."""
    found = 0
    for ident in idents:
        found |= passed[ident] | bits.get(ident, 0)
    return found
