"""The table of `make mutants` counts what it says, and a module's tests are those nearest to it."""

import sys
from importlib import import_module
from pathlib import Path

import pytest

FOLDER = str(Path(__file__).parent.parent / "benchmarks")


@pytest.fixture
def mutants(monkeypatch):
    """The program, without what it runs."""
    monkeypatch.syspath_prepend(FOLDER)
    yield import_module("mutants")
    sys.modules.pop("mutants", None)


DIFF = "--- a.py\n+++ a.py\n@@ -1,2 +1,2 @@\n def f():\n-    return {}\n+    return {}"


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("say('wrong at', x)", "say('XXwrong atXX', x)", True),
        ('say("it\\"s", x)', 'say("IT\\"S", x)', True),
        ("say('wrong at', x)", "say('wrong at', None)", False),
        ("x < 1", "x <= 1", False),
        ("say('a', 'b')", "say('a')", False),
    ],
)
def test_a_change_of_words_is_told_from_a_change_of_what_is_done(mutants, old, new, text):
    assert mutants.text_only(DIFF.format(old, new)) is text


def test_a_modules_tests_are_those_that_import_it_or_what_imports_it(mutants):
    sources = {
        "scope": "from partita.core.automaton import build\nimport re",
        "automaton": "from partita.core import words",
        "reply.scan": "import partita.core.reply.value",
        "words": "",
        "alone": "",
    }
    core = {name: mutants.imports(source) for name, source in sources.items()}
    tests = {
        "test_scope.py": mutants.imports("from partita.core.scope import overlap"),
        "test_scan.py": mutants.imports("from partita.core.reply import scan"),
    }
    assert mutants.nearest("scope", tests, core) == ["test_scope.py"]
    assert mutants.nearest("automaton", tests, core) == ["test_scope.py"]
    assert mutants.nearest("words", tests, core) == ["test_scope.py"]
    assert mutants.nearest("reply.value", tests, core) == ["test_scan.py"]
    assert mutants.nearest("alone", tests, core) == []


def test_a_sample_is_the_same_each_time_and_keeps_the_order(mutants):
    names = [f"m{i:03}" for i in range(200)]
    few = mutants.sample(names, 20, 1)
    assert few == mutants.sample(names, 20, 1) == sorted(set(few))
    assert len(few) == 20
    assert few != mutants.sample(names, 20, 2)
    assert mutants.sample(names, 300, 1) == names


def test_every_mutant_that_was_tried_is_in_one_column(mutants):
    def became(status, old="1", new="2"):
        return {"status": status, "diff": DIFF.format(old, new)}

    results = {
        "scope": {
            "mutants": 9,
            "tried": {
                "a": {"status": "killed"},
                "b": {"status": "timed out"},
                "c": became("survived"),
                "d": became("survived", "'x'", "'y'"),
                "e": became("untested"),
            },
        },
        "graph": {"mutants": 3, "tried": {"f": {"status": "killed"}}},
    }
    lines = mutants.table(results).splitlines()
    assert lines[2:] == [
        "| scope | 9 | 5 | 1 | 1 | 2 | 1 | 1 | 40.0% |",
        "| graph | 3 | 1 | 1 | 0 | 0 | 0 | 0 | 100.0% |",
        "| all | 12 | 6 | 2 | 1 | 2 | 1 | 1 | 50.0% |",
    ]
    shown = mutants.survivors(results)
    assert [line for line in shown.splitlines() if line.startswith("# ")] == [
        "# c: survived",
        "# d: survived (text only)",
        "# e: untested",
    ]
    assert mutants.table({}).splitlines()[2:] == ["| all | 0 | 0 | 0 | 0 | 0 | 0 | 0 |  |"]


def test_every_module_of_the_core_can_be_named(mutants):
    assert {"scope", "reply.files"} <= set(mutants.modules())
    assert not any("__init__" in name for name in mutants.modules())
