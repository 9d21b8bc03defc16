"""What of a run's work stands when what it was started from is no longer the same."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from partita.core.budget import dollars
from partita.core.codec import encode
from partita.core.graph import circles, edges, first, provider_of
from partita.core.plan import Contract, Plan, Task
from partita.core.prompts.mentions import mentioned
from partita.core.words import count

SCOPES = "the scopes of the plan's tasks"
WHOLE = {  # what every task's prompts, tests or blame depend on, in words
    "name": "the plan's name",
    "base": "the commit it starts from",
    "architecture": "the architecture",
    "constraints": "the constraints",
    "dependencies": "the dependencies",
    "test_command": "the test command",
    "run_command": "the run command",
}
OWN = {
    "objective": "its objective",
    "touch": "its scope",
    "read": "its scope",
    "forbid": "its scope",
    "needs": "what it needs",
    "uses": "what it uses",
    "provides": "what it provides",
    "criteria": "its criteria",
    "files": "its files",
}
CONTRACTS = "the contracts that it is shown"


class Parts:
    """The keys of one plan's tasks, each worked out once; whoever asks for many keeps this."""

    def __init__(self, plan: Plan) -> None:
        self.tasks = {t.id: t for t in first(plan.tasks)}
        self._plan = plan
        self._whole = _digest(whole_of(plan))
        self._keys: dict[str, str] = {}

    def key(self, task: str) -> str:
        """SHA-256 in hex over all of the plan that the task's build, test and prompts depend on.

        What it needs is in it, directly or not, as its work begins on top of theirs. KeyError for
        an unknown task.
        """
        if task not in self._keys:
            self._take(self.tasks[task].id)
        return self._keys[task]

    def own(self, task: str) -> str:
        """The same without what it needs."""
        return _digest([self._whole, facets(self._plan, self.tasks[task])])

    def _take(self, task: str) -> None:
        """Work out the keys of the task and of what it needs; those on a circle share theirs."""
        needs: dict[str, list[str]] = {}
        todo = [task]
        while todo:
            at = todo.pop()
            if at not in needs and at not in self._keys:
                needs[at] = [n for n in self.tasks[at].needs if n in self.tasks]
                todo += needs[at]
        for circle in circles(needs):
            own = {member: self.own(member) for member in circle}
            before = {n: self._keys[n] for m in circle for n in needs[m] if n not in own}
            for member in circle:
                self._keys[member] = _digest([member, own, before])


def part_key(plan: Plan, task: str) -> str:
    """`Parts.key`, for who asks once."""
    return Parts(plan).key(task)


def same_question(name: str, request: Mapping[str, Any]) -> str:
    """SHA-256 in hex over what is asked, whatever model it is asked of and however long it may be.

    `request` is as `request_json` makes it. The name counts, because the next model of a route is
    asked the same words again, under another name.
    """
    return _digest([name, request["messages"], request["schema"], request.get("salt", "")])


def whole_of(plan: Plan) -> dict[str, Any]:
    """What every task depends on: the plan-wide parts, and who may write what."""
    parts = {name: encode(getattr(plan, name)) for name in WHOLE}
    return {**parts, "tasks": [[t.id, list(t.touch), list(t.forbid)] for t in plan.tasks]}


def facets(plan: Plan, task: Task) -> dict[str, Any]:
    """What the task alone depends on: its own parts, and the contracts that it sees, in order."""
    provided = [c for c in plan.contracts if c.id in task.provides]
    used = [c for c in plan.contracts if c.id in task.uses]
    shown = tuple({c.id: c for c in (*provided, *used)}.values())
    paths = {c.path for c in used if c.path}
    # A failure may concern a contract that only shares its file with a used one, and show it.
    beside = [[c.path, c.symbol] for c in plan.contracts if c.path in paths]
    seen = [provided, used, mentioned(plan.contracts, shown)]
    return {
        **{name: encode(getattr(task, name)) for name in OWN},
        "contracts": [[_contract(c) for c in some] for some in seen],
        "beside": beside,
    }


def _contract(contract: Contract) -> list[str]:
    c = contract
    return [c.id, c.kind, c.signature, c.path, c.symbol, c.note]


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode("ascii")).hexdigest()


