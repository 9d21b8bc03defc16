"""Bad days: pauses, rates and circuits hold for all, prompts are cut, what is cut short is safe."""

import asyncio
from dataclasses import replace

import pytest
from asking_kit import Notes, always, ask, asker, counted, fails, lines, model, most, question, told

from partita.core.fingerprint import fingerprint
from partita.core.outcomes import count_outcomes
from partita.core.patience import Patience
from partita.core.prompts.common import material
from partita.core.shrink import prompt_tokens
from partita.engine.asking import Lanes
from partita.errors import (
    CircuitOpen,
    ContentRefused,
    ContextTooLong,
    MalformedReply,
    ModelUnavailable,
    NoUsableAnswer,
    RateLimited,
    ServerFailed,
    Unreachable,
)
from partita.ports.limiter import Rates
from partita.testing.clock import FakeClock
from partita.testing.limiter import MemoryLimiter
from partita.testing.memory_store import MemoryStore


class HeldClock(FakeClock):
    """A clock that only the test moves."""

    async def sleep(self, seconds):
        self.slept.append(seconds)
        until = self.time + seconds
        while self.time < until:  # noqa: ASYNC110 - what it waits for is the test's move
            await asyncio.sleep(0.001)


async def settle():
    """Let every task go as far as it can."""
    for _ in range(50):
        await asyncio.sleep(0)


class Timed:
    """A model's reply that notes when it was asked."""

    def __init__(self, clock, text="Yes."):
        self.clock, self.text, self.times = clock, text, []

    def __call__(self, asked):
        self.times.append(self.clock.now())
        return counted(self.text)(asked)


# Rates


def test_a_named_wait_pauses_the_provider_for_all_and_no_other_provider():
    async def go():
        clock = HeldClock()
        busy, free = model(RateLimited("wait", retry_after=5.0), "A", "B"), model("C", name="two")
        lanes, store, limiter = Lanes(1), MemoryStore(clock), MemoryLimiter(clock)
        shared = {"store": store, "clock": clock, "lanes": lanes}
        first = asker(busy, limiter=limiter, **shared)
        other = asker(free, run="b", limiter=limiter.another(), **shared)
        waiting = [asyncio.create_task(first.ask(question("first", "q:1")))]
        await settle()
        waiting += [asyncio.create_task(first.ask(question("second", "q:2")))]
        waiting += [asyncio.create_task(other.ask(question("third", "q:3")))]
        await settle()
        assert [q.name for q in busy.questions] == ["q:1"]
        assert [q.name for q in free.questions] == ["q:3"]
        clock.advance(5.0)
        answers = await asyncio.gather(*waiting)
        assert {a.text for a in answers} == {"A", "B", "C"}

    asyncio.run(go())


def test_processes_share_the_calls_in_flight():
    clock = FakeClock()
    one = always(lambda _: "Yes.")
    one.latency = 0.001
    limiter, store, rates = (
        MemoryLimiter(clock),
        MemoryStore(clock),
        {one.provider: Rates(in_flight=3)},
    )
    shared = {"clock": clock, "store": store, "rates": rates}

    async def go():
        askers = [
            asker(one, limiter=limiter.another(), lanes=Lanes(8), run=run, **shared) for run in "ab"
        ]
        await asyncio.gather(
            *(who.ask(question(f"{n}", f"{who.run}:{n}")) for n in range(12) for who in askers)
        )

    asyncio.run(go())
    assert len(one.questions) >= 12
    assert 1 < one.most_in_flight <= 3


def test_requests_by_the_minute_wait_for_their_minute():
    clock = FakeClock()
    reply = Timed(clock)
    who = asker(always(reply), clock=clock, rates={"testing one": Rates(requests_per_minute=2)})
    answers = ask(who, *(question(f"{n}", f"q:{n}") for n in range(6)))
    assert all(a.text == "Yes." for a in answers)
    assert all(b - a >= 60 for a, b in zip(reply.times, reply.times[2:], strict=False))
    assert told(who, "call.waiting")[0]["why"] == "requests per minute"


