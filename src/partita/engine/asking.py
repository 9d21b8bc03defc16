"""Asking: the cache first, money held before a call and settled after, bounded patience."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from partita.core.budget import Price, words
from partita.core.codec import decode, encode
from partita.core.fingerprint import fingerprint, request_json
from partita.core.patience import Patience
from partita.core.question import Answer, Question
from partita.errors import (
    MalformedReply,
    ModelFailure,
    ModelUnavailable,
    RateLimited,
    RefusedCredentials,
    UnknownPrice,
    Unreachable,
)
from partita.ports.clock import Clock
from partita.ports.journal import Journal
from partita.ports.model import Model
from partita.ports.store import Store


@dataclass(slots=True)
class Lanes:
    """What calls share in a process: slots for calls in flight, and pauses by provider."""

    in_flight: int
    slots: asyncio.Semaphore = field(init=False)
    paused_until: dict[str, float] = field(default_factory=dict)
    busy: int = 0

    def __post_init__(self) -> None:
        self.slots = asyncio.Semaphore(self.in_flight)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteAsker:
    """Implements the Asker port for one run; the journal is that of the asking workflow."""

    run: str
    routes: Mapping[str, Sequence[Model]]
    store: Store
    clock: Clock
    journal: Journal
    lanes: Lanes
    cap: int | None
    clean: Callable[[str], str] = str
    reuse: bool = True
    patience: Patience = field(default_factory=Patience)

    def limit(self, role: str) -> int:
        """The output limit of the role's first model."""
        return self.routes[role][0].max_output

    def price(self, role: str) -> Price:
        """The price of the role's first model."""
        return price_of(self.routes[role][0])

    def spoil(self, name: str) -> None:
        """Keep that answer from being reused by another run."""
        self.store.spoil(self.run, name)

    async def ask(self, question: Question, *, choice: int = 0) -> Answer:
        """Ask the route from model number `choice` on; recorded under the question's name."""
        messages = tuple(replace(m, text=self.clean(m.text)) for m in question.messages)
        question = replace(question, messages=messages)

        async def effect() -> Any:
            return await self._answer(question, choice)

        got = await self.journal.once(f"ask:{question.name}", effect)
        kept = self.store.get(got["key"], run=self.run)
        if kept is None:
            raise ModelUnavailable(f"the answer to {question.name} is gone from the store")
        answer = decode(Answer, kept)
        return replace(answer, cost=got["cost"], cached=got["cached"], last=got["last"])

    async def _answer(self, question: Question, choice: int) -> dict[str, Any]:
        route = self.routes[question.role]
        first = min(choice, len(route) - 1)
        failures = []
        for number, model in enumerate(route[first:], first):
            last = number == len(route) - 1
            asked = replace(question, max_output=min(question.max_output, model.max_output))
            key = fingerprint(model=model.name, question=asked)
            kept = self.store.get(key, run=self.run, others=self.reuse)
            if kept is not None:
                self.store.used(self.run, question.name, key)
                if kept["run"] != self.run:
                    self._tell(question, "call.reused", model=model.name, key=key)
                return {"key": key, "cost": 0, "cached": True, "last": last}
            try:
                cost = await self._call(model, asked, key)
            except ModelFailure as e:
                why = _why(e, model)
                failures.append(f"{model.name}: {why}")
                self._tell(
                    question, "call.gave_up", tag=f":{model.name}", model=model.name, why=why
                )
                continue
            return {"key": key, "cost": cost, "cached": False, "last": last}
        raise ModelUnavailable(
            "no model answered: " + "; ".join(failures),
            remedy="nothing is lost: partita resume goes on from here",
        )

    async def _call(self, model: Model, question: Question, key: str) -> int:
        """Call until answered or out of patience; gives the cost in nano-dollars."""
        attempt, waited = 0, 0.0
        while True:
            attempt += 1
            began = self.clock.now()
            try:
                return await self._in_turn(model, question, key)
            except ModelFailure as e:
                if isinstance(e, Unreachable) and e.silent:  # waiting for it was patience, too
                    waited += self.clock.now() - began
                jitter = random.random()  # noqa: S311 - spreads retries, guards nothing
                pause = self.patience.next_wait(e, attempt, waited, jitter)
                self._tell(
                    question,
                    "call.failed",
                    tag=f":{model.name}:{attempt}",
                    model=model.name,
                    why=_why(e, model),
                    retry_in=None if pause is None else round(pause, 2),
                )
                if pause is None:
                    raise
                if isinstance(e, RateLimited):
                    until = self.clock.now() + pause
                    lane = self.lanes.paused_until
                    lane[model.provider] = max(until, lane.get(model.provider, 0.0))
                waited += pause
                await self.clock.sleep(pause)

    async def _in_turn(self, model: Model, question: Question, key: str) -> int:
        """Call once a slot is free and the provider's lane open; who waits for it has no slot."""
        while True:
            if (pause := self._pause(model)) > 0:
                await self.clock.sleep(pause)
            async with self.lanes.slots:
                if self._pause(model) <= 0:
                    return await self._once(model, question, key)

    def _pause(self, model: Model) -> float:
        """Seconds for which the model's provider asked to be left alone."""
        return self.lanes.paused_until.get(model.provider, 0.0) - self.clock.now()

    async def _once(self, model: Model, question: Question, key: str) -> int:
        price = price_of(model)
        sent = sum(words(m.text) for m in question.messages)
        largest = question.max_output + model.headroom
        amount = price.most(input_tokens=sent, output_tokens=largest)
        entry = self.store.hold(
            self.run,
            question.name,
            model=model.name,
            role=question.role,
            task=question.task,
            activity=question.activity,
            amount=amount,
            cap=self.cap,
        )
        self._tell(
            question, "call.started", tag=f":{entry}", model=model.name, entry=entry, held=amount
        )
        began = self.clock.now()
        self.lanes.busy += 1
        try:
            answer = await model.complete(question)
        except (ModelFailure, RefusedCredentials) as e:
            # An answer that broke off may be billed all the same: it counts in full.
            lost = isinstance(e, MalformedReply) or (isinstance(e, Unreachable) and e.sent)
            cost = amount if lost else 0
            state = "unconfirmed" if lost else "released"
            self.store.settle(entry, state=state, cost=cost, usage=None)
            self._tell(question, "call.lost", tag=f":{entry}", entry=entry, cost=cost, state=state)
            raise
        finally:
            self.lanes.busy -= 1
        cost = self._settle(question, answer, key, entry, model)
        self._tell(
            question,
            "call.finished",
            tag=f":{entry}",
            entry=entry,
            model=model.name,
            cost=cost,
            input=answer.usage.input,
            output=answer.usage.output,
            cache_read=answer.usage.cache_read,
            seconds=round(self.clock.now() - began, 3),
            finish=answer.finish,
        )
        return cost

    def _settle(
        self, question: Question, answer: Answer, key: str, entry: int, model: Model
    ) -> int:
        cost = price_of(model).cost(answer.usage)
        self.store.settled(
            key,
            self.run,
            question.name,
            request_json(model.name, question),
            encode(replace(answer, cost=cost)),
            entry=entry,
            cost=cost,
            usage=answer.usage,
        )
        return cost

    def _tell(self, question: Question, kind: str, *, tag: str = "", **data: object) -> None:
        self.store.append(
            self.run,
            f"{kind}:{question.name}{tag}",
            kind,
            {
                "name": question.name,
                "role": question.role,
                "task": question.task,
                "activity": question.activity,
                **data,
            },
        )


def _why(failure: ModelFailure, model: Model) -> str:
    """What went wrong, without the model's name where the sentence begins with it."""
    return failure.message.removeprefix(f"{model.name}: ")


def price_of(model: Model) -> Price:
    """The model's price; UnknownPrice when nobody knows it."""
    if model.price is None:
        raise UnknownPrice(f"the price of {model.name} is not known")
    return model.price
