"""Models: one configured model behind a provider's wire, and the asker that activities use."""

from typing import Protocol

from partita.core.budget import Price
from partita.core.question import Answer, Question


class Model(Protocol):
    """One configured model: one question, one answer, no retries of its own."""

    @property
    def name(self) -> str:
        """As the user wrote it: `openai:gpt-5-mini`, or the name of a `[models.X]` table."""

    @property
    def provider(self) -> str:
        """What shares rate limits: provider and base URL."""

    @property
    def price(self) -> Price | None:
        """None when nobody knows; such a model is refused before the run starts."""

    @property
    def max_output(self) -> int:
        """The most tokens that one answer may hold."""

    @property
    def headroom(self) -> int:
        """Tokens that the model may think before its answer; they are paid as output."""

    @property
    def context(self) -> int:
        """The most tokens that prompt and answer may hold together."""

    async def complete(self, question: Question) -> Answer:
        """Ask once. `Answer.cost` is left 0 here; raises a ModelFailure or RefusedCredentials."""


class Asker(Protocol):
    """Durable, capped, cached asking by role: what activities and tasks use."""

    async def ask(self, question: Question, *, choice: int = 0) -> Answer:
        """Ask the role's route from its model number `choice` on.

        Falls to the next model of the route when one is dead. Raises BudgetSpent,
        ModelUnavailable, RefusedCredentials. `Answer.last` is False while a later model
        of the route remains to be tried with a higher `choice`.
        """

    def spoil(self, name: str) -> None:
        """Keep the answer to this question from being reused by another run: it was no good."""

    def limit(self, role: str) -> int:
        """The output limit in tokens of the role's first model."""

    def price(self, role: str) -> Price:
        """The price of the role's first model."""
