"""Several tasks ask for more at once, or for what can't be given: each run ends and is replayed."""

import json

import answers
import pytest
from answers import analysis, edit, file, rule
from moments import log

pytestmark = pytest.mark.sandbox
CHECK = (
    "import unittest\n\n\nclass Sane(unittest.TestCase):\n"
    "    def test_sane(self):\n        self.assertTrue(True)\n"
)
ONE, TWO = "    return 1\n", "    return 2\n"


def code(name, body=ONE):
    return f'"""{name}."""\n\n\ndef {name}() -> int:\n{body}'


def task(name, *more):
    files = [f"{name}.py", *more]
    listed = [{"path": f, "lines": 5} for f in files]
    return {"id": name, "objective": f"do {name}", "touch": files, "files": listed}


def plan(*tasks):
    checks = {**task("checks"), "touch": ["tests/**"], "files": []}
    checks["files"] = [
        {"path": "tests/__init__.py", "importance": "low", "lines": 0},
        {"path": "tests/test_sane.py", "lines": 8},
    ]
    body = {"name": "x", "test_command": "python -m unittest", "tasks": [*tasks, checks]}
    return [
        analysis(),
        rule("Divide the work into tasks", json.dumps(body)),
        rule("`checks`: do checks", file("tests/test_sane.py", CHECK)),
    ]


def asks(name, path):
    reply = file(f"{name}.py", code(name)) + f'<need path="{path}">it must</need>\n'
    return rule(f"`{name}`: do {name}", reply, times=1)


def after(name, answer, reply):
    return rule(f"`{name}`: do {name}[\\s\\S]*You asked for[\\s\\S]*{answer}", reply)


def events(shell, kind):
    return [e.data for e in log(shell) if e.type == kind]


def replayed(shell):
    """The log of a replay that gave the same tree."""
    done = shell.partita("replay", "last", "--json")
    assert done.code == 0, done.err + done.out[-1000:]
    return [json.loads(line) for line in done.out.splitlines()]


def test_tasks_that_ask_for_each_other_s_files_do_not_write_over_each_other(offering):
    """What the one has sent is kept while it waits, so the other can't have its file."""
    shell, _ = offering(
        *plan(task("aa"), task("bb"), task("cc")),
        after("aa", "Granted", edit("bb.py", ONE, TWO)),
        after("bb", "Granted", edit("cc.py", ONE, TWO)),
        after("cc", "Granted", edit("aa.py", ONE, TWO)),
        *(after(name, "Refused", "NOTHING") for name in ("aa", "bb", "cc")),
        asks("aa", "bb.py"),
        asks("bb", "cc.py"),
        asks("cc", "aa.py"),
    )
    done = shell.partita("build", answers.REQUEST, "--depth", "quick")
    assert done.code == 0, done.err
    assert len(events(shell, "task.widened")) == 2
    [denied] = events(shell, "task.denied")
    assert f"which waits for `{denied['task']}`" in denied["why"]
    for name in ("aa", "bb", "cc"):
        assert f"def {name}() -> int" in (shell.folder / f"{name}.py").read_text()
    order = [e["task"] for e in events(shell, "task.asking")]
    again = [e["task"] for e in replayed(shell) if e.get("type") == "task.asking"]
    assert again == order


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x00\xff\xfe" * 50, "no text"),
        (b"line\n" * 13_000, "too large to be shown"),
    ],
)
def test_a_file_that_a_worker_can_t_be_shown_is_refused_and_the_task_does_without(
    data, why, offering
):
    shell, _ = offering(
        *plan(task("aa")), after("aa", "Refused", "NOTHING"), asks("aa", "assets.bin")
    )
    (shell.folder / "assets.bin").write_bytes(data)
    shell.commit_all()
    done = shell.partita("build", answers.REQUEST, "--depth", "quick")
    assert done.code == 0, done.err
    [denied] = events(shell, "task.denied")
    assert denied["why"] == f"`assets.bin` can't be changed here: it is {why}."
    assert (shell.folder / "assets.bin").read_bytes() == data


def test_an_approved_plan_stays_as_it_is_in_a_replay_too(offering):
    shell, _ = offering(
        *plan(task("aa"), task("bb")),
        after("aa", "Refused", "NOTHING"),
        asks("aa", "bb.py"),
        rule("`bb`: do bb", file("bb.py", code("bb"))),
    )
    assert shell.partita("build", answers.REQUEST, "--depth", "quick", "--approve").code == 3
    assert shell.partita("approve", "last").code == 0
    done = shell.partita("resume", "last")
    assert done.code == 0, done.err
    [denied] = events(shell, "task.denied")
    assert "approved as it stands" in denied["why"]
    again = [e["why"] for e in replayed(shell) if e.get("type") == "task.denied"]
    assert again == [denied["why"]]


def test_who_was_granted_a_file_mends_what_it_breaks_there(offering):
    test = CHECK.replace("import unittest\n", "import unittest\n\nfrom bb import bb\n")
    test = test.replace("True(True)", "Equal(bb(), 2)")
    broken = "    raise ValueError\n"
    shell, _ = offering(
        *plan(task("bb"), task("aa", "test_aa.py")),
        rule("`aa`: do aa[\\s\\S]*What failed", edit("bb.py", broken, TWO)),
        after("aa", "Granted", edit("bb.py", ONE, broken) + file("test_aa.py", test)),
        asks("aa", "bb.py"),
        rule("`bb`: do bb", file("bb.py", code("bb"))),
    )
    done = shell.partita("build", answers.REQUEST, "--depth", "quick")
    assert done.code == 0, done.err
    assert events(shell, "task.deferred") == []
    assert [e["task"] for e in events(shell, "task.fix")] == ["aa"]
    assert (shell.folder / "bb.py").read_text() == code("bb", TWO)
