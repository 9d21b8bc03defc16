"""A verdict is taken only when it is whole and says what it must."""

import pytest

from partita.core.reply.review import Review, read_review
from partita.core.reply.value import Unreadable


@pytest.mark.parametrize(
    ("reply", "review"),
    [
        ('{"verdict": "accept", "findings": []}', Review(verdict="accept")),
        (
            '```json\n{"verdict": "rework", "findings": ["no test",]}\n```',
            Review(verdict="rework", findings=("no test",)),
        ),
        ("<think>{}</think>verdict: accept\nfindings: []\n", Review(verdict="accept")),
    ],
)
def test_a_verdict_is_read(reply, review):
    assert read_review(reply) == review


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "Looks good to me, accept!",
        '{"verdict": "accept"}',
        '{"verdict": "maybe", "findings": []}',
        '{"verdict": "rework", "findings": []}',
        '{"verdict": "rework", "findings": [" "]}',
        '{"verdict": "accept", "findings": [',
        '{"verdict": "accept", "findings": []',
        '{"verdict": "accept", "findings": [{"line": 1}]}',
    ],
)
def test_what_is_no_verdict_is_never_an_acceptance(reply):
    assert isinstance(read_review(reply), Unreadable)
