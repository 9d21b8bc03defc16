"""What is asked of the planner: the Coordination Plan, and its mending."""

import json
from collections.abc import Sequence

from partita.core.analysis import Brief, Findings, Requirement
from partita.core.problems import Problem
from partita.core.prompts.analysis import (
    brief_part,
    findings_part,
    request_part,
    requirements_part,
)
from partita.core.prompts.common import bullets, fitting, opening, section, user
from partita.core.question import Message

GAPS = 1_000  # characters of the gaps

HEAD = """\
Divide the work into tasks that people do at the same time without talking. Answer with one \
JSON object:
{"name": "kebab-case", "architecture": "at most 80 words",
"test_command": """
RUNNERS = '"python -m unittest" or "python -m pytest"'
RULES = """,
"run_command": "how to start it" or null,
"dependencies": ["PyPI requirement that the code or its tests import"],
"contracts": [{"id": "store", "kind": "function|class|endpoint|schema|command", \
"path": "todo/store.py", "symbol": "Store", "signature": "class Store(path: str)", \
"note": "methods with signatures, what they return and raise"}],
"tasks": [{"id": "store", "objective": "...", "touch": ["todo/store.py", "tests/test_store.py"], \
"read": [], "needs": [], "uses": ["contract ids"], "provides": ["contract ids"], \
"criteria": ["R1", "observable, with values"], \
"files": [{"path": "todo/store.py", "importance": "critical|normal|low", "lines": 60}]}]}
- `touch` lists all that a task may write; no two tasks may write the same file. Patterns such \
as `src/**` are allowed, exact paths are better. `files` lists every file that the task writes.
- Where one task calls another's code, write a contract exact enough that both are built at \
once: put its id in `provides` of the one and `uses` of the other. `uses` lists every contract \
that the task leans on, also those that a contract in it names. Use `needs` only where the \
finished code itself must be seen first: it makes the task wait.
- Two tasks may use each other's contracts: both are built at once and tested together. `needs` \
never goes to and fro.
- Every contract is in `provides` of exactly one task; only a data shape that all share (kind \
"schema", no path) needs no provider.
- A requirement's number in `criteria` (R1) hands the task its text and criteria as they stand; \
each that is to be met is in some task. Add only what they leave open, with values that are \
certain: no hashes or exact timings that would have to be guessed.
- A task owns the code of one concern and the tests of that code; few tasks (1 for a small \
change, 2 to 6 otherwise), each a reply of at most 400 lines.
- Tests are deterministic, need no network and leave nothing behind; one that needs a server \
starts its own on port 0 of 127.0.0.1. Use the repository's test framework; in a new project \
pytest where other packages are needed anyway, else the standard library's unittest, with files \
named tests/test_*.py, and an empty tests/__init__.py.
- An empty `__init__.py` of importance "low" is written without asking anyone: give it to the \
task whose code it stands beside.
- Change as few existing files as will do. A new project has a README.md saying what it is, how \
to run and test it; the dependencies stand in requirements.txt (where there are any)."""


def design(
    request: str,
    found: Findings,
    brief: Brief,
    wishes: tuple[Requirement, ...],
    *,
    gaps: Sequence[str] = (),
    test_command: str | None = None,
    excerpts: bool = True,
) -> tuple[Message, ...]:
    """The question for a Coordination Plan; without `excerpts`, for mending one that is written.

    `gaps`: what a reviewer missed; `test_command`: how the tests are run, where that is known.
    """
    command = RUNNERS if test_command is None else json.dumps(test_command, ensure_ascii=False)
    return (
        opening(),
        user(
            request_part(request),
            findings_part(found, show="texts" if excerpts else "paths"),
            brief_part(brief),
            requirements_part(wishes),
            gaps_part(gaps),
            section("Wanted", f"{HEAD}{command}{RULES}"),
        ),
    )


def gaps_part(gaps: Sequence[str]) -> str:
    """What a reviewer saw missing, in short."""
    told = f"Close one only where a requirement needs it:\n{bullets(fitting(gaps, GAPS))}"
    return section("Gaps that a reviewer saw", told if gaps else "")


def mend(found: tuple[Problem, ...]) -> str:
    """What is wrong with a plan, all at once, for its planner."""
    lines = [p.text + (f" Mend: {p.mend}" if p.mend else "") for p in found]
    return f"The plan can't run as it is:\n{bullets(lines)}\nAll else in it was good: keep it."
