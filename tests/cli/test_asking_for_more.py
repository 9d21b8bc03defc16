"""A worker that asks for more than its scope: granted, put after others, or refused."""

import json
import os
import signal

import answers
import pytest
from answers import analysis, edit, file, rule
from moments import log, started, until

pytestmark = pytest.mark.sandbox
PLAN = {
    "name": "sums",
    "architecture": "A sum, a shell around it, and a list of names.",
    "test_command": "python -m unittest",
    "contracts": [],
    "tasks": [
        {
            "id": "core",
            "objective": "the sum",
            "touch": ["sums.py", "tests/__init__.py", "tests/test_sums.py"],
            "files": [
                {"path": "sums.py", "lines": 5},
                {"path": "tests/__init__.py", "importance": "low", "lines": 0},
                {"path": "tests/test_sums.py", "lines": 8},
            ],
        },
        {
            "id": "shell",
            "objective": "the shell",
            "touch": ["shell.py"],
            "files": [{"path": "shell.py", "lines": 5}],
        },
    ],
}
SUMS = '"""Sums."""\n\n\ndef total(numbers: list[int]) -> int:\n    return sum(numbers)\n'
NAMED = SUMS + '\n\nNAME = "sums"\n'
TEST = (
    "import unittest\n\nfrom sums import total\n\n\nclass Total(unittest.TestCase):\n"
    "    def test_total(self):\n        self.assertEqual(total([1, 2]), 3)\n"
)
SHELL = '"""The shell."""\n\n\ndef main() -> int:\n    return 0\n'
NAMES = '"""Names."""\n\nALL = ("sums",)\n'
GRANTED = "Your request for more files[\\s\\S]*Granted"
NEED = '<need path="{}">the shell needs it</need>\n'


def rules(wish, *after):
    return [
        analysis(),
        rule("Divide the work into tasks", json.dumps(PLAN)),
        rule("`core`: the sum", file("sums.py", SUMS) + file("tests/test_sums.py", TEST)),
        *after,
        rule("`shell`: the shell", file("shell.py", SHELL) + NEED.format(wish), times=1),
    ]


def asked(stub, what):
    return [r.texts[-1][1] for r in stub.requests if what in r.texts[-1][1]]


def events(shell, kind):
    return [e.data for e in log(shell) if e.type == kind]


def report(shell):
    [folder] = (shell.folder / ".partita" / "runs").iterdir()
    return (folder / "accomplishment.md").read_text()


def test_a_file_that_is_nobody_s_is_granted_and_what_was_sent_is_kept(offering):
    granted = rule(GRANTED, file("names.py", NAMES))
    shell, stub = offering(*rules("names.py", granted))
    done = shell.partita("build", answers.REQUEST, "--depth", "quick")
    assert done.code == 0, done.err
    assert (shell.folder / "names.py").read_text() == NAMES
    assert (shell.folder / "shell.py").read_text() == SHELL
    assert "shell asks for names.py: names.py: the shell needs it" in done.err
    assert "shell may also write names.py" in done.err
    assert "shell asked for more and may write names.py" in report(shell)
    [again] = asked(stub, "Your request for more files")
    assert "What you sent before was kept" in again
    assert len(asked(stub, "`shell`: the shell")) == 2


def test_a_file_of_a_task_at_work_is_granted_behind_it(offering):
    """The second build starts on what the owner made of the file."""
    last = "    return sum(numbers)\n"
    granted = rule(GRANTED, edit("sums.py", last, f'{last}\n\nNAME = "sums"\n'))
    shell, stub = offering(*rules("sums.py", granted))
    done = shell.partita("build", answers.REQUEST, "--depth", "quick")
    assert done.code == 0, done.err
    assert (shell.folder / "sums.py").read_text() == NAMED
    assert "shell may also write sums.py, after core" in done.err
    [given] = events(shell, "task.widened")
    assert given == {"task": "shell", "touch": ["sums.py"], "needs": ["core"]}
    [again] = asked(stub, "Your request for more files")
    assert "def total" in again


def test_a_file_of_a_task_that_waits_for_this_one_is_refused_with_what_to_do(offering):
    late = {"id": "late", "objective": "the end", "touch": ["late.py"], "uses": ["main"]}
    core, other = PLAN["tasks"]
    main = {"id": "main", "kind": "function", "path": "shell.py", "symbol": "main"}
    main["signature"] = "def main() -> int"
    plan = {**PLAN, "contracts": [main], "tasks": [core, {**other, "provides": ["main"]}, late]}
    shell, stub = offering(
        analysis(),
        rule("Divide the work into tasks", json.dumps(plan)),
        rule("`core`: the sum", file("sums.py", SUMS) + file("tests/test_sums.py", TEST)),
        rule("`late`: the end", file("late.py", NAMES)),
        rule("Your request for more files[\\s\\S]*Refused", "NOTHING"),
        rule("`shell`: the shell", file("shell.py", SHELL) + NEED.format("late.py"), times=1),
    )
    done = shell.partita("build", answers.REQUEST, "--depth", "quick")
    assert done.code == 0, done.err
    [again] = asked(stub, "Your request for more files")
    assert "`late.py` belongs to `late`, which waits for `shell`" in again
    assert "shell asked for more and was refused" in report(shell)
    assert (shell.folder / "late.py").read_text() == NAMES


@pytest.mark.kill
def test_a_run_killed_between_the_request_and_its_fulfilment_goes_on(offering):
    """The grant is decided once, and no answer that came is paid again."""
    granted = rule(GRANTED, file("names.py", NAMES))
    hangs = rule(GRANTED, "", behaviour="hang", times=1)
    shell, stub = offering(*rules("names.py", hangs, granted))
    with started(shell, "build", answers.REQUEST, "--depth", "quick") as process:
        until(lambda: asked(stub, "Your request for more files"), "the second build is asked")
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    done = shell.partita("resume", "last")
    assert done.code == 0, done.err
    assert (shell.folder / "names.py").read_text() == NAMES
    assert len(events(shell, "task.widened")) == 1
    assert len(asked(stub, "Your request for more files")) == 2
    assert len(asked(stub, "`shell`: the shell")) == 3
    assert shell.branches() == ["main"]


def test_what_must_never_be_written_is_refused_and_the_task_does_without(offering):
    shell, stub = offering(
        *rules(".git/hooks/post-commit", rule("can't be taken as it is", "NOTHING"))
    )
    done = shell.partita("build", answers.REQUEST, "--depth", "quick")
    assert done.code == 0, done.err
    assert events(shell, "task.widened") == []
    [complaint] = asked(stub, "can't be taken as it is")
    assert ".git/hooks/post-commit" in complaint
    assert not (shell.folder / ".git/hooks/post-commit").exists()


def test_a_task_that_never_stops_asking_comes_to_an_end(offering):
    wishes = [rule("`shell`: the shell", NEED.format(f"more{n}.py"), times=1) for n in range(1, 12)]
    shell, stub = offering(
        analysis(),
        rule("Divide the work into tasks", json.dumps(PLAN)),
        rule("`core`: the sum", file("sums.py", SUMS) + file("tests/test_sums.py", TEST)),
        *wishes,
    )
    done = shell.partita("build", answers.REQUEST, "--depth", "quick")
    assert done.code == 1
    assert len(events(shell, "task.asking")) == 2
    assert len(asked(stub, "`shell`: the shell")) <= 9
    assert shell.git("rev-list", "--count", "HEAD").strip() == "1"
