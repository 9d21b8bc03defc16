"""What is asked of the planner: the Coordination Plan, and its mending."""

from partita.core.analysis import Brief, Findings, Requirement
from partita.core.problems import Problem
from partita.core.prompts.analysis import (
    brief_part,
    findings_part,
    request_part,
    requirements_part,
)
from partita.core.prompts.common import bullets, opening, section, user
from partita.core.question import Message

RULES = """\
Divide the work into tasks that people do at the same time without talking. Answer with one \
JSON object:
{"name": "kebab-case", "architecture": "at most 80 words",
"test_command": "python -m unittest" or "python -m pytest",
"run_command": "how to start it" or null,
"dependencies": ["PyPI requirement that the code or its tests import"],
"contracts": [{"id": "store", "kind": "function|class|endpoint|schema|command", \
"path": "todo/store.py", "symbol": "Store", "signature": "class Store(path: str)", \
"note": "methods with signatures, what they return and raise"}],
"tasks": [{"id": "store", "objective": "...", "touch": ["todo/store.py", "tests/test_store.py"], \
"read": [], "needs": [], "uses": ["contract ids"], "provides": ["contract ids"], \
"criteria": ["observable, with values"], \
"files": [{"path": "todo/store.py", "importance": "critical|normal|low", "lines": 60}]}]}
- `touch` lists all that a task may write; no two tasks may write the same file. Patterns such \
as `src/**` are allowed, exact paths are better. `files` lists every file that the task writes.
- Where one task calls another's code, write a contract exact enough that both are built at \
once: put its id in `provides` of the one and `uses` of the other. Use `needs` only where the \
finished code itself must be seen first: it makes the task wait.
- Every contract is in `provides` of exactly one task; only a data shape that all share (kind \
"schema", no path) needs no provider.
- A task owns the code of one concern and the tests of that code; few tasks (1 for a small \
change, 2 to 6 otherwise), each a reply of at most 400 lines.
- Tests are deterministic, need no network and no running server, and leave nothing behind. \
Use the repository's test framework; in a new project pytest where other packages are needed \
anyway, else the standard library's unittest, with files named tests/test_*.py, and an empty \
tests/__init__.py.
- Change as few existing files as will do. A new project has a README.md saying what it is, how \
to run and test it; the dependencies stand in requirements.txt (where there are any)."""


def design(
    request: str, found: Findings, brief: Brief, wishes: tuple[Requirement, ...]
) -> tuple[Message, ...]:
    """The question for a Coordination Plan."""
    return (
        opening(),
        user(
            request_part(request),
            findings_part(found),
            brief_part(brief),
            requirements_part(wishes),
            section("Wanted", RULES),
        ),
    )


def mend(found: tuple[Problem, ...]) -> str:
    """What is wrong with a plan, all at once, for its planner."""
    lines = [p.text + (f" Mend: {p.mend}" if p.mend else "") for p in found]
    return f"The plan can't run as it is:\n{bullets(lines)}\nAll else in it was good: keep it."
