"""Good and bad days of a provider: what is waited for, what is given up, what a user is told."""

import json
import re
import socket
import time
from email.utils import formatdate

import answers
import pytest
from answers import CORE, rule
from kit import gone

from partita.core.outcomes import count_outcomes
from partita.testing.stub_provider import StubProvider

QUICK = ("build", answers.REQUEST, "--depth", "quick")
KEY = "sk-test-0123456789abcdefghijABCDEFGHIJ"
SANDBOX = pytest.mark.sandbox


def good():
    return [answers.analysis(), answers.plan(), answers.core(), answers.web()]


def untouched(shell):
    assert shell.branches() == ["main"]
    assert shell.git("log", "--format=%s").strip() == "as it was"
    assert shell.git("status", "--porcelain") == ""
    assert gone(str(shell.folder)) == []
    return True


# --- before anything is asked -------------------------------------------------------------------


def test_without_any_model_the_ways_to_one_are_named(offering):
    shell, _ = offering()
    shell.url = ""
    done = shell.partita(*QUICK)
    assert done.code == 2
    for words in (
        "no model is configured",
        "OPENAI_API_KEY",
        "ANTHROPIC_API_KEY",
        "OPENAI_BASE_URL",
        "http://127.0.0.1:11434/v1",
        "partita demo",
    ):
        assert words in done.err
    assert untouched(shell)


def test_a_missing_key_is_named_by_its_variable(offering):
    shell, _ = offering()
    shell.url = ""
    done = shell.partita(*QUICK, "--model", "anthropic:claude-haiku-4-5")
    assert done.code == 2
    assert "anthropic:claude-haiku-4-5 needs ANTHROPIC_API_KEY" in done.err
    assert "export ANTHROPIC_API_KEY=..." in done.err
    assert untouched(shell)


def test_a_model_of_unknown_price_is_refused_before_any_connection(offering):
    shell, _ = offering()
    trap = socket.create_server(("127.0.0.1", 0))
    proxy = f"http://127.0.0.1:{trap.getsockname()[1]}"
    shell.url = ""
    shell.extra = {"OPENAI_API_KEY": KEY, "HTTPS_PROXY": proxy, "ALL_PROXY": proxy}
    done = shell.partita(*QUICK, "--model", "openai:no-such-model-xyz")
    trap.setblocking(False)
    with trap, pytest.raises(BlockingIOError):
        trap.accept()
    assert done.code == 2
    assert "the price of openai:no-such-model-xyz is not known" in done.err
    assert '[models."openai:no-such-model-xyz"]' in done.err
    assert "input_price = " in done.err
    assert "output_price = " in done.err
    assert KEY not in done.err
    assert untouched(shell)


# --- days that end well -------------------------------------------------------------------------


@SANDBOX
def test_every_passing_trouble_is_waited_out_and_the_work_lands(offering):
    shell, stub = offering(
        rule("Analyse the request", "", status=429, headers={"Retry-After": "1"}, times=1),
        rule("Divide the work", "", status=500, times=1),
        rule("Divide the work", "", behaviour="html", times=1),
        rule("`core`: the greeting", "half", behaviour="reset-midway", times=1),
        rule("`core`: the greeting", "half", behaviour="no-finish", times=1),
        rule("`web`: the page", "", behaviour="empty-choices", times=1),
        rule("`web`: the page", "", behaviour="reset", times=1),
        *good(),
    )
    done = shell.partita(*QUICK)
    assert done.code == 0, done.err
    assert (shell.folder / "hello/core.py").read_text() == CORE
    first, second = stub.requests[:2]
    assert second.start - first.end >= 1.0  # as the provider asked
    for words in (
        "again in 1.0 s",
        "HTML page",
        "the connection broke",
        "no connection to",
        "it ended early",
    ):
        assert words in done.err
    assert "gives up" not in done.err
    states = [e["state"] for e in json.loads(shell.partita("show", "--json").out)["ledger"]]
    assert states.count("settled") == 4
    assert "held" not in states


