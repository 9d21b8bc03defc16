"""Build: a patch for a task, in its scope, with its contracts kept, as a commit on its branch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from partita.core.changes import Change, Entry, Write
from partita.core.estimate import split
from partita.core.plan import Plan, Task, WantedFile
from partita.core.prompts import build as prompts
from partita.core.question import Question, Role
from partita.core.scope import matches, scope_of
from partita.core.start import Start
from partita.core.state import Built, Failed
from partita.core.worker import Ask, Assignment, GaveUp, Patch, conversation, from_code
from partita.errors import BadInput
from partita.ports.world import World

MAX_OUTPUT = 16_000
COMPLAINTS_PER_MODEL = 2
SHOWN_CHARACTERS = 60_000  # of a task's own files; the same again of what it reads
FILE_BYTES = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a worker sees of a commit: files it may write, files it may only read."""

    own: Mapping[str, str]
    others: Mapping[str, str]
    executable: frozenset[str]
    there: Mapping[str, str]  # everything, with its kind


async def build(world: World, start: Start, plan: Plan, task: Task, base: str) -> Built | Failed:
    """Ask for the task's files, in as many parts as the model's output limit demands."""
    commit = base
    limit = min(world.asker.limit("coder"), MAX_OUTPUT)
    parts = split(task, limit)
    for number, wanted in enumerate(parts, 1):
        name = f"build:{task.id}" if number == 1 else f"build:{task.id}:part{number}"
        last = number == len(parts)
        job = await _assignment(
            world, start, plan, task, wanted, commit=commit, name=name, last=last
        )
        if wanted and len(job.given) == len(wanted):
            patch: Patch | GaveUp = Patch(changes=given_only(job))
        else:
            patch = await drive(world, job, activity="build")
        if isinstance(patch, GaveUp):
            return Failed(task=task.id, why=f"no usable files: {patch.why}")
        made = await _commit(world, commit, patch, f"{task.id}: {task.objective[:60]}")
        if isinstance(made, GaveUp):
            return Failed(task=task.id, why=f"no usable files: {made.why}")
        commit = made
    await world.repo.point(f"partita/{world.run}/{task.id}", commit)
    return Built(task=task.id, commit=commit)


def given_only(job: Assignment) -> tuple[Change, ...]:
    """The files that need no model, as changes."""
    return tuple(Write(path=p, data=t.encode()) for p, t in sorted(job.given.items()))


async def _assignment(
    world: World,
    start: Start,
    plan: Plan,
    task: Task,
    wanted: Sequence[WantedFile],
    *,
    commit: str,
    name: str,
    last: bool,
) -> Assignment:
    seen = await view(world, plan, task, commit)
    fresh = [f for f in wanted if f.path not in seen.there]
    given = {f.path: text for f in fresh if (text := from_code(plan, f)) is not None}
    required = frozenset(f.path for f in fresh) - set(given)
    asked = tuple(f for f in wanted if f.path not in given)
    job = Assignment(
        plan=plan,
        task=task,
        name=name,
        seed=start.seed,
        prompt=(),
        own=seen.own,
        executable=seen.executable,
        there=seen.there,
        required=required,
        given=given,
        contracts=last,
    )
    prompt = prompts.build(plan, task, asked, seen.own, seen.others, job.mark)
    return replace(job, prompt=prompt)


async def mend(
    world: World,
    start: Start,
    plan: Plan,
    task: Task,
    commit: str,
    *,
    name: str,
    evidence: str,
    tried: Sequence[str],
    look_at: Sequence[str] = (),
) -> str | GaveUp:
    """A commit on top of `commit` with the task's answer to the evidence."""
    seen = await view(world, plan, task, commit, also=look_at)
    job = Assignment(
        plan=plan,
        task=task,
        name=name,
        seed=start.seed,
        prompt=(),
        own=seen.own,
        executable=seen.executable,
        there=seen.there,
    )
    prompt = prompts.fix(plan, task, seen.own, seen.others, evidence, tried, job.mark)
    patch = await drive(world, replace(job, prompt=prompt), activity="test")
    if isinstance(patch, GaveUp):
        return patch
    return await _commit(world, commit, patch, f"{task.id}: mend what its tests showed")


async def _commit(world: World, parent: str, patch: Patch, message: str) -> str | GaveUp:
    """The patch as a commit. A path that git refuses is the model's fault and not the user's."""
    try:
        return await world.repo.commit(parent, patch.changes, message)
    except BadInput as e:
        return GaveUp(why=e.message)


async def view(
    world: World, plan: Plan, task: Task, commit: str, *, also: Sequence[str] = ()
) -> View:
    """The task's part of the commit, within bounds; `also` names further files to be read."""
    entries = await world.repo.files(commit)
    plain = {e.path: e for e in entries if e.kind in ("file", "executable")}
    scope = scope_of(task)
    own = [e for p, e in plain.items() if scope.may_write(p) and e.size <= FILE_BYTES]
    named = {f.path for f in task.files}
    own.sort(key=lambda e: (e.path not in named, e.path not in also, e.size, e.path))
    used = {c.path for c in plan.contracts if c.id in task.uses and c.path}
    readable = [
        e
        for p, e in plain.items()
        if e.size <= FILE_BYTES
        and not scope.may_write(p)
        and (p in also or p in used or any(matches(pattern, p) for pattern in task.read))
    ]
    readable.sort(key=lambda e: (e.path not in also, e.path not in used, e.path))
    return View(
        own=await _texts(world, commit, own),
        others=await _texts(world, commit, readable),
        executable=frozenset(p for p, e in plain.items() if e.kind == "executable"),
        there={e.path: e.kind for e in entries},
    )


async def _texts(world: World, commit: str, entries: Sequence[Entry]) -> dict[str, str]:
    """The contents of the text files among the entries, the first ones that fit."""
    chosen, room = [], SHOWN_CHARACTERS
    for entry in entries:
        if entry.size <= room:
            chosen.append(entry.path)
            room -= entry.size
    texts = {}
    for path, data in (await world.repo.read(commit, chosen)).items():
        try:
            texts[path] = data.decode()
        except UnicodeDecodeError:
            continue
    return texts


async def drive(
    world: World, job: Assignment, *, activity: str, role: Role = "coder"
) -> Patch | GaveUp:
    """Hold the worker's conversation with the role's route."""
    talk = conversation(job)
    ask: Ask = next(talk)
    while True:
        question = Question(
            name=ask.name,
            role=role,
            messages=ask.messages,
            max_output=min(world.asker.limit(role), MAX_OUTPUT),
            task=job.task.id,
            activity=activity,
        )
        answer = await world.asker.ask(question, choice=ask.complaints // COMPLAINTS_PER_MODEL)
        before = ask.complaints
        try:
            ask = talk.send(answer)
        except StopIteration as done:
            outcome: Patch | GaveUp = done.value
            if isinstance(outcome, GaveUp):
                world.asker.spoil(question.name)
            _tell(world, job, outcome)
            return outcome
        if ask.complaints > before:
            world.asker.spoil(question.name)
            world.tell(
                f"unusable:{question.name}",
                "reply.unusable",
                name=question.name,
                task=job.task.id,
                model=answer.model,
                why="; ".join(ask.wrong)[:500],
            )


def _tell(world: World, job: Assignment, outcome: Patch | GaveUp) -> None:
    if isinstance(outcome, Patch):
        world.tell(
            f"patch:{job.name}",
            "patch",
            task=job.task.id,
            name=job.name,
            files=[c.path for c in outcome.changes],
            rungs=list(outcome.rungs),
            notes=list(outcome.notes),
        )
