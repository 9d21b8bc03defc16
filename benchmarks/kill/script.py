"""What the model says in a run of up to twelve tasks, each of which takes four questions."""

import json
from typing import Any

REQUEST = "Build the parts"
MOST = 12
LAYER = 4  # a task of the second layer uses one of the first, one of the third needs one before
CALLS = 4  # of each task: a reply that is cut, its rest, a complaint's answer, a mend
PLANNING = 2  # calls before them: the analysis and the plan
TESTS = "python -m unittest discover -s tests"

ANALYSIS = {
    "kind": "build",
    "name": "parts",
    "goal": "Some parts, each with its total.",
    "requirements": [
        {"text": "Each part has a total", "priority": "must", "criteria": ["the exact number"]}
    ],
    "go": True,
    "why": "small and clear",
    "maturity_now": 1,
    "maturity_wanted": 4,
    "gaps": [],
}


def task_name(number: int) -> str:
    """`p01` and so on."""
    return f"p{number:02}"


def paths(number: int) -> tuple[str, str, str]:
    """The part's constants, its code, its test."""
    name = task_name(number)
    return f"parts/{name}_names.py", f"parts/{name}.py", f"tests/test_{name}.py"


def below(number: int) -> int | None:
    """The part that this one builds on: the one four before it."""
    return number - LAYER if number > LAYER else None


def total(number: int) -> int:
    """What the part's function gives once it is right."""
    under = below(number)
    return number + (0 if under is None else total(under))


def questions(tasks: int) -> int:
    """How many a run of so many tasks takes."""
    return PLANNING + CALLS * tasks


def plan(tasks: int) -> dict[str, Any]:
    """So many tasks, in layers of four."""
    return {
        "name": "parts",
        "architecture": "One module a part; a part adds to the total of the one below it.",
        "test_command": TESTS,
        "contracts": [
            {
                "id": f"total-{task_name(n)}",
                "kind": "function",
                "path": paths(n)[1],
                "symbol": "total",
                "signature": "def total() -> int",
                "note": "its number, and the total of the part below it",
            }
            for n in range(1, tasks + 1)
        ],
        "tasks": [_task(n) for n in range(1, tasks + 1)],
    }


def _task(number: int) -> dict[str, Any]:
    under = below(number)
    before = {}
    if under is not None and under <= LAYER:
        before = {"uses": [f"total-{task_name(under)}"]}
    elif under is not None:
        before = {"needs": [task_name(under)]}
    return {
        "id": task_name(number),
        "objective": f"part {number}",
        "touch": list(paths(number)),
        "provides": [f"total-{task_name(number)}"],
        "files": [{"path": path, "lines": 8} for path in paths(number)],
        **before,
    }


def files(number: int) -> dict[str, str]:
    """The files of the task as they land."""
    names, code, test = paths(number)
    name, under = task_name(number), below(number)
    lines = [f'"""Part {number}."""', "", f"from parts.{name}_names import NUMBER"]
    value = "NUMBER"
    if under is not None:
        lines.append(f"from parts.{task_name(under)} import total as total_below")
        value = "NUMBER + total_below()"
    lines += ["", "", "def total() -> int:", f'    """The total of part {number}."""']
    return {
        names: f'"""The constants of part {number}."""\n\nNUMBER = {number}\n',
        code: "\n".join([*lines, f"    return {value}", ""]),
        test: f"import unittest\n\nfrom parts.{name} import total\n\n\n"
        "class Total(unittest.TestCase):\n    def test_total(self):\n"
        f"        self.assertEqual(total(), {total(number)})\n",
    }


def rules(tasks: int) -> list[dict[str, Any]]:
    """The script for the stub provider: each answer depends on what is asked and nothing else."""
    own = [rule for n in range(1, tasks + 1) for rule in _answers(n)]
    return [
        {"match": "Analyse the request", "reply": json.dumps(ANALYSIS)},
        {"match": "Divide the work into tasks", "reply": json.dumps(plan(tasks))},
        *own,
    ]


def _answers(number: int) -> list[dict[str, Any]]:
    """A task's four answers, the last one first: the stub takes the first rule that fits."""
    names, code, test = paths(number)
    text = files(number)
    right = text[code].splitlines(keepends=True)
    broken = [*right[:-1], right[-1].replace("NUMBER", "NUMBER + 1", 1)]
    edit = f"<<<<<<< SEARCH\n{broken[-1]}=======\n{right[-1]}>>>>>>> REPLACE\n"
    head = f"# Your task\n`{task_name(number)}`:"
    return [
        {
            "match": f"{head}[\\s\\S]*# What failed",
            "reply": f'<file path="{code}" id="{{nonce}}" op="edit">\n{edit}</file {{nonce}}>\n',
        },
        {"match": f"{test} is missing", "reply": _file(test, text[test])},
        {
            "match": f"cut off inside {code}",
            "reply": "".join(broken[4:]) + "</file {nonce}>\n",
        },
        {
            "match": head,
            "reply": _file(names, text[names])
            + f'<file path="{code}" id="{{nonce}}">\n'
            + "".join(broken[:4]),
            "finish": "length",
        },
    ]


def _file(path: str, text: str) -> str:
    return f'<file path="{path}" id="{{nonce}}">\n{text}</file {{nonce}}>\n'