@SANDBOX
def test_where_no_tokens_are_counted_they_are_estimated_and_paid(offering, tmp_path):
    shell, stub = offering(*({**r, "behaviour": "no-usage"} for r in good()))
    tables = tmp_path / "config.toml"
    tables.write_text(
        f'[models.silent]\nwire = "openai"\nbase_url = "{stub.url}"\n'
        "input_price = 1.00\noutput_price = 2.00\n"
    )
    shell.url, shell.extra = "", {"PARTITA_CONFIG": str(tables)}
    done = shell.partita(*QUICK, "--model", "silent")
    assert done.code == 0, done.err
    ledger = json.loads(shell.partita("show", "--json").out)["ledger"]
    assert {e["state"] for e in ledger} == {"settled"}
    assert all(0 < e["cost"] == e["held"] for e in ledger)
    assert all(e["usage"]["estimated"] for e in ledger)
    assert "$0.0000 spent" not in done.out


# --- days that do not ---------------------------------------------------------------------------


def test_a_refused_key_ends_the_run_and_is_never_written_down(offering):
    said = {"message": f"Incorrect API key provided: {KEY}.", "code": "invalid_api_key"}
    shell, stub = offering(rule("", "", status=401, error=said))
    shell.extra = {"OPENAI_API_KEY": KEY}
    done = shell.partita(*QUICK)
    assert done.code == 2
    assert "OPENAI_API_KEY" in done.err
    assert len(stub.requests) == 1
    assert stub.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in done.err + done.out + shell.partita("show", "--json").out
    written = [p for p in shell.folder.rglob("*") if p.is_file()]
    assert not [p for p in written if KEY.encode() in p.read_bytes()]
    assert untouched(shell)


@pytest.mark.parametrize(
    ("trouble", "asked", "words"),
    [
        ({"status": 429}, 4, "429"),
        ({"status": 429, "headers": {"Retry-After": "3600"}}, 1, "429"),
        ({"behaviour": "html"}, 3, "HTML page"),
        ({"behaviour": "empty-choices"}, 3, "ended early"),
        ({"behaviour": "no-finish"}, 3, "it ended early"),
        ({"behaviour": "reset"}, 4, "no connection to http:"),
    ],
    ids=["429", "429-for-an-hour", "html", "no-choices", "cut", "reset"],
)
def test_a_trouble_that_stays_lets_the_run_rest_within_half_a_minute(
    offering, trouble, asked, words
):
    shell, stub = offering(rule("", "some words", **trouble))
    began = time.monotonic()
    done = shell.partita("build", answers.REQUEST, timeout=30)
    assert time.monotonic() - began < 30
    assert done.code == 3, done.err
    assert ("UTC or later" in done.err) is ("headers" in trouble)
    assert "partita: no model answered: openai:default: " in done.err
    assert words in done.err
    assert "partita resume" in done.err
    assert len(stub.requests) == asked
    assert untouched(shell)


def test_a_refused_connection_lets_the_run_rest(offering):
    shell, stub = offering()
    stub.stop()
    began = time.monotonic()
    done = shell.partita("build", answers.REQUEST, timeout=30)
    assert time.monotonic() - began < 30
    assert done.code == 3
    assert f"no model answered: openai:default: no connection to {shell.url}" in done.err
    assert "partita resume" in done.err
    assert untouched(shell)


@SANDBOX
def test_a_run_that_rested_goes_on_when_the_provider_is_well_again(offering):
    shell, stub = offering(
        answers.analysis(), rule("Divide the work into tasks", "", status=500, times=4), *good()
    )
    done = shell.partita(*QUICK)
    assert done.code == 3, done.err
    assert "500" in done.err
    assert "interrupted" in shell.partita("status").out
    before = len(stub.requests)
    done = shell.partita("resume", "last")
    assert done.code == 0, done.err
    assert (shell.folder / "hello/core.py").read_text() == CORE
    again = [r.texts[-1][1] for r in stub.requests[before:]]
    assert not [text for text in again if "Analyse the request" in text]  # paid once
    assert len(again) == 3


# --- every bad day, on one route ----------------------------------------------------------------

HARSH = re.compile(r" ?[A-Za-z]{1,6}|\d{1,3}| ?[^\sA-Za-z\d]{1,2}|\s+")


def harshly(text):
    """Tokens as the least thrifty tokenizer has them, with what wraps a message."""
    return len(HARSH.findall(text)) + 7


