"""Build: a patch for a task, in its scope, with its contracts kept, as a commit on its branch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from partita.core.assignment import Assignment, from_code
from partita.core.changes import Change, Entry, Write
from partita.core.estimate import split
from partita.core.plan import Plan, Task, WantedFile
from partita.core.prompts import build as prompts
from partita.core.question import Question, Role
from partita.core.scope import matches, scope_of
from partita.core.start import Start
from partita.core.state import Built, Failed, Wants
from partita.core.worker import Ask, Ending, GaveUp, More, Patch, Rest, conversation
from partita.errors import BadInput
from partita.ports.world import World

MAX_OUTPUT = 16_000
COMPLAINTS_PER_MODEL = 2
SHOWN_CHARACTERS = 60_000  # of a task's own files; the same again of what it reads
FILE_BYTES = 200_000
ROUNDS = 3  # builds of one task: it may ask for more files in all but the last
WHY = 1_000  # characters of the reasons for which it asks


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a build's questions have in common: what may be sent and asked for, what was granted."""

    edits: bool  # files are there to be changed
    may_ask: bool
    said: str
    kept: bool  # what the task sent before is on its base
    granted: tuple[str, ...]
    denied: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a worker sees of a commit: files it may write, files it may only read."""

    own: Mapping[str, str]
    others: Mapping[str, str]
    executable: frozenset[str]
    there: Mapping[str, str]  # everything, with its kind


async def build(
    world: World,
    start: Start,
    plan: Plan,
    task: Task,
    base: str,
    *,
    round: int = 1,  # noqa: A002 - the word of the design; nothing here rounds
    answer: str = "",
    granted: Sequence[str] = (),
    denied: Sequence[str] = (),
) -> Built | Wants | Failed:
    """Ask for the task's files, in as many parts as the model's output limit demands.

    Wants, if the task can't be done in its scope: what it has so far is on the commit. Then it is
    built again, as the next of at most ROUNDS, from a base that holds this: `answer` says what
    became of the request, `granted` are the paths that `task` may write now, `denied` all that
    were refused to it so far.
    """
    commit = base
    limit = min(world.asker.limit("coder"), MAX_OUTPUT)
    kept = await _kept(world, start, task, base, granted) if round > 1 else frozenset()
    form = Form(
        edits=bool(await world.repo.files(start.base)),
        may_ask=round < ROUNDS,
        said=answer,
        kept=bool(kept),
        granted=tuple(granted),
        denied=frozenset(denied),
    )
    head = f"build:{task.id}" if round == 1 else f"build:{task.id}:round{round}"
    left = replace(task, files=tuple(f for f in task.files if f.path not in kept))
    parts = enumerate(split(left, limit), 1)
    todo = [(head if n == 1 else f"{head}:part{n}", wanted) for n, wanted in parts]
    rests = 0
    while todo:
        name, wanted = todo.pop(0)
        job = await _assignment(
            world, start, plan, task, wanted, commit=commit, name=name, form=form, last=not todo
        )
        if wanted and len(job.given) == len(wanted) and not form.said:
            ending: Ending = Patch(changes=given_only(job))
        else:
            ending = await drive(world, job, activity="build")
        if not isinstance(ending, GaveUp) and ending.changes:
            made = await _commit(world, commit, ending, f"{task.id}: {task.objective[:60]}")
            if isinstance(made, GaveUp):
                ending = made
            else:
                commit = made
        if isinstance(ending, GaveUp):
            return Failed(task=task.id, why=f"no usable files: {ending.why}")
        if isinstance(ending, More):
            if commit == base:
                return _wants(task, ending, "")
            await world.repo.point(f"partita/{world.run}/{task.id}", commit)
            return _wants(task, ending, commit)
        if isinstance(ending, Rest):
            known = {f.path: f for f in task.files}
            alone = [(known.get(path) or WantedFile(path=path),) for path in ending.missing]
            todo[:0] = [(f"{head}:rest{n}", one) for n, one in enumerate(alone, rests + 1)]
            rests += len(alone)
        form = replace(form, said="", granted=())
    await world.repo.point(f"partita/{world.run}/{task.id}", commit)
    return Built(task=task.id, commit=commit)


async def _kept(
    world: World, start: Start, task: Task, base: str, granted: Sequence[str]
) -> frozenset[str]:
    """The task's own files that an earlier round has put on its base."""
    scope = scope_of(task)
    changed = await world.repo.changed(start.base, base)
    return frozenset(p for p in changed if scope.may_write(p) and p not in granted)


