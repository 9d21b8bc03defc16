import contextlib
import io
import tempfile
import unittest
from pathlib import Path

from shelf.cli import main


class Cli(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "books.json"

    def run_cli(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(["--file", str(self.file), *arguments])
        return code, out.getvalue(), err.getvalue()

    def test_add_and_list(self):
        self.run_cli("add", "Momo", "--author", "Michael Ende")
        self.assertEqual(self.run_cli("list"), (0, "[ ] 1. Momo (Michael Ende)\n", ""))

    def test_done_books_are_hidden(self):
        self.run_cli("add", "Momo")
        self.run_cli("done", "1")
        self.assertEqual(self.run_cli("list"), (0, "", ""))
        self.assertEqual(self.run_cli("list", "--all"), (0, "[x] 1. Momo\n", ""))

    def test_an_unknown_book(self):
        self.assertEqual(self.run_cli("done", "9"), (1, "", "there is no book 9\n"))

    def test_a_broken_file(self):
        self.file.write_text("{")
        code, _, err = self.run_cli("list")
        self.assertEqual(code, 1)
        self.assertIn("is no list of books", err)
