"""Money is whole nano-dollars; a cap is never passed, a hold never loses any."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita.core.budget import Budget, Caps, Price, Usage, day_of, dollars, pots, words
from partita.errors import BudgetSpent

amounts = st.integers(0, 10**12)


@given(cap=amounts, steps=st.lists(st.tuples(amounts, st.floats(0, 1)), max_size=20))
def test_spent_and_held_never_pass_the_cap(cap, steps):
    budget = Budget(cap=cap)
    for amount, share in steps:
        try:
            held = budget.hold(amount)
        except BudgetSpent:
            assert amount > cap - budget.spent - budget.held
            continue
        assert held.spent + held.held <= cap
        budget = held.settle(amount, int(amount * share))
        assert budget.held == 0


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_call_never_costs_more_than_its_hold(price_in, price_out, tokens_in, tokens_out):
    price = Price(input=price_in, output=price_out, cache_read=price_in // 10)
    usage = Usage(input=tokens_in, output=tokens_out, cache_read=tokens_in // 2)
    most = price.most(input_tokens=tokens_in, output_tokens=tokens_out)
    assert 0 <= price.cost(usage) <= most


def test_a_fraction_of_a_nano_dollar_is_rounded_up():
    assert Price(input=1, output=0).cost(Usage(input=1, output=0)) == 1


def test_without_a_cap_everything_fits():
    assert Budget(cap=None).hold(10**18).free is None


def test_the_refusal_says_what_is_left():
    with pytest.raises(BudgetSpent, match=r"\$0\.5000 of the \$1\.00 budget is left"):
        Budget(cap=10**9, spent=5 * 10**8).hold(6 * 10**8)
    with pytest.raises(BudgetSpent, match=r"\$0\.0000 of the \$1\.00 budget is left"):
        Budget(cap=10**9, spent=2 * 10**9).hold(1)  # the cap was lowered since


@given(st.text())
def test_an_estimate_is_never_below_a_fifth_of_the_characters(text):
    assert words(text) >= len(text) / 5


def test_money_is_shown_with_the_digits_that_matter():
    shown = [dollars(n) for n in (0, 12, 1_234_567, 2_500_000_000)]
    assert shown == ["$0.0000", "$0.000000012", "$0.0012", "$2.50"]


texts = st.text("abc:", max_size=4)


@given(texts, texts | st.none(), texts, texts, st.floats(0, 4e9))
def test_a_call_draws_on_its_run_role_day_project_and_task(run, task, role, project, at):
    caps = Caps(run=1, task=2, roles={"a": 3}, day=4, project=5)
    found = pots(caps, run=run, task=task, role=role, project=project, at=at)
    wanted = {"run": 1, "role": 3 if role == "a" else None, "day": 4, "project": 5}
    assert {pot.kind: pot.cap for pot in found} == wanted | ({} if task is None else {"task": 2})
    assert [pot.key for pot in found] == sorted({pot.key for pot in found})


def test_a_day_is_one_of_utc():
    assert [day_of(at) for at in (0, 86_399.9, 86_400)] == [
        "1970-01-01",
        "1970-01-01",
        "1970-01-02",
    ]
