"""Real pytest projects through the toolchain: what is reported, and what is never success."""

import asyncio
import dataclasses
from pathlib import Path

import pytest

from partita.adapters.toolchain import PythonToolchain
from partita.adapters.toolchain.python import read_command
from partita.core.evidence import evidence
from partita.core.judge import blame, judge
from partita.ports.sandbox import Limits

GOOD = "def test_x():\n    assert True\n"


def test_a_failure_names_its_files_deepest_first_and_the_task_that_owns_them(by_pytest):
    run = by_pytest(
        {
            "app/__init__.py": "",
            "app/api.py": "from app import store\n\ndef get(k):\n    return store.load(k)\n",
            "app/store.py": "def load(k):\n    return {}[k]\n",
            "tests/test_api.py": "from app.api import get\n\ndef test_ok():\n    assert 1\n\n"
            "class TestGet:\n    def test_get(self):\n        assert get('é') == 1\n",
        }
    )
    (case,) = run.failures
    assert case.name == "tests/test_api.py::TestGet::test_get"
    assert case.where == ("app/store.py", "app/api.py", "tests/test_api.py")
    assert "KeyError: 'é'" in case.message
    assert run.ran == 2
    assert run.exit == 1
    owners = {"app/store.py": "store", "tests/test_api.py": "api"}
    assert blame(run, owners.get, "api") == "store"
    shown = evidence(run, 4000)
    assert "KeyError: 'é'" in shown
    assert "return {}[k]" in shown


@pytest.mark.parametrize(
    "command",
    [
        None,
        "pytest",
        "python -m pytest tests",
        "PYTHONPATH=src poetry run pytest -vv --color=yes --junitxml=mine.xml --rootdir tests",
        "python3 -X utf8 -m pytest tests/test_x.py::test_x",
    ],
)
def test_every_spelling_of_pytest_gives_the_same_report(by_pytest, tree: Path, command):
    run = by_pytest({"tests/test_x.py": GOOD}, command)
    assert [(c.name, c.outcome) for c in run.cases] == [("tests/test_x.py::test_x", "passed")]
    assert judge(run, gate="tests").ok
    assert run.command == (command or "python -m pytest")
    assert sorted(p.name for p in tree.rglob("*")) == ["test_x.py", "tests"]


def test_another_command_that_comes_to_pytest_has_a_report_too(by_pytest):
    script = "import subprocess, sys\nsys.exit(subprocess.call([sys.executable, '-mpytest']))\n"
    run = by_pytest({"check.py": script, "tests/test_x.py": GOOD}, "python check.py")
    assert judge(run, gate="tests").ok


def test_a_command_without_a_test_report_is_no_success(by_pytest):
    run = by_pytest({"check.py": "print('all fine')"}, "python check.py")
    assert (run.exit, run.report, run.output.strip()) == (0, False, "all fine")
    assert not judge(run, gate="tests").ok


@pytest.mark.parametrize("command", ["cd x && pytest", "pytest | tail", "pytest '", "A=1"])
def test_shell_syntax_is_refused_and_not_run(by_pytest, sandbox, command):
    run = by_pytest({"tests/test_x.py": GOOD}, command)
    assert not run.report
    assert sandbox.commands == []
    assert "without shell syntax" in run.output
    assert not judge(run, gate="tests", need_tests=False).ok


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("import nowhere\n", "No module named 'nowhere'"),
        ("def broken(:\n", "SyntaxError"),
        ("import sys\nsys.exit(0)\n", "SystemExit"),
    ],
)
def test_a_module_that_breaks_on_import_is_an_error(by_pytest, text, word):
    run = by_pytest({"tests/test_bad.py": text, "tests/test_good.py": GOOD})
    assert not judge(run, gate="tests").ok
    assert word in evidence(run, 4000)


@pytest.mark.parametrize("text", ["X = 1\n", "def helper():\n    pass\n"])
def test_nothing_collected_is_visible_and_no_success(by_pytest, text):
    run = by_pytest({"tests/test_none.py": text})
    assert (run.exit, run.ran, run.report) == (5, 0, True)
    assert not judge(run, gate="tests").ok
    verdict = judge(run, gate="tests", need_tests=False)
    assert verdict.ok
    assert "No tests were run" in verdict.summary


def test_only_skipped_tests_are_no_success(by_pytest):
    text = "import pytest\n\n@pytest.mark.skip\ndef test_a(): pass\n\n"
    text += "@pytest.mark.xfail\ndef test_b(): assert 0\n"
    run = by_pytest({"test_s.py": text})
    assert (run.exit, run.ran, [c.outcome for c in run.cases]) == (0, 0, ["skipped", "skipped"])
    assert not judge(run, gate="tests").ok


