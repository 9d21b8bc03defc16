"""Break the core on purpose, one place at a time, and count what its tests notice: `make mutants`.

mutmut makes the mutants and runs the tests that reach each. It works on a copy, so that a mutant is
never seen elsewhere. A module's tests are those that import it (or import what imports it, where
none does). Of a large module a seeded sample is tried.
"""

import argparse
import ast
import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import chdir
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parent.parent
CORE = Path("src/partita/core")
BESIDE = ("docs", "benchmarks")  # what some of the tests read
PURE = ("tests/core", "tests/reply", "tests/discovery")
OUT = ROOT / "build" / "mutants"
TREE, RESULTS, SURVIVORS = OUT / "tree", OUT / "results.json", OUT / "survivors.diff"

MEMORY = 4 * 2**30  # bytes for one mutant: one that lost a bound must not take the machine
TEXT = re.compile(r"""(["'])(?:\\.|(?!\1).)*\1""")
STATUS = {0: "survived", 5: "untested", 33: "untested"}  # exit codes; another is killed
STATUS |= dict.fromkeys((36, 24, -24, 152, 255, -9), "timed out")  # by a signal, in all its forms
NEVER = (None, 4)  # not run, or not as it was meant
COLUMNS = ("mutants", "tried", "killed", "timed out", "survived", "text only", "untested")


def main() -> int:
    """Try what was asked for; progress goes to standard error, the table to standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module", nargs="*", help="of core, such as scope or 'reply.*' (all)")
    parser.add_argument("--sample", type=int, default=150, help="most mutants of a module (150)")
    parser.add_argument("--seed", type=int, default=0, help="of the sample (0)")
    parser.add_argument("--again", action="store_true", help="only what survived last time")
    parser.add_argument("--tests", nargs="+", help="run these tests instead of the nearest")
    parser.add_argument("--longest", type=float, default=10, help="leave out tests of more seconds")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at a time")
    args = parser.parse_args()
    wanted = args.module or ["*"]
    names = [n for n in modules() if any(fnmatch(n, w) for w in wanted)]
    if unknown := [w for w in wanted if not any(fnmatch(n, w) for n in names)]:
        parser.error(f"no such module in {CORE}: {', '.join(unknown)}")
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    _copy()
    failed = []
    for tests, group in _groups(names, args.tests).items():
        print(f"mutating {', '.join(group)} ...", file=sys.stderr, flush=True)
        try:
            known |= _try(group, tests, known, args)
        except subprocess.CalledProcessError as error:
            failed.append(f"{', '.join(group)}:\n{error.stdout[-3000:]}")
        RESULTS.write_text(json.dumps(known, indent=1), encoding="utf-8")
    shown = {n: known[n] for n in names if n in known}
    SURVIVORS.write_text(survivors(shown), encoding="utf-8")
    print(table(shown))
    print(f"survivors: {SURVIVORS.relative_to(ROOT)}", file=sys.stderr)
    for line in failed:
        print(f"not measured: {line}", file=sys.stderr)
    return 1 if failed else 0


def modules() -> list[str]:
    """Every module of core by its dotted name below it."""
    files = sorted((ROOT / CORE).rglob("*.py"))
    return [dotted(f.relative_to(ROOT / CORE)) for f in files if f.name != "__init__.py"]


def dotted(path: Path) -> str:
    """`reply/scan.py` as `reply.scan`."""
    return ".".join(path.with_suffix("").parts)


def imports(source: str) -> set[str]:
    """The modules of core that a source imports, by their dotted names below core."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{name.name}" for name in node.names}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return {f.removeprefix("partita.core.") for f in found if f.startswith("partita.core.")}


def nearest(name: str, tests: Mapping[str, set[str]], core: Mapping[str, set[str]]) -> list[str]:
    """The test files that import a module, or, where none does, what imports it, and so on."""
    reached = {name}
    while True:
        if found := sorted(path for path, used in tests.items() if used & reached):
            return found
        wider = reached | {other for other, used in core.items() if used & reached}
        if wider == reached:
            return []
        reached = wider


def _copy() -> None:
    shutil.rmtree(TREE, ignore_errors=True)
    junk = shutil.ignore_patterns("__pycache__", "*.egg-info", ".hypothesis")
    for folder in ("src", "tests", *BESIDE):
        shutil.copytree(ROOT / folder, TREE / folder, ignore=junk)
    shutil.copy2(ROOT / "pyproject.toml", TREE)
    shutil.copy2(Path(__file__).with_name("mutants_plugin.py"), TREE)


def _groups(names: Sequence[str], tests: Sequence[str]) -> dict[tuple[str, ...], list[str]]:
    """The modules by their tests: those that share them are tried in one run."""
    by_test = {
        str(file.relative_to(TREE)): _imports(file)
        for folder in PURE
        for file in sorted((TREE / folder).rglob("test_*.py"))
    }
    core = {dotted(f.relative_to(TREE / CORE)): _imports(f) for f in (TREE / CORE).rglob("*.py")}
    groups: dict[tuple[str, ...], list[str]] = {}
    for name in names:
        groups.setdefault(tuple(tests or nearest(name, by_test, core)), []).append(name)
    return groups


