"""Runs unittest and writes what happened as JUnit XML; started inside the sandbox.

Usage: python unittest_report.py REPORT [arguments of `python -m unittest`]

It stands alone (standard library, Python 3.8 or newer) because the target's interpreter runs
it. Exit codes: 0 all passed, 1 some failed, 5 there was nothing to run. Test modules are found
with and without `__init__.py`, where unittest's own discovery passes over the latter.
"""

import importlib
import os
import re
import sys
import traceback
import types
import unittest
from importlib import util
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple  # noqa: UP035 - 3.8
from xml.etree import ElementTree as ET

NOTHING = 5
MESSAGE, DETAIL, TOLD = 2000, 20000, 200  # characters, characters, cases with details
SKIPPED_FOLDERS = {"node_modules", "venv", "env", "build", "dist", "__pycache__", "site-packages"}
TEST_FILE = re.compile(r"(test_.*|.*_test|tests?)\.py$")
ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Row = Dict[str, str]  # noqa: UP006 - 3.8


class Report:
    """The rows of a run, and where they are written."""

    def __init__(self, path: str) -> None:
        self.path = Path(path).absolute()
        self.root = str(Path.cwd())
        self.rows: List[Row] = []  # noqa: UP006 - 3.8
        self.pid = os.getpid()

    def add(self, test: Any, outcome: str, message: str = "", detail: str = "") -> None:
        """One test case ended; `detail` is its traceback."""
        row = dict(zip(("file", "classname", "name"), self._names(test)))  # noqa: B905 - 3.8
        self.rows.append({**row, "outcome": outcome, "message": message, "detail": detail})

    def _names(self, test: Any) -> Tuple[str, str, str]:  # noqa: UP006 - 3.8
        if isinstance(test, str):
            return (test if test.endswith(".py") else "", "", "" if test.endswith(".py") else test)
        parent = getattr(test, "test_case", None)  # a subtest
        if parent is not None:
            file, group, name = self._names(parent)
            return file, group, "{} {}".format(name, test._subDescription())  # noqa: SLF001, UP032
        kind = type(test)
        if kind.__name__ == "_FailedTest":
            return "", "", getattr(test, "_testMethodName", str(test))
        if kind.__name__ == "_ErrorHolder":  # setUpClass, setUpModule
            name, _, where = test.id().partition(" (")
            module = where.rstrip(")")
            while module and module not in sys.modules:
                module = module.rpartition(".")[0]
            return self._file(module), where.rstrip(")"), name
        group = "{}.{}".format(kind.__module__, kind.__qualname__)  # noqa: UP032 - 3.8
        return self._file(kind.__module__), group, getattr(test, "_testMethodName", str(test))

    def _file(self, module: str) -> str:
        path = getattr(sys.modules.get(module), "__file__", None) or ""
        return os.path.relpath(path, self.root) if path.startswith(self.root + os.sep) else ""

    def write(self) -> None:
        """Write the file, unless this is a child that a test forked and did not end."""
        if os.getpid() != self.pid:
            return
        suite = ET.Element("testsuite", name="unittest", tests=str(len(self.rows)))
        told = 0
        for row in self.rows:
            names = {k: clean(row[k], MESSAGE) for k in ("file", "classname", "name") if row[k]}
            case = ET.SubElement(suite, "testcase", names)
            if row["outcome"] == "passed":
                continue
            result = ET.SubElement(case, row["outcome"], message=clean(row["message"], MESSAGE))
            if row["detail"] and told < TOLD:
                told += 1
                result.text = clean(row["detail"], DETAIL)
        self.path.write_bytes(ET.tostring(suite, encoding="utf-8"))


