"""What tasks that may run at the same time do to each other, as problems of their plan."""

from collections.abc import Iterator, Sequence

from partita.core.clashes import Clash, clashes
from partita.core.graph import built_order, first, waits_order
from partita.core.plan import Plan, Task
from partita.core.problem import Fix, OrderTasks, Problem, TakeOut
from partita.core.scope import Blind, head, scope_of
from partita.core.sequence import Sequence as Order
from partita.core.sequence import sequence

MOST = 200  # clashes that are listed one by one


def beside(plan: Plan, tasks: Sequence[Task], blind: Blind) -> Iterator[Problem]:
    """The clashes between these tasks of the plan, whose patterns can all be read.

    At most MOST of them, and as many that could not be compared; then one that counts the rest.
    """
    found = clashes(
        {t.id: scope_of(t) for t in first(tasks)},
        apart=built_order(plan).apart,
        reads_apart=waits_order(plan).apart,
        blind=blind,
    )
    if found.found:
        order = sequence(plan, ((c.a, c.b) for c in found.found if c.kind == "hazard"))
        for clash in found.found[:MOST]:
            yield _problem(clash, order)
    for a, b, why in found.unsure[:MOST]:
        yield intricate((a, b), why)
    rest = len(found.found[MOST:]) + len(found.unsure[MOST:])
    if rest or found.cut:
        text = f"{rest:,} other pairs of tasks clash, too."
        if found.cut:
            text = f"At least {rest:,} other pairs may clash, too: there are too many to compare."
        yield Problem(kind="more", text=text, mend="Give each task files or folders of its own.")


def intricate(tasks: tuple[str, ...], why: str) -> Problem:
    """Scopes that can't be compared within bounds."""
    return Problem(
        kind="intricate",
        text=f"The scopes of {' and '.join(f'`{t}`' for t in tasks)} can't be compared: {why}.",
        tasks=tasks,
        mend="List plain paths and folders (`dir/**`) instead of intricate patterns.",
    )


def _problem(clash: Clash, order: Order) -> Problem:
    a, b, path = clash.a, clash.b, clash.witness
    pair = order.pair(a, b)
    fix: Fix | None = OrderTasks(first=pair[0], then=pair[1]) if pair else _less(clash)
    need = (
        f", or let `{pair[1]}` need `{pair[0]}`." if pair else "; neither can wait for the other."
    )
    if clash.kind == "overlap":
        less = _less(clash)
        text = f"`{a}` and `{b}` may both write `{path}` at the same time."
        mend = f"Take `{less.pattern}` out of `{less.task}` (or `forbid` it there){need}"
    elif clash.kind == "hazard":
        text = f"`{a}` reads `{path}`, which `{b}` may be writing at the same time."
        use = f", let it use a contract that `{b}` provides" if pair else ""
        mend = f"Narrow the `read` of `{a}`{use}{need}"
    else:
        fix = None
        text = (
            f"`{a}` touches `{clash.pattern_a}` and `{b}` touches `{clash.pattern_b}`: "
            f"one needs a folder where the other has a file, `{path}`."
        )
        mend = "Rename one of them."
    return Problem(kind=clash.kind, text=text, tasks=(a, b), witness=path, mend=mend, fix=fix)


def _less(clash: Clash) -> TakeOut:
    """The narrower pattern, to be taken out of the task that has the wider; of the later if alike.

    A reader gives way to the writer.
    """
    if clash.kind == "hazard":
        return TakeOut(task=clash.a, pattern=clash.pattern_b)
    if _width(clash.pattern_b) < _width(clash.pattern_a):
        return TakeOut(task=clash.a, pattern=clash.pattern_b)
    return TakeOut(task=clash.b, pattern=clash.pattern_a)


def _width(pattern: str) -> tuple[bool, int]:
    text, whole = head(pattern)
    return not whole, -len(text)