# --- plans --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What becomes of the tasks of a plan, each in one place; where there is a reason, with it.

    `kept`: nothing of them changes. `tested`: what was asked for them stands, and they are put
    together and tested again. `again`: they are done anew, and asked anew where their questions
    differ. `new` and `gone`: they are in one of the plans only.
    """

    kept: tuple[str, ...] = ()
    tested: Mapping[str, str] = field(default_factory=dict)
    again: Mapping[str, str] = field(default_factory=dict)
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


def compare(old: Plan, new: Plan) -> Comparison:
    """What a new plan leaves of the work that was done by the old one."""
    before, after = Parts(old), Parts(new)
    begun = {
        t: why
        for t in after.tasks
        if t in before.tasks and (why := differences(old, new, t)) is not None
    }
    fresh = tuple(t for t in after.tasks if t not in before.tasks)
    moved = ripple(new, begun, fresh)
    gone = tuple(t for t in before.tasks if t not in after.tasks)
    return Comparison(kept=moved.kept, tested=moved.tested, again=moved.again, new=fresh, gone=gone)


def ripple(plan: Plan, begun: Mapping[str, str], fresh: Iterable[str] = ()) -> Comparison:
    """What follows when the tasks in `begun` are done anew, each for the reason that is given.

    Who needs such a task, or a `fresh` one, begins on top of other code, and is done anew. Who
    uses its contract, or stands on someone who does, keeps its answers and is tested again.
    """
    tasks = {t.id: t for t in first(plan.tasks)}
    again, tested, new = dict(begun), dict[str, str](), set(fresh)
    around, provider = edges(plan), provider_of(plan)
    users: dict[str, list[str]] = {t: [] for t in tasks}
    for task, others in around.items():
        for other in others:
            users[other].append(task)
    todo = [t for t in tasks if t in again or t in new]
    for at in todo:  # grows
        for user in users[at]:
            redone = at in again or at in new
            if redone and at in tasks[user].needs and user not in again and user not in new:
                again[user] = f"it needs {at}, which is {'new' if at in new else 'done again'}"
                tested.pop(user, None)
                todo.append(user)
            elif user not in again and user not in new and user not in tested:
                uses = any(provider.get(c) == at for c in tasks[user].uses)
                how = "new" if at in new else "done again" if redone else "tested again"
                tested[user] = f"it {'uses' if uses else 'needs'} {at}, which is {how}"
                todo.append(user)
    return Comparison(
        kept=tuple(t for t in tasks if t not in again and t not in tested and t not in new),
        tested={t: tested[t] for t in tasks if t in tested},
        again={t: again[t] for t in tasks if t in again},
    )


def differences(old: Plan, new: Plan, task: str) -> str | None:
    """Why the task is not the same in both plans, as a sentence; None when it is.

    What it needs is not looked into. KeyError when one of the plans lacks it.
    """
    was, now = facets(old, old.task(task)), facets(new, new.task(task))
    found = [words for name, words in OWN.items() if was[name] != now[name]]
    if was["contracts"] != now["contracts"] or was["beside"] != now["beside"]:
        found.append(CONTRACTS)
    was, now = whole_of(old), whole_of(new)
    found += [words for name, words in WHOLE.items() if was[name] != now[name]]
    if was["tasks"] != now["tasks"] and OWN["touch"] not in found:
        found.append(SCOPES)
    if not found:
        return None
    *most, last = dict.fromkeys(found)
    return f"{', '.join(most)} and {last} differ" if most else f"other: {last}"


# --- runs ---------------------------------------------------------------------------------------

Kind = Literal["request", "plan", "model", "version", "setting"]
ANALYSIS = ("analyse", "engage", "discover", "plan", "assess", "design", "provision")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a run is made from: `plan` is that of its plan file, `models` the routes by role.

    `settings` are those that shape answers and that no flag set for this run alone.
    """

    request: str
    models: Mapping[str, tuple[str, ...]]
    version: str
    plan: Plan | None = None
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """An answer that the run has, and what it cost in nano-dollars; nothing if it was reused."""

    activity: str
    task: str | None
    cost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a run has so far: its plan, once there is one, and its answers."""

    plan: Plan | None = None
    answers: Sequence[Paid] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What differs, what stays valid all the same, and what would be done again: three sentences.

    `anew`: to take it in, the run has to begin anew over what it has. `tasks` where it is known.
    """

    kind: Kind
    what: str
    valid: str
    again: str
    anew: bool = True
    tasks: Comparison | None = None


def changes(recorded: Facts, present: Facts, done: Done) -> tuple[Change, ...]:
    """How what a run would now be made from differs from what it was made from."""
    found: list[Change] = []
    if recorded.request != present.request:
        found.append(_request(recorded, present, done))
    if present.plan is not None and present.plan != (recorded.plan or done.plan):
        found.append(_plan(present.plan, recorded.plan or done.plan, done))
    found += [
        _model(role, recorded.models[role], present.models[role], done)
        for role in sorted(recorded.models)
        if present.models.get(role, recorded.models[role]) != recorded.models[role]
    ]
    if recorded.version != present.version:
        found.append(_version(recorded, present, done))
    found += [
        _setting(name, recorded, present, done)
        for name in sorted(recorded.settings)
        if present.settings.get(name, recorded.settings[name]) != recorded.settings[name]
    ]
    return tuple(found)


