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
            Review(
                verdict="rework",
                findings=("no test",),
                rung="mended",
                problems=("a trailing comma",),
            ),
        ),
        (
            "<think>{}</think>verdict: accept\nfindings: []\n",
            Review(verdict="accept", rung="yaml"),
        ),
        ('{"verdict": "Accept", "findings": [" "]}', Review(verdict="accept")),
        (
            '{"verdict": "REWORK", "findings": [" x "]}',
            Review(verdict="rework", findings=("x",)),
        ),
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
        '{"verdict": "acceptable", "findings": []}',
        '{"verdict": "accept" or "rework", "findings": []}',
        '{"verdict": "accept|rework", "findings": []}',
        '{"verdict": ["accept"], "findings": []}',
        '{"verdict": true, "findings": []}',
        '{"verdict": "accept", "findings": "none"}',
        '{"verdict": "accept", "findings": [], "but": "it fails"}',
        '<think>{"verdict": "accept", "findings": []}',
        '<think>{"verdict": "accept", "findings": []}</think>',
        '{"verdict": "accept", "findings": []}\n{"verdict": "rework", "findings": []',
        'I would not say {"verdict": "accept", "findings": []} here.',
        "Traceback (most recent call last):",
        "null",
        "[]",
        '{"verdict": "rework", "findings": []}',
        '{"verdict": "rework", "findings": [" "]}',
        '{"verdict": "accept", "findings": [',
        '{"verdict": "accept", "findings": []',
        '{"verdict": "accept", "findings": [{"line": 1}]}',
    ],
)
def test_what_is_no_verdict_is_never_an_acceptance(reply):
    assert isinstance(read_review(reply), Unreadable)


def test_a_reviewer_that_declines_or_is_cut_has_not_accepted():
    whole = '{"verdict": "accept", "findings": []}'
    assert isinstance(read_review(whole, finish="refused"), Unreadable)
    assert isinstance(read_review(whole + " But", finish="length"), Unreadable)
    assert read_review(whole, finish="length") == Review(verdict="accept")
    assert "rework" in read_review('{"verdict": "rework", "findings": []}').why
    for cut in range(len(whole)):
        for finish in ("stop", "length"):
            assert isinstance(read_review(whole[:cut], finish=finish), Unreadable)
