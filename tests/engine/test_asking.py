"""Asking: nothing is paid twice, the cap is never passed, every hold ends as its call did."""

import json
from dataclasses import replace

import pytest
from asking_kit import (
    ONCE,
    PRICE,
    Notes,
    always,
    ask,
    asker,
    fails,
    lines,
    model,
    most,
    question,
    told,
)

from partita.core.budget import Caps, Usage
from partita.core.patience import Patience
from partita.core.question import Answer
from partita.engine.asking import Lanes
from partita.errors import (
    BadSettings,
    BudgetSpent,
    ContentRefused,
    ContextTooLong,
    MalformedReply,
    ModelUnavailable,
    NoUsableAnswer,
    OutsideFailure,
    RateLimited,
    RefusedCredentials,
    ServerFailed,
    UnknownPrice,
    Unreachable,
)
from partita.testing.clock import FakeClock
from partita.testing.memory_store import MemoryStore
from partita.testing.models import ScriptedModel

# Paid once


def test_an_answer_that_another_run_paid_for_costs_nothing():
    clock = FakeClock()
    store = MemoryStore(clock)
    first = model("Yes.")
    [paid] = ask(asker(first, store=store, clock=clock), question())
    assert paid.cost > 0
    assert not paid.cached
    second = asker(model(), store=store, clock=clock, run="b", cap=0)
    [again] = ask(second, question(name="other:1"))
    assert (again.text, again.cost, again.cached) == ("Yes.", 0, True)
    assert lines(second) == []
    assert [d["name"] for d in told(second, "call.reused")] == ["other:1"]
    assert [x["name"] for x in store.transcript("b")] == ["other:1"]


def test_an_answer_kept_before_a_crash_could_note_it_is_not_asked_for_again():
    store = MemoryStore()
    before = asker(model("Yes."), store=store, reuse=False)
    ask(before, question())
    after = replace(before, journal=Notes(), routes={"planner": (model(),)})
    [answer] = ask(after, question())
    assert (answer.text, answer.cost) == ("Yes.", 0)
    assert [state for state, _ in lines(after)] == ["settled"]
    assert told(after, "call.reused") == []


def test_a_noted_answer_keeps_its_cost_and_is_not_looked_for_on_the_route():
    store = MemoryStore()
    before = asker(model("Yes."), store=store)
    [first] = ask(before, question())
    after = replace(before, routes={"planner": (model(name="another"),)})
    assert ask(after, question()) == [first]


@pytest.mark.parametrize("change", ["text", "max_output", "schema", "model"])
def test_another_question_is_not_answered_by_an_earlier_answer(change):
    store = MemoryStore()
    ask(asker(model("Yes."), store=store), question())
    other = model("No.", name="two" if change == "model" else "one")
    changes = {"text": "text?", "max_output": 99, "schema": {"type": "object"}}
    more = {change: changes[change]} if change in changes else {}
    [answer] = ask(asker(other, store=store, run="b"), question(**more))
    assert answer.text == "No."


def test_without_reuse_every_run_pays_for_its_own():
    store = MemoryStore()
    ask(asker(model("Yes."), store=store), question())
    [answer] = ask(asker(model("No."), store=store, run="b", reuse=False), question())
    assert (answer.text, answer.cached) == ("No.", False)


def test_a_spoilt_answer_is_given_to_its_own_run_only():
    store = MemoryStore()
    first = asker(model("Rubbish."), store=store)
    ask(first, question())
    first.spoil("engage:1")
    [own] = ask(replace(first, journal=Notes(), routes={"planner": (model(),)}), question())
    assert own.text == "Rubbish."
    [other] = ask(asker(model("Better."), store=store, run="b"), question())
    assert other.text == "Better."


# Holds

