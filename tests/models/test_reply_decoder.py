"""The decoder's laws: how the bytes were cut changes nothing, and nothing gets it stuck."""

import json
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita.adapters.models.sse import MAX_BYTES, Decoder
from partita.errors import MalformedReply

json_values = st.dictionaries(
    st.text(), st.text() | st.integers() | st.none() | st.lists(st.text()), max_size=4
)
line_ends = st.sampled_from(["\n", "\r\n"])


@st.composite
def streams(draw):
    """Objects, and a stream that carries them with all that servers put around them."""
    objects = draw(st.lists(json_values, max_size=6))
    end, blank = draw(line_ends), draw(st.integers(0, 2))
    noise = st.sampled_from(["", ": keep-alive", "event: message", "id: 7", "retry: 10"])
    lines = []
    for value in objects:
        lines += [draw(noise), f"data:{draw(st.sampled_from(['', ' ']))}{json.dumps(value)}"]
        lines += [""] * blank
    if draw(st.booleans()):
        lines += ["data: [DONE]", 'data: {"after": "the end"}']
    return objects, (end.join(lines) + draw(st.sampled_from(["", end]))).encode()


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({p % (len(data) + 1) for p in places} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(ends)]


def decode(pieces):
    decoder = Decoder()
    found = [event for piece in pieces for event in decoder.feed(piece)]
    return found + decoder.end()


@given(streams(), st.lists(st.integers(0, 10_000), max_size=12))
def test_objects_come_out_however_the_stream_is_cut(stream, places):
    objects, data = stream
    assert decode(cut(data, places)) == objects


@given(json_values, st.lists(st.integers(0, 10_000), max_size=12), st.sampled_from(["", "\ufeff"]))
def test_a_document_comes_out_however_it_is_cut(value, places, mark):
    data = ("\n \n" * (not mark) + mark + json.dumps(value, indent=1)).encode()
    assert decode(cut(data, places)) == [value]


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_any_bytes_are_objects_or_malformed(pieces):
    with suppress(MalformedReply):
        assert all(isinstance(v, dict) for v in decode(pieces))


def test_nothing_after_the_mark_of_the_end_is_read():
    decoder = Decoder()
    assert decoder.feed(b'data: [DONE]\ndata: {"late": 1}\n') == []
    assert decoder.done


def test_a_page_for_browsers_is_known_by_its_first_byte():
    with pytest.raises(MalformedReply, match="HTML"):
        decode([b"  <", b"html>"])


def test_a_stream_without_end_is_cut_off():
    decoder = Decoder()
    comment = b": keep-alive " + b"." * 1_000_000 + b"\n"
    for _ in range(MAX_BYTES // len(comment)):
        decoder.feed(comment)
    with pytest.raises(MalformedReply, match="cut off"):
        decoder.feed(comment)