def clean(text: str, limit: int) -> str:
    """The text as XML may hold it, without its middle when it is too long."""
    text = ILLEGAL.sub("?", text)
    return text if len(text) <= limit else text[: limit // 2] + "\n[...]\n" + text[-limit // 2 :]


def said(error: Any) -> str:
    """An exception in the words that end its traceback."""
    return "".join(traceback.format_exception_only(type(error), error)).strip()


class Result(unittest.TextTestResult):
    """unittest's own result, which also fills the report."""

    report: Report

    def addSuccess(self, test: Any) -> None:  # noqa: N802, D102 - unittest's names
        super().addSuccess(test)
        self.report.add(test, "passed")

    def addError(self, test: Any, err: Any) -> None:  # noqa: N802, D102
        super().addError(test, err)
        self.report.add(test, "error", said(err[1]), self.errors[-1][1])

    def addFailure(self, test: Any, err: Any) -> None:  # noqa: N802, D102
        super().addFailure(test, err)
        self.report.add(test, "failure", said(err[1]), self.failures[-1][1])

    def addSkip(self, test: Any, reason: str) -> None:  # noqa: N802, D102
        super().addSkip(test, reason)
        self.report.add(test, "skipped", str(reason))

    def addExpectedFailure(self, test: Any, err: Any) -> None:  # noqa: N802, D102
        super().addExpectedFailure(test, err)
        self.report.add(test, "skipped", "failed as expected")

    def addUnexpectedSuccess(self, test: Any) -> None:  # noqa: N802, D102
        super().addUnexpectedSuccess(test)
        self.report.add(test, "failure", "passed although a failure was expected")

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:  # noqa: N802, D102
        super().addSubTest(test, subtest, err)
        if err is not None:
            failed = issubclass(err[0], test.failureException)
            told = (self.failures if failed else self.errors)[-1][1]
            self.report.add(subtest, "failure" if failed else "error", said(err[1]), told)


def test_files(root: Path) -> Iterator[Path]:
    """Every test module below, by its name, in sorted order; links are not followed."""
    for folder, folders, names in os.walk(str(root)):
        folders[:] = sorted(
            f for f in folders if not f.startswith(".") and f not in SKIPPED_FOLDERS
        )
        for name in sorted(names):
            if TEST_FILE.match(name):
                yield Path(folder) / name


def load(path: Path, root: Path) -> types.ModuleType:
    """The module, imported by the dotted name it has below its topmost package."""
    top = path.parent
    while top != root and (top / "__init__.py").exists():
        top = top.parent
    if str(top) not in sys.path:
        sys.path.insert(0, str(top))
    name = ".".join(path.relative_to(top).with_suffix("").parts)
    known = sys.modules.get(name)
    if known is None:
        known = importlib.import_module(name)
    if Path(getattr(known, "__file__", None) or "").absolute() == path.absolute():
        return known
    # two folders without __init__.py hold a module of the same name, or the name is taken
    name = ".".join(path.relative_to(root).with_suffix("").parts)
    spec = util.spec_from_file_location(name, str(path))
    if spec is None or spec.loader is None:
        raise ImportError(str(path))
    module = util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def discover(root: Path, report: Report) -> unittest.TestSuite:
    """All tests below `root`; a module that can't be imported becomes a row of its own."""
    suite, loader = unittest.TestSuite(), unittest.TestLoader()
    for path in test_files(root):
        try:
            suite.addTests(loader.loadTestsFromModule(load(path, root)))
        except unittest.SkipTest as skip:
            report.add(os.path.relpath(str(path), report.root), "skipped", str(skip))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - also sys.exit() while importing
            told = "".join(traceback.format_exc())
            sys.stderr.write(told)
            report.add(os.path.relpath(str(path), report.root), "error", said(error), told)
    return suite


def execute(suite: Any, report: Report, options: Dict[str, Any]) -> bool:  # noqa: UP006 - 3.8
    """Run the suite; did all go well?"""
    kind = type("Reporting", (Result,), {"report": report})
    runner = unittest.TextTestRunner(resultclass=kind, verbosity=1, **options)
    return bool(runner.run(suite).wasSuccessful())


class Program(unittest.TestProgram):
    """`python -m unittest` with our runner."""

    report: Report
    test: Any
    good = False

    def runTests(self) -> None:  # noqa: N802 - unittest's name
        """Called by unittest when the arguments are read and the tests are loaded."""
        options = {
            name: getattr(self, name)
            for name in ("failfast", "buffer")
            if getattr(self, name, None) is not None
        }
        Program.good = execute(self.test, self.report, options)


def run(report: Report, arguments: List[str]) -> bool:  # noqa: UP006 - 3.8
    """Run what the arguments name; all there is when they name nothing or find nothing."""
    if not arguments:
        return execute(discover(Path.cwd(), report), report, {})
    Program.report = report
    named = [a for a in arguments if not a.startswith("-")]
    try:
        Program(module=None, argv=["python -m unittest", *arguments], exit=False)
    except ImportError:
        # unittest's `discover` refuses a start folder without __init__.py
        if report.rows or named[:1] != ["discover"]:
            raise
    if report.rows or (named and named[0] != "discover"):
        return Program.good
    return execute(discover(Path.cwd(), report), report, {})


def main(arguments: List[str]) -> int:  # noqa: UP006 - 3.8
    """Run and report; the exit code."""
    report = Report(arguments[0])
    sys.path.insert(0, str(Path.cwd()))
    try:
        good = run(report, arguments[1:])
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - also sys.exit() in setUpModule
        told = traceback.format_exc()
        sys.stderr.write(told)
        report.add("(the run itself)", "error", said(error), told)
        good = False
    report.write()
    if not report.rows:
        return NOTHING
    return 0 if good and not any(r["outcome"] in ("error", "failure") for r in report.rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
