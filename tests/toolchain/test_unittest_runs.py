"""Real unittest projects through the toolchain: what is reported, and what is never success."""

import subprocess
import sys
from pathlib import Path

import pytest

from partita.core.judge import judge

HEAD = "import unittest\n"


def outcomes(run) -> dict[str, str]:
    return {c.name: c.outcome for c in run.cases}


def test_passing_and_failing_tests_are_told_apart_with_the_files_they_went_through(by_unittest):
    run = by_unittest(
        {
            "calc.py": "def div(a, b):\n    return a / b\n",
            "tests/__init__.py": "",
            "tests/test_calc.py": HEAD + "from calc import div\n\nclass T(unittest.TestCase):\n"
            "    def test_ok(self):\n        self.assertEqual(div(4, 2), 2)\n"
            "    def test_wrong(self):\n        self.assertEqual(div(1, 2), 1, 'größer ✓')\n"
            "    def test_zero(self):\n        div(1, 0)\n",
        }
    )
    assert outcomes(run) == {
        "tests/test_calc.py::T::test_ok": "passed",
        "tests/test_calc.py::T::test_wrong": "failed",
        "tests/test_calc.py::T::test_zero": "error",
    }
    wrong, zero = run.failures
    assert "0.5 != 1 : größer ✓" in wrong.message
    assert wrong.where == ("tests/test_calc.py",)
    assert zero.where == ("calc.py", "tests/test_calc.py")
    assert (run.exit, run.report, run.command) == (1, True, "python -m unittest")
    assert not judge(run, gate="tests").ok


@pytest.mark.parametrize(
    "command",
    [
        None,
        "python -m unittest",
        "python3 -m unittest discover -s tests -t .",
        "python -m unittest discover",
        "python -W error -m unittest discover -s tests -t . -v",
        "uv run python -m unittest tests/test_a.py",
    ],
)
@pytest.mark.parametrize("package", [True, False], ids=["package", "folder"])
def test_tests_are_found_with_and_without_init_files(by_unittest, command, package):
    files = {
        "app/__init__.py": "X = 1\n",
        "tests/helpers.py": "Y = 1\n",
        "tests/test_a.py": HEAD + "import app\n"
        f"from {'.' if package else ''}helpers import Y\n"
        "class A(unittest.TestCase):\n    def test_x(self):\n        assert app.X == Y\n",
    }
    if package:
        files["tests/__init__.py"] = ""
    run = by_unittest(files, command)
    if "test_a.py" in str(command) and not package:
        assert not judge(run, gate="tests").ok  # as with unittest itself
        return
    assert outcomes(run) == {"tests/test_a.py::A::test_x": "passed"}, run.output
    assert judge(run, gate="tests").ok


def test_modules_of_one_name_in_two_folders_are_both_run(by_unittest):
    body = HEAD + "class A(unittest.TestCase):\n    def test_x(self):\n        pass\n"
    run = by_unittest({"a/test_x.py": body, "b/test_x.py": body}, None)
    assert outcomes(run) == {
        "a/test_x.py::A::test_x": "passed",
        "b/test_x.py::A::test_x": "passed",
    }


def test_code_below_src_is_importable(by_unittest):
    run = by_unittest(
        {
            "src/pkg/__init__.py": "X = 1\n",
            "tests/test_a.py": HEAD + "import pkg\nclass A(unittest.TestCase):\n"
            "    def test_x(self):\n        self.assertEqual(pkg.X, 1)\n",
        },
        None,
    )
    assert judge(run, gate="tests").ok


def test_skips_expected_failures_subtests_and_class_errors_are_each_reported(by_unittest):
    run = by_unittest(
        {
            "tests/test_many.py": HEAD + "class A(unittest.TestCase):\n"
            "    @unittest.skip('later')\n    def test_skip(self): pass\n"
            "    @unittest.expectedFailure\n    def test_expected(self): self.fail()\n"
            "    @unittest.expectedFailure\n    def test_unexpected(self): pass\n"
            "    def test_sub(self):\n"
            "        for i in range(3):\n"
            "            with self.subTest(i=i): self.assertNotEqual(i, 1)\n"
            "    def test_exit(self): raise SystemExit(0)\n"
            "class B(unittest.TestCase):\n"
            "    @classmethod\n    def setUpClass(cls): raise RuntimeError('no db')\n"
            "    def test_never(self): pass\n"
        },
        None,
    )
    assert outcomes(run) == {
        "tests/test_many.py::A::test_skip": "skipped",
        "tests/test_many.py::A::test_expected": "skipped",
        "tests/test_many.py::A::test_unexpected": "failed",
        "tests/test_many.py::A::test_sub (i=1)": "failed",
        "tests/test_many.py::A::test_exit": "error",
        "tests/test_many.py::B::setUpClass": "error",
    }
    assert run.exit == 1


