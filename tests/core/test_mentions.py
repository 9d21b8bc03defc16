"""Contracts that others speak of are found by their names, in turn, within bounds."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import LAW

from partita.core.plan import Contract
from partita.core.prompts.mentions import MOST, ROOM, TELLING, mentioned, text_of


def contract(ident, signature="", note="", symbol=""):
    return Contract(id=ident, kind="function", signature=signature, note=note, symbol=symbol)


def found(text, *contracts):
    return [c.id for c in mentioned(contracts, (contract("shown", note=text),))]


@pytest.mark.parametrize(
    ("text", "symbol", "says"),
    [
        ("as the store gives it", "", True),
        ("store", "", True),
        ("(store)", "", True),
        ("store.", "", True),
        ("todo.store.x", "", True),
        ("Store", "", False),
        ("stores", "", False),
        ("restore", "", False),
        ("store_x", "", False),
        ("x-store", "", False),
        ("store-x", "", False),
        ("calls f(x)", "f", True),
        ("calls of(x)", "f", False),
        ("answers are Todo.to_json", "Todo.to_json", True),
        ("answers are to_json", "Todo.to_json", True),
        ("answers are Todo", "Todo.to_json", False),
        ("answers are XTodo.to_jsons", "Todo.to_json", False),
        ("it can add", "Todo.add", False),
        ("it can Todo.add", "Todo.add", True),
        ("it can Todo, add", "Todo.add", False),
        ("it can " + "a" * TELLING, "T." + "a" * TELLING, True),
        ("it can " + "a" * (TELLING - 1), "T." + "a" * (TELLING - 1), False),
        ("as POST /todos says", "POST /todos", True),
        ("as POST /todosx says", "POST /todos", False),
        ("as /todos says after POST", "POST /todos", False),
        ("a (b", "(b", True),
        ("nothing", "", False),
    ],
)
def test_a_text_names_a_contract_by_its_id_or_symbol(text, symbol, says):
    assert found(text, contract("store", symbol=symbol)) == (["store"] if says else [])


def test_signatures_and_notes_speak():
    for text in ({"signature": "def g() -> Todo"}, {"note": "a Todo"}):
        asked = contract("shown", **text)
        assert [c.id for c in mentioned((contract("t", symbol="Todo"),), (asked,))] == ["t"]


def test_what_is_shown_is_not_mentioned_again():
    a, b = contract("aa", note="aa and bb"), contract("bb", note="aa")
    assert mentioned((a, b), (a,)) == (b,)
    assert mentioned((a, b), (a, b)) == ()
    assert mentioned((a, b), ()) == ()


def test_what_is_mentioned_speaks_in_turn_and_stands_after_what_spoke_of_it():
    chain = (
        contract("last"),
        contract("third", note="last"),
        contract("other"),
        contract("second", note="third"),
        contract("twin", note="second"),
        contract("first", note="twin, second"),
    )
    shown = (contract("top", note="first"),)
    assert [c.id for c in mentioned(chain, shown)] == ["first", "second", "twin", "third", "last"]


def test_there_are_bounds():
    many = [contract(f"c{n}") for n in range(MOST + 5)]
    assert found(" ".join(c.id for c in many), *many) == [f"c{n}" for n in range(MOST)]
    half = "x" * (ROOM // 2 - 1)  # with the blank between signature and note: one half
    pair = contract("aa", half), contract("bb", "", half)
    assert found("aa bb cc", *pair, contract("cc")) == ["aa", "bb"]
    assert found("aa bb cc", contract("aa", "x" * ROOM), contract("cc", "y")) == ["cc"]
    assert found("aa bb", pair[0], contract("bb", half + "y")) == ["aa"]


NAMES = st.text("ab-_", min_size=1, max_size=3)
CONTRACTS = st.builds(
    Contract,
    id=NAMES,
    kind=st.just("function"),
    signature=st.text("ab-_ .", max_size=8),
    note=st.text("ab-_ .", max_size=8),
    symbol=st.just("") | NAMES,
)


def names(one, other):
    """Does the text of one name the other? By splitting at all that can't stand in a name."""
    words = re.split(r"[ .\n]+", text_of(one))
    return any(name in words for name in (other.id, other.symbol) if name)


@LAW
@given(st.lists(CONTRACTS, max_size=8, unique_by=lambda c: c.id), st.integers(0, 3))
def test_all_that_can_be_reached_by_names_is_found_and_nothing_else(contracts, count):
    shown = tuple(contracts[:count])
    reached = {c.id for c in shown}
    for _ in contracts:
        spoken = [c for c in contracts if c.id in reached]
        reached |= {c.id for c in contracts for s in spoken if names(s, c)}
    got = [c.id for c in mentioned(contracts, shown)]
    assert len(got) == len(set(got))
    assert set(got) == reached - {c.id for c in shown}