def test_tokens_by_the_minute_count_what_was_really_used():
    clock = FakeClock()
    reply = Timed(clock)
    rates = {"testing one": Rates(tokens_per_minute=150)}
    who = asker(always(reply), clock=clock, rates=rates)
    used = prompt_tokens(question("0")) + 6
    for n in range(6):
        ask(who, question(f"{n}", f"q:{n}"))
    first = [t for t in reply.times if t < reply.times[0] + 60]
    assert 1 < len(first) <= 1 + (150 - 100) // used


def test_a_call_that_ends_lets_the_next_one_in_at_once():
    async def go():
        clock = HeldClock()
        one = always(lambda _: "Yes.")
        who = asker(one, clock=clock, lanes=Lanes(1))
        async with asyncio.timeout(5):
            await asyncio.gather(*(who.ask(question(f"{n}", f"q:{n}")) for n in range(4)))
        assert one.most_in_flight == 1

    asyncio.run(go())


# Cancelled


def test_a_call_cancelled_in_flight_counts_in_full_and_gives_its_ticket_back():
    async def go():
        slow = model("Never.", "Yes.")
        slow.latency = 100
        who = asker(slow, lanes=Lanes(1))
        call = asyncio.create_task(who.ask(question()))
        while not slow.in_flight:  # noqa: ASYNC110 - nobody else could tell
            await asyncio.sleep(0)
        assert who.lanes.busy == 1
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert lines(who) == [("unconfirmed", most(question()))]
        assert [d["state"] for d in told(who, "call.lost")] == ["unconfirmed"]
        assert (who.lanes.busy, slow.in_flight) == (0, 0)
        slow.latency = 0
        async with asyncio.timeout(5):
            assert (await who.ask(question(name="engage:2"))).text == "Yes."

    asyncio.run(go())


def test_a_call_cancelled_while_it_waits_has_held_nothing():
    async def go():
        clock = HeldClock()
        one = model("Yes.")
        who = asker(one, clock=clock)
        who.limiter.pause(one.provider, 20)
        call = asyncio.create_task(who.ask(question()))
        await settle()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert lines(who) == one.questions == []

    asyncio.run(go())


# Waits that are too long


def test_a_wait_longer_than_the_patience_hands_over_and_is_kept_from_all():
    one, two = model(RateLimited("wait", retry_after=3600)), model("Yes.", "Yes.", name="two")
    who = asker(one, two)
    [first] = ask(who, question())
    [second] = ask(who, question("Else?", "engage:2"))
    assert (first.text, second.text) == ("Yes.", "Yes.")
    assert (len(one.questions), len(two.questions)) == (1, 2)
    assert who.clock.slept == []
    assert [d["outcome"] for d in told(who, "call.failed")] == ["rate_limited"] * 2


def test_where_no_model_is_left_the_run_rests_and_says_until_when():
    clock = FakeClock(start=12 * 3600)
    who = asker(model(RateLimited("wait", retry_after=3600)), clock=clock)
    for name in ("engage:1", "engage:2"):
        [failed] = ask(who, question(name=name))
        assert isinstance(failed, ModelUnavailable)
        assert "at 13:00:00 UTC or later" in failed.remedy
        assert "partita resume" in failed.remedy


def test_waits_that_fit_are_waited_for_together_with_those_of_others():
    one = model(RateLimited("wait", retry_after=10), RateLimited("wait", retry_after=10), "Yes.")
    who = asker(one)
    [answer] = ask(who, question())
    assert answer.text == "Yes."
    assert sum(who.clock.slept) == pytest.approx(20)
    third = asker(model(*[RateLimited("wait", retry_after=10)] * 3))
    assert isinstance(ask(third, question())[0], ModelUnavailable)


# The circuit


