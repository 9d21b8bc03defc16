"""Asking: nothing is paid twice, the cap is never passed, every hold ends as its call did."""

import asyncio
import json
from dataclasses import dataclass, field, replace

import pytest

from partita.core.budget import Price, words
from partita.core.patience import Patience
from partita.core.question import Message, Question
from partita.engine.asking import Lanes, RouteAsker
from partita.errors import (
    BudgetSpent,
    ContentRefused,
    ContextTooLong,
    MalformedReply,
    ModelUnavailable,
    RateLimited,
    RefusedCredentials,
    ServerFailed,
    UnknownPrice,
    Unreachable,
)
from partita.testing.clock import FakeClock
from partita.testing.memory_store import MemoryStore
from partita.testing.models import ScriptedModel

PRICE = Price(input=1_000_000, output=10_000_000)  # a nano-dollar a token in, ten out
ONCE = Patience(attempts=1)


@dataclass
class Notes:
    """A journal in memory, as strict about JSON as the real one."""

    kept: dict = field(default_factory=dict)

    async def once(self, name, effect):
        if name not in self.kept:
            self.kept[name] = json.dumps(await effect())
        return json.loads(self.kept[name])


def question(text="What?", name="engage:1", **more):
    parts = {"role": "planner", "max_output": 100, "activity": "engage", **more}
    return Question(name=name, messages=(Message(role="user", text=text),), **parts)


def model(*replies, name="one", price=PRICE, **more):
    return ScriptedModel(*replies, name=name, price=price, **more)


def always(answer, name="one", price=PRICE):
    return ScriptedModel.by(answer, name=name, price=price)


def fails(error):
    """A function that raises it: also what a script of replies can't hold."""

    def raise_it(_):
        raise error

    return raise_it


def asker(*route, store=None, clock=None, run="a", lanes=None, **more):
    clock = clock or FakeClock()
    parts = {"cap": None, "journal": Notes(), **more}
    return RouteAsker(
        run=run,
        routes={"planner": route},
        store=store or MemoryStore(clock),
        clock=clock,
        lanes=lanes or Lanes(8),
        **parts,
    )


def ask(who, *questions, **more):
    """The answers to the questions, asked at once; errors in place of answers that failed."""

    async def go():
        asking = (who.ask(q, **more) for q in questions)
        return await asyncio.gather(*asking, return_exceptions=True)

    return asyncio.run(go())


def lines(who):
    return [(e.state, e.cost) for e in who.store.entries(who.run)]


def told(who, kind):
    return [e.data for e in who.store.events(who.run) if e.type == kind]


def most(q, price=PRICE):
    """What is held for the question."""
    sent = sum(words(m.text) for m in q.messages)
    return price.most(input_tokens=sent, output_tokens=q.max_output)


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
}


@pytest.mark.parametrize("name", ENDS)
def test_a_hold_ends_as_its_call_did(name):
    error, state = ENDS[name]
    who = asker(always(fails(error)), patience=ONCE)
    [failed] = ask(who, question())
    assert isinstance(failed, RefusedCredentials if name == "refused key" else ModelUnavailable)
    assert lines(who) == [(state, most(question()) if state == "unconfirmed" else 0)]
    [lost] = told(who, "call.lost")
    assert lost["state"] == state
    assert who.lanes.busy == 0


def test_a_settled_call_costs_what_was_used_and_frees_the_rest():
    who = asker(model("Yes."), cap=most(question()))
    [answer] = ask(who, question())
    assert lines(who) == [("settled", answer.cost)]
    assert answer.cost == PRICE.cost(answer.usage) < most(question())
    budget = who.store.budget("a", who.cap)
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


class HeldClock(FakeClock):
    """A clock whose sleepers wake when the test says so."""

    def __init__(self):
        super().__init__()
        self.wake = asyncio.Event()

    async def sleep(self, seconds):
        self.slept.append(seconds)
        until = self.time + seconds
        while self.time < until:
            await self.wake.wait()


async def settle():
    """Let every task go as far as it can."""
    for _ in range(50):
        await asyncio.sleep(0)


@pytest.mark.parametrize("slots", [8, 1])
def test_a_named_wait_pauses_the_provider_for_all_and_no_other_provider(slots):
    async def go():
        clock = HeldClock()
        busy, free = model(RateLimited("wait", retry_after=5.0), "A", "B"), model("C", name="two")
        lanes, store = Lanes(slots), MemoryStore(clock)
        first = asker(busy, store=store, clock=clock, lanes=lanes)
        other = asker(free, store=store, clock=clock, lanes=lanes, run="b")
        waiting = [asyncio.create_task(first.ask(question("first", "q:1")))]
        await settle()
        waiting += [asyncio.create_task(first.ask(question("second", "q:2")))]
        waiting += [asyncio.create_task(other.ask(question("third", "q:3")))]
        await settle()
        assert [q.name for q in busy.questions] == ["q:1"]
        assert [q.name for q in free.questions] == ["q:3"]
        assert clock.slept == [5.0, 5.0]
        clock.advance(5.0)
        clock.wake.set()
        answers = await asyncio.gather(*waiting)
        assert {a.text for a in answers} == {"A", "B", "C"}

    asyncio.run(go())


# The route


def test_the_next_model_takes_over_from_one_that_is_dead():
    dead, good = always(fails(ServerFailed("500"))), model("Yes.", "Yes.", name="two")
    who = asker(dead, good)
    first, second = ask(who, question())[0], ask(who, question("More?", "engage:2"), choice=5)[0]
    assert (first.model, first.last, second.model) == ("two", True, "two")
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
    [answer] = ask(replace(who, cap=most(question()) + 1000 * 10), question(name="engage:2"))
    assert answer.text == "Yes."
