"""Replies of every kind are read as a careful person reads them, or refused; never otherwise."""

import json

import pytest
from corpus import CASES, REFUSE, Cut

from partita.core.reply.documents import read_json
from partita.core.reply.value import JsonRead

# A person would know, and we do not dare: what is mended must have one meaning by its form alone.
REFUSED = {
    "comments-14",
    "more wrapping-29",
    "raw quotes-04",
    "raw quotes-05",
    "raw quotes-06",
    "raw quotes-09",
    "raw quotes-19",
    "yaml-19",
}


def written(value):
    """Text that is equal for equal values of equal types: True is not 1, and 1 is not 1.0."""
    return json.dumps(value, sort_keys=True)


def outcome(case, schema):
    """What a reading is worth: "right", "refused", or what it should not have been."""
    read = read_json(case.raw, schema, finish=case.finish)
    wants = [case.want, *case.also]
    if not isinstance(read, JsonRead):
        return "right" if any(want is REFUSE for want in wants) else "refused"
    if read.truncated:
        parts = [part for want in wants if isinstance(want, Cut) for part in want.values]
        fits = written(read.value) in map(written, parts)
        return "right" if fits else f"cut, with {read.value!r}"
    whole = [want for want in wants if want is not REFUSE and not isinstance(want, Cut)]
    return "right" if written(read.value) in map(written, whole) else f"wrong: {read.value!r}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_reply_is_read_as_a_careful_person_reads_it(case):
    assert outcome(case, case.schema) == ("refused" if case.id in REFUSED else "right")
    if case.schema == {}:
        assert outcome(case, None) == outcome(case, {})


def test_the_corpus_holds_a_dozen_of_every_kind():
    kinds = [case.id.rsplit("-", 1)[0] for case in CASES]
    assert len(CASES) > 500
    assert min(kinds.count(kind) for kind in kinds) >= 12