def figures(answers: Sequence[Paid]) -> str:
    """How many they are and what they cost, if anything."""
    cost = sum(a.cost for a in answers)
    return count(len(answers), "answer") + (f" ({dollars(cost)})" if cost else "")


def _of_analysis(done: Done) -> tuple[list[Paid], list[Paid]]:
    """The answers up to the plan, and the rest."""
    early: list[Paid] = []
    late: list[Paid] = []
    for answer in done.answers:
        (early if answer.activity.partition(":")[0] in ANALYSIS else late).append(answer)
    return early, late


def _request(recorded: Facts, present: Facts, done: Done) -> Change:
    was, now = (len(f.request.splitlines()) for f in (recorded, present))
    what = f"the request is another (it had {count(was, 'line')}, now {now})"
    if (recorded.plan or present.plan) is not None:
        return Change(
            kind="request",
            what=what,
            valid=f"{figures(done.answers)}: the plan is from a file, so no question shows it",
            again="nothing",
        )
    early, late = _of_analysis(done)
    return Change(
        kind="request",
        what=what,
        valid=f"{figures(late)} for tasks, as far as the new plan leaves these as they are",
        again=f"analysis and plan, which have {figures(early)}; then what the new plan changes",
    )


def _plan(new: Plan, old: Plan | None, done: Done) -> Change:
    if old is None:
        return Change(
            kind="plan",
            what="a plan file takes the place of analysis and design",
            valid=f"{figures(done.answers)}, of which the plan file needs none",
            again="nothing; no task was begun yet",
        )
    moved = compare(old, new)
    stays = {*moved.kept, *moved.tested}
    mine = [a for a in done.answers if a.task in stays]
    lost = [a for a in done.answers if a.task in moved.again or a.task in moved.gone]
    names = ", ".join(t.id for t in first(new.tasks) if t.id in stays) or "no task"
    parts = [f"{t} ({why})" for t, why in moved.again.items()]
    parts += [f"the tests of {t} ({why})" for t, why in moved.tested.items()]
    parts += [f"{t} is new" for t in moved.new] + [f"{t} is left out" for t in moved.gone]
    return Change(
        kind="plan",
        what="the plan is another",
        valid=f"{names}, with {figures(mine)}",
        again="; ".join(parts) + f"; they have {figures(lost)}" if parts else "nothing",
        tasks=moved,
    )


def _model(role: str, was: Sequence[str], now: Sequence[str], done: Done) -> Change:
    return Change(
        kind="model",
        what=f"the {role} is {', '.join(now)} (it was {', '.join(was)})",
        valid=f"{figures(done.answers)}; each says which model gave it",
        again="nothing; only what is asked from now on goes to the new model",
        anew=False,
    )


def _version(recorded: Facts, present: Facts, done: Done) -> Change:
    return Change(
        kind="version",
        what=f"the engine is {present.version} (the run was started by {recorded.version})",
        valid=f"{figures(done.answers)}, as far as this version asks the same",
        again="what costs nothing: branches, merges and tests",
    )


def _setting(name: str, recorded: Facts, present: Facts, done: Done) -> Change:
    was, now = recorded.settings[name], present.settings[name]
    of_file = (recorded.plan or present.plan) is not None
    early, late = _of_analysis(done)
    valid, again = figures(done.answers), "the tests of all tasks, and what they then show"
    if name == "depth":
        valid = f"{figures(late)} for tasks, as far as the new plan leaves these as they are"
        again = f"the analysis, which has {figures(early)}; then what the new plan changes"
    elif name == "test_command" and of_file:
        again = "the tests of all tasks, by that command, and what they then show"
    elif name == "test_command":  # it stands in the prompt of the plan, and in those of all tasks
        designs = [a for a in early if a.activity.partition(":")[0] == "design"]
        valid = figures([a for a in early if a.activity.partition(":")[0] != "design"])
        again = f"the plan and all tasks, which are told of it and have {figures(designs + late)}"
    return Change(
        kind="setting",
        what=f"`{name}` is {_value(now)} (it was {_value(was)})",
        valid=valid,
        again=again,
    )


def _value(value: object) -> str:
    return "not set" if value is None else str(value)
