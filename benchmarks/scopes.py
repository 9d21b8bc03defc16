"""The disjointness of a whole plan: how long it takes, in what memory, and against all pairs."""

import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import combinations
from statistics import median
from typing import Any

from figures import Row, Section, of_many

from partita.core.clashes import Clashes, clashes
from partita.core.graph import Order
from partita.core.scope import Scope, collision

SEED = 3
SIZE = 10_000
SECONDS, MEGABYTES, DOUBLE = 1.0, 300.0, 2.5
PAIRWISE = 400  # tasks for which all pairs are still compared in reasonable time
RUNS = 3

Plan = tuple[dict[str, Scope], dict[str, list[str]]]  # the scopes, and what each task needs


def mixed(tasks: int) -> Plan:
    """5 patterns a task: 80 % files, 15 % folders, 5 % globs; none clash."""
    chance = random.Random(SEED)
    scopes = {}
    for task in range(tasks):
        home = f"src/area{task % 97}/part{task}"
        touch = []
        for n in range(5):
            kind = chance.random()
            if kind < 0.80:
                touch.append(f"{home}/{chance.choice(('api', 'core', 'ui'))}/file{n}.py")
            elif kind < 0.95:
                touch.append(f"{home}/folder{n}/**")
            else:
                glob = (f"{home}/glob{n}/*.py", f"{home}/**/test_{n}_*.py", f"docs/*_{task}_{n}.md")
                touch.append(chance.choice(glob))
        scopes[f"T{task}"] = Scope(touch=tuple(touch))
    return scopes, {}


def clashing(tasks: int) -> Plan:
    """The same, and every tenth task touches a file of the task before it."""
    scopes, _ = mixed(tasks)
    before = None
    for n, (ident, scope) in enumerate(scopes.items()):
        if before and n % 10 == 0:
            scopes[ident] = Scope(touch=(*scope.touch[:4], before.touch[n % 5]))
        before = scope
    return scopes, {}


def one_folder(tasks: int) -> Plan:
    """All files in one folder."""
    names = [tuple(f"src/file{t}_{n}.py" for n in range(5)) for t in range(tasks)]
    return {f"T{t}": Scope(touch=touch) for t, touch in enumerate(names)}, {}


def deep(tasks: int) -> Plan:
    """Files and folders 40 levels down, each task's apart from level 3 on."""
    scopes = {}
    for task in range(tasks):
        home = f"src/a{task % 97}/" + "/".join(f"l{n}_{task}" for n in range(38))
        touch = (*(f"{home}/f{n}.py" for n in range(4)), f"{home}/sub/**")
        scopes[f"T{task}"] = Scope(touch=touch)
    return scopes, {}


def chain(tasks: int) -> Plan:
    """Each task needs the one before, and all touch the same file, folder and glob."""
    same = ("src/app.py", "src/core/**", "docs/*.md")
    scopes = {f"T{t}": Scope(touch=(*same, f"own/{t}.py", f"own{t}/**")) for t in range(tasks)}
    return scopes, {f"T{t}": [f"T{t - 1}"] for t in range(1, tasks)}


def alike(tasks: int) -> Plan:
    """Globs that begin alike, as `src/*a1.py`, and files beside them."""
    globs = [f"src/*a{t}.py" if t % 2 else f"src/*/mod{t}_*.py" for t in range(tasks)]
    files = [tuple(f"src/x{t}/f{n}b.py" for n in range(4)) for t in range(tasks)]
    return {f"T{t}": Scope(touch=(globs[t], *files[t])) for t in range(tasks)}, {}


def anywhere(tasks: int) -> Plan:
    """500 tasks with a glob `**/name_1.py`, the rest with files."""
    scopes = {}
    for task in range(tasks):
        files = tuple(f"src/p{task % 997}/f{task}_{n}.py" for n in range(5))
        touch = (f"**/name_{task}.py", *files[:4]) if task < 500 else files
        scopes[f"T{task}"] = Scope(touch=touch)
    return scopes, {}


def everything(tasks: int) -> Plan:
    """Every task touches all there is."""
    return {f"T{t}": Scope(touch=("**",)) for t in range(tasks)}, {}


SHAPES: dict[str, Callable[[int], Plan]] = {
    each.__name__: each
    for each in (mixed, clashing, one_folder, deep, chain, alike, anywhere, everything)
}


def compare(plan: Plan) -> Clashes:
    """The clashes of the plan, from its patterns as text on."""
    scopes, needs = plan
    edges = {ident: needs.get(ident, ()) for ident in scopes}
    return clashes(scopes, apart=Order(edges).apart)


def pairwise(plan: Plan) -> None:
    """The same by comparing all pairs."""
    scopes, _ = plan
    for a, b in combinations(scopes.values(), 2):
        a.overlaps(b)
        collision(a.touch, b.touch)


def main(shape: str, tasks: int, way: str) -> None:
    """One measurement, in this process alone, as a line of JSON."""
    plan = SHAPES[shape](tasks)
    found = Clashes()
    began = time.perf_counter()
    if way == "tree":
        found = compare(plan)
    else:
        pairwise(plan)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    count = f"{len(found.found):,}{' and more' * found.cut}, {len(found.unsure):,} unsure"
    print(json.dumps({"seconds": seconds, "megabytes": peak, "found": count}))


def _measured(shape: str, tasks: int, way: str = "tree") -> dict[str, Any]:
    command = (sys.executable, __file__, shape, str(tasks), way)
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def measure() -> list[Section]:
    """Each plan in a process of its own; seconds with the reading of the patterns."""
    rows = []
    for shape, make in SHAPES.items():
        runs = [_measured(shape, SIZE) for _ in range(RUNS)]
        about = (make.__doc__ or "").splitlines()[0].rstrip(".")
        most = SECONDS if shape == "mixed" else None
        rows.append(of_many(about, [run["seconds"] for run in runs], "s", most=most))
        rows.append(
            Row(
                what="  peak memory of the process; clashes",
                value=f"{max(run['megabytes'] for run in runs):.0f} MB",
                spread=runs[0]["found"],
                target=f"at most {MEGABYTES:.0f} MB" if shape == "mixed" else "",
                met=max(run["megabytes"] for run in runs) <= MEGABYTES if most else None,
            )
        )
    # In turns, as the machine is not equally busy all the time.
    pairs = [(_measured("mixed", SIZE), _measured("mixed", 2 * SIZE)) for _ in range(RUNS)]
    twice = [double["seconds"] / single["seconds"] for single, double in pairs]
    rows.append(of_many(f"{2 * SIZE:,} tasks against {SIZE:,}", twice, "times", most=DOUBLE))
    return [
        Section(title=f"disjointness of a plan of {SIZE:,} tasks ({RUNS} runs)", rows=tuple(rows)),
        _against_pairs(),
    ]


def _against_pairs() -> Section:
    rows = []
    for size in (PAIRWISE // 2, PAIRWISE):
        slow = _measured("mixed", size, "pairs")["seconds"]
        quick = median(_measured("mixed", size)["seconds"] for _ in range(RUNS))
        rows += [
            of_many(f"all pairs of {size} tasks", [slow], "s"),
            of_many(f"the tree, {size} tasks", [quick], "s", digits=3),
            Row(what="  all pairs take", value=f"{slow / quick:.0f} times as long"),
        ]
    return Section(
        title="against comparing all pairs",
        rows=tuple(rows),
        note=f"all pairs of {SIZE:,} tasks would be {(SIZE / PAIRWISE) ** 2:,.0f} times "
        f"those of {PAIRWISE}",
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
