"""Retry, fork and resuming with changes: what is valid is kept, and the rest is named first."""

import json
from collections import Counter

import answers
import pytest
from moments import log, record

from partita.adapters.clock import SystemClock
from partita.adapters.store.sqlite import SqliteStore

pytestmark = pytest.mark.sandbox

QUICK = ("--depth", "quick")
CORE, WEB = "`core`: the greeting", "`web`: the page"
ANALYSIS, DESIGN = "Analyse the request", "Divide the work"
FAILING = answers.core(answers.BROKEN, times=1)


def asked(stub, since=0):
    """How often each of the four questions reached the provider."""
    told = Counter()
    for request in stub.requests[since:]:
        said = "\n".join(text for _, text in request.texts)
        told += Counter(mark for mark in (ANALYSIS, DESIGN, CORE, WEB) if mark in said)
    return dict(told)


def reused(shell):
    return [e.data["name"] for e in log(shell) if e.type == "call.reused"]


def failed_run(shell, *more):
    """A run in which core stays broken, and web is done."""
    shell.extra["PARTITA_ROUNDS"] = "0"
    done = shell.partita("build", *more, *QUICK)
    assert (done.code, record(shell).status) == (1, "not accepted"), done.err
    return record(shell).id


def test_a_retry_asks_that_task_alone_and_lands(offering):
    shell, stub = offering(
        answers.analysis(), answers.plan(), FAILING, answers.core(), answers.web()
    )
    run = failed_run(shell, answers.REQUEST)
    before = len(stub.requests)
    done = shell.partita("resume")
    assert (done.code, f"partita retry TASK --run {run}" in done.err) == (2, True), done.err
    done = shell.partita("retry", "cor", "--run", run)
    assert (done.code, "its tasks: core, web" in done.err) == (2, True), done.err
    done = shell.partita("retry", "core", "--model", "openai:other")
    assert done.code == 0, done.err
    assert "done again: core (asked anew)" in done.err
    assert "tested again: web (it uses core, which is done again)" in done.err
    assert asked(stub, before) == {CORE: 1}
    assert stub.requests[-1].body["model"] == "other"
    assert reused(shell) == ["analyse:1", "design:1"]
    assert (record(shell).id, record(shell).status) == (run, "landed")
    assert "Hello, {name}!" in (shell.folder / "hello/core.py").read_text()
    for word in ("retry", "resume"):
        done = shell.partita(word, *(["core"] if word == "retry" else []))
        assert (done.code, "has landed" in done.err) == (2, True), done.err
    replayed = shell.partita("replay")
    assert (replayed.code, "the same result" in replayed.out) == (0, True), replayed.err


def test_a_fork_shares_what_was_paid_for_and_asks_the_rest_anew(offering):
    other = answers.core(answers.CORE.replace('"""Greeting."""', '"""A greeting."""'))
    web = answers.web()
    web["reply"] = web["reply"].replace("# hello", "# other")
    shell, stub = offering(
        answers.analysis(),
        answers.plan(),
        answers.core(times=1),
        answers.web(times=1),
        other,
        web,
    )
    assert shell.partita("build", answers.REQUEST, *QUICK).code == 0
    parent, base = record(shell).id, shell.git("rev-parse", "HEAD~1").strip()
    shell.git("reset", "-q", "--hard", base)
    shell.extra["PARTITA_ANSWER_CACHE"] = "false"
    before = len(stub.requests)
    done = shell.partita("fork", parent, "--from", "design", "--json")
    assert done.code == 0, done.err
    assert asked(stub, before) == {DESIGN: 1, CORE: 1, WEB: 1}
    fork = record(shell)
    assert (fork.id != parent, fork.options["forked_from"]) == (True, parent)
    assert json.loads(done.out.splitlines()[-1])["run"] == fork.id
    assert reused(shell) == ["analyse:1"]
    assert (shell.folder / "hello/core.py").read_text().startswith('"""A greeting."""')
    shell.git("reset", "-q", "--hard", base)
    before = len(stub.requests)
    done = shell.partita("fork", parent, "--from", "web")
    assert done.code == 0, done.err
    assert asked(stub, before) == {WEB: 1}
    assert sorted(reused(shell)) == ["analyse:1", "build:core:1", "design:1"]
    assert (shell.folder / "README.md").read_text().startswith("# other")
    assert (shell.folder / "hello/core.py").read_text() == answers.CORE
    done = shell.partita("fork", parent, "--from", "nowhere")
    assert (done.code, "tasks: core, web" in done.err) == (2, True), done.err
    assert shell.partita("fork", parent).code == 2


