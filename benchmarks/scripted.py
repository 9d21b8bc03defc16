"""Scripted answers of a model: a whole run of each todo service, and four tasks for parallelism."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import todo_apis as apis
import todo_parts as parts


@dataclass(frozen=True, kw_only=True)
class Script:
    """A request, the plan that is answered to it, and the files of each of the plan's tasks."""

    request: str
    plan: dict[str, Any]
    files: Mapping[str, Mapping[str, str]]
    analysis: dict[str, Any] = field(default_factory=dict)

    @property
    def rules(self) -> list[dict[str, Any]]:
        """The script for the stub provider."""
        return [
            {"match": "Analyse the request", "reply": json.dumps(self.analysis)},
            {"match": "Divide the work into tasks", "reply": json.dumps(self.plan)},
            *(
                {"match": f"# Your task\n`{task}`:", "reply": reply(files)}
                for task, files in self.files.items()
            ),
        ]


def reply(files: Mapping[str, str]) -> str:
    """Files as a model sends them; the provider puts the id of the question into `{nonce}`."""
    return "\n".join(
        f'<file path="{path}" id="{{nonce}}">\n{text}</file {{nonce}}>'
        for path, text in files.items()
    )


def _analysis(constraint: str) -> dict[str, Any]:
    def must(text: str, *criteria: str) -> dict[str, Any]:
        return {"text": text, "priority": "must", "criteria": list(criteria), "milestone": 1}

    return {
        "kind": "build",
        "name": "todo",
        "goal": "A todo list can be kept over HTTP and is there again after a restart.",
        "target": "",
        "constraints": [constraint, "SQLite for persistence"],
        "doubts": [{"question": "Are there users?", "default": "One list for all."}],
        "requirements": [
            must("Todos can be added", "POST /todos answers 201 with id, title and done=false"),
            must("Todos can be listed and read", "GET /todos", "GET /todos/{id}, 404 if unknown"),
            must("Todos can be changed", "PATCH /todos/{id} changes title, done or both"),
            must("Todos can be removed", "DELETE /todos/{id} answers 204, then 404"),
            must("Todos survive a restart", "a store opened again on the file gives the same"),
            must("Bad titles are refused", "empty or over 200 characters answers 422"),
        ],
        "go": True,
        "why": "small, clear and testable",
        "maturity_now": 1,
        "maturity_wanted": 4,
        "gaps": ["no authentication"],
    }


def _file(path: str, lines: int, importance: str = "normal") -> dict[str, Any]:
    return {"path": path, "importance": importance, "lines": lines}


def _plan(
    signature: str, note: str, dependencies: list[str], *, test: str, run: str, manifest: list[str]
) -> dict[str, Any]:
    return {
        "name": "todo",
        "architecture": "The model checks titles, the store keeps todos in SQLite, and the API "
        "maps HTTP onto the store. Each layer is tested by itself.",
        "test_command": f"python -m {test}",
        "run_command": run,
        "dependencies": dependencies,
        "contracts": [
            {
                "id": "model",
                "kind": "function",
                "path": "todo/model.py",
                "symbol": "checked_title",
                "signature": "def checked_title(value: object) -> str",
                "note": "stripped; ValueError if no text, empty or over LONGEST = 200 characters. "
                "Beside it: @dataclass(frozen=True) class Todo(id: int, title: str, done: bool)",
            },
            {
                "id": "store",
                "kind": "class",
                "path": "todo/store.py",
                "symbol": "Store",
                "signature": "class Store(path: str | Path)",
                "note": "add(title) -> Todo; get(ident) -> Todo | None; all(*, done=None) -> "
                "list[Todo]; update(ident, *, title=None, done=None) -> Todo | None; "
                "remove(ident) -> bool; ValueError for a bad title",
            },
            {
                "id": "api",
                "kind": "function" if signature.startswith("def") else "class",
                "path": "todo/api.py",
                "symbol": "create_app" if signature.startswith("def") else "Api",
                "signature": signature,
                "note": note,
            },
        ],
        "tasks": [
            {
                "id": "model",
                "objective": "What a todo is and which titles are accepted, with tests.",
                "touch": [
                    "todo/__init__.py",
                    "todo/model.py",
                    "tests/__init__.py",
                    "tests/test_model.py",
                ],
                "provides": ["model"],
                "criteria": ["checked_title('  milk ') == 'milk'", "201 characters: ValueError"],
                "files": [
                    _file("todo/__init__.py", 1),
                    _file("todo/model.py", 30),
                    _file("tests/__init__.py", 0, "low"),
                    _file("tests/test_model.py", 20),
                ],
            },
            {
                "id": "store",
                "objective": "Todos in an SQLite file, with tests.",
                "touch": ["todo/store.py", "tests/test_store.py"],
                "uses": ["model"],
                "provides": ["store"],
                "criteria": ["a store opened again gives the same todos", "unknown id: None"],
                "files": [_file("todo/store.py", 75), _file("tests/test_store.py", 55)],
            },
            {
                "id": "api",
                "objective": "The todos over HTTP, with tests.",
                "touch": ["todo/api.py", "tests/test_api.py"],
                "uses": ["store"],
                "provides": ["api"],
                "criteria": ["201, 204, 404 and 422 as required", "bodies are JSON"],
                "files": [_file("todo/api.py", 80, "critical"), _file("tests/test_api.py", 50)],
            },
            {
                "id": "docs",
                "objective": "What it is, how to run and test it, the endpoints.",
                "touch": ["README.md", *manifest],
                "uses": ["api"],
                "files": [_file("README.md", 20), *(_file(m, 2, "low") for m in manifest)],
            },
        ],
    }


