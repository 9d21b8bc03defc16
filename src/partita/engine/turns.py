"""The order in which the run hears what its children say: in a replay that of the recorded run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from partita.core.plan import Plan
from partita.core.state import Phase, TaskEvent, Wants


class Children(Protocol):
    """Child workflows, as the loop needs them: start one, wait for the first to end."""

    async def start(self, kind: str, plan: Plan, task: str, arguments: dict[str, Any]) -> None:
        """Start the child `kind` of a task, with the plan as it is now."""

    async def first(self) -> TaskEvent:
        """The event of the child that ended first."""


@dataclass(slots=True)
class Turns:
    """The children's events as they come, but requests for more in the order of `asked`.

    Who asks first gets what two ask for, so what is granted depends on chance. A request that
    comes before its turn is held back; where only such are left to be heard, the run is not the
    recorded one any more, and the first of them is heard.
    """

    asked: list[str]  # by task, a task that asks twice stands there twice
    _held: dict[str, Wants] = field(default_factory=dict)

    async def next(self, children: Children, phases: Mapping[str, Phase]) -> TaskEvent:
        """The next event; `phases` are the tasks' before it."""
        while True:
            if self.asked and self.asked[0] in self._held:
                return self._held.pop(self.asked.pop(0))
            running = sum(phase in ("building", "testing") for phase in phases.values())
            if self._held and len(self._held) == running:
                task = min(self._held, key=self.asked.index)
                self.asked.remove(task)
                return self._held.pop(task)
            event = await children.first()
            if not isinstance(event, Wants) or event.task not in self.asked:
                return event
            self._held[event.task] = event
