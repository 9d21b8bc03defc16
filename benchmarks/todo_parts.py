"""What both todo services of the benchmarks are made of: the files that a model would send."""

PACKAGE = '"""A todo list that is kept in SQLite."""\n'

MODEL = '''"""What a todo is, and which titles are accepted."""

from dataclasses import dataclass

LONGEST = 200


@dataclass(frozen=True)
class Todo:
    """One line of the list."""

    id: int
    title: str
    done: bool = False


def checked_title(value: object) -> str:
    """The title without the blanks around it; ValueError says what is wrong with it."""
    if not isinstance(value, str):
        raise ValueError("the title must be text")
    title = value.strip()
    if not title:
        raise ValueError("the title must not be empty")
    if len(title) > LONGEST:
        raise ValueError(f"the title must have at most {LONGEST} characters")
    return title
'''

TEST_MODEL = """import unittest

from todo.model import LONGEST, Todo, checked_title


class CheckedTitle(unittest.TestCase):
    def test_blanks_around_it_are_dropped(self):
        self.assertEqual(checked_title("  milk "), "milk")

    def test_what_is_no_title_is_refused(self):
        for value in ("", "   ", "x" * (LONGEST + 1), None, 7):
            with self.subTest(value=value), self.assertRaises(ValueError):
                checked_title(value)


class ATodo(unittest.TestCase):
    def test_starts_open(self):
        self.assertFalse(Todo(id=1, title="milk").done)
"""

STORE = '''"""The todos in an SQLite file."""

import sqlite3
from contextlib import closing
from pathlib import Path

from todo.model import Todo, checked_title

TABLE = """
create table if not exists todo (
    id integer primary key autoincrement,
    title text not null,
    done integer not null default 0
)
"""


class Store:
    """Keeps todos in the file at `path`; each call opens and closes its own connection."""

    def __init__(self, path: str | Path) -> None:
        self._path = str(path)
        with closing(self._connect()) as db, db:
            db.execute(TABLE)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=5)

    def add(self, title: object) -> Todo:
        """A new open todo; ValueError for a title that is not accepted."""
        text = checked_title(title)
        with closing(self._connect()) as db, db:
            row = db.execute("insert into todo (title) values (?)", (text,))
            return Todo(id=int(row.lastrowid or 0), title=text)

    def get(self, ident: int) -> Todo | None:
        """The todo of that id, or None."""
        with closing(self._connect()) as db:
            row = db.execute("select id, title, done from todo where id = ?", (ident,)).fetchone()
        return None if row is None else Todo(id=row[0], title=row[1], done=bool(row[2]))

    def all(self, *, done: bool | None = None) -> list[Todo]:
        """All todos by id; only the open or the done ones when `done` is given."""
        with closing(self._connect()) as db:
            rows = db.execute("select id, title, done from todo order by id").fetchall()
        todos = [Todo(id=r[0], title=r[1], done=bool(r[2])) for r in rows]
        return [t for t in todos if done is None or t.done is done]

    def update(
        self, ident: int, *, title: object = None, done: bool | None = None
    ) -> Todo | None:
        """The changed todo, or None; what is not given stays as it is."""
        before = self.get(ident)
        if before is None:
            return None
        text = before.title if title is None else checked_title(title)
        state = before.done if done is None else done
        with closing(self._connect()) as db, db:
            db.execute("update todo set title = ?, done = ? where id = ?", (text, state, ident))
        return Todo(id=ident, title=text, done=state)

    def remove(self, ident: int) -> bool:
        """Whether there was such a todo."""
        with closing(self._connect()) as db, db:
            return db.execute("delete from todo where id = ?", (ident,)).rowcount == 1
'''

