"""What every Limiter obeys: subclass `LimiterLaws` in the tests of each and say how to make two."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass

import pytest

from partita.core.limits import LOOK
from partita.errors import CircuitOpen
from partita.ports.limiter import Limiter, Rates, Wait

FREE = Rates()
NEARLY = 1.0  # seconds that a law may take where time can't be stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two processes' views of the same limits.

    `advance` lets so many seconds pass; `kill` ends the second process as SIGKILL would.
    """

    first: Limiter
    second: Limiter
    advance: Callable[[float], None]
    kill: Callable[[], None]


def ticket(got: str | Wait) -> str:
    """The ticket, or a failed law."""
    assert isinstance(got, str), got
    return got


def wait(got: str | Wait, why: str, seconds: float) -> None:
    """The law: one must wait that long, for that reason."""
    assert isinstance(got, Wait), got
    assert got.why == why
    assert seconds - NEARLY <= got.seconds <= seconds


class LimiterLaws(ABC):
    """The laws; pytest collects them in a subclass whose name starts with `Test`."""

    @abstractmethod
    def pair(self) -> AbstractContextManager[Pair]:
        """Two limiters on a new record."""

    def test_without_limits_every_call_is_let_through(self) -> None:
        """Each with a ticket of its own."""
        with self.pair() as pair:
            tickets = {ticket(pair.first.admit("p", FREE, 10)) for _ in range(50)}
        assert len(tickets) == 50  # noqa: PLR2004 - as many as above

    def test_calls_in_flight_are_counted_across_processes(self) -> None:
        """A call that ends, in whichever process, makes room for one."""
        rates = Rates(in_flight=2)
        with self.pair() as pair:
            mine = ticket(pair.first.admit("p", rates, 1))
            ticket(pair.second.admit("p", rates, 1))
            for limiter in (pair.first, pair.second):
                wait(limiter.admit("p", rates, 1), "in flight", LOOK)
            ticket(pair.first.admit("another", rates, 1))
            pair.first.done(mine, None)
            ticket(pair.second.admit("p", rates, 1))
            wait(pair.first.admit("p", rates, 1), "in flight", LOOK)

    def test_a_ticket_is_given_back_once(self) -> None:
        """And one that nobody knows changes nothing."""
        rates = Rates(in_flight=1)
        with self.pair() as pair:
            first = ticket(pair.first.admit("p", rates, 1))
            for _ in range(2):
                pair.first.done(first, 1)
                pair.first.done("unknown", 1)
            ticket(pair.first.admit("p", rates, 1))
            wait(pair.second.admit("p", rates, 1), "in flight", LOOK)

    def test_requests_of_any_sixty_seconds_are_counted_across_processes(self) -> None:
        """Whether they run or are over."""
        rates = Rates(requests_per_minute=2)
        with self.pair() as pair:
            pair.first.done(ticket(pair.first.admit("p", rates, 1)), 1)
            pair.advance(20)
            ticket(pair.second.admit("p", rates, 1))
            wait(pair.first.admit("p", rates, 1), "requests per minute", 40)
            pair.advance(40)
            ticket(pair.first.admit("p", rates, 1))
            wait(pair.second.admit("p", rates, 1), "requests per minute", 20)

    def test_tokens_count_as_asked_for_until_it_is_known_what_they_were(self) -> None:
        """A call that took fewer leaves room at once."""
        rates = Rates(tokens_per_minute=100)
        with self.pair() as pair:
            first = ticket(pair.first.admit("p", rates, 90))
            wait(pair.second.admit("p", rates, 20), "tokens per minute", 60)
            pair.first.done(first, 30)
            ticket(pair.second.admit("p", rates, 70))
            wait(pair.second.admit("p", rates, 1), "tokens per minute", 60)

    def test_a_call_larger_than_the_limit_goes_alone(self) -> None:
        """Else it would never go."""
        rates = Rates(tokens_per_minute=100)
        with self.pair() as pair:
            pair.first.done(ticket(pair.first.admit("p", rates, 10)), None)
            wait(pair.first.admit("p", rates, 500), "tokens per minute", 60)
            pair.advance(60)
            ticket(pair.first.admit("p", rates, 500))
            wait(pair.second.admit("p", rates, 1), "tokens per minute", 60)

    def test_a_pause_stops_the_provider_everywhere_and_no_other(self) -> None:
        """The longest one counts."""
        with self.pair() as pair:
            pair.first.pause("p", 30)
            pair.first.pause("p", 5)
            for limiter in (pair.first, pair.second):
                wait(limiter.admit("p", FREE, 1), "paused", 30)
                ticket(limiter.admit("another", FREE, 1))
            pair.advance(30)
            ticket(pair.second.admit("p", FREE, 1))

    def test_five_failures_in_a_row_open_the_circuit_everywhere(self) -> None:
        """Then one call at a time tries, and an answer closes it."""
        with self.pair() as pair:
            for _ in range(4):
                pair.first.failed("p")
            ticket(pair.first.admit("p", FREE, 1))
            pair.second.failed("p")
            for limiter in (pair.first, pair.second):
                with pytest.raises(CircuitOpen, match="left alone for"):
                    limiter.admit("p", FREE, 1)
                ticket(limiter.admit("another", FREE, 1))
            pair.advance(28)
            with pytest.raises(CircuitOpen):
                pair.first.admit("p", FREE, 1)
            pair.advance(2)
            trial = ticket(pair.second.admit("p", FREE, 1))
            wait(pair.first.admit("p", FREE, 1), "circuit", LOOK)
            pair.second.done(trial, None)
            pair.second.failed("p")
            with pytest.raises(CircuitOpen, match="left alone for"):
                pair.first.admit("p", FREE, 1)
            pair.advance(58)
            with pytest.raises(CircuitOpen):
                pair.first.admit("p", FREE, 1)
            pair.advance(2)
            ticket(pair.first.admit("p", FREE, 1))
            pair.first.answered("p")
            for limiter in (pair.first, pair.second):
                ticket(limiter.admit("p", FREE, 1))

    def test_an_answer_begins_the_count_of_failures_anew(self) -> None:
        """Five in all are not five in a row."""
        with self.pair() as pair:
            for _ in range(3):
                for _ in range(4):
                    pair.first.failed("p")
                pair.second.answered("p")
            ticket(pair.first.admit("p", FREE, 1))

    def test_a_process_that_dies_gives_its_tickets_back(self) -> None:
        """But what it asked for counts for its minute."""
        rates = Rates(in_flight=1, requests_per_minute=2)
        with self.pair() as pair:
            ticket(pair.second.admit("p", rates, 1))
            wait(pair.first.admit("p", rates, 1), "in flight", LOOK)
            pair.kill()
            pair.first.done(ticket(pair.first.admit("p", rates, 1)), 1)
            wait(pair.first.admit("p", rates, 1), "requests per minute", 60)

    def test_threads_that_ask_at_once_never_get_more_than_there_is(self) -> None:
        """However they interleave."""
        rates = Rates(in_flight=5)
        with self.pair() as pair, ThreadPoolExecutor(8) as threads:
            sides = [pair.first, pair.second] * 20
            got = list(threads.map(lambda limiter: limiter.admit("p", rates, 1), sides))
        assert sum(isinstance(g, str) for g in got) == 5  # noqa: PLR2004 - as allowed above
