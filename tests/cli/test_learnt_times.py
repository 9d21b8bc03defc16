"""How long tasks take is learnt from the repository's earlier runs, and recorded for replays."""

import answers
import pytest
from moments import log

pytestmark = pytest.mark.sandbox


def planned(shell):
    [event] = [e.data for e in log(shell) if e.type == "planned"]
    return event


def test_the_second_run_expects_what_the_first_one_took(repo):
    first = repo.partita("build", answers.REQUEST, "--depth", "quick")
    assert first.code == 0, first.err
    before = planned(repo)
    assert before["pace"] == {"build": 1.0, "test": 1.0}
    second = repo.partita("plan", "Build a hello service, again", "--depth", "quick", "--yes")
    assert second.code == 0, second.err
    after = planned(repo)
    assert after["expected"] == before["expected"]  # what is learnt from stays as guessed
    assert after["pace"]["build"] < 0.8  # the stub answers at once
    assert after["estimate"]["seconds"]["high"] < before["estimate"]["seconds"]["high"]
