"""The built-in worker's conversation: what it asks, how it reads, when it is content."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from partita.core.changes import Change, Delete, Write
from partita.core.contract import check_contracts
from partita.core.nonce import nonce
from partita.core.plan import Plan, Task, WantedFile
from partita.core.prompts.build import complain, go_on
from partita.core.question import Answer, Message
from partita.core.reply.edits import apply_edits
from partita.core.reply.files import (
    FileBlock,
    FilesRead,
    Unfinished,
    read_continuation,
    read_files,
)
from partita.core.reply.lint import elided, is_placeholder, parses
from partita.core.reply.value import Unreadable
from partita.core.scope import bad_path, scope_of

TURNS = 5  # questions in one conversation, continuations included
CONTINUATIONS = 3
TAIL_LINES = 3
SAID = 200_000  # characters of a reply that go back to its model
HIDDEN = "[secret]"  # what a prompt shows in place of a secret; it must never be written back
PROSE = (".md", ".rst", ".txt")  # where a heading alone says something
NO_FILES = {"link": "a symbolic link", "submodule": "a submodule"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A task as its worker sees it.

    `own` holds the writable files as they are now, `required` the new files that must come,
    `given` those that need no model. `there` is everything in the tree with its kind, as entries
    of a commit tell it. `name` begins the names of its questions.
    """

    plan: Plan
    task: Task
    name: str
    seed: str
    prompt: tuple[Message, ...]
    own: Mapping[str, str]
    executable: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    given: Mapping[str, str] = field(default_factory=dict)
    there: Mapping[str, str] = field(default_factory=dict)
    contracts: bool = True
    optional: bool = False  # the single word NOTHING is an answer, too

    @property
    def mark(self) -> str:
        """The id that the reply's tags carry."""
        return nonce(self.seed, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A question of the conversation; `complaints` counts the replies that were no good.

    `wrong` says what was wrong with the last one.
    """

    name: str
    messages: tuple[Message, ...]
    complaints: int
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """What the task changes, and how its replies had to be read."""

    changes: tuple[Change, ...]
    rungs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GaveUp:
    """No usable reply came; `why` lists what was wrong with the last one."""

    why: str


def from_code(plan: Plan, wanted: WantedFile) -> str | None:
    """The content of a file that needs no model, or None."""
    name = wanted.path.rsplit("/", 1)[-1]
    if name == "py.typed" or (name == "__init__.py" and wanted.importance == "low"):
        return ""
    if wanted.path == "requirements.txt" and plan.dependencies:
        return "".join(f"{d}\n" for d in plan.dependencies)
    if name == ".gitignore" and wanted.importance == "low":
        return "__pycache__/\n*.py[cod]\n.venv/\n.pytest_cache/\n"
    return None


def conversation(job: Assignment) -> Generator[Ask, Answer, Patch | GaveUp]:
    """Ask, read, complain; content when every file is right, at most TURNS questions."""
    kept: dict[str, Change] = {
        path: Write(path=path, data=text.encode()) for path, text in job.given.items()
    }
    messages = job.prompt
    rungs: list[str] = []
    notes: list[str] = []
    pending: Unfinished | None = None
    complaints = continued = 0
    wrong: tuple[str, ...] = ()  # of this reply and of those that it continues
    said: tuple[str, ...] = ()  # what the last complaint named
    for turn in range(1, TURNS + 1):
        answer = yield Ask(
            name=f"{job.name}:{turn}", messages=messages, complaints=complaints, wrong=said
        )
        if job.optional and answer.text.strip(" .`*\n").upper() == "NOTHING":
            return Patch(changes=())
        read = _read(answer, job, pending)
        if isinstance(read, Unreadable):
            wrong += _unread(read, answer, pending, kept)
        else:
            rungs.append(read.rung)
            notes += read.notes
            wrong += (*read.problems, *_keep(read.files, job, kept))
            wrong += tuple(f"{path} is not yours to write: {why}" for path, why in read.requests)
            if read.unfinished is not None and continued < CONTINUATIONS and turn < TURNS:
                pending, continued = read.unfinished, continued + 1
                tail = "\n".join(pending.text.splitlines()[-TAIL_LINES:])
                messages = _then(messages, answer, go_on(pending.path, tail, job.mark))
                continue
            if read.unfinished is not None:
                wrong += (_cut_off(read.unfinished),)
        pending = None
        wrong += _missing(job, kept, wrong)
        wrong = wrong or _clashes(job, kept) or _breaches(job, kept)
        if not wrong:
            changes = tuple(kept[path] for path in sorted(kept))
            return Patch(changes=changes, rungs=tuple(rungs), notes=tuple(notes))
        complaints += 1
        messages = _then(job.prompt, answer, complain(wrong, job.mark, complaints))
        said, wrong = wrong, ()
    return GaveUp(why="; ".join(said)[:2000])


def _unread(
    read: Unreadable, answer: Answer, pending: Unfinished | None, kept: Mapping[str, Change]
) -> tuple[str, ...]:
    """What is wrong with a reply without files: nothing, where it was only asked for any more."""
    if pending is None:
        return (read.why,)
    if pending.path:
        return (_cut_off(pending),)
    return () if kept and answer.finish == "stop" else (read.why,)


def _cut_off(unfinished: Unfinished) -> str:
    if not unfinished.path:
        return "the reply was cut off between two files: send those that are missing"
    return f"{unfinished.path} was cut off and its rest did not come: send it whole"


def _read(answer: Answer, job: Assignment, pending: Unfinished | None) -> FilesRead | Unreadable:
    if pending is not None and pending.path:
        return read_continuation(
            answer.text, nonce=job.mark, unfinished=pending, finish=answer.finish
        )
    only = next(iter(job.required)) if len(job.required) == 1 else None
    return read_files(answer.text, nonce=job.mark, finish=answer.finish, only=only)


def _then(messages: tuple[Message, ...], answer: Answer, text: str) -> tuple[Message, ...]:
    said = Message(role="assistant", text=answer.text[:SAID] or "(nothing)")
    return (*messages, said, Message(role="user", text=text))


def _keep(blocks: Sequence[FileBlock], job: Assignment, kept: dict[str, Change]) -> tuple[str, ...]:
    wrong = []
    for block in blocks:
        change = _check(block, job, kept)
        if isinstance(change, str):
            wrong.append(change)
        elif isinstance(change, Write) and job.own.get(change.path) == block.text:
            kept.pop(change.path, None)  # sent as it was: nothing to change
        else:
            kept[change.path] = change
    return tuple(wrong)


def _check(block: FileBlock, job: Assignment, kept: Mapping[str, Change]) -> Change | str:
    """The change that the block asks for, or what is wrong with it."""
    path = block.path
    if why := bad_path(path):
        return f"{path!r} can't be written: {why}"
    if not scope_of(job.task).may_write(path):
        return f"{path} is not yours to write; yours are: {', '.join(job.task.touch)}"
    for place in (*_folders(path), path):
        if job.there.get(place) in NO_FILES:
            return f"{path} can't be written: {place} is {NO_FILES[job.there[place]]}"
    if path in job.there and path not in job.own:
        return f"{path} is there and could not be shown: leave it as it is"
    if block.op == "delete":
        return Delete(path=path) if path in job.own else f"{path} is not there to be deleted"
    before = job.own.get(path)
    text = block.text
    if block.op == "edit":
        earlier = kept.get(path)
        start = earlier.data.decode() if isinstance(earlier, Write) else before
        if start is None:
            return f"{path} does not exist: send it whole, without op"
        edited = apply_edits(start, block.edits)
        if isinstance(edited, Unreadable) and before is not None:
            edited = apply_edits(before, block.edits)  # sent again, as if it had not been kept
        if isinstance(edited, Unreadable):
            return f"{path}: {edited.why}"
        text = edited
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return f"{path} holds a character that UTF-8 can't hold: send it again"
    if (why := elided(text, path)) and elided(before or "", path) is None:
        return f"{path} leaves code out ({why}): send it whole"
    hollow = not path.endswith(PROSE) and is_placeholder(text)
    if hollow and not (before is not None and is_placeholder(before)):
        return f"{path} is only a placeholder: write it for real"
    if block.op == "write" and before is not None and HIDDEN in text and HIDDEN not in before:
        return (
            f"{path} holds {HIDDEN}, which stands for text that was hidden from you: leave those "
            'lines as they are, by sending only the places that change (op="edit")'
        )
    if why := parses(path, text):
        return f"{path} does not parse: {why}"
    return Write(path=path, data=data, executable=block.executable or path in job.executable)


def _folders(path: str) -> Iterator[str]:
    """The folders that the path lies in, the top one first."""
    return (path[:i] for i, char in enumerate(path) if char == "/")


def _missing(job: Assignment, kept: Mapping[str, Change], named: Sequence[str]) -> tuple[str, ...]:
    """The required files that did not come and that nothing is said of yet."""
    return tuple(
        f"{path} is missing"
        for path in sorted(job.required - set(kept))
        if not any(n.startswith((f"{path} ", f"{path}:", f"`{path}`")) for n in named)
    )


def _clashes(job: Assignment, kept: dict[str, Change]) -> tuple[str, ...]:
    """Files of which one would have to be the folder of another; what caused it is not kept."""
    gone = {path for path, change in kept.items() if isinstance(change, Delete)}
    files = (set(job.there) | set(kept)) - gone
    pairs = [(f, p) for p in sorted(files) for f in _folders(p) if f in files]
    new = [pair for pair in pairs if pair[0] in kept or pair[1] in kept]
    for path in {path for pair in new for path in pair}:
        kept.pop(path, None)
    return tuple(f"{f} can't be a file and the folder of {p} at once" for f, p in new)


def _breaches(job: Assignment, kept: Mapping[str, Change]) -> tuple[str, ...]:
    if not kept:
        return ("nothing would change",)
    if not job.contracts:
        return ()
    files = dict(job.own)
    for path, change in kept.items():
        if isinstance(change, Write):
            files[path] = change.data.decode()
        else:
            files.pop(path, None)
    unseen = set(job.there) - set(job.own)
    seen = tuple(c for c in job.plan.contracts if c.path not in unseen)
    return check_contracts(replace(job.plan, contracts=seen), job.task, files)
