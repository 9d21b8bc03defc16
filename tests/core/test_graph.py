"""What waits for what in a plan, held to slow and simple ways to tell."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from strategies import LAW, any_plans, valid_plans

from partita.core.graph import (
    Order,
    built_order,
    circles,
    critical_path,
    edges,
    first,
    layers,
    partners,
    waits_for,
    waits_order,
    waves,
)
from partita.core.plan import Plan, Task

NODES = "abcdefg"
graphs = st.dictionaries(st.sampled_from(NODES), st.lists(st.sampled_from(NODES + "?"), max_size=3))


def reached(graph, starts):
    """All nodes of the graph that some way leads to, from the starts on."""
    seen, todo = set(), [s for s in starts if s in graph]
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            todo += [other for other in graph[node] if other in graph and other != node]
    return seen


def others(graph, node):
    return [other for other in graph[node] if other != node]


def before(graph):
    return {node: reached(graph, others(graph, node)) for node in graph}


@LAW
@given(graphs)
def test_an_order_knows_all_that_comes_before(graph):
    order, slow = Order(graph), before(graph)
    for a in NODES:
        for b in NODES:
            assert order.before(a, b) == (a in slow.get(b, ()))
            assert order.apart(a, b) == (a in slow.get(b, ()) or b in slow.get(a, ()))


@LAW
@given(graphs, st.data())
def test_a_way_may_have_to_start_with_some_of_the_edges(graph, data):
    begin = {
        node: [o for o in before if data.draw(st.booleans())] for node, before in graph.items()
    }
    order = Order(graph, begin=begin)
    slow = {node: reached(graph, others(begin, node)) for node in graph}
    for a in graph:
        for b in graph:
            assert order.before(a, b) == (a in slow[b])
            if order.number[a] < order.number[b]:
                bit = bool(order.apart_from(b) >> order.number[a] & 1)
                assert bit == order.apart(a, b)


@LAW
@given(graphs)
def test_numbers_run_from_0_on_and_rise_along_the_edges_but_on_a_circle(graph):
    order, slow = Order(graph), before(graph)
    assert sorted(order.number.values()) == list(range(len(graph)))
    for node in graph:
        for other in slow[node] - {node}:
            assert order.number[other] < order.number[node] or node in slow[other]


def test_a_node_that_begins_nowhere_comes_behind_none():
    order = Order({"a": [], "b": ["a"], "c": ["b"]}, begin={"c": ["b"]})
    assert order.before("a", "c")
    assert not order.before("a", "b")


def test_a_task_whose_length_is_unknown_takes_no_time():
    tasks = tuple(Task(id=i, objective="", touch=(i,)) for i in "abc")
    assert critical_path(Plan(name="p", tasks=tasks), {"b": 1.0}) == ("b",)


def test_an_unknown_node_is_apart_from_none():
    order = Order({"a": [], "b": ["a"]})
    assert not order.before("?", "a")
    assert not order.apart("a", "?")
    assert order.apart_from("?") == 0


@LAW
@given(graphs)
def test_circles_are_the_nodes_that_reach_each_other_each_behind_what_it_leads_to(graph):
    slow, found = before(graph), circles(graph)
    assert sorted(node for circle in found for node in circle) == sorted(graph)
    place = {node: i for i, circle in enumerate(found) for node in circle}
    for a in graph:
        for b in graph:
            assert (place[a] == place[b]) == (a == b or (a in slow[b] and b in slow[a]))
            assert a not in slow[b] or place[a] <= place[b]


def slow_layers(graph):
    left = {node: {o for o in before if o in graph} for node, before in graph.items()}
    out = []
    while ready := tuple(node for node, before in left.items() if not before):
        out.append(ready)
        for node in ready:
            del left[node]
        for waiting in left.values():
            waiting.difference_update(ready)
    return tuple(out)


@LAW
@given(graphs)
def test_layers_are_what_is_free_when_those_before_are_gone(graph):
    assert layers(graph) == slow_layers(graph)


def slow_partners(plan):
    around, needs = edges(plan), {t.id: t.needs for t in first(plan.tasks)}
    slow = before(around)
    found = {}
    for ident in around:
        circle = {other for other in slow[ident] if ident in slow[other]}
        mutual = not any(need in circle for member in circle for need in needs[member])
        found[ident] = frozenset(circle if mutual else ())
    return found


@LAW
@given(valid_plans() | any_plans())
def test_partners_use_each_other_with_no_needs_between_them(plan):
    assert partners(plan) == slow_partners(plan)


@LAW
@given(valid_plans() | any_plans())
def test_the_orders_of_a_plan(plan):
    waits = waits_for(plan)
    built, passed = built_order(plan), waits_order(plan)
    for task in first(plan.tasks):
        needs = reached(waits, [n for n in task.needs if n != task.id])
        for other in waits:
            assert built.before(other, task.id) == (other in needs)
            assert passed.before(other, task.id) == (other in before(waits)[task.id])
            assert passed.before(other, task.id) or not built.before(other, task.id)


@LAW
@given(valid_plans(), st.lists(st.integers(1, 99), min_size=6, max_size=6))
def test_the_critical_path_is_a_chain_and_none_takes_longer(plan, numbers):
    seconds = {t.id: numbers[i] for i, t in enumerate(plan.tasks)}
    path, waits = critical_path(plan, seconds), waits_for(plan)
    assert all(a in waits[b] for a, b in pairwise(path))

    def longest(ident):
        return seconds[ident] + max(map(longest, waits[ident]), default=0)

    assert sum(seconds[i] for i in path) == max(map(longest, waits))


@LAW
@given(valid_plans() | any_plans())
def test_waves_are_the_layers_of_what_is_needed_with_those_in_circles_last(plan):
    wanted = slow_layers({t.id: t.needs for t in first(plan.tasks)})
    rest = {t.id for t in plan.tasks}.difference(*wanted)
    assert waves(plan)[: len(wanted)] == wanted
    assert [sorted(wave) for wave in waves(plan)[len(wanted) :]] == ([sorted(rest)] if rest else [])


def test_twenty_thousand_tasks_in_a_row_or_a_ring_are_no_trouble():
    """Nothing recurses, and nothing is held once for each two tasks."""
    count = 20_000
    for ring in (False, True):
        tasks = tuple(
            Task(
                id=f"t{i}",
                objective="",
                touch=("a",),
                uses=() if i == 0 and not ring else (f"c{(i - 1) % count}",),
                provides=(f"c{i}",),
            )
            for i in range(count)
        )
        plan = Plan(name="long", tasks=tasks)
        assert waits_order(plan).before("t0", f"t{count - 1}") is not ring
        assert len(layers(waits_for(plan))) == (1 if ring else count)
        assert len(partners(plan)["t7"]) == (count if ring else 0)
        assert len(critical_path(plan, dict.fromkeys(waits_for(plan), 1.0))) == (
            1 if ring else count
        )