def _configure(paths: Iterable[Path], tests: Sequence[str]) -> None:
    lists = {
        "only_mutate": paths,
        "pytest_add_cli_args": ("-p", "mutants_plugin"),
        "pytest_add_cli_args_test_selection": tests,
        "also_copy": ("mutants_plugin.py", *BESIDE),
    }
    lines = ["[mutmut]", "source_paths=src", "use_git_change_detection=false"]
    # For mutants that sleep; those that loop are ended by the plugin.
    lines += ["timeout_constant=60", "timeout_multiplier=2"]
    for key, values in lists.items():
        lines += [f"{key}=", *(f"    {value}" for value in values)]
    (TREE / "setup.cfg").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _try(
    group: Sequence[str], tests: Sequence[str], known: Mapping, args: argparse.Namespace
) -> dict[str, dict]:
    """What became of the mutants of some modules: how many each has, and each that was tried."""
    paths = {name: CORE.joinpath(*name.split(".")).with_suffix(".py") for name in group}
    found, chosen = {}, {}
    for name, path in paths.items():
        every, tried = _names(path), {}
        if args.again:
            tried = known.get(name, {}).get("tried", {})
            few = [n for n in every if tried.get(n, {}).get("status") == "survived"]
        else:
            few = sample(every, args.sample, args.seed)
        found[name] = {"mutants": len(every), "tried": dict(tried)}
        chosen |= dict.fromkeys(few, name)
    if chosen and tests:
        _configure(paths.values(), tests)
        _run(list(chosen), args)
    for mutant, name in chosen.items():
        found[name]["tried"][mutant] = _became(mutant, paths[name], tests)
    return found


def _run(mutants: Sequence[str], args: argparse.Namespace) -> None:
    shutil.rmtree(TREE / "mutants", ignore_errors=True)
    mutmut = Path(sys.executable).with_name("mutmut")
    subprocess.run(
        [mutmut, "run", "--max-children", str(args.jobs), *mutants],
        cwd=TREE,
        env=os.environ | {"PYTHONHASHSEED": "0", "MUTANTS_LONGEST": str(args.longest)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )


def _became(mutant: str, path: Path, tests: Sequence[str]) -> dict:
    code = 33
    if tests:
        meta = json.loads((TREE / "mutants" / f"{path}.meta").read_text(encoding="utf-8"))
        code = meta["exit_code_by_key"][mutant]
    if code in NEVER:
        raise SystemExit(f"mutmut did not try {mutant}")
    result = {"status": STATUS.get(code, "killed"), "code": code}
    if tests and code in (0, 5, 33):
        result["diff"] = _diff(mutant, path)
    return result


def _imports(file: Path) -> set[str]:
    return imports(file.read_text(encoding="utf-8"))


def _names(path: Path) -> list[str]:
    from mutmut.mutation.file_mutation import mutate_file_contents  # noqa: PLC0415 only `make mutants` has it
    from mutmut.utils.format_utils import get_mutant_name  # noqa: PLC0415 the same

    with chdir(TREE):
        made = mutate_file_contents(str(path), path.read_text(encoding="utf-8"))
        return [get_mutant_name(path, n) for n in made.mutant_names]


def _diff(name: str, path: Path) -> str:
    from mutmut.mutation.diff_apply import get_diff_for_mutant  # noqa: PLC0415 only `make mutants` has it

    with chdir(TREE):
        return get_diff_for_mutant(name, path=path)


def sample(names: Sequence[str], most: int, seed: int) -> list[str]:
    """At most so many of the names, in their order, the same for the same seed."""
    few = set(random.Random(seed).sample(names, min(most, len(names))))
    return [n for n in names if n in few]


def text_only(diff: str) -> bool:
    """Whether a mutant changed nothing but the words of a text."""
    lines = [TEXT.sub("''", line) for line in diff.splitlines()[2:]]
    gone = [line[1:] for line in lines if line.startswith("-")]
    return gone == [line[1:] for line in lines if line.startswith("+")]


def survivors(results: Mapping[str, Mapping]) -> str:
    """The difference that each surviving mutant makes, for people to look at."""
    return "\n\n".join(
        f"# {name}: {result['status']}{' (text only)' if text_only(result['diff']) else ''}\n"
        f"{result['diff']}"
        for found in results.values()
        for name, result in found["tried"].items()
        if "diff" in result and result["status"] in ("survived", "untested")
    )


def table(results: Mapping[str, Mapping]) -> str:
    """One line a module, the whole last; noticed: killed or timed out, of those tried."""
    rows = [(name, _counts(found)) for name, found in results.items()]
    rows.append(
        (
            "all",
            [sum(column) for column in zip([0] * len(COLUMNS), *(c for _, c in rows), strict=True)],
        )
    )
    lines = ["| module | " + " | ".join((*COLUMNS, "noticed")) + " |"]
    lines.append("|---" * (len(COLUMNS) + 2) + "|")
    for name, counts in rows:
        _, tried, killed, late, *_ = counts
        share = f"{(killed + late) / tried:.1%}" if tried else ""
        lines.append("| " + " | ".join((name, *map(str, counts), share)) + " |")
    return "\n".join(lines)


def _counts(found: Mapping) -> list[int]:
    tried = found["tried"].values()

    def of(status: str) -> int:
        return sum(result["status"] == status for result in tried)

    words = sum(r["status"] == "survived" and text_only(r["diff"]) for r in tried)
    return [
        *(found["mutants"], len(tried), of("killed"), of("timed out")),
        *(of("survived"), words, of("untested")),
    ]


if __name__ == "__main__":
    sys.exit(main())
