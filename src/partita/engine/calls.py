"""One question to one model: let in by its provider's limits, held for, asked, asked again."""

import asyncio
import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

from partita.core.budget import Caps, Price
from partita.core.codec import encode
from partita.core.fingerprint import request_json
from partita.core.outcomes import is_alive, is_dead, outcome_of
from partita.core.patience import Patience
from partita.core.question import Answer, Question
from partita.core.shrink import prompt_tokens
from partita.errors import (
    BudgetSpent,
    CircuitOpen,
    MalformedReply,
    ModelFailure,
    OutsideFailure,
    PartitaError,
    RateLimited,
    UnknownPrice,
    Unreachable,
)
from partita.ports.clock import Clock
from partita.ports.limiter import Limiter, Rates, Wait
from partita.ports.model import Model
from partita.ports.store import Held, Store

SLICE = 1.0  # seconds after which a waiting call looks again, as another process may know more
OTHERS = 30.0  # seconds that a call waits for money which only other processes hold
LONG = 5.0  # seconds from which on a wait is told
GRACE = 0.1  # seconds by which a named wait may pass the patience, as clocks round


@dataclass(slots=True)
class Line:
    """Who waits for a provider in this process: one asks the limiter, the others stand behind."""

    first: asyncio.Lock = field(default_factory=asyncio.Lock)
    freed: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Lanes:
    """What the calls of a process share: how many are in flight (`busy`), and a line a provider.

    `in_flight` is the limit for providers without rates of their own. `struck` holds when a
    provider was last found dead.
    """

    in_flight: int
    busy: int = 0
    struck: dict[str, float] = field(default_factory=dict)
    _lines: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Line]] = field(
        default_factory=WeakKeyDictionary
    )

    def line(self, provider: str) -> Line:
        """The provider's line in the running loop."""
        lines = self._lines.setdefault(asyncio.get_running_loop(), {})
        return lines.setdefault(provider, Line())


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Writes events about questions; those of a later generation have keys of their own."""

    run: str
    store: Store
    generation: int = 0

    def tell(self, question: Question, kind: str, *, tag: str = "", **data: object) -> None:
        """Write it into the run's log."""
        before = f"{self.generation}~" if self.generation else ""
        self.store.append(
            self.run,
            f"{before}{kind}:{question.name}{tag}",
            kind,
            {
                "name": question.name,
                "role": question.role,
                "task": question.task,
                "activity": question.activity,
                **data,
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Calls models for one run. `teller.store` keeps answers and ledger."""

    run: str
    teller: Teller
    clock: Clock
    lanes: Lanes
    caps: Caps
    limiter: Limiter
    rates: Mapping[str, Rates]
    patience: Patience

    async def call(self, model: Model, question: Question, key: str, *, last: bool) -> Answer:
        """Call until answered or out of patience; gives the answer with its cost.

        The answer is kept under `key`. `last`: no other model is left to be asked instead.
        """
        attempt, waited, short = 0, 0.0, 0.0
        while True:
            attempt += 1
            began = self.clock.now()
            tag = f":{model.name}:{attempt}"
            try:
                ticket, paused = await self._let_in(model, question, waited, last=last)
                began, tag, waited = self.clock.now(), f":{ticket}", waited + paused
                return await self._once(model, question, key, ticket)
            except BudgetSpent as e:
                # Others hold the most that they may cost; what they leave is enough.
                if not e.waits or not (self.lanes.busy or short < OTHERS):
                    raise
                attempt -= 1
                short = 0.0 if self.lanes.busy else short + SLICE
                line = self.lanes.line(model.provider)
                line.freed.clear()
                await self._nap(line, SLICE)
            except ModelFailure as e:
                if isinstance(e, Unreachable) and e.silent:  # waiting for it was patience, too
                    waited += self.clock.now() - began
                jitter = random.random()  # noqa: S311 - spreads retries, guards nothing
                pause = self.patience.next_wait(e, attempt, waited, jitter)
                self.teller.tell(
                    question,
                    "call.failed",
                    tag=tag,
                    model=model.name,
                    outcome=outcome_of(e),
                    why=why_of(e, model),
                    retry_in=None if pause is None else round(pause, 2),
                )
                if isinstance(e, RateLimited):
                    self._pause(model, e, pause)
                if pause is None:
                    raise
                if not isinstance(e, RateLimited):
                    waited += pause
                    await self.clock.sleep(pause)

    def _pause(self, model: Model, failure: RateLimited, pause: float | None) -> None:
        """Leave the provider alone, in all processes, for as long as it asks, or as we would."""
        asked = failure.retry_after
        seconds = asked if asked is not None and asked >= 0 else pause
        if seconds is not None:
            self.limiter.pause(model.provider, seconds)

    async def _let_in(
        self, model: Model, question: Question, waited: float, *, last: bool
    ) -> tuple[str, float]:
        """A ticket for one call, and the seconds for which the provider's pause was waited for.

        Who waits holds nothing. RateLimited when the pause is longer than the patience left.
        """
        tokens = prompt_tokens(question) + question.max_output + model.headroom
        rates = self.rates.get(model.provider, Rates(in_flight=self.lanes.in_flight))
        line, paused = self.lanes.line(model.provider), 0.0
        async with line.first:
            while True:
                line.freed.clear()
                got = self.limiter.admit(model.provider, rates, tokens)
                if isinstance(got, str):
                    return got, paused
                if got.why == "circuit" and not last:
                    raise CircuitOpen(f"{model.name}: it is just being tried whether it is back")
                if got.why == "paused":
                    self._bear(model, got, waited + paused)
                self._tell_wait(model, question, got)
                nap = min(got.seconds, SLICE)
                await self._nap(line, nap)
                paused += nap if got.why == "paused" else 0.0

    def _bear(self, model: Model, wait: Wait, waited: float) -> None:
        if waited + wait.seconds > self.patience.patience_seconds + GRACE:
            raise RateLimited(
                f"{model.name}: the provider asked to be left alone for {wait.seconds:.0f} s more",
                retry_after=wait.seconds,
            )

    def _tell_wait(self, model: Model, question: Question, wait: Wait) -> None:
        if wait.seconds >= LONG:
            self.teller.tell(
                question,
                "call.waiting",
                tag=f":{wait.why}",
                model=model.name,
                why=wait.why,
                seconds=round(wait.seconds, 1),
            )

    async def _nap(self, line: Line, seconds: float) -> None:
        """Sleep, but wake as soon as a call of this process to the provider ends."""
        naps = [
            asyncio.ensure_future(self.clock.sleep(seconds)),
            asyncio.ensure_future(line.freed.wait()),
        ]
        try:
            await asyncio.wait(naps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for nap in naps:
                nap.cancel()

    async def _once(self, model: Model, question: Question, key: str, ticket: str) -> Answer:
        """Hold, call, settle; gives the answer with its cost. The ticket is always given back."""
        tokens: int | None = 0  # that the call took; None: as many as were asked for
        answered = False
        began = self.clock.now()
        try:
            held, amount = self._hold(model, question)
            tokens = None
            self.lanes.busy += 1
            try:
                answer = await model.complete(question)
                answered = True  # and so it is paid for, even where it can't be kept
                cost = self._settle(model, question, answer, key, held.entry, amount, began)
            except BaseException as e:
                paid = answered or may_be_paid(e)
                tokens = None if paid else 0
                self._lose(question, held.entry, amount, paid=paid)
                raise
            finally:
                self.lanes.busy -= 1
            if not answer.usage.estimated:
                tokens = answer.usage.input + answer.usage.output
            with suppress(OutsideFailure):  # what was paid for is safe, and that is what counts
                self.limiter.answered(model.provider)
        except ModelFailure as e:
            self._judge(model, e, began)
            raise
        else:
            return replace(answer, cost=cost)
        finally:
            with suppress(OutsideFailure):
                self.limiter.done(ticket, tokens)
            self.lanes.line(model.provider).freed.set()

    def _hold(self, model: Model, question: Question) -> tuple[Held, int]:
        """Set the most that the call may cost aside, and tell of it; both or neither."""
        sent, largest = prompt_tokens(question), question.max_output + model.headroom
        amount = price_of(model).most(input_tokens=sent, output_tokens=largest)
        store = self.teller.store
        with store.together():
            held = store.hold(
                self.run,
                question.name,
                model=model.name,
                role=question.role,
                task=question.task,
                activity=question.activity,
                amount=amount,
                caps=self.caps,
            )
            self.teller.tell(
                question,
                "call.started",
                tag=f":{held.entry}",
                model=model.name,
                entry=held.entry,
                held=amount,
            )
        for filling in held.nearly:
            pot = filling.pot
            store.append(
                self.run,
                f"budget.warned:{pot.key}:{pot.cap}",
                "budget.warned",
                {
                    "kind": pot.kind,
                    "pot": pot.key,
                    "cap": pot.cap,
                    "spent": filling.spent,
                    "held": filling.held,
                    "share": self.caps.warn,
                },
            )
        return held, amount

    def _settle(
        self,
        model: Model,
        question: Question,
        answer: Answer,
        key: str,
        entry: int,
        amount: int,
        began: float,
    ) -> int:
        """Keep the answer and close its hold; where nobody counted, all that was held is spent."""
        usage = answer.usage
        cost = amount if usage.estimated else price_of(model).cost(usage)
        store = self.teller.store
        with store.together():
            store.settled(
                key,
                self.run,
                question.name,
                request_json(model.name, question),
                encode(replace(answer, cost=cost)),
                entry=entry,
                cost=cost,
                usage=usage,
            )
            self.teller.tell(
                question,
                "call.finished",
                tag=f":{entry}",
                entry=entry,
                model=model.name,
                cost=cost,
                input=usage.input,
                output=usage.output,
                cache_read=usage.cache_read,
                estimated=usage.estimated,
                seconds=round(self.clock.now() - began, 3),
                finish=answer.finish,
            )
        return cost

    def _lose(self, question: Question, entry: int, amount: int, *, paid: bool) -> None:
        """Close the hold of a call whose answer is not had; what may be billed counts in full."""
        cost, state = (amount, "unconfirmed") if paid else (0, "released")
        store = self.teller.store
        with store.together():
            store.settle(entry, state=state, cost=cost, usage=None)
            self.teller.tell(
                question, "call.lost", tag=f":{entry}", entry=entry, cost=cost, state=state
            )

    def _judge(self, model: Model, failure: ModelFailure, began: float) -> None:
        """Tell the limiter whether the provider is dead or alive.

        Calls that fail together, as when a provider stumbles for a second, are one failure; each
        that hung for its whole time is one of its own.
        """
        provider = model.provider
        with suppress(OutsideFailure):
            if is_alive(failure):
                self.limiter.answered(provider)
            elif is_dead(failure):
                silent = isinstance(failure, Unreachable) and failure.silent
                if silent or began >= self.lanes.struck.get(provider, began):
                    self.lanes.struck[provider] = self.clock.now()
                    self.limiter.failed(provider)


def may_be_paid(why: BaseException) -> bool:
    """May the provider bill a call that ended so? Whatever we do not know counts as paid."""
    if isinstance(why, MalformedReply) or (isinstance(why, ModelFailure) and why.begun):
        return True
    if isinstance(why, Unreachable):
        return why.sent
    return not isinstance(why, PartitaError)


def why_of(failure: ModelFailure, model: Model) -> str:
    """What went wrong, without the model's name where the sentence begins with it."""
    return failure.message.removeprefix(f"{model.name}: ")


def price_of(model: Model) -> Price:
    """The model's price; UnknownPrice when nobody knows it."""
    if model.price is None:
        raise UnknownPrice(f"the price of {model.name} is not known")
    return model.price