ENDS = {
    "rate limited": (RateLimited("wait"), "released"),
    "a 5xx": (ServerFailed("500"), "released"),
    "never sent": (Unreachable("no route", sent=False), "released"),
    "broken off": (Unreachable("reset", sent=True), "unconfirmed"),
    "malformed": (MalformedReply("html"), "unconfirmed"),
    "too long": (ContextTooLong("long"), "released"),
    "declined": (ContentRefused("no"), "released"),
    "refused key": (RefusedCredentials("no key"), "released"),
    "wrong settings": (BadSettings("no such model"), "released"),
    "our own mistake": (ZeroDivisionError(), "unconfirmed"),
}
ERRORS = {
    "too long": NoUsableAnswer,
    "declined": NoUsableAnswer,
    "refused key": RefusedCredentials,
    "wrong settings": BadSettings,
    "our own mistake": ZeroDivisionError,
}


@pytest.mark.parametrize("name", ENDS)
def test_a_hold_ends_as_its_call_did(name):
    error, state = ENDS[name]
    who = asker(always(fails(error)), patience=ONCE)
    [failed] = ask(who, question())
    assert type(failed) is ERRORS.get(name, ModelUnavailable)
    assert lines(who) == [(state, most(question()) if state == "unconfirmed" else 0)]
    [lost] = told(who, "call.lost")
    assert lost["state"] == state
    assert who.lanes.busy == 0


class Full(MemoryStore):
    """Keeps no answers."""

    def settled(self, *args, **more):
        raise OutsideFailure("no space left")


def test_an_answer_that_can_not_be_kept_was_paid_for():
    who = asker(model("Yes."), store=Full())
    [failed] = ask(who, question())
    assert type(failed) is OutsideFailure
    assert lines(who) == [("unconfirmed", most(question()))]


@pytest.mark.parametrize("kind", [ContentRefused, ServerFailed, RateLimited])
def test_a_failure_in_the_middle_of_an_answer_may_be_billed(kind):
    error = kind("no")
    error.begun = True
    who = asker(always(fails(error)), patience=ONCE)
    ask(who, question())
    assert lines(who) == [("unconfirmed", most(question()))]


def test_a_settled_call_costs_what_was_used_and_frees_the_rest():
    who = asker(model("Yes."), cap=most(question()))
    [answer] = ask(who, question())
    assert lines(who) == [("settled", answer.cost)]
    assert answer.model == "counted"
    assert answer.cost == PRICE.cost(answer.usage) < most(question())
    budget = who.store.budget("a", who.caps.run)
    assert (budget.spent, budget.held) == (answer.cost, 0)


def test_a_call_that_the_budget_does_not_allow_is_not_made():
    cheap = model(name="cheap")
    who = asker(model(), cheap, cap=most(question()) - 1)
    [refused] = ask(who, question())
    assert isinstance(refused, BudgetSpent)
    assert "--budget" in refused.remedy
    assert who.routes["planner"][0].questions == cheap.questions == []
    assert lines(who) == []


def test_a_call_without_a_price_is_not_made():
    who = asker(model(price=None))
    [refused] = ask(who, question())
    assert isinstance(refused, UnknownPrice)
    assert who.routes["planner"][0].questions == []


@pytest.mark.parametrize("slots", [64, 7])
def test_sixty_four_calls_at_once_never_pass_the_cap(slots):
    store = MemoryStore()
    cap = 10 * most(question("0" * 10))
    seen = []

    def reply(_):
        budget = store.budget("a", cap)
        seen.append(budget.spent + budget.held)
        return "Yes." * 10

    who = asker(always(reply), store=store, cap=cap, lanes=Lanes(slots))
    answers = ask(who, *(question(f"{n:010}", f"build:{n}") for n in range(64)))
    refused = [a for a in answers if isinstance(a, BaseException)]
    assert all(isinstance(e, BudgetSpent) for e in refused)
    assert 0 < len(refused) < 64
    assert max(seen) <= cap
    budget = store.budget("a", cap)
    assert (budget.spent, budget.held) == (sum(cost for _, cost in lines(who)), 0)
    assert budget.spent <= cap


@pytest.mark.parametrize("slots", [64, 3])
def test_calls_wait_for_money_that_others_only_hold(slots):
    cap = most(question("0" * 10)) * 3 // 2  # one hold at a time, and all that is really spent
    who = asker(always(lambda _: "Yes."), cap=cap, lanes=Lanes(slots))
    answers = ask(who, *(question(f"{n:010}", f"build:{n}") for n in range(5)))
    assert [a.text for a in answers] == ["Yes."] * 5
    assert [state for state, _ in lines(who)] == ["settled"] * 5


