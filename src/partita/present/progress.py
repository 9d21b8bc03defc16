"""Where a run stands, folded from its events; what the live view and `status` draw."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from partita.core.budget import dollars
from partita.ports.store import Event, Log

LINE = 140
WHOLE = "the whole"
WORDS = {
    "task.building": "building",
    "task.built": "built",
    "task.testing": "testing",
    "task.passed": "passed",
    "task.deferred": "waits for the whole",
    "task.failed": "failed",
    "task.asking": "asks for more",
    "task.widened": "waiting",
    "task.denied": "waiting",
}

STANDING = ("activity.started", "planned", *WORDS)  # all that tells activity and tasks' states


@dataclass(slots=True)
class Lane:
    """A task as it is seen: its state, what it is doing, since when."""

    task: str
    state: str = "waiting"
    doing: str = ""
    since: float = 0.0


@dataclass(slots=True)
class Progress:
    """The run so far. Money in nano-dollars; `calls` are those in flight by ledger entry."""

    activity: str = ""
    done: list[str] = field(default_factory=list)
    lanes: dict[str, Lane] = field(default_factory=dict)
    calls: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    spent: int = 0
    held: dict[str, int] = field(default_factory=dict)
    began: float = 0.0
    seconds: tuple[float, float] = (0.0, 0.0)

    def take(self, events: Iterable[Event]) -> None:
        """Move on by these events, in order."""
        for event in events:
            self._one(event)

    def _one(self, event: Event) -> None:
        data, kind = event.data, event.type
        self.began = self.began or event.at
        if kind == "activity.started":
            self.activity = data["activity"]
        elif kind == "activity.finished":
            self.done.append(data["activity"])
        elif kind == "planned.more":
            self.lanes.update({t["id"]: Lane(t["id"]) for t in data["tasks"]})
        elif kind == "planned":
            self.lanes = {t["id"]: Lane(t["id"]) for t in data["tasks"]}
            figures = data["estimate"]["seconds"]
            self.seconds = (figures["low"], figures["high"])
            self.began = event.at
        elif kind == "call.started":
            self.calls[str(data["entry"])] = data["name"]
            self.held[str(data["entry"])] = data.get("held", 0)
            self._doing(data["task"], f"asking {data['model']}", event.at)
        elif kind == "call.waiting":
            self._doing(data["task"], f"waiting for {data['model']}", event.at)
        elif kind in ("call.finished", "call.lost"):
            self.calls.pop(str(data["entry"]), None)
            self.held.pop(str(data["entry"]), None)
            self.spent += data["cost"]
            self.asked += kind == "call.finished"
            self._doing(data["task"], "reading the reply", event.at)
        elif kind == "task.fix" and data["task"] in self.lanes:
            self._doing(data["task"], f"mending, round {data['round']} of {data['of']}", event.at)
        elif kind in WORDS and data["task"] in self.lanes:
            lane = self.lanes[data["task"]]
            lane.state, lane.since, lane.doing = WORDS[kind], event.at, ""
            if kind == "task.testing":
                lane.doing = "running its tests"

    def _doing(self, task: str | None, what: str, at: float) -> None:
        if task in self.lanes:
            self.lanes[task].doing, self.lanes[task].since = what, at

    def money(self, cap: int | None) -> str:
        """Spent, held and cap in words."""
        held = sum(self.held.values())
        parts = [f"{dollars(self.spent)} spent"]
        if held:
            parts.append(f"{dollars(held)} held")
        parts.append("no cap" if cap is None else f"of {dollars(cap)}")
        return ", ".join(parts)


def standing(log: Log, run: str) -> Progress:
    """The run's activity and its tasks' states, without reading its whole log."""
    progress = Progress()
    progress.take(log.latest(run, STANDING))
    return progress


def line(event: Event) -> str | None:
    """One plain line about the event; None where a line would only be noise."""
    data, kind = event.data, event.type
    name = WHOLE if data.get("name") == "_result" else data.get("name", "")
    task = data.get("task")
    match kind:
        case "activity.started":
            return f"{data['activity']} ..."
        case "activity.finished":
            return f"{data['activity']}: {data['summary']}" if data["summary"] else None
        case "planned":
            low, high = (round(data["estimate"]["seconds"][k]) for k in ("low", "high"))
            tasks = ", ".join(t["id"] for t in data["tasks"])
            return f"plan: {tasks} (about {low} to {high} s)"
        case "call.finished":
            size = f"{data['input']} tokens in, {data['output']} out, {data['seconds']:.1f} s"
            return f"  answered {name} ({size}, {dollars(data['cost'])})"
        case "call.waiting":
            return f"  {name} waits {data['seconds']:.0f} s for {data['model']} ({data['why']})"
        case "call.shrunk":
            size = f"from about {data['before']} to {data['after']} tokens"
            return f"  the prompt of {name} is cut {size} to fit {data['model']}"
        case "call.failed" if data.get("outcome") == "circuit_open":
            return None  # the model gives up at once, which says why
        case "call.failed":
            wait = data["retry_in"]
            then = "gives up" if wait is None else f"again in {wait} s"
            return f"  {data['model']}: {data['why']} ({then})"
        case "call.reused":
            return f"  reused an earlier answer for {name}, at no cost"
        case "call.gave_up":
            return f"  {data['model']} is given up for {name}: {data['why']}"
        case "budget.warned":
            taken = f"{dollars(data['spent'])} spent, {dollars(data['held'])} held"
            most = f"the {dollars(data['cap'])} that {_whose(data)} may cost"
            return f"  {data['share']} % or more of {most} is taken ({taken})"
        case "reply.unusable":
            return f"  the reply to {name} can't be used: {data['why'].splitlines()[0][:160]}"
        case "gate":
            return f"  {'pass' if data['ok'] else 'FAIL'} {name}: {_short(data['summary'])}"
        case "task.fix":
            return f"  {task}: mending, round {data['round']} of {data['of']}"
        case "task.failed" | "task.deferred":
            return f"  {task} {WORDS[kind]}: {_short(data['why'])}"
        case "task.building" | "task.testing" | "task.passed":
            return f"  {task} {WORDS[kind]}"
        case "task.asking":
            return f"  {task} asks for {', '.join(data['paths'])}: {_short(data['why'])}"
        case "task.widened":
            after = f", after {', '.join(data['needs'])}" if data["needs"] else ""
            return f"  {task} may also write {', '.join(data['touch'])}{after}"
        case "task.denied":
            return f"  {task} is refused more: {_short(data['why'])}"
        case "approval.wanted":
            return "the plan waits for approval"
        case "note" | "limits.alone":
            return f"  note: {data['text' if kind == 'note' else 'why']}"
    return None


def _whose(data: Mapping[str, Any]) -> str:
    """Whose cap fills, in words; the name of a pot ends with its task, role or day."""
    kind, last = data["kind"], str(data["pot"]).rpartition(":")[2]
    if kind in ("task", "role"):
        return f"the {kind} {last}"
    return f"the day {last} (UTC)" if kind == "day" else f"this {kind}"


def _short(text: str) -> str:
    """As much of a sentence as a line of a terminal takes; the report has the whole."""
    return text if len(text) <= LINE else f"{text[:LINE]}…"
