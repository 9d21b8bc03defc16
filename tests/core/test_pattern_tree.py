"""Many patterns in one tree: which of them meet, held to comparing every two."""

from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import LAW

from partita.core.pattern_tree import Tree, bits, contests, mask_of, meetings, meetings_within
from partita.core.scope import Blind, Fuel, collision, literal, normalise, overlap
from partita.core.segments import FEW

ends = st.sampled_from(["", "a", "b", "ab", "ba", "abb"])
starred = st.builds("{}*{}".format, ends, ends)
names = st.sampled_from(["a", "b", "ab", "bab", "abab", "abbba"])
odd = st.sampled_from(["?", "a?b", "[ab]*", "{a,b*}", "{ab,}b", "\\*", "*a*", "a{b,[,}]}", "{.,a}"])


@st.composite
def patterns(draw, segment=names | starred | odd):
    parts = draw(st.lists(segment | st.just("**"), min_size=1, max_size=3))
    return normalise("/".join(parts) + draw(st.sampled_from(["", "", "/**"])))


# Enough in one folder for the index that many wild segments are looked up in.
crowds = st.lists(names | starred, min_size=FEW + 2, max_size=60).map(
    lambda segments: [f"x/{s}" for s in segments] + [f"{s}/x" for s in segments]
)
lists = st.lists(patterns(), max_size=12) | crowds


def tree(texts, **more):
    made = Tree(**more)
    for owner, text in enumerate(texts):
        made.add(text, owner)
    return made


def pairs(found):
    rows = found if isinstance(found, dict) else found.there
    return {(a, b) for a, row in rows.items() for b in bits(row)}


@LAW
@given(lists)
def test_the_patterns_of_one_tree_that_meet_are_those_that_overlap(texts):
    found = pairs(meetings_within(tree(texts), Fuel(10**7)))
    assert {(a, b) for a, b in found if a < b} == {
        (i, j)
        for i, j in combinations(range(len(texts)), 2)
        if overlap([texts[i]], [texts[j]]) is not None
    }
    assert found == {(b, a) for a, b in found}


@LAW
@given(lists, lists)
def test_the_patterns_of_two_trees_that_meet_are_those_that_overlap(ours, theirs):
    there, back, whole = meetings(tree(ours), tree(theirs), Fuel(10**7))
    assert whole
    assert pairs(there) == {
        (i, j)
        for i, j in product(range(len(ours)), range(len(theirs)))
        if overlap([ours[i]], [theirs[j]]) is not None
    }
    assert pairs(back) == {(b, a) for a, b in pairs(there)}


@LAW
@given(st.lists(patterns(), max_size=8))
def test_no_file_where_another_pattern_needs_a_folder_is_missed(texts):
    found = pairs(contests(tree(texts), Fuel(10**7)))
    for i, j in product(range(len(texts)), repeat=2):
        if collision([texts[i]], [texts[j]]):
            assert (i, j) in found


@LAW
@given(
    st.permutations(["x/y/z/**", "x/y/z/w/a", "x/b/z", "x/y/z", "x", "x/y/*"]), st.integers(1, 6)
)
def test_rows_of_folders_are_parted_where_they_must_be(texts, count):
    """Whichever comes first, a folder that holds one folder only is still found."""
    texts = texts[:count]
    found = pairs(meetings_within(tree(texts), Fuel(10**6)))
    assert {(a, b) for a, b in found if a < b} == {
        (i, j)
        for i, j in combinations(range(count), 2)
        if overlap([texts[i]], [texts[j]]) is not None
    }
    contested = pairs(contests(tree(texts), Fuel(10**6)))
    assert {(a, b) for a, b in contested if a < b} == {
        (i, j) for i, j in combinations(range(count), 2) if collision([texts[i]], [texts[j]])
    }


def test_an_owner_is_named_once_for_all_its_patterns():
    made = Tree()
    for text in ("a", "b", "c/**"):
        made.add(text, 3)
    made.add("b", 5)
    made.add("c/d/e", 5)
    assert meetings_within(made, Fuel()).there[5] & ~(1 << 5) == 1 << 3


def test_letter_case_and_forms_are_one_for_what_is_blind_to_them():
    texts = ["Src/caf\u00e9", "src/cafe\u0301", "SRC/CAF*"]
    assert not pairs(meetings_within(tree(texts), Fuel())) - {(0, 0), (1, 1), (2, 2)}
    forms = pairs(meetings_within(tree(texts, blind=Blind(forms=True)), Fuel()))
    assert not forms - {(i, i) for i in range(3)}
    both = pairs(meetings_within(tree(texts, blind=Blind(case=True, forms=True)), Fuel()))
    assert {(0, 1), (0, 2), (1, 2)} <= both


@pytest.mark.parametrize(
    "texts",
    [
        [f"{'**/' * (i % 5 + 1)}x{i}".replace("**/**", "**") for i in range(300)],
        ["a/" * i + "**/b/**/c" for i in range(300)],
        [f"*{i}*a*{i}*/" * 4 + "x" for i in range(300)],
        ["{a,b,c,d}" * 3 + f"/x{i}" for i in range(300)],
        ["/".join(["**", "?"] * 40) + f"/{i}*" for i in range(300)],
    ],
)
def test_whatever_the_patterns_it_ends_and_a_part_is_no_more_than_the_whole(texts):
    little, much = (
        meetings_within(tree(map(normalise, texts), fuel=Fuel(10**6)), Fuel(fuel))
        for fuel in (10, 100_000)
    )
    assert little.whole <= much.whole
    assert pairs(little) <= pairs(much)


@given(st.sets(st.integers(0, 200)))
def test_bits_are_what_a_mask_was_made_of(numbers):
    assert bits(mask_of(numbers)) == sorted(numbers)


@pytest.mark.parametrize(
    ("segment", "name", "holds"),
    [
        ("a*b", "ab", True),
        ("a*ab", "ab", False),
        ("ab*b", "ab", False),
        ("*a*a*", "a", False),
        ("*ab*ba*", "aba", False),
        ("*ab*ba*", "abba", True),
        ("a*\\**b", "a*b", True),
        ("a*\\**b", "ab", False),
        ("a*c*b", "accb", True),
        ("a*bb*b", "abb", False),
    ],
)
def test_stars_take_what_is_left_between_their_texts(segment, name, holds):
    found = meetings(tree([f"x/{segment}"]), tree([normalise(literal(f"x/{name}"))]), Fuel())
    assert (found.there == {0: 1}) is holds


def test_a_search_that_is_cut_short_says_so():
    texts = [f"{i}*/**" for i in range(300)]
    assert not meetings_within(tree(texts), Fuel(10)).whole
    assert not meetings(tree(texts), tree(texts), Fuel(10)).whole
    contested = ["a/" * i + "a" for i in range(300)]
    assert not contests(tree(contested), Fuel(10)).whole
    assert contests(tree(contested), Fuel(10**6)).whole
