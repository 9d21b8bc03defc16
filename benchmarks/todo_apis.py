"""The HTTP side of the two todo services: FastAPI, and the standard library alone."""

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
