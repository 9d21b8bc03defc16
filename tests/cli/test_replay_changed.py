"""Runs that were begun anew, forked, changed on the way or cut to fit replay to the same tree."""

import json

import answers
import pytest
from moments import log, record

pytestmark = pytest.mark.sandbox

QUICK = ("--depth", "quick")
GOOD = (answers.analysis(), answers.plan(), answers.core(), answers.web())
TABLE = """
[models.{name}]
wire = "openai"
base_url = "{url}"
input_price = 1.00
output_price = 2.00
{limits}
"""


def models(shell, tmp_path, **limits):
    """The user's own models, by name, each with its limits; the first is the one that is used."""
    tables = [TABLE.format(name=n, url=shell.url, limits=text) for n, text in limits.items()]
    file = tmp_path / "own.toml"
    file.write_text(f'model = "{next(iter(limits))}"\n' + "".join(tables))
    shell.extra["PARTITA_CONFIG"] = str(file)


def replays(shell):
    """The last run does, and no question is another; what the replay told."""
    head = shell.git("rev-parse", "HEAD^{tree}").strip()
    done = shell.partita("replay", "--json")
    assert done.code == 0, done.err
    told = [json.loads(line) for line in done.out.splitlines()]
    last = told[-1]
    assert (last["same"], last["drift"], last["tree"]) == (True, [], head)
    return told


def cuts(events):
    """Which questions were cut, and from how much to how much."""
    return [(e["name"], e["before"], e["after"]) for e in events if e["type"] == "call.shrunk"]


def logged(shell):
    return [{"type": e.type, **e.data} for e in log(shell)]


def long_document(shell):
    shell.write("greeting.md", "How to greet, at length.\n" * 300)
    shell.commit_all("a long document")


def test_two_answers_to_one_name_are_told_apart_by_what_was_asked(offering):
    web = answers.web()
    web["reply"] = web["reply"].replace("# hello", "# other")
    shell, _ = offering(
        answers.analysis(), answers.plan(), answers.core(), answers.web(times=1), web
    )
    assert shell.partita("build", answers.REQUEST, *QUICK).code == 0
    shell.git("reset", "-q", "--hard", "HEAD~1")
    done = shell.partita("fork", "last", "--from", "web")
    assert done.code == 0, done.err
    assert (shell.folder / "README.md").read_text().startswith("# other")
    replays(shell)


def test_a_run_whose_request_was_changed_replays_by_its_last_one(offering):
    shell, _ = offering(*GOOD)
    shell.write("spec.md", answers.REQUEST)
    assert shell.partita("build", "spec.md", *QUICK, "--approve").code == 3
    shell.write("spec.md", answers.REQUEST + " with a page\n")
    assert shell.partita("resume", "--accept-changes").code == 3
    assert shell.partita("approve").code == 0
    done = shell.partita("resume")
    assert done.code == 0, done.err
    replays(shell)


def test_a_run_that_changed_its_model_replays_with_the_limits_of_both(offering, tmp_path):
    shell, stub = offering(*GOOD)
    models(shell, tmp_path, large="max_output = 5000", small="max_output = 3000")
    assert shell.partita("build", answers.REQUEST, *QUICK, "--approve").code == 3
    assert shell.partita("approve").code == 0
    done = shell.partita("resume", "--accept-changes", "--model", "small")
    assert done.code == 0, done.err
    assert [r.body["model"] for r in stub.requests] == ["large", "large", "small", "small"]
    replays(shell)


def test_what_was_cut_before_it_was_sent_is_cut_in_the_replay(offering, tmp_path):
    shell, _ = offering(*GOOD)
    long_document(shell)
    models(shell, tmp_path, narrow="max_output = 1800\ncontext = 3600")
    done = shell.partita("build", "Write greeting.md in code", *QUICK)
    assert done.code == 0, done.err
    was = cuts(logged(shell))
    assert was
    assert record(shell).options["context"] == 3_600
    assert cuts(replays(shell)) == was


def test_what_was_cut_because_it_was_refused_is_cut_in_the_replay(offering):
    shell, _ = offering({**answers.analysis(), "longest": 1_200}, *GOOD[1:])
    long_document(shell)
    done = shell.partita("build", "Write greeting.md in code", *QUICK)
    assert done.code == 0, done.err
    was = cuts(logged(shell))
    assert {name for name, _, _ in was} == {"analyse:1"}
    assert cuts(replays(shell)) == was
