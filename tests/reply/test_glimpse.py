"""A glimpse of a text is short, on one line, and says when it is not all."""

import pytest

from partita.core.reply.value import glimpse


@pytest.mark.parametrize("length", [1, 39, 40])
def test_a_text_that_fits_is_shown_whole_on_one_line(length):
    text = "x" * length
    assert glimpse(text, width=40) == glimpse(f"\n {text}\t\n", width=40) == text
    assert glimpse(" a \n\n b", width=40) == "a b"


@pytest.mark.parametrize("length", [41, 159, 10_000])
def test_a_longer_text_is_cut_to_the_width_and_says_so(length):
    assert glimpse("x" * length, width=40) == "x" * 39 + "…"


def test_no_more_than_four_widths_are_looked_at():
    assert glimpse(" " * 160 + "x", width=40) == ""
    assert glimpse(" " * 159 + "x", width=40) == "x"


def test_without_a_width_it_is_that_of_a_line_of_prose():
    assert glimpse("x" * 120) == "x" * 120
    assert glimpse("x" * 121) == "x" * 119 + "…"