def test_an_output_limit_of_the_model_bounds_what_is_asked_and_held():
    small = model("Yes.", max_output=10)
    who = asker(small, cap=most(question(max_output=10)))
    ask(who, question(max_output=5_000))
    assert [q.max_output for q in small.questions] == [10]
    assert who.limit("planner") == 10


# Patience


def test_a_failure_that_passes_is_tried_again_and_each_try_is_held_for():
    one = model(ServerFailed("500"), MalformedReply("html"), "Yes.")
    who = asker(one)
    [answer] = ask(who, question())
    assert answer.text == "Yes."
    assert [state for state, _ in lines(who)] == ["released", "unconfirmed", "settled"]
    assert [d["why"] for d in told(who, "call.failed")] == ["500", "html"]
    assert len(who.clock.slept) == 2


# The route


def test_the_next_model_takes_over_from_one_that_is_dead():
    dead, good = always(fails(ServerFailed("500"))), model("Yes.", "Yes.", name="two")
    who = asker(dead, good)
    first, second = ask(who, question())[0], ask(who, question("More?", "engage:2"), choice=5)[0]
    assert (first.text, first.last, second.text) == ("Yes.", True, "Yes.")
    assert len(dead.questions) == 4
    assert [d["model"] for d in told(who, "call.gave_up")] == ["one"]


def test_an_answer_says_whether_a_later_model_remains():
    [answer] = ask(asker(model("Yes."), model(name="two")), question())
    assert not answer.last


def test_a_route_that_is_dead_says_of_each_model_why():
    one, two = always(fails(ServerFailed("500"))), always(fails(ContentRefused("no")), "two")
    who = asker(one, two, patience=Patience(attempts=2))
    [failed] = ask(who, question())
    assert isinstance(failed, ModelUnavailable)
    assert failed.message == "no model answered: one: 500; two: no"
    assert "resume" in failed.remedy
    assert [d["model"] for d in told(who, "call.failed")] == ["one", "one", "two"]
    assert [d["model"] for d in told(who, "call.gave_up")] == ["one", "two"]


def test_a_refused_key_is_not_papered_over_by_the_next_model():
    two = model(name="two")
    who = asker(always(fails(RefusedCredentials("no key"))), two)
    [failed] = ask(who, question())
    assert isinstance(failed, RefusedCredentials)
    assert two.questions == []


# Secrets


def test_secrets_are_taken_out_of_prompts_before_anything_is_sent_or_kept():
    one = model("Yes.")
    who = asker(one, clean=lambda text: text.replace("hunter2", "***"))
    ask(who, question("The key is hunter2."))
    assert one.questions[0].messages[0].text == "The key is ***."
    assert "hunter2" not in json.dumps(who.store.transcript("a"))


class Silent(ScriptedModel):
    """Says nothing for longer than anyone's patience."""

    def __init__(self, clock, **how):
        super().__init__(name="silent", price=PRICE)
        self.clock, self.how = clock, how

    async def complete(self, question):
        self.questions.append(question)
        self.clock.advance(180)
        raise Unreachable("nothing came", **self.how)


@pytest.mark.parametrize(("silent", "calls"), [(True, 1), (False, 4)])
def test_a_silent_server_is_not_waited_for_again_but_a_broken_connection_is(silent, calls):
    clock = FakeClock()
    one = Silent(clock, silent=silent)
    [failed] = ask(asker(one, clock=clock), question())
    assert isinstance(failed, ModelUnavailable)
    assert len(one.questions) == calls


def test_what_a_model_may_think_is_held_as_output():
    thoughtful = model("Yes.")
    thoughtful.headroom = 1000
    who = asker(thoughtful, cap=most(question()) + 999 * 10)
    [refused] = ask(who, question())
    assert isinstance(refused, BudgetSpent)
    [answer] = ask(
        replace(who, caps=Caps(run=most(question()) + 1000 * 10)), question(name="engage:2")
    )
    assert answer.text == "Yes."