def _wants(task: Task, more: More, commit: str) -> Wants:
    why = "; ".join(f"{path}: {reason}" if reason else path for path, reason in more.wishes)
    paths = tuple(path for path, _ in more.wishes)
    return Wants(task=task.id, paths=paths, why=why[:WHY], commit=commit)


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
    form: Form,
    last: bool,
) -> Assignment:
    seen = await view(world, plan, task, commit, also=form.granted)
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
        optional=bool(form.said) and form.kept and not asked,
        may_ask=form.may_ask,
        denied=form.denied,
    )
    prompt = prompts.build(
        plan,
        task,
        asked,
        seen.own,
        seen.others,
        job.mark,
        edits=form.edits or bool(seen.own),
        wishes=form.may_ask,
        said=form.said,
        kept=form.kept,
    )
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
    touched = [c.path for c in plan.contracts if c.path and prompts.concerned(c, evidence)]
    seen = await view(world, plan, task, commit, also=look_at, used=touched)
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
    ending = await drive(world, replace(job, prompt=prompt), activity="test")
    if isinstance(ending, GaveUp):
        return ending
    return await _commit(world, commit, ending, f"{task.id}: mend what its tests showed")


async def _commit(
    world: World, parent: str, ending: Patch | More | Rest, message: str
) -> str | GaveUp:
    """The changes as a commit. A path that git refuses is the model's fault and not the user's."""
    try:
        return await world.repo.commit(parent, ending.changes, message)
    except BadInput as e:
        return GaveUp(why=e.message)


async def view(
    world: World,
    plan: Plan,
    task: Task,
    commit: str,
    *,
    also: Sequence[str] = (),
    used: Sequence[str] | None = None,
) -> View:
    """The task's part of the commit, within bounds; `also` names further files to be read.

    Of the files of the contracts that it uses all are shown, or those that are in `used`.
    """
    entries = await world.repo.files(commit)
    plain = {e.path: e for e in entries if e.kind in ("file", "executable")}
    scope = scope_of(task)
    own = [e for p, e in plain.items() if scope.may_write(p) and e.size <= FILE_BYTES]
    named = {f.path for f in task.files}
    own.sort(key=lambda e: (e.path not in named, e.path not in also, e.size, e.path))
    theirs = {c.path for c in plan.contracts if c.id in task.uses and c.path}
    if used is not None:
        theirs &= set(used)
    readable = [
        e
        for p, e in plain.items()
        if e.size <= FILE_BYTES
        and not scope.may_write(p)
        and (p in also or p in theirs or any(matches(pattern, p) for pattern in task.read))
    ]
    readable.sort(key=lambda e: (e.path not in also, e.path not in theirs, e.path))
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


async def kinds(world: World, commit: str, paths: Sequence[str]) -> dict[str, str]:
    """What lies at each path of the commit; of `paths`, files that no worker can be shown stand
    there as "large" or "binary".
    """
    entries = {e.path: e for e in await world.repo.files(commit)}
    found: dict[str, str] = {path: e.kind for path, e in entries.items()}
    files = [p for p in dict.fromkeys(paths) if found.get(p) in ("file", "executable")]
    large = [p for p in files if entries[p].size > SHOWN_CHARACTERS]
    small = [entries[p] for p in files if p not in large]
    texts = {p for e in small for p in await _texts(world, commit, [e])}
    found |= dict.fromkeys(large, "large")
    return found | {e.path: "binary" for e in small if e.path not in texts}


async def drive(world: World, job: Assignment, *, activity: str, role: Role = "coder") -> Ending:
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
            ending: Ending = done.value
            if isinstance(ending, GaveUp):
                world.asker.spoil(question.name)
            else:
                _tell(world, job, ending)
            return ending
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


def _tell(world: World, job: Assignment, ending: Patch | More | Rest) -> None:
    world.tell(
        f"patch:{job.name}",
        "patch",
        task=job.task.id,
        name=job.name,
        files=[c.path for c in ending.changes],
        rungs=list(ending.rungs),
        notes=list(ending.notes),
    )