TEST_STORE = """import tempfile
import unittest
from pathlib import Path

from todo.store import Store


class AStore(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "todos.db"
        self.store = Store(self.path)

    def test_gives_back_what_was_added(self):
        added = self.store.add(" milk ")
        self.assertEqual((added.title, added.done), ("milk", False))
        self.assertEqual(self.store.get(added.id), added)

    def test_keeps_todos_when_it_is_opened_again(self):
        added = self.store.add("milk")
        self.assertEqual(Store(self.path).all(), [added])

    def test_filters_by_state(self):
        first, second = self.store.add("milk"), self.store.add("bread")
        self.store.update(first.id, done=True)
        self.assertEqual([t.id for t in self.store.all(done=True)], [first.id])
        self.assertEqual([t.id for t in self.store.all(done=False)], [second.id])

    def test_changes_only_what_is_given(self):
        added = self.store.add("milk")
        changed = self.store.update(added.id, title="oat milk")
        self.assertEqual((changed.title, changed.done), ("oat milk", False))

    def test_says_when_there_is_no_such_todo(self):
        self.assertIsNone(self.store.get(99))
        self.assertIsNone(self.store.update(99, done=True))
        self.assertFalse(self.store.remove(99))

    def test_removes(self):
        added = self.store.add("milk")
        self.assertTrue(self.store.remove(added.id))
        self.assertEqual(self.store.all(), [])

    def test_refuses_an_empty_title(self):
        with self.assertRaises(ValueError):
            self.store.add("  ")
        self.assertEqual(self.store.all(), [])
"""

FASTAPI = '''"""The todos over HTTP, as a FastAPI application."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from todo.store import Store


class NewTodo(BaseModel):
    """What a client sends to add a todo."""

    title: str


class Change(BaseModel):
    """What a client sends to change one; what is left out stays as it is."""

    title: str | None = None
    done: bool | None = None


def create_app(path: str | Path = "todos.db") -> FastAPI:
    """The application on the database at `path`."""
    app = FastAPI(title="Todo")
    store = Store(path)

    @app.get("/todos")
    def list_todos(done: bool | None = None) -> list[dict[str, Any]]:
        return [asdict(t) for t in store.all(done=done)]

    @app.post("/todos", status_code=201)
    def add_todo(new: NewTodo) -> dict[str, Any]:
        try:
            return asdict(store.add(new.title))
        except ValueError as e:
            raise HTTPException(422, str(e)) from e

    @app.get("/todos/{ident}")
    def get_todo(ident: int) -> dict[str, Any]:
        todo = store.get(ident)
        if todo is None:
            raise HTTPException(404, "no such todo")
        return asdict(todo)

    @app.patch("/todos/{ident}")
    def change_todo(ident: int, change: Change) -> dict[str, Any]:
        try:
            todo = store.update(ident, title=change.title, done=change.done)
        except ValueError as e:
            raise HTTPException(422, str(e)) from e
        if todo is None:
            raise HTTPException(404, "no such todo")
        return asdict(todo)

    @app.delete("/todos/{ident}", status_code=204)
    def remove_todo(ident: int) -> None:
        if not store.remove(ident):
            raise HTTPException(404, "no such todo")

    return app
'''

TEST_FASTAPI = """import pytest
from fastapi.testclient import TestClient

from todo.api import create_app


@pytest.fixture
def client(tmp_path):
    with TestClient(create_app(tmp_path / "todos.db")) as client:
        yield client


def test_a_todo_can_be_added_and_read(client):
    added = client.post("/todos", json={"title": "milk"})
    assert added.status_code == 201
    body = added.json()
    assert body["title"] == "milk" and body["done"] is False
    assert client.get(f"/todos/{body['id']}").json() == body
    assert client.get("/todos").json() == [body]


def test_a_todo_can_be_changed_and_found_by_state(client):
    ident = client.post("/todos", json={"title": "milk"}).json()["id"]
    changed = client.patch(f"/todos/{ident}", json={"done": True})
    assert changed.json() == {"id": ident, "title": "milk", "done": True}
    assert client.get("/todos", params={"done": "false"}).json() == []


def test_a_todo_can_be_removed(client):
    ident = client.post("/todos", json={"title": "milk"}).json()["id"]
    assert client.delete(f"/todos/{ident}").status_code == 204
    assert client.get(f"/todos/{ident}").status_code == 404


@pytest.mark.parametrize("body", [{}, {"title": ""}, {"title": "  "}, {"title": 7}])
def test_a_bad_title_is_refused(client, body):
    assert client.post("/todos", json=body).status_code == 422


def test_an_unknown_todo_is_not_found(client):
    assert client.get("/todos/99").status_code == 404
    assert client.patch("/todos/99", json={"done": True}).status_code == 404
    assert client.delete("/todos/99").status_code == 404
"""