def test_a_dead_provider_is_not_asked_a_sixth_time_and_the_fallback_takes_over():
    dead, good = always(fails(ServerFailed("500"))), always(lambda _: "Yes.", "two")
    who = asker(dead, good)
    for n in range(5):
        [answer] = ask(who, question(f"{n}", f"q:{n}"))
        assert answer.text == "Yes."
    assert len(dead.questions) == 5
    outcomes = [d["outcome"] for d in told(who, "call.failed")]
    assert outcomes == ["server_failed"] * 5 + ["circuit_open"] * 4
    who.clock.advance(31)
    ask(who, question("again", "q:9"))
    assert len(dead.questions) == 6


def test_a_route_whose_circuits_are_all_open_rests_at_once():
    dead = always(fails(Unreachable("no route", sent=False)))
    who = asker(dead)
    ask(who, question())
    ask(who, question(name="engage:2"))
    assert len(dead.questions) == 5
    [failed] = ask(who, question(name="engage:3"))
    assert isinstance(failed, ModelUnavailable)
    assert "left alone for" in failed.message
    assert len(dead.questions) == 5


def test_calls_that_fail_together_are_one_failure():
    failed = []

    def stumble(_):
        if len(failed) < 8:
            failed.append(1)
            raise ServerFailed("500")
        return "Yes."

    async def go():
        one = always(stumble)
        one.latency = 0.001
        who = asker(one)
        return await asyncio.gather(*(who.ask(question(f"{n}", f"q:{n}")) for n in range(8)))

    assert [a.text for a in asyncio.run(go())] == ["Yes."] * 8


def test_calls_that_hang_are_a_failure_each():
    clock = FakeClock()

    def hang(_):
        clock.advance(1)
        raise Unreachable("nothing", silent=True)

    async def go():
        one = always(hang)
        one.latency = 0.001
        who = asker(one, clock=clock)
        asked = (who.ask(question(f"{n}", f"q:{n}")) for n in range(5))
        await asyncio.gather(*asked, return_exceptions=True)
        assert len(one.questions) >= 5  # a quick one may be asked again before a slow one has hung
        with pytest.raises(CircuitOpen):
            who.limiter.admit(one.provider, Rates(), 1)

    asyncio.run(go())


def test_while_it_is_tried_whether_a_provider_is_back_others_fall_back_or_wait():
    async def go():
        one, two = always(lambda _: "One."), always(lambda _: "Two.", "two")
        who = asker(one, two)
        for _ in range(5):
            who.limiter.failed(one.provider)
        who.clock.advance(31)
        trial = who.limiter.admit(one.provider, Rates(), 1)
        assert (await who.ask(question())).text == "Two."
        alone = replace(who, routes={"planner": (one,)}, clock=HeldClock(), journal=Notes())
        waiting = asyncio.create_task(alone.ask(question("Else?", "q:2")))
        await settle()
        assert not waiting.done()
        who.limiter.done(trial, None)
        who.limiter.answered(one.provider)
        alone.clock.advance(1)
        assert (await waiting).text == "One."

    asyncio.run(go())


# Each failure has its word

WORDS = {
    "rate_limited": RateLimited("slow down"),
    "unreachable": Unreachable("no connection", sent=False),
    "stalled": Unreachable("nothing", silent=True),
    "cut_off": MalformedReply("one: the reply is not whole: the stream: it ended early"),
    "server_failed": ServerFailed("500"),
    "html": MalformedReply("the server answered with an HTML page instead of a reply"),
    "empty": MalformedReply("the reply is empty"),
    "malformed": MalformedReply("not JSON"),
    "context_too_long": ContextTooLong("too long"),
    "refused": ContentRefused("no"),
}


def test_every_failed_call_is_told_with_its_word_and_counted():
    who = asker(
        *(always(fails(e), word) for word, e in WORDS.items()), patience=Patience(attempts=1)
    )
    ask(who, question())
    assert [d["outcome"] for d in told(who, "call.failed")] == list(WORDS)
    assert [d["outcome"] for d in told(who, "call.gave_up")] == list(WORDS)
    events = [(e.type, e.data) for e in who.store.events("a")]
    assert count_outcomes(events) == dict.fromkeys(sorted(WORDS), 1)


