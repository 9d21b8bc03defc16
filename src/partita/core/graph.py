"""What a plan's tasks wait for: order, waves and the longest chain; cycles do no harm here."""

from collections.abc import Iterable, Mapping, Sequence

from partita.core.plan import Plan, Task


class Order:
    """Which nodes come before which: the transitive closure of a graph, as bit sets.

    Every node has a `number`, and those before it have lower ones, but for those on a cycle with
    it. A closure of n nodes takes n * n / 16 bytes on average where they form a chain.
    """

    def __init__(
        self,
        edges: Mapping[str, Iterable[str]],
        *,
        begin: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        """`edges` name the nodes right before each; unknown ones and the node itself count not.

        With `begin`, a subset of `edges`, the way from a node starts with one of its `begin`.
        """
        found = circles(edges)
        nodes = [node for circle in found for node in circle]
        self.number = {node: i for i, node in enumerate(nodes)}
        self._before: list[int] = []  # by number
        self._apart: list[int] = []
        for circle in found:
            self._before += [self._reach(edges, circle)] * len(circle)
        self._apart = self._before
        if begin is not None:
            self._start_with(begin, found)

    def _reach(self, edges: Mapping[str, Iterable[str]], circle: Sequence[str]) -> int:
        first = len(self._before)
        reach = 0 if len(circle) == 1 else ((1 << len(circle)) - 1) << first
        for node in circle:
            for other in edges[node]:
                number = self.number.get(other, first)
                if number < first:
                    reach |= 1 << number | self._before[number]
        return reach

    def _start_with(
        self, begin: Mapping[str, Iterable[str]], circles: Sequence[Sequence[str]]
    ) -> None:
        closure, self._before, self._apart = self._before, [], []
        for circle in circles:
            first, within = len(self._before), 0
            for node in circle:
                reach = 0
                for other in begin.get(node, ()):
                    number = self.number.get(other)
                    if number is not None and other != node:
                        reach |= 1 << number | closure[number]
                        if number >= first:
                            within |= 1 << self.number[node]
                whole = closure[len(self._before)]
                self._before.append(whole if reach == whole else reach)
            # Whoever starts into its own cycle reaches all of it, and so is apart from all of it.
            self._apart += [before | within for before in self._before[first:]]

    def before(self, a: str, b: str) -> bool:
        """Does a come before b? Nodes on one cycle do so both ways; an unknown node never does."""
        x, y = self.number.get(a), self.number.get(b)
        return x is not None and y is not None and bool(self._before[y] >> x & 1)

    def apart(self, a: str, b: str) -> bool:
        """Does one of the two come before the other?"""
        return self.before(a, b) or self.before(b, a)

    def apart_from(self, node: str) -> int:
        """The lower numbers, as a bit set, of the nodes that the node is apart from.

        Higher numbers are in it only where they share a cycle with the node.
        """
        number = self.number.get(node)
        return 0 if number is None else self._apart[number]


def circles(edges: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """The nodes by circles, each circle behind those that it has edges to.

    A circle is a strongly connected component: a node alone, or all that wait for each other.

    Tarjan, Depth-first search and linear graph algorithms, 1972; without recursion.
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}  # of the nodes whose component is not complete
    open_nodes: list[str] = []
    found: list[list[str]] = []
    for root in edges:
        if root in index:
            continue
        index[root] = low[root] = len(index)
        open_nodes.append(root)
        trail = [(root, iter(edges[root]))]
        while trail:
            node, others = trail[-1]
            for other in others:
                if other in low:
                    low[node] = min(low[node], index[other])
                elif other not in index and other in edges:
                    index[other] = low[other] = len(index)
                    open_nodes.append(other)
                    trail.append((other, iter(edges[other])))
                    break
            else:
                trail.pop()
                if trail:
                    parent = trail[-1][0]
                    low[parent] = min(low[parent], low[node])
                if low[node] == index[node]:
                    found.append(_off(open_nodes, node))
                    for member in found[-1]:
                        del low[member]
    return found


def _off(stack: list[str], node: str) -> list[str]:
    """What lies on the stack from the node on, taken off it."""
    taken = [stack.pop()]
    while taken[-1] != node:
        taken.append(stack.pop())
    return taken[::-1]


def provider_of(plan: Plan) -> dict[str, str]:
    """The task that provides each contract; the first one where there are two."""
    found: dict[str, str] = {}
    for task in plan.tasks:
        for contract in task.provides:
            found.setdefault(contract, task.id)
    return found


def waits_order(plan: Plan) -> Order:
    """What must have passed before what can pass."""
    return Order(waits_for(plan))


def built_order(plan: Plan) -> Order:
    """What has passed before the build of what begins, and so never runs beside it.

    A provider of a contract does not come before its users: a contract lets both be built at once.
    """
    waits = waits_for(plan)
    return Order(waits, begin={t.id: t.needs for t in first(plan.tasks)})


def waits_for(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Per task, the other tasks that must have passed before it can pass, as far as they exist.

    They are those that it needs and those whose contracts it uses, but for its `partners`.
    """
    mutual = partners(plan)
    return {
        ident: tuple(o for o in others if o not in mutual[ident])
        for ident, others in edges(plan).items()
    }


def partners(plan: Plan) -> dict[str, frozenset[str]]:
    """Per task, those with which it uses contracts to and fro, with no `needs` between them.

    The task is one of them; the set is empty for a task that has no such others. Each is tested
    on top of the others as they were built; waiting until they have passed would be for ever.
    """
    around = edges(plan)
    needs = {t.id: t.needs for t in first(plan.tasks)}
    found: dict[str, frozenset[str]] = dict.fromkeys(around, frozenset())
    for circle in circles(around):
        members = frozenset(circle)
        if len(members) > 1 and not any(n in members for m in circle for n in needs[m]):
            found.update(dict.fromkeys(circle, members))  # one set for all: circles can be large
    return found


def edges(plan: Plan) -> dict[str, tuple[str, ...]]:
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


def layers(edges: Mapping[str, Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    """The nodes by depth, in their own order; those on or behind a cycle are left out."""
    place = {node: i for i, node in enumerate(edges)}
    after: dict[str, list[str]] = {node: [] for node in edges}
    left: dict[str, int] = {}
    for node, before in edges.items():
        others = {other for other in before if other in place}
        left[node] = len(others)
        for other in others:
            after[other].append(node)
    ready = [node for node, count in left.items() if not count]
    out = []
    while ready:
        out.append(tuple(ready))
        freed = []
        for node in ready:
            for later in after[node]:
                left[later] -= 1
                if not left[later]:
                    freed.append(later)
        ready = sorted(freed, key=place.__getitem__)
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
            longest[ident] = seconds.get(ident, 0) + (0 if slowest is None else longest[slowest])
    at = max(longest, key=lambda i: longest[i], default=None)
    path = []
    while at is not None:
        path.append(at)
        at = before[at]
    return tuple(reversed(path))
