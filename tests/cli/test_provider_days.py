"""Good and bad days of a provider: what is waited for, what is given up, what a user is told."""

import json
import socket
import time

import answers
import pytest
from answers import CORE, rule
from kit import gone

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
    assert all(0 < e["cost"] < e["held"] for e in ledger)
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
