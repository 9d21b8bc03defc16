"""What a plan carries of the analysis, so that no worker depends on its planner's memory."""

import re
from dataclasses import replace

from partita.core.analysis import Brief, Doubt, Requirement
from partita.core.plan import Plan, Task
from partita.core.prompts.analysis import stated

MOST = 2_000  # characters of a constraint, or of a requirement with its criteria
MANY = 40  # constraints
DOUBT = 200  # characters of a question, and of what was taken as its answer

_NUMBER = re.compile(r"R\d+")
_NUMBERS = re.compile(r"[(\[]?R\d+(?:[/,;+&]R\d+)*[)\].,:;]*")
_BETWEEN = ("and", "&", "+", "-")


def carry(plan: Plan, brief: Brief, wishes: tuple[Requirement, ...]) -> Plan:
    """The plan with the brief's constraints and answers, and requirements for their numbers.

    A criterion that begins with the numbers of requirements ("R2", "R1, R3: and what else") hands
    its task their text and criteria. What no task names belongs to the only task; of several, all
    hear of it in short. Requirements that are not to be met are left out.
    """
    known = {w.id: w for w in wishes}
    named: set[str] = set()
    tasks = []
    for task in plan.tasks:
        criteria: list[str] = []
        for criterion in task.criteria:
            numbers, rest = numbered(criterion)
            if not set(numbers) <= set(known):  # it speaks of something else, if of anything
                numbers, rest = (), rest and criterion
            named.update(numbers)
            met = [known[n] for n in numbers if known[n].priority != "wont"]
            criteria += [_line(w, stated(w)) for w in met]
            criteria += [rest] if rest else []
        tasks.append(replace(task, criteria=tuple(dict.fromkeys(criteria))))
    left = [w for w in wishes if w.id not in named and w.priority != "wont"]
    constraints = [_short(c) for c in brief.constraints]
    constraints += [_answer(d) for d in brief.doubts]
    if len(tasks) == 1:
        tasks = [_with(tasks[0], left)]
    else:
        constraints += [_line(w, w.text) for w in left]
    return replace(plan, tasks=tuple(tasks), constraints=tuple(constraints[:MANY]))


def numbered(criterion: str) -> tuple[tuple[str, ...], str]:
    """The numbers of requirements that a criterion begins with, and what it says besides."""
    numbers: list[str] = []
    words = criterion.split()
    for at, word in enumerate(words):
        if _NUMBERS.fullmatch(word):
            numbers += _NUMBER.findall(word)
        elif not numbers or word not in _BETWEEN:
            return tuple(dict.fromkeys(numbers)), " ".join(words[at:]) if numbers else criterion
    return tuple(dict.fromkeys(numbers)), "" if numbers else criterion


def _with(task: Task, wishes: list[Requirement]) -> Task:
    more = (_line(w, stated(w)) for w in wishes)
    return replace(task, criteria=tuple(dict.fromkeys((*task.criteria, *more))))


def _answer(doubt: Doubt) -> str:
    taken = doubt.answer or doubt.default
    return f"{_short(doubt.question, DOUBT)} -> {_short(taken, DOUBT)}"


def _line(wish: Requirement, text: str) -> str:
    return f"{wish.id}: {_short(text)}"


def _short(text: str, most: int = MOST) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
