"""What a build asks for besides: documents in step, large tasks in parts, what needs no model."""

import json

import answers
import pytest
from answers import analysis, edit, file, rule

pytestmark = pytest.mark.sandbox


def plan(*files, touch):
    task = {"id": "sums", "objective": "the sum", "touch": touch, "files": list(files)}
    body = {"name": "hello", "test_command": "python -m unittest", "tasks": [task]}
    return rule("Divide the work into tasks", json.dumps(body))


SUMS = '"""Sums."""\n\n\ndef total(numbers: list[int]) -> int:\n    return sum(numbers)\n'
CHECKS = (
    "import unittest\n\nfrom sums import total\n\n\nclass Total(unittest.TestCase):\n"
    "    def test_total(self):\n        self.assertEqual(total([1, 2]), 3)\n"
)
SMALL = {"path": "sums.py", "lines": 5}
TEST = {"path": "tests/test_sums.py", "lines": 8}
INIT = {"path": "tests/__init__.py", "importance": "low", "lines": 0}


def test_the_readme_is_brought_in_step_as_part_of_what_lands(offering):
    shell, stub = offering(
        analysis(),
        plan(SMALL, TEST, INIT, touch=["sums.py", "tests/**"]),
        rule("Bring these documents in step", edit("README.md", "Sums soon.\n", "It sums.\n")),
        rule("`sums`", file("sums.py", SUMS) + file("tests/test_sums.py", CHECKS)),
    )
    shell.write("README.md", "# Numbers\n\nSums soon.\n")
    shell.write("docs/other.md", "Not shown.\n")
    shell.commit_all()
    done = shell.partita("build", answers.REQUEST, "--depth", "quick")
    assert done.code == 0, done.err
    assert (shell.folder / "README.md").read_text() == "# Numbers\n\nIt sums.\n"
    assert "README.md" in shell.git("show", "--stat", "--format=")
    [asked] = [r.texts[-1][1] for r in stub.requests if "Bring these documents" in r.texts[-1][1]]
    assert "+    return sum(numbers)" in asked
    assert "Not shown." not in asked


def test_documents_stay_as_they_are_when_the_writer_has_nothing_to_say(offering):
    shell, _ = offering(
        analysis(),
        plan(SMALL, TEST, INIT, touch=["sums.py", "tests/**"]),
        rule("Bring these documents in step", "NOTHING"),
        rule("`sums`", file("sums.py", SUMS) + file("tests/test_sums.py", CHECKS)),
    )
    shell.write("README.md", "# Numbers\n")
    shell.commit_all()
    done = shell.partita("build", answers.REQUEST, "--depth", "quick")
    assert done.code == 0, done.err
    assert (shell.folder / "README.md").read_text() == "# Numbers\n"


def test_a_task_beyond_the_models_output_limit_is_asked_for_in_parts(offering, tmp_path):
    large = [{**SMALL, "lines": 60}, {**TEST, "lines": 60}, INIT]
    shell, stub = offering(
        analysis(),
        plan(*large, touch=["sums.py", "tests/**"]),
        rule("Send now: sums.py\n", file("sums.py", SUMS)),
        rule("Send now: tests/test_sums.py\n", file("tests/test_sums.py", CHECKS)),
    )
    config = tmp_path / "config.toml"
    config.write_text(
        f"[models.small]\nwire = 'openai'\nname = 'small'\nbase_url = '{stub.url}'\n"
        "max_output = 1200\n"
    )
    shell.extra["PARTITA_CONFIG"] = str(config)
    done = shell.partita("build", answers.REQUEST, "--depth", "quick", "--model", "small")
    assert done.code == 0, stub.requests[-1].texts[-1][1]
    names = [e["question"] for e in json.loads(shell.partita("show", "--json").out)["ledger"]]
    assert names[-2:] == ["build:sums:1", "build:sums:part2:1"]
    second = stub.requests[-1].texts[-1][1]
    assert "return sum(numbers)" in second  # what the first part gave is shown to the second
    assert (shell.folder / "tests/__init__.py").read_text() == ""


def test_a_dependency_that_nobody_named_is_shown(offering):
    body = {
        "name": "hello",
        "dependencies": ["leftpad-unheard-of>=1"],
        "tasks": [{"id": "sums", "objective": "the sum", "touch": ["sums.py"]}],
    }
    shell, _ = offering(analysis(), rule("Divide the work into tasks", json.dumps(body)))
    done = shell.partita("build", answers.REQUEST, "--depth", "quick", "--dry-run")
    assert done.code == 0, done.err
    assert "leftpad-unheard-of was named neither in the request nor by the repository" in done.err
    assert "- leftpad-unheard-of>=1" in done.out