# What is known of tokens


def test_where_nobody_counted_all_that_was_held_is_spent():
    who = asker(ScriptedModel("Yes.", name="one", price=PRICE))
    [answer] = ask(who, question())
    assert answer.usage.estimated
    assert lines(who) == [("settled", most(question()))]
    assert answer.cost == most(question())
    [entry] = who.store.entries("a")
    assert entry.usage.estimated
    assert [d["estimated"] for d in told(who, "call.finished")] == [True]


def test_more_than_was_held_is_booked_as_it_was_and_the_next_call_feels_it():
    usage = Usage(input=10, output=most(question()))
    dear = Answer(text="Yes.", finish="stop", usage=usage, model="one")
    who = asker(model(dear, "Never."), cap=3 * most(question()))
    [answer] = ask(who, question())
    assert answer.cost == PRICE.cost(usage) > 3 * most(question())
    [refused] = ask(who, question("Else?", "engage:2"))
    assert isinstance(refused, BudgetSpent)
    assert lines(who) == [("settled", answer.cost)]


def test_the_schema_is_held_for_as_it_may_be_sent():
    schema = {"type": "object", "properties": {f"key{n}": {"type": "string"} for n in range(50)}}
    assert most(question(schema=schema)) > most(question()) + len(json.dumps(schema)) // 4


def test_a_hold_and_its_event_are_written_together_or_not_at_all():
    class Full(MemoryStore):
        def append(self, run, key, kind, data):
            if kind == "call.started":
                raise OSError
            super().append(run, key, kind, data)

    one = model("Yes.")
    who = asker(one, store=Full())
    [failed] = ask(who, question())
    assert isinstance(failed, OSError)
    assert lines(who) == one.questions == []


def test_a_pot_that_is_nearly_full_is_told_of_once():
    who = asker(model("Yes.", "Yes.", "Yes."), caps=Caps(run=3 * most(question()), warn=30))
    ask(who, question())
    ask(who, question(name="engage:2"))
    ask(who, question("Else?", name="engage:3"))
    [warned] = told(who, "budget.warned")
    assert (warned["kind"], warned["cap"], warned["share"]) == ("run", 3 * most(question()), 30)
    assert warned["held"] == most(question())


# Anew on purpose


def test_what_is_to_be_done_anew_is_asked_again_and_then_known():
    store = MemoryStore()
    before = asker(model("Old.", "Old.", "Old."), store=store)
    design = question(name="design:1", activity="design")
    task = question(name="build:x:1", activity="build", task="x", text="Build.")
    ask(before, question(), design, task)
    redo = {"activity:design": "1", "task:x": "2"}
    one = model("New.", "New.")
    after = replace(before, routes={"planner": (one,)}, redo=redo, journal=Notes(), generation=1)
    answers = ask(after, question(), design, task)
    assert [a.text for a in answers] == ["Old.", "New.", "New."]
    assert [q.salt for q in one.questions] == ["1", "2"]
    again = replace(after, routes={"planner": (model(),)}, journal=Notes(), generation=2)
    assert [a.text for a in ask(again, question(), design, task)] == ["Old.", "New.", "New."]


def test_an_activity_is_what_stands_before_its_first_colon_and_a_task_goes_first():
    one = model("1", "2", "3")
    who = asker(one, redo={"activity:test": "all", "task:x": "mine"})
    ask(who, question("A", "t:1", activity="test:whole"))
    ask(who, question("B", "t:2", activity="test", task="x"))
    ask(who, question("C", "t:3", activity="test", task="y"))
    assert [q.salt for q in one.questions] == ["all", "mine", "all"]


def test_a_later_generation_tells_what_it_did_under_keys_of_its_own():
    store = MemoryStore()
    ask(asker(model("Yes."), store=store, run="other"), question())
    for generation in (0, 1, 1):
        ask(asker(model(), store=store, generation=generation), question())
    assert len(told(asker(store=store), "call.reused")) == 2
