"""Books and what can be done with a list of them."""

from dataclasses import dataclass, replace


class UnknownBook(Exception):
    """There is no book of that number."""


@dataclass(frozen=True)
class Book:
    """A book on the list; `number` is its place in the order of adding, from 1."""

    number: int
    title: str
    author: str = ""
    done: bool = False


def add(books: list[Book], title: str, author: str = "") -> list[Book]:
    """The list with a new book at its end."""
    if not title.strip():
        raise ValueError("a book needs a title")
    number = max((b.number for b in books), default=0) + 1
    return [*books, Book(number, title.strip(), author.strip())]


def finish(books: list[Book], number: int) -> list[Book]:
    """The list with that book read."""
    if all(b.number != number for b in books):
        raise UnknownBook(number)
    return [replace(b, done=True) if b.number == number else b for b in books]


def unread(books: list[Book]) -> list[Book]:
    """The books that are still to be read."""
    return [b for b in books if not b.done]