@pytest.mark.parametrize(
    ("text", "word", "outcome"),
    [
        ("import nowhere\n", "No module named 'nowhere'", "error"),
        ("def broken(:\n", "SyntaxError", "error"),
        ("raise SystemExit(0)\n", "SystemExit", "error"),
        ("1 / 0\n", "ZeroDivisionError", "error"),
        (HEAD + "raise unittest.SkipTest('not here')\n", "", "skipped"),
    ],
)
@pytest.mark.parametrize("command", [None, "python -m unittest discover -s tests -t ."])
def test_a_module_that_breaks_on_import_is_a_case_of_its_own(
    by_unittest, text, word, outcome, command
):
    good = HEAD + "class A(unittest.TestCase):\n    def test_x(self):\n        pass\n"
    run = by_unittest(
        {"tests/__init__.py": "", "tests/test_bad.py": text, "tests/test_good.py": good}, command
    )
    bad = [c for c in run.cases if c.outcome != "passed"]
    assert [c.outcome for c in bad] == [outcome], run.output
    assert word in bad[0].message
    assert [c.name.rpartition("::")[2] for c in run.cases if c.outcome == "passed"] == ["test_x"]
    assert judge(run, gate="tests").ok is (outcome == "skipped")


@pytest.mark.parametrize(
    "files",
    [
        {"app.py": "X = 1\n"},
        {"tests/test_none.py": HEAD + "class A(unittest.TestCase):\n    pass\n"},
    ],
)
def test_nothing_collected_is_visible_and_no_success(by_unittest, files):
    run = by_unittest(files, None)
    assert (run.exit, run.ran, run.report) == (5, 0, True)
    assert not judge(run, gate="tests").ok
    assert judge(run, gate="tests", need_tests=False).ok


@pytest.mark.parametrize(
    "where", ["", "class A(unittest.TestCase):\n    def test_x(self):\n        "]
)
def test_a_process_that_ends_itself_with_zero_is_no_success(by_unittest, where):
    run = by_unittest({"tests/test_a.py": f"{HEAD}import os\n{where}os._exit(0)\n"}, None)
    assert (run.exit, run.report) == (0, False)
    assert not judge(run, gate="tests").ok


def test_a_setup_module_that_exits_is_no_success(by_unittest):
    run = by_unittest(
        {
            "tests/test_a.py": HEAD + "def setUpModule(): raise SystemExit(0)\n"
            "class A(unittest.TestCase):\n    def test_x(self): pass\n"
        },
        None,
    )
    assert run.exit == 1
    assert [c.outcome for c in run.cases] == ["error"]


def test_a_child_that_a_test_forks_and_forgets_does_not_report(by_unittest):
    run = by_unittest(
        {
            "tests/test_a.py": HEAD + "import os\nclass A(unittest.TestCase):\n"
            "    def test_a(self):\n"
            "        if os.fork():\n"
            "            os.wait()\n"
            "            os._exit(0)\n"
        },
        None,
    )
    assert (run.exit, run.report) == (0, False)


def test_text_that_xml_cannot_hold_is_reported_all_the_same(by_unittest):
    run = by_unittest(
        {
            "tests/test_a.py": HEAD + "class A(unittest.TestCase):\n"
            "    def test_x(self): self.fail('a\\x00b\\ud800<&]]>\\x1b[31m')\n"
        },
        None,
    )
    (case,) = run.failures
    assert "a?b?<&]]>" in case.message


def test_the_report_leaves_nothing_in_the_tree(by_unittest, tree: Path):
    (tree / ".partita-report-left.xml").write_text("from a run that was killed")
    by_unittest({"tests/test_a.py": HEAD}, None)
    assert sorted(p.name for p in tree.rglob("*")) == ["test_a.py", "tests"]


OLD = [
    p
    for v in ("3.8", "3.9", "3.12", "3.13", "3.14")
    for p in sorted(Path.home().glob(f".pyenv/versions/{v}.*/bin/python"))[-1:]
]


@pytest.mark.parametrize("python", OLD or [Path(sys.executable)], ids=lambda p: p.parts[-3])
def test_the_runner_stands_alone_on_every_python_from_3_8(python: Path, tmp_path: Path):
    script = Path(__file__).parents[2] / "src/partita/adapters/toolchain/unittest_report.py"
    (tmp_path / "test_a.py").write_text(
        HEAD + "class A(unittest.TestCase):\n    def test_x(self): pass\n"
        "    def test_y(self):\n        with self.subTest(i=1): self.fail('no')\n"
    )
    done = subprocess.run(
        [python, "-c", script.read_text(), "out.xml"], cwd=tmp_path, check=False, timeout=30
    )
    assert done.returncode == 1
    text = (tmp_path / "out.xml").read_text()
    assert 'name="test_x"' in text
    assert 'name="test_y (i=1)"' in text