def tables(tmp_path, **models):
    """A user's settings with a priced model for each URL; a call to it may take two seconds."""
    file = tmp_path / "config.toml"
    file.write_text(
        "".join(
            f'[models.{name}]\nwire = "openai"\nbase_url = "{url}"\ntimeout = 2\n'
            "input_price = 1.00\noutput_price = 2.00\n"
            for name, url in models.items()
        )
    )
    return {"PARTITA_CONFIG": str(file)}


def record(shell):
    return json.loads(shell.partita("show", "--json").out)


def events_of(shell):
    found = shell.partita("show", "--part", "log", "--json").out
    return [(e["type"], e) for e in json.loads(found)["events"]]


@SANDBOX
def test_a_dead_a_prudish_and_a_moody_provider_end_in_landed_work(offering, tmp_path):
    soon = formatdate(time.time() + 2, usegmt=True)
    shell, prudish = offering(rule("", "I", finish="content_filter"))
    shell.write("greeting.md", "How to greet, at length.\n" * 200)
    shell.commit_all("a long document")
    moody = [
        rule("Analyse", "", status=429, headers={"Retry-After": soon}, times=1),
        rule("Analyse", "", status=429, headers={"Retry-After-Ms": "300"}, times=1),
        {**answers.analysis(), "longest": 1_200},
        rule("Divide the work", "half", behaviour="stall", times=1),
        answers.plan(),
        rule("`core`: the greeting", "", behaviour="hang", times=1),
        rule("`web`: the page", "", behaviour="html", times=1),
        answers.core(),
        answers.web(),
    ]
    with StubProvider() as dead, StubProvider(moody, tokens=harshly) as stub:
        dead.stop()
        shell.extra = tables(tmp_path, dead=dead.url, prudish=prudish.url, moody=stub.url)
        done = shell.partita(*QUICK[:1], "Write greeting.md in code", *QUICK[2:],
                             "--model", "dead,prudish,moody", timeout=60)  # fmt: skip
        assert done.code == 0, done.err
        counted = sorted(r.counted for r in stub.requests if r.rule is not None and r.counted)
    ledger = record(shell)["ledger"]
    settled = [e for e in ledger if e["state"] == "settled"]
    assert sorted((e["usage"]["input"], e["usage"]["output"]) for e in settled) == counted
    assert {e["model"] for e in settled} == {"moody"}
    assert all(e["usage"]["input"] * 1_000 <= e["held"] - 2_000 * 100 for e in settled)
    outcomes = count_outcomes(events_of(shell))
    assert outcomes["unreachable"] == 5
    assert outcomes["circuit_open"] >= 2
    assert outcomes["refused"] == len(prudish.requests) == 4
    for word, times in (
        ("rate_limited", 2), ("context_too_long", 1), ("stalled", 2), ("html", 1)
    ):  # fmt: skip
        assert outcomes[word] == times, outcomes
    assert [kind for kind, _ in events_of(shell)].count("call.shrunk") == 1
    lost = [e for e in ledger if e["state"] == "unconfirmed"]
    assert all(e["cost"] == e["held"] for e in lost)
    # What broke off, and what was refused within an answer: all of it may have been billed.
    assert len(lost) == 3 + len(prudish.requests)


def test_a_question_that_is_declined_is_not_accepted_and_no_matter_of_waiting(offering):
    shell, stub = offering(rule("", "I", finish="content_filter"))
    done = shell.partita(*QUICK)
    assert done.code == 1, done.err
    assert "no model took the question" in done.err
    assert len(stub.requests) == 1


def test_two_runs_of_a_user_share_the_calls_in_flight(offering, tmp_path):
    first, stub = offering(answers.analysis(), answers.plan(), latency=0.4)
    second, _ = offering()
    second.url = first.url
    first.extra = second.extra = {"PARTITA_CALLS_IN_FLIGHT": "1"}
    runs = [shell.start(*QUICK, "--dry-run") for shell in (first, second)]
    for run in runs:
        _, err = run.communicate(timeout=40)
        assert run.returncode == 0, err
    assert len(stub.requests) == 4
    assert stub.most_in_flight == 1


def test_where_limits_can_not_be_shared_the_run_says_so_and_goes_on(offering, home):
    shell, _ = offering(answers.analysis(), answers.plan())
    (home / ".local").write_text("no folder")
    done = shell.partita(*QUICK, "--dry-run")
    assert done.code == 0, done.err
    [told] = [e for kind, e in events_of(shell) if kind == "limits.alone"]
    assert "for this process alone" in told["why"]
