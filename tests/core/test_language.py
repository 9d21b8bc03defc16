"""Path languages form a Boolean algebra, judged by sets of short paths."""

import operator

import pytest
from drawn import SHORT, holds, lists, texts
from hypothesis import given
from hypothesis import strategies as st
from strategies import LAW

from partita.core.automaton import BadPattern, Fuel
from partita.core.language import EVERYTHING, Language
from partita.core.meeting import plainness

OPERATORS = {"|": operator.or_, "&": operator.and_, "-": operator.sub}

# A language together with what says for any path whether it lies in it.
atoms = lists().map(lambda drawn: (Language.of(texts(drawn)), lambda path: holds(drawn, path)))


def combined(two, sign):
    (a, in_a), (b, in_b) = two
    says = {
        "|": lambda path: in_a(path) or in_b(path),
        "&": lambda path: in_a(path) and in_b(path),
        "-": lambda path: in_a(path) and not in_b(path),
    }
    return OPERATORS[sign](a, b), says[sign]


languages = st.recursive(
    atoms,
    lambda inner: st.builds(combined, st.tuples(inner, inner), st.sampled_from("|&-")),
    max_leaves=4,
)
SOME = SHORT[:300]  # all paths of up to three characters


@LAW
@given(languages)
def test_a_language_accepts_what_the_sets_do_and_shows_a_shortest_path(drawn):
    ours, says = drawn
    paths = [path for path in SOME if says(path)]
    assert [path for path in SOME if ours.accepts(path)] == paths
    try:
        found = ours.witness(Fuel(30_000))
    except BadPattern:  # too intricate
        return
    if found is None:
        assert not paths
    else:
        assert says(found)
        assert len(found) == min(map(len, paths), default=len(found))
        assert plainness(found) <= min(map(plainness, paths), default=plainness(found))


def equal(a, b):
    """No path lies in one of the two only."""
    return a.within(b) is None and b.within(a) is None


three = st.tuples(atoms, atoms, atoms).map(lambda drawn: tuple(ours for ours, _ in drawn))


@LAW
@given(three)
def test_the_laws_of_sets_hold(drawn):
    a, b, c = drawn
    nothing = Language()
    assert equal(EVERYTHING - (a | b), (EVERYTHING - a) & (EVERYTHING - b))
    assert equal(EVERYTHING - (a & b), (EVERYTHING - a) | (EVERYTHING - b))
    assert equal(EVERYTHING - (EVERYTHING - a), a)
    assert equal(a & (b | c), (a & b) | (a & c))
    assert equal(a - b, a & (EVERYTHING - b))
    assert equal((a - b) | (a & b), a)
    assert a | nothing == a
    assert a & nothing == nothing == nothing - a == nothing & a
    assert a - nothing == a
    assert (a - a).witness() is None


@LAW
@given(three)
def test_within_is_a_partial_order(drawn):
    a, b, c = drawn
    assert a.within(a) is None
    assert (a & b).within(a) is None
    assert a.within(a | b) is None
    assert a.within(EVERYTHING) is None
    assert Language().within(a) is None
    if a.within(b) is None and b.within(c) is None:
        assert a.within(c) is None
    if a.within(b) is None and b.within(a) is None:
        assert [p for p in SOME if a.accepts(p)] == [p for p in SOME if b.accepts(p)]


@LAW
@given(atoms, atoms)
def test_what_is_not_within_is_shown_by_a_shortest_path(a, b):
    (ours, in_ours), (theirs, in_theirs) = a, b
    found = ours.within(theirs)
    more = [path for path in SHORT if in_ours(path) and not in_theirs(path)]
    if found is None:
        assert not more
    else:
        assert in_ours(found)
        assert not in_theirs(found)
        assert len(found) == min(map(len, more), default=len(found))


def of(*patterns):
    return Language.of(patterns)


def test_everything_but():
    assert of("src/**", "docs/*").within(EVERYTHING - of("src/auth/**")) == "src/auth/a"
    assert of("src/**").within(of("src/*", "src/*/**")) is None
    assert of("src/auth/*.py").within(of("src/**") - of("**/.*")) == "src/auth/.py"
    assert of("src/a.py").within(of("src/a.py", "src/b.py")) is None
    assert of("src/a.py").within(of("src/b.py")) == "src/a.py"
    assert (of("a", "b/**") - of("a")).witness() == "b/a"
    assert (of("x/**", "y*") | of("z")).witness() == "y"
    assert (EVERYTHING & of("a/**") & of("**/b") & of("*/?/*")).witness() == "a/a/b"
    assert Language().witness() is None
    assert not Language().accepts("a")
    assert of() == Language()
    assert of("./a//b") == of("a/b")


def test_files_that_others_take_away_are_no_witness():
    assert (of("a", "ab") - of("?")).witness() == "ab"
    assert (of("ab", "c") & of("*b", "d")).witness() == "ab"
    assert (of("b", "a*") & of("?")).witness() == "a"
    assert (of("b") & of("a", "?")).witness() == "b"
    assert (of("a/b", "c/**") & of("**/b", "c/d")).witness() == "a/b"


def test_a_pattern_that_can_not_be_used_is_refused():
    with pytest.raises(BadPattern, match="absolute"):
        of("a", "/b")


def test_too_many_clauses_are_refused():
    left = EVERYTHING
    for i in range(8):
        left -= of(f"a{i}*") - of(f"*b{i}")
    assert len(left.clauses) == 256
    assert left.accepts("x")
    assert left.accepts("a1b1")
    assert not left.accepts("a1b2")
    with pytest.raises(BadPattern, match="intricate"):
        left - (of("c*") - of("*d"))
    with pytest.raises(BadPattern, match="intricate"):
        left.witness(Fuel(10))


def test_the_fuel_of_a_question_is_one_for_all_clauses():
    fuel = Fuel()
    (of("a*b") | of("c*d")).witness(fuel)
    once = Fuel()
    of("a*b").witness(once)
    assert Fuel().left - fuel.left > Fuel().left - once.left > 0
