"""docs/reference/providers.md says what the code does."""

import re
from pathlib import Path
from typing import get_args

from partita.core import limits, shrink
from partita.core.outcomes import Outcome
from partita.core.patience import MALFORMED_RETRIES, Patience

PAGE = (Path(__file__).parents[2] / "docs/reference/providers.md").read_text()


def test_every_outcome_is_in_the_table_and_no_other():
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == list(get_args(Outcome))


def test_the_figures_are_those_of_the_code():
    text = " ".join(PAGE.split())
    patience = Patience()
    assert limits.WINDOW == 60
    assert (
        5,
        re.search("Five failures in a row", text)[0],
    ) == (limits.OPENS_AFTER, "Five failures in a row")
    assert f"circuit for {limits.FIRST_REST:.0f} seconds" in text
    assert (limits.LONGEST_REST, "up to five minutes" in text) == (300, True)
    assert (limits.LONGEST_PAUSE, "after an hour" in text) == (3600, True)
    assert f"at most {patience.patience_seconds:.0f} seconds" in text
    assert (patience.base, patience.cap, "half a second, double up to eight" in text) == (
        0.5,
        8,
        True,
    )
    assert (patience.attempts, "up to three times" in text) == (4, True)
    assert (MALFORMED_RETRIES, "at most twice" in text) == (2, True)
    assert (shrink.SHRINKINGS, "cut, up to three times" in text) == (3, True)
