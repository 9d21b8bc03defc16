"""The Coordination Plan as values, and its JSON form (`partita plan` writes it)."""

from dataclasses import dataclass, field
from typing import Literal

Importance = Literal["critical", "normal", "low"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """An interface that one task provides and others use.

    `kind`: "function", "class", "endpoint", "schema", "command" or "other". `path` and `symbol`
    say where it will be found ("" where that makes no sense, as for an endpoint).
    """

    id: str
    kind: str
    signature: str
    path: str = ""
    symbol: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedFile:
    """A file that the plan wants written, how much rides on it and about how long it will be."""

    path: str
    importance: Importance = "normal"
    lines: int = 80
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A unit of work. `touch`, `read`, `forbid` are path patterns; `needs` are task ids."""

    id: str
    objective: str
    touch: tuple[str, ...]
    read: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    criteria: tuple[str, ...] = ()
    files: tuple[WantedFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the work is divided. `base` is the commit it starts from ("" for an empty tree).

    `constraints` are what was asked of the whole, so that every task hears of it.
    """

    name: str
    tasks: tuple[Task, ...]
    base: str = ""
    architecture: str = ""
    constraints: tuple[str, ...] = ()
    contracts: tuple[Contract, ...] = ()
    dependencies: tuple[str, ...] = ()
    test_command: str | None = None
    run_command: str | None = None
    version: int = 1

    def task(self, ident: str) -> Task:
        """The task of that id; KeyError when there is none."""
        for task in self.tasks:
            if task.id == ident:
                return task
        raise KeyError(ident)

    def contract(self, ident: str) -> Contract:
        """The contract of that id; KeyError when there is none."""
        for contract in self.contracts:
            if contract.id == ident:
                return contract
        raise KeyError(ident)


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A figure that is not known yet, from `low` to `high`, both ends possible."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a plan will take from design's end on: calls, tokens, nano-dollars, seconds."""

    calls: Range
    tokens: Range
    money: Range
    seconds: Range
    per_task: dict[str, Range] = field(default_factory=dict)  # seconds
