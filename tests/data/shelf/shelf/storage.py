"""The JSON file that holds the list."""

import json
import os
from dataclasses import asdict
from pathlib import Path

from shelf.books import Book

VERSION = 1


class BadFile(Exception):
    """The file is there and can't be read as a list of books."""


def load(path: Path) -> list[Book]:
    """The books in the file; none when there is no file."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    try:
        data = json.loads(text)
        if data["version"] != VERSION:
            raise BadFile(f"{path} has version {data['version']}, want {VERSION}")
        return [Book(**item) for item in data["books"]]
    except (ValueError, KeyError, TypeError) as error:
        raise BadFile(f"{path} is no list of books: {error}") from error


def save(path: Path, books: list[Book]) -> None:
    """Write the list, whole or not at all."""
    draft = path.with_suffix(".new")
    body = {"version": VERSION, "books": [asdict(b) for b in books]}
    draft.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(draft, path)
