"""The main job through the installed command: request to landed commit."""

import json
import re

import answers
import pytest
from kit import gone

pytestmark = pytest.mark.sandbox


def test_a_request_in_an_empty_folder_becomes_one_landed_commit(shell):
    done = shell.partita("build", answers.REQUEST, "--depth", "quick")
    assert done.code == 0, done.err
    assert "Landed on main." in done.out
    assert shell.git("log", "--format=%s").splitlines() == [
        "feat(hello): a greeting can be had from code and from a page"
    ]
    assert "Partita-Run: " in shell.git("log", "-1", "--format=%b")
    assert shell.git("log", "-1", "--format=%an <%ae>").strip() == "Una <una@example.org>"
    assert (shell.folder / "hello/core.py").read_text() == answers.CORE
    assert shell.git("status", "--porcelain") == ""
    assert shell.branches() == ["main"]
    assert gone(str(shell.folder)) == []


def test_a_failing_first_attempt_is_mended_from_its_evidence(shell, provider):
    assert shell.partita("build", answers.REQUEST, "--depth", "quick").code == 0
    fixes = [r for r in provider.requests if "What failed" in r.texts[-1][1]]
    assert len(fixes) == 1
    prompt = fixes[0].texts[-1][1]
    assert "'Hello x' != 'Hello, x!'" in prompt
    assert str(shell.folder) not in prompt


def test_tasks_joined_by_a_contract_are_built_at_the_same_time(offering):
    shell, stub = offering(*answers.good(), latency=0.5)
    assert shell.partita("build", answers.REQUEST, "--depth", "quick").code == 0
    assert stub.most_in_flight == 2


def test_json_is_lines_with_the_result_last(shell):
    done = shell.partita("build", answers.REQUEST, "--depth", "quick", "--json")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert all({"seq", "at", "run", "type"} <= set(line) for line in lines)
    assert [line["seq"] for line in lines] == sorted(line["seq"] for line in lines)
    assert lines[-1]["type"] == "result"
    assert lines[-1]["exit"] == done.code == 0
    assert lines[-1]["commit"] == shell.git("rev-parse", "HEAD").strip()


def test_the_record_of_a_run_replays_offline_to_the_same_tree(shell, provider):
    assert shell.partita("build", answers.REQUEST, "--depth", "quick").code == 0
    asked = len(provider.requests)
    shell.url = ""
    done = shell.partita("replay", "last")
    assert done.code == 0, done.err
    assert "the same result" in done.out
    assert len(provider.requests) == asked


def test_undo_takes_back_what_landed_and_nothing_else(repo):
    assert repo.partita("build", answers.REQUEST, "--depth", "quick").code == 0
    done = repo.partita("undo", "last")
    assert done.code == 0, done.err
    assert repo.git("ls-files").split() == ["notes.txt"]
    assert repo.git("status", "--porcelain") == ""


def test_a_dry_run_shows_the_plan_and_writes_nothing_to_the_tree(repo):
    done = repo.partita("plan", answers.REQUEST, "--depth", "quick", "--out", "../plan.json")
    assert done.code == 0, done.err
    assert "Wave 1: core, web" in done.out
    assert repo.git("status", "--porcelain") == ""
    assert repo.branches() == ["main"]
    saved = json.loads((repo.folder.parent / "plan.json").read_text())
    assert [t["id"] for t in saved["tasks"]] == ["core", "web"]


def test_a_build_after_a_dry_run_pays_only_for_what_is_new(repo, provider):
    assert repo.partita("build", answers.REQUEST, "--depth", "quick", "--dry-run").code == 0
    assert len(provider.requests) == 2
    done = repo.partita("build", answers.REQUEST, "--depth", "quick")
    assert done.code == 0, done.err
    assert "reused an earlier answer for design:1" in done.err
    assert len(provider.requests) == 5


def test_a_saved_plan_is_built_without_planning_again(repo, provider):
    plan = repo.folder.parent / "plan.json"
    repo.partita("plan", answers.REQUEST, "--depth", "quick", "--out", str(plan))
    before = len(provider.requests)
    done = repo.partita("build", "--plan", str(plan))
    assert done.code == 0, done.err
    assert len(provider.requests) == before + 3


def test_a_plan_waits_for_approval_and_goes_on_when_it_is_given(repo, provider):
    done = repo.partita("build", answers.REQUEST, "--depth", "quick", "--approve")
    assert done.code == 3
    assert "partita approve" in done.err
    asked = len(provider.requests)
    assert repo.partita("approve", "last").code == 0
    done = repo.partita("resume", "last")
    assert done.code == 0, done.err
    assert len(provider.requests) == asked + 3


def test_a_rejected_plan_ends_the_run(repo):
    repo.partita("build", answers.REQUEST, "--depth", "quick", "--approve")
    assert repo.partita("reject", "last", "--why", "too big").code == 0
    done = repo.partita("resume", "last")
    assert done.code == 4
    assert "too big" in done.err
    assert repo.git("log", "--format=%s").split() == ["as", "it", "was"]


def test_show_and_status_answer_in_words_and_json(shell):
    shell.partita("build", answers.REQUEST, "--depth", "quick")
    assert "landed" in shell.partita("status").out
    facts = json.loads(shell.partita("show", "last", "--json").out)
    assert facts["exit"] == 0
    assert len(facts["ledger"]) == 5
    for part in ("report", "analysis", "plan", "tasks", "evidence", "ledger", "diff", "log"):
        done = shell.partita("show", "last", "--part", part)
        assert done.code == 0, done.err
        assert done.out.strip()


def test_the_report_links_the_evidence_that_lies_beside_it(shell):
    assert shell.partita("build", answers.REQUEST, "--depth", "quick").code == 0
    [report] = (shell.folder / ".partita/runs").glob("*/accomplishment.md")
    text = report.read_text()
    links = re.findall(r"^- \[[\w.-]+\]\((evidence/[\w.-]+)\): (pass|FAIL), ", text, re.MULTILINE)
    assert [word for _, word in links].count("FAIL") == 1
    assert all((report.parent / file).is_file() for file, _ in links)
    assert "exit 1" in (report.parent / "evidence/core-0.txt").read_text()
