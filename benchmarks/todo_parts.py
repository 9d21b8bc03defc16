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
