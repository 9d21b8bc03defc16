"""The command line."""

import argparse
import sys
from pathlib import Path

from shelf import books as lists
from shelf.storage import BadFile, load, save


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(prog="shelf", description="A reading list.")
    top.add_argument("--file", type=Path, default=Path.home() / ".shelf.json")
    commands = top.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="put a book on the list")
    add.add_argument("title")
    add.add_argument("--author", default="")
    show = commands.add_parser("list", help="show what is to be read")
    show.add_argument("--all", action="store_true", help="also what was read")
    done = commands.add_parser("done", help="mark a book as read")
    done.add_argument("number", type=int)
    return top


def line(book: lists.Book) -> str:
    """A book as one line."""
    mark = "x" if book.done else " "
    author = f" ({book.author})" if book.author else ""
    return f"[{mark}] {book.number}. {book.title}{author}"


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 when it worked, 1 when the user must change something."""
    options = parser().parse_args(argv)
    try:
        books = load(options.file)
        if options.command == "add":
            books = lists.add(books, options.title, options.author)
            save(options.file, books)
            print(line(books[-1]))
        elif options.command == "done":
            save(options.file, lists.finish(books, options.number))
        else:
            for book in books if options.all else lists.unread(books):
                print(line(book))
    except lists.UnknownBook as error:
        print(f"there is no book {error}", file=sys.stderr)
        return 1
    except (BadFile, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0