def test_failures_of_a_run_that_goes_on_are_told_beside_the_earlier_ones():
    store = MemoryStore()
    for _ in range(2):
        ask(asker(always(fails(ServerFailed("500"))), store=store, patience=Patience(attempts=1)),
            question())  # fmt: skip
    assert len(told(asker(store=store), "call.failed")) == 2


def test_a_question_that_every_model_declines_is_no_trouble_of_the_world():
    declines = [always(fails(ContentRefused("no")), name) for name in ("one", "two")]
    [failed] = ask(asker(*declines), question())
    assert isinstance(failed, NoUsableAnswer)
    assert failed.exit_code == 1
    assert failed.message == "no model took the question: one: no; two: no"
    mixed = asker(declines[0], always(fails(ServerFailed("500")), "two"))
    assert isinstance(ask(mixed, question())[0], ModelUnavailable)
    helped = asker(declines[0], model("Yes.", name="two"))
    assert ask(helped, question())[0].text == "Yes."


# Prompts that do not fit


def long_question(lines=2_000, name="engage:1", **more):
    body = "\n".join(f"line {n} of the file" for n in range(lines))
    return question(f"# Files\n{material('a.py', body)}\n\nWhat is wrong?\n", name, **more)


def takes(most_tokens):
    """A model that refuses what is longer."""

    def reply(asked):
        if prompt_tokens(asked) > most_tokens:
            raise ContextTooLong("one: the prompt does not fit the model")
        return "Yes."

    return always(reply)


def test_a_prompt_that_is_refused_is_cut_and_asked_again():
    asked = long_question()
    one = takes(prompt_tokens(asked) * 7 // 10)
    who = asker(one)
    [answer] = ask(who, asked)
    assert answer.text == "Yes."
    sent = one.questions[-1]
    assert "lines left out]" in sent.messages[0].text
    assert "What is wrong?" in sent.messages[0].text
    [cut] = told(who, "call.shrunk")
    assert cut["after"] == prompt_tokens(sent) < cut["before"] == prompt_tokens(asked)
    [exchange] = who.store.transcript("a")
    assert exchange["hash"] == fingerprint(model="one", question=sent)
    assert exchange["request"]["messages"][0]["text"] == sent.messages[0].text
    assert [state for state, _ in lines(who)] == ["released", "settled"]
    again = replace(who, journal=Notes())
    assert ask(again, asked)[0].text == "Yes."
    assert [state for state, _ in lines(who)] == ["released", "settled", "released"]


def test_a_prompt_that_can_not_fit_is_cut_before_it_is_refused():
    one = always(lambda _: "Yes.")
    one.context = 4_000
    who = asker(one)
    ask(who, long_question())
    [sent] = one.questions
    assert prompt_tokens(sent) + sent.max_output <= 4_000
    assert len(told(who, "call.shrunk")) == 1
    assert lines(who)[0][0] == "settled"


def test_no_more_is_asked_of_a_model_than_half_of_what_it_holds():
    one = always(lambda _: "Yes.")
    one.context = 1_000
    who = asker(one)
    ask(who, question(max_output=5_000))
    assert one.questions[0].max_output == who.limit("planner") == 500


@pytest.mark.parametrize(
    ("asked", "calls"),
    [(question(), 1), (long_question(), 4)],
    ids=["nothing to cut", "three cuts"],
)
def test_what_can_not_be_cut_any_more_goes_to_the_next_model(asked, calls):
    one, two = takes(0), model("Yes.", name="two")
    [answer] = ask(asker(one, two), asked)
    assert answer.text == "Yes."
    assert len(one.questions) == calls
    assert two.questions[0].messages == asked.messages