def waiting_run(shell, *more):
    done = shell.partita("build", *more, *QUICK, "--approve")
    assert (done.code, record(shell).status) == (3, "waiting"), done.err


def refused(shell, *options):
    done = shell.partita("resume", *options)
    assert done.code == 2, done.out
    assert "--accept-changes" in done.err
    return done.err


def test_a_changed_request_is_never_taken_silently(offering):
    shell, stub = offering(answers.analysis(), answers.plan(), answers.core(), answers.web())
    shell.write("spec.md", answers.REQUEST)
    waiting_run(shell, "spec.md")
    run = record(shell).id
    assert shell.partita("approve").code == 0
    shell.write("spec.md", answers.REQUEST + " with a page\nin blue\n")
    done = shell.partita("resume", "--json")
    told = json.loads(done.out)
    assert (done.code, told["exit"], told["run"]) == (2, 2, run)
    (change,) = told["changes"]
    assert change["kind"] == "request"
    assert change["what"] == "the request is another (it had 1 line, now 2)"
    assert change["valid"].startswith("0 answers for tasks")
    assert change["again"].startswith("analysis and plan, which have 2 answers")
    assert f"partita resume {run} --accept-changes" in told["remedy"]
    assert "put the file back" in told["remedy"]
    assert (len(stub.requests), record(shell).status) == (2, "waiting")
    done = shell.partita("resume", "--accept-changes")
    assert (done.code, record(shell).status) == (3, "waiting"), done.err  # it is another plan
    assert asked(stub, 2) == {ANALYSIS: 1, DESIGN: 1}
    assert "in blue" in stub.requests[2].texts[-1][1]
    shell.write("spec.md", answers.REQUEST)
    assert "the request is another" in refused(shell)
    done = shell.partita("resume", "--accept-changes")
    assert (done.code, record(shell).status) == (3, "waiting"), done.err
    assert len(stub.requests) == 4  # these words were answered before
    assert reused(shell)[-2:] == ["analyse:1", "design:1"]


def test_a_changed_plan_does_again_what_it_changes_and_no_more(offering, tmp_path):
    shell, stub = offering(FAILING, answers.core(), answers.web())
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(answers.PLAN))
    failed_run(shell, "--plan", str(plan))
    plan.write_text(json.dumps(answers.PLAN, indent=4))  # the same plan in other words
    done = shell.partita("resume")
    assert (done.code, "partita retry TASK" in done.err) == (2, True), done.err
    core, web = answers.PLAN["tasks"]
    new = {**answers.PLAN, "tasks": [{**core, "criteria": ["it greets by name"]}, web]}
    plan.write_text(json.dumps(new))
    said = refused(shell)
    assert "still valid: web, with 1 answer" in said
    assert "done again: core (other: its criteria); the tests of web (it uses core" in said
    done = shell.partita("resume", "--accept-changes")
    assert done.code == 0, done.err
    assert asked(stub) == {CORE: 2, WEB: 1}
    assert "it greets by name" in stub.requests[-1].texts[-1][1]


def test_models_settings_and_versions_are_changed_knowingly(offering):
    shell, stub = offering(answers.analysis(), answers.plan(), answers.core(), answers.web())
    waiting_run(shell, answers.REQUEST)
    assert shell.partita("approve").code == 0
    said = refused(shell, "--model", "openai:other")
    assert "the coder is openai:other (it was openai:default)" in said
    assert "still valid: 2 answers; each says which model gave it" in said
    assert "leave out --model" in said
    shell.extra["PARTITA_ROUNDS"] = "1"
    said = refused(shell)
    assert "`rounds` is 1 (it was 3)" in said
    assert "depth" not in said  # a flag chose it
    del shell.extra["PARTITA_ROUNDS"]
    run = record(shell)
    with SqliteStore(shell.folder / ".partita", SystemClock()) as store:
        options = {**run.options, "version": "partita-0"}
        store.update(run.id, status=run.status, options=options)
    said = refused(shell)
    assert "(the run was started by partita-0)" in said
    assert "2 answers, as far as this version asks the same" in said
    done = shell.partita("resume", "--accept-changes", "--model", "openai:other")
    assert done.code == 0, done.err
    assert asked(stub) == {ANALYSIS: 1, DESIGN: 1, CORE: 1, WEB: 1}
    models = [r.body["model"] for r in stub.requests]
    assert models == ["default", "default", "other", "other"]
    assert record(shell).options["version"] == options["version"].replace("0", "3")