def _files(api: str, tests: str, readme: str) -> dict[str, dict[str, str]]:
    return {
        "model": {
            "todo/__init__.py": parts.PACKAGE,
            "todo/model.py": parts.MODEL,
            "tests/test_model.py": parts.TEST_MODEL,
        },
        "store": {"todo/store.py": parts.STORE, "tests/test_store.py": parts.TEST_STORE},
        "api": {"todo/api.py": api, "tests/test_api.py": tests},
        "docs": {"README.md": readme},
    }


FASTAPI = Script(
    request="Build a FastAPI todo service with CRUD, SQLite persistence and tests",
    analysis=_analysis("FastAPI"),
    plan=_plan(
        "def create_app(path: str | Path = 'todos.db') -> FastAPI",
        "GET and POST /todos; GET, PATCH, DELETE /todos/{id}; todos as {id, title, done}",
        ["fastapi", "httpx2"],
        test="pytest",
        run="uvicorn --factory todo.api:create_app",
        manifest=["requirements.txt"],
    ),
    files=_files(
        apis.FASTAPI,
        apis.TEST_FASTAPI,
        parts.README.format(
            install="pip install -r requirements.txt uvicorn pytest",
            run="uvicorn --factory todo.api:create_app",
            test="python -m pytest",
        ),
    ),
)

PLAIN = Script(
    request="Build a todo service with CRUD, SQLite persistence and tests, "
    "with the standard library only",
    analysis=_analysis("the standard library only"),
    plan=_plan(
        "class Api(path: str | Path)",
        "handle(method, path, body=None) -> (status, JSON value); todos as {id, title, done}",
        [],
        test="unittest",
        run="python -m todo.api",
        manifest=[],
    ),
    files=_files(
        apis.PLAIN,
        apis.TEST_PLAIN,
        parts.README.format(
            install="python -m venv .venv", run="python -m todo.api", test="python -m unittest"
        ),
    ),
)

SHAPES = ("circle", "square", "triangle", "ring")


def _shape(name: str) -> dict[str, str]:
    return {
        f"shapes/{name}.py": f'"""The {name}."""\n\n\ndef corners() -> str:\n'
        f'    """Its name, as text."""\n    return "{name}"\n',
        f"tests/test_{name}.py": f"import unittest\n\nfrom shapes.{name} import corners\n\n\n"
        f"class Named(unittest.TestCase):\n    def test_name(self):\n"
        f'        self.assertEqual(corners(), "{name}")\n',
    }


FOUR = Script(
    request="Carry out the plan",
    plan={
        "version": 1,
        "name": "shapes",
        "architecture": "One module a shape; none knows the others.",
        "test_command": "python -m unittest discover -s tests",
        "tasks": [
            {
                "id": name,
                "objective": f"The {name} and its test.",
                "touch": list(_shape(name)),
                "files": [_file(path, 8) for path in _shape(name)],
            }
            for name in SHAPES
        ],
    },
    files={name: _shape(name) for name in SHAPES},
)

CHAT = [
    {
        "match": "",
        "reply": "Great question! I would love to help you with that. Before we start, "
        "could you tell me a little more about what you have in mind?",
    }
]
