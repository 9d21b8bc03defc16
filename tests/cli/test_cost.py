"""`partita cost`: however it is grouped, it is what the provider counted, to the token."""

import csv
import io
import json
import re

import answers
import pytest
from moments import log

from partita.core.costs import BYS, FIGURES

SANDBOX = pytest.mark.sandbox
QUICK = (answers.REQUEST, "--depth", "quick")
CHEAP, DEAR = (250, 2_000), (3_000, 15_000)  # nano-dollars a token, in and out


@pytest.fixture
def priced(offering, tmp_path):
    """A shell and its provider, with a cheap model that plans and a dear one that builds."""

    def make(*rules):
        shell, stub = offering(*rules)
        tables = "".join(
            f'[models.{name}]\nwire = "openai"\nbase_url = "{stub.url}"\n'
            f"input_price = {price[0] / 1000}\noutput_price = {price[1] / 1000}\n"
            for name, price in (("cheap", CHEAP), ("dear", DEAR))
        )
        file = tmp_path / "config.toml"
        file.write_text(f'model = "cheap"\nday_budget = 4\n[roles]\ncoder = "dear"\n{tables}')
        shell.url, shell.extra = "", {"PARTITA_CONFIG": str(file)}
        return shell, stub

    return make


def counted(stub):
    """What the provider counted for each whole answer: model, tokens in, tokens out."""
    found = []
    for request in stub.requests:
        asked = "\n".join(text for _, text in request.texts)
        answer = stub.rules[request.rule]
        if answer.behaviour != "ok":
            continue
        nonces = re.findall(r'id="([0-9a-z]{4,10})"', asked)
        text = answer.reply.replace("{nonce}", nonces[-1]) if nonces else answer.reply
        found.append((request.body["model"], len(asked) // 4, len(text) // 4 + 1))
    return found


def price(model, tokens_in, tokens_out):
    """In nano-dollars."""
    per_in, per_out = CHEAP if model == "cheap" else DEAR
    return tokens_in * per_in + tokens_out * per_out


def costs(shell, *args):
    done = shell.partita("cost", *args, "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def csv_rows(shell, *args):
    done = shell.partita("cost", *args, "--csv")
    assert done.code == 0, done.err
    return list(csv.DictReader(io.StringIO(done.out)))


@SANDBOX
def test_every_grouping_sums_to_what_the_provider_counted(priced):
    shell, stub = priced(*answers.good())
    first = shell.partita("plan", *QUICK)
    assert first.code == 0, first.err
    planned = counted(stub)
    done = shell.partita("build", *QUICK)
    assert done.code == 0, done.err
    calls = counted(stub)
    sums = {by: costs(shell, "all", "--by", by) for by in BYS}
    for found in sums.values():
        total = found["total"]
        assert total == sums["run"]["total"]
        assert total["calls"] == len(calls)
        assert total["input"] == sum(one[1] for one in calls)
        assert total["output"] == sum(one[2] for one in calls)
        assert total["cost"] == sum(price(*one) for one in calls)
        for name in FIGURES:
            assert sum(row[name] for row in found["rows"]) == total[name], name
        assert (total["held"], total["unconfirmed_calls"], total["estimated_calls"]) == (0, 0, 0)
    by_model = {row["key"]: row for row in sums["model"]["rows"]}
    for model in ("cheap", "dear"):
        own = [one for one in calls if one[0] == model]
        assert by_model[model]["input"] == sum(one[1] for one in own)
        assert by_model[model]["cost"] == sum(price(*one) for one in own)
    assert {row["key"] for row in sums["role"]["rows"]} == {"planner", "coder"}
    assert len(sums["run"]["rows"]) == 2
    assert (sums["run"]["total"]["reused"], sums["run"]["total"]["saved"]) == (
        len(planned),
        sum(price(*one) for one in planned),
    )
    as_csv = csv_rows(shell, "all", "--by", "task")
    assert sum(int(row["cost"]) for row in as_csv) == sums["run"]["total"]["cost"]
    assert {row["task"].partition("/")[2] for row in as_csv} == {"(no task)", "core", "web"}

    last = costs(shell)
    assert last["by"] == "task"
    assert last["total"]["cost"] == sum(price(*one) for one in calls[len(planned) :])
    full = {cap["kind"]: cap for cap in last["caps"]}
    assert full["run"]["spent"] == last["total"]["cost"]
    assert full["day"]["spent"] == sums["run"]["total"]["cost"]
    assert full["day"]["cap"] == 4 * 10**9
    [estimate] = last["estimates"]
    assert estimate["over"]
    assert estimate["calls"]["actual"] == last["total"]["calls"]
    assert estimate["money"]["actual"] == last["total"]["cost"]

    said = shell.partita("cost").out
    assert "unconfirmed" not in said
    assert re.search(r"^total +3 ", said, re.MULTILINE), said
    assert "of $4.00 (" in said
    assert f"estimate of {last['run']} against what it took: calls 2 to" in said
    assert costs(shell, "all", "--since", "2999-01-01")["total"]["calls"] == 0

    learnt = [e.data["thrift"] for e in log(shell) if e.type == "foreseen"]
    assert learnt == [{"calls": 1.0, "input": 1.0, "output": 1.0, "runs": 0}]
    again = shell.partita("plan", "Build a hello service, again", "--depth", "quick", "--yes")
    assert again.code == 0, again.err
    [thrift] = [e.data["thrift"] for e in log(shell) if e.type == "foreseen"]
    assert thrift["runs"] == 1
    assert thrift["calls"] > 1.0  # three calls, where two and a half were guessed
    assert "as 1 earlier run showed" in again.out


@SANDBOX
def test_what_is_not_sure_is_said(priced):
    broken = {**answers.core(), "behaviour": "reset-midway", "times": 1}
    silent = {**answers.web(), "behaviour": "no-usage"}
    shell, stub = priced(answers.analysis(), answers.plan(), broken, answers.core(), silent)
    done = shell.partita("build", *QUICK)
    assert done.code == 0, done.err
    ledger = json.loads(shell.partita("show", "--json").out)["ledger"]
    doubtful = {e["state"]: e for e in ledger}["unconfirmed"]
    found = costs(shell, "--by", "task")
    rows = {row["key"]: row for row in found["rows"]}
    assert rows["core"]["unconfirmed"] == doubtful["held"] == doubtful["cost"]
    assert (rows["core"]["unconfirmed_calls"], rows["web"]["unconfirmed_calls"]) == (1, 0)
    assert rows["core"]["failed"]
    assert rows["web"]["estimated"] == rows["web"]["cost"] > 0
    assert rows["core"]["estimated_calls"] == 0
    sure = sum(price(*one) for one in counted(stub))
    doubt = found["total"]["unconfirmed"] + found["total"]["estimated"]
    assert found["total"]["cost"] == sure + doubt
    said = shell.partita("cost").out
    assert "unconfirmed: 1 call without an answer, counted in full" in said
    assert "estimated: the provider did not say what 1 call took" in said
    assert "failed calls: " in said
    assert re.search(r"^core +2 .* \$0\.\d{4} \(1\)  +1$", said, re.MULTILINE), said


def test_a_run_that_asked_nothing_cost_nothing(repo):
    assert repo.partita("plan", "Tidy up", "--no-model").code == 0
    found = costs(repo)
    assert (found["rows"], found["total"]["cost"], found["estimates"]) == ([], 0, [])
    assert "$0.0000" in repo.partita("cost", "all").out
    [cap] = found["caps"]
    assert (cap["kind"], cap["percent"]) == ("run", 0)
    assert csv_rows(repo, "all") == []


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--since", "yesterday"), "'yesterday' is no day"),
        (("--since", "2026-02-30"), "'2026-02-30' is no day"),
        (("--csv", "--json"), "--csv and --json are two answers"),
    ],
)
def test_what_makes_no_sense_is_refused(repo, args, said):
    done = repo.partita("cost", *args)
    assert done.code == 2
    assert said in done.err