def test_a_process_that_ends_itself_with_zero_is_no_success(by_pytest):
    run = by_pytest({"test_a.py": "import os\ndef test_x(): os._exit(0)\n"})
    assert (run.exit, run.report) == (0, False)
    assert not judge(run, gate="tests").ok


FORGE = (
    "import glob, os, sys, pytest\n"
    "def test_x():\n"
    "    path = next(a.split('=')[1] for a in sys.orig_argv if a.startswith('--junitxml='))\n"
    "    open(path, 'w').write({text!r})\n"
    "    os._exit({code})\n"
)
PASSED = "<testsuite><testcase classname='a' name='b'/></testsuite>"


def test_a_forged_report_does_not_outweigh_the_exit_code(by_pytest):
    run = by_pytest({"test_a.py": FORGE.format(text=PASSED, code=3)})
    assert run.report
    assert not judge(run, gate="tests").ok


@pytest.mark.parametrize(
    "trick",
    [
        "os.mkfifo(path)",
        "os.symlink('/etc/passwd', path)",
        "os.mkdir(path); open(path + '/x', 'w')",
        "open(path, 'wb').truncate(50 * 2**20)",
        "open(path, 'w').write('<testsuite>' * 1000)",
    ],
)
def test_a_report_that_is_no_honest_file_is_no_report_and_is_removed(by_pytest, tree, trick):
    text = FORGE.format(text="", code=0).replace("open(path, 'w').write('')", trick)
    run = by_pytest({"test_a.py": text})
    assert (run.exit, run.report) == (0, False)
    assert not list(tree.glob(".partita-report*"))


def test_tests_that_hang_are_stopped_and_said_to_be(sandbox, tree, tmp_path, with_pytest, write):
    short = PythonToolchain(
        sandbox, tmp_path / "cache", installer_env={}, limits=Limits(seconds=0.5)
    )
    write(tree, {"test_a.py": "import time\ndef test_x(): time.sleep(60)\n"})
    run = asyncio.run(short.test(tree, with_pytest, None))
    assert (run.exit, run.reason) == (None, "timeout")
    assert "longer than allowed" in judge(run, gate="tests").summary


def test_the_same_failure_in_two_places_gives_the_same_evidence(
    toolchain, with_pytest, tmp_path, write
):
    files = {
        "lib/core.py": "import json\n\n"
        "def go(x):\n    return json.loads(x) if x else open('/nowhere/' + object().__repr__())\n",
        "tests/test_lib.py": "import datetime, socket, tempfile, uuid\nfrom lib.core import go\n"
        "def test_a(tmp_path):\n    assert str(tmp_path) == 'x'\n"
        "def test_b():\n    assert tempfile.mkdtemp() == object()\n"
        "def test_c():\n    s = socket.socket(); s.bind(('127.0.0.1', 0))\n"
        "    assert s.getsockname() == f'127.0.0.1:{s.getsockname()[1]}'\n"
        "def test_d():\n    assert str(datetime.datetime.now()) == str(uuid.uuid4())\n"
        "def test_e():\n    go('{')\n"
        "def test_f():\n    go('')\n"
        "def test_g():\n    print(__file__)\n    assert {'a', 'b', 'c'} == {'d'}\n",
    }
    shown = []
    for name in ("one", "a much/longer-place"):
        tree = tmp_path / name
        tree.mkdir(parents=True)
        write(tree, files)
        run = asyncio.run(toolchain.test(tree, with_pytest, None))
        shown.append(dataclasses.replace(run, seconds=0.0))
    assert shown[0].cases == shown[1].cases
    assert shown[0].output.split("\n") == shown[1].output.split("\n")
    assert shown[0] == shown[1]
    assert evidence(shown[0], 3000) == evidence(shown[1], 3000)
    assert str(tmp_path) not in str(shown[0])
    assert shown[0].failures[4].where == ("lib/core.py", "tests/test_lib.py")


def test_a_pytest_project_is_run_by_pytest_when_no_command_is_known(by_pytest, sandbox):
    by_pytest({"test_a.py": GOOD})
    assert "pytest" in sandbox.commands[-1].argv


def test_tests_run_without_network_and_with_only_the_tree_writable(by_pytest, sandbox):
    by_pytest({"test_a.py": GOOD})
    command = sandbox.commands[-1]
    assert (command.network, command.writable) == (False, ())


def test_a_command_is_read_word_by_word():
    plan = read_command("A=1 B='x y' python -W error -m pytest -k 'a or b'")
    assert (plan.kind, plan.flags, plan.argv) == ("pytest", ("-W", "error"), ("-k", "a or b"))
    assert plan.env == (("A", "1"), ("B", "x y"))
    assert read_command("uv run --extra dev python -m pytest -x").argv == ("-x",)
    assert read_command("python tools/x.py -m pytest").kind == "other"
    assert read_command("make test").argv == ("make", "test")
