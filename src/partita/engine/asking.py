"""Asking: the cache first, then the route's models in turn, each prompt cut where it must be."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from partita.core.budget import Caps, Price
from partita.core.codec import decode
from partita.core.fingerprint import fingerprint, request_json
from partita.core.outcomes import is_final, outcome_of
from partita.core.patience import Patience
from partita.core.question import Answer, Question
from partita.core.shrink import SHRINKINGS, fitted, prompt_tokens, shrunk
from partita.core.validity import same_question
from partita.engine.calls import Caller, Lanes, Teller, price_of, why_of
from partita.errors import (
    ContextTooLong,
    ModelFailure,
    ModelUnavailable,
    NoUsableAnswer,
    PartitaError,
    RateLimited,
)
from partita.ports.clock import Clock
from partita.ports.journal import Journal
from partita.ports.limiter import Limiter, Rates
from partita.ports.model import Model
from partita.ports.store import Store

__all__ = ["Lanes", "RouteAsker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteAsker:
    """Implements the Asker port for one run; the journal is that of the asking workflow.

    `rates` are by provider. `redo` names the tasks ("task:store") and activities
    ("activity:design") whose questions are asked anew, each with what tells the new answers from
    the old; `generation` keeps the events of a run that was begun anew apart. `known` are the keys
    of the answers that such a run has, by `same_question`: they stand whatever its models are.
    """

    run: str
    routes: Mapping[str, Sequence[Model]]
    store: Store
    clock: Clock
    journal: Journal
    lanes: Lanes
    limiter: Limiter
    caps: Caps = field(default_factory=Caps)
    rates: Mapping[str, Rates] = field(default_factory=dict)
    redo: Mapping[str, str] = field(default_factory=dict)
    generation: int = 0
    known: Mapping[str, str] = field(default_factory=dict)
    clean: Callable[[str], str] = str
    reuse: bool = True
    patience: Patience = field(default_factory=Patience)

    def limit(self, role: str) -> int:
        """The output limit of the role's first model."""
        return _most_output(self.routes[role][0])

    def price(self, role: str) -> Price:
        """The price of the role's first model."""
        return price_of(self.routes[role][0])

    def spoil(self, name: str) -> None:
        """Keep that answer from being reused by another run."""
        self.store.spoil(self.run, name)

    async def ask(self, question: Question, *, choice: int = 0) -> Answer:
        """Ask the route from model number `choice` on; recorded under the question's name."""
        messages = tuple(replace(m, text=self.clean(m.text)) for m in question.messages)
        question = replace(question, messages=messages, salt=self._salt(question))

        fresh: dict[str, Answer] = {}

        async def effect() -> Any:
            return await self._answer(question, choice, fresh)

        got = await self.journal.once(f"ask:{question.name}", effect)
        answer = fresh.get(got["key"]) or self._kept(question, got["key"])
        return replace(answer, cost=got["cost"], cached=got["cached"], last=got["last"])

    def _kept(self, question: Question, key: str) -> Answer:
        kept = self.store.get(key, run=self.run)
        if kept is None:
            raise ModelUnavailable(f"the answer to {question.name} is gone from the store")
        return decode(Answer, kept)

    def _salt(self, question: Question) -> str:
        """What tells a question that is to be asked anew from the same one before."""
        mine = self.redo.get(f"task:{question.task}", "") if question.task else ""
        activity = question.activity.partition(":")[0]
        return mine or self.redo.get(f"activity:{activity}", "") or question.salt

    async def _answer(
        self, question: Question, choice: int, fresh: dict[str, Answer]
    ) -> dict[str, Any]:
        """The record of the answer; one that was given just now is put into `fresh`, too."""
        route = self.routes[question.role]
        first = min(choice, len(route) - 1)
        if (got := self._standing(question)) is not None:
            return {**got, "last": first == len(route) - 1}
        failures: list[tuple[Model, ModelFailure]] = []
        for number, model in enumerate(route[first:], first):
            last = number == len(route) - 1
            limit = min(question.max_output, _most_output(model))
            try:
                fit = replace(question, max_output=limit)
                got = await self._of(model, fit, fresh, last=last)
            except ModelFailure as e:
                failures.append((model, e))
                self._teller.tell(
                    question,
                    "call.gave_up",
                    tag=f":{model.name}",
                    model=model.name,
                    outcome=outcome_of(e),
                    why=why_of(e, model),
                )
            else:
                return {**got, "last": last}
        raise self._unanswered(failures)

    def _standing(self, question: Question) -> dict[str, Any] | None:
        """What the run was once answered to the very same words, by whatever model."""
        key = self.known.get(same_question(question.name, request_json("", question)), "")
        kept = self.store.get(key, run=self.run, others=False) if key else None
        if kept is None:
            return None
        self.store.used(self.run, question.name, key)
        self._teller.tell(question, "call.reused", model=kept["model"], key=key)
        return {"key": key, "cost": 0, "cached": True}

    async def _of(
        self, model: Model, question: Question, fresh: dict[str, Answer], *, last: bool
    ) -> dict[str, Any]:
        """That model's answer, kept or new; the question is cut where it does not fit."""
        shrinkings = 0
        if (
            smaller := fitted(question, context=model.context, headroom=model.headroom)
        ) is not None:
            shrinkings, question = 1, self._tell_cut(model, question, smaller, 1)
        while True:
            key = fingerprint(model=model.name, question=question)
            kept = self.store.get(key, run=self.run, others=self.reuse)
            if kept is not None:
                self.store.used(self.run, question.name, key)
                if kept["run"] != self.run:
                    self._teller.tell(question, "call.reused", model=model.name, key=key)
                return {"key": key, "cost": 0, "cached": True}
            try:
                fresh[key] = await self._caller.call(model, question, key, last=last)
            except ContextTooLong:
                smaller = shrunk(question) if shrinkings < SHRINKINGS else None
                if smaller is None:
                    raise
                shrinkings += 1
                question = self._tell_cut(model, question, smaller, shrinkings)
            else:
                return {"key": key, "cost": fresh[key].cost, "cached": False}

    def _tell_cut(self, model: Model, before: Question, after: Question, number: int) -> Question:
        self._teller.tell(
            before,
            "call.shrunk",
            tag=f":{model.name}:{number}",
            model=model.name,
            before=prompt_tokens(before),
            after=prompt_tokens(after),
        )
        return after

    def _unanswered(self, failures: Sequence[tuple[Model, ModelFailure]]) -> PartitaError:
        """The end of a route: the world failed, or no model takes this question at any time."""
        whys = "; ".join(f"{model.name}: {why_of(e, model)}" for model, e in failures)
        if all(is_final(e) for _, e in failures):
            return NoUsableAnswer(
                f"no model took the question: {whys}",
                remedy="try another model: --model PROVIDER:NAME",
            )
        waits = [
            e.retry_after
            for _, e in failures
            if isinstance(e, RateLimited) and e.retry_after is not None
        ]
        when = ""
        if waits and 0 <= min(waits) < DAY:
            at = datetime.fromtimestamp(self.clock.now() + min(waits), UTC)
            when = f", at {at:%H:%M:%S} UTC or later"
        return ModelUnavailable(
            f"no model answered: {whys}",
            remedy=f"nothing is lost: partita resume goes on from here{when}",
        )

    @property
    def _teller(self) -> Teller:
        return Teller(run=self.run, store=self.store, generation=self.generation)

    @property
    def _caller(self) -> Caller:
        return Caller(
            run=self.run,
            teller=self._teller,
            clock=self.clock,
            lanes=self.lanes,
            caps=self.caps,
            limiter=self.limiter,
            rates=self.rates,
            patience=self.patience,
        )


DAY = 86_400.0  # seconds; a wait beyond it is told in the provider's own words only


def _most_output(model: Model) -> int:
    """The most that is asked of a model: never more than half of what it holds at once."""
    return max(1, min(model.max_output, (model.context - model.headroom) // 2))