PLAIN = '''"""The todos over HTTP, by the standard library alone."""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from todo.store import Store

LARGEST = 64 * 1024
ITEM = re.compile(r"/todos/([0-9]{1,9})")

Answer = tuple[int, Any]


class Api:
    """Answers requests; knows nothing of sockets, so that it is tested without any."""

    def __init__(self, path: str | Path) -> None:
        self._store = Store(path)

    def handle(self, method: str, path: str, body: Any = None) -> Answer:
        """Status and JSON value (None for no content)."""
        item = ITEM.fullmatch(path)
        if path == "/todos":
            methods: dict[str, Callable[[], Answer]] = {
                "GET": lambda: (200, [asdict(t) for t in self._store.all()]),
                "POST": lambda: (201, asdict(self._store.add(_field(body, "title")))),
            }
        elif item:
            ident = int(item[1])
            methods = {
                "GET": lambda: _found(self._store.get(ident)),
                "PATCH": lambda: self._change(ident, body),
                "DELETE": lambda: self._remove(ident),
            }
        else:
            return 404, {"error": "no such page"}
        if method not in methods:
            return 405, {"error": "no such method"}
        try:
            return methods[method]()
        except ValueError as e:
            return 422, {"error": str(e)}

    def _change(self, ident: int, body: Any) -> Answer:
        done = _field(body, "done")
        if done is not None and not isinstance(done, bool):
            raise ValueError("done must be true or false")
        return _found(self._store.update(ident, title=_field(body, "title"), done=done))

    def _remove(self, ident: int) -> Answer:
        return (204, None) if self._store.remove(ident) else _found(None)


def _field(body: Any, name: str) -> Any:
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")
    return body.get(name)


def _found(todo: Any) -> Answer:
    return (404, {"error": "no such todo"}) if todo is None else (200, asdict(todo))


def handler(api: Api) -> type[BaseHTTPRequestHandler]:
    """A request handler for http.server that asks the API."""

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            size = min(int(self.headers.get("Content-Length") or 0), LARGEST)
            try:
                body = json.loads(self.rfile.read(size)) if size else None
            except ValueError:
                status, value = 400, {"error": "the body is not JSON"}
            else:
                status, value = api.handle(self.command, self.path, body)
            data = b"" if value is None else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = _serve

    return Handler


def main() -> None:
    """Serve on loopback; the first argument is the port."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    ThreadingHTTPServer(("127.0.0.1", port), handler(Api("todos.db"))).serve_forever()


if __name__ == "__main__":
    main()
'''

TEST_PLAIN = """import tempfile
import unittest
from pathlib import Path

from todo.api import Api


class TheApi(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.api = Api(Path(folder.name) / "todos.db")

    def add(self, title):
        return self.api.handle("POST", "/todos", {"title": title})

    def test_a_todo_can_be_added_and_read(self):
        status, body = self.add("milk")
        self.assertEqual(status, 201)
        self.assertEqual(self.api.handle("GET", f"/todos/{body['id']}"), (200, body))
        self.assertEqual(self.api.handle("GET", "/todos"), (200, [body]))

    def test_a_todo_can_be_changed(self):
        _, body = self.add("milk")
        status, changed = self.api.handle("PATCH", f"/todos/{body['id']}", {"done": True})
        self.assertEqual((status, changed["title"], changed["done"]), (200, "milk", True))

    def test_a_todo_can_be_removed(self):
        _, body = self.add("milk")
        path = f"/todos/{body['id']}"
        self.assertEqual(self.api.handle("DELETE", path), (204, None))
        self.assertEqual(self.api.handle("GET", path)[0], 404)

    def test_bad_bodies_are_refused(self):
        for body in (None, [], {}, {"title": ""}, {"title": 7}):
            with self.subTest(body=body):
                self.assertEqual(self.api.handle("POST", "/todos", body)[0], 422)

    def test_what_is_not_there_is_not_found(self):
        for method, path in (("GET", "/"), ("GET", "/todos/99"), ("DELETE", "/todos/99")):
            with self.subTest(method=method, path=path):
                self.assertEqual(self.api.handle(method, path)[0], 404)
        self.assertEqual(self.api.handle("PUT", "/todos")[0], 405)
"""

README = """# todo

A todo list over HTTP, kept in SQLite.

    {install}
    {run}
    {test}

| request | answer |
|---|---|
| `GET /todos` | all todos |
| `POST /todos` with `{{"title": "milk"}}` | 201 and the new todo |
| `GET /todos/1` | the todo, or 404 |
| `PATCH /todos/1` with `title`, `done` or both | the changed todo |
| `DELETE /todos/1` | 204, or 404 |

A title that is empty or longer than 200 characters is refused with 422.
"""
