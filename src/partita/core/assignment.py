"""A task as its worker sees it, and what of a reply may stand: path by path, then as a whole."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from partita.core.changes import Change, Delete, Write
from partita.core.contract import check_contracts
from partita.core.nonce import nonce
from partita.core.plan import Plan, Task, WantedFile
from partita.core.question import Message
from partita.core.reply.edits import apply_edits
from partita.core.reply.lint import elided, is_placeholder, parses
from partita.core.reply.value import FileBlock, Unreadable
from partita.core.scope import bad_path, matches, scope_of

HIDDEN = "[secret]"  # what a prompt shows in place of a secret; it must never be written back
PROSE = (".md", ".rst", ".txt")  # where a heading alone says something
NO_FILES = {"link": "a symbolic link", "submodule": "a submodule"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A task as its worker sees it.

    `own` holds the writable files as they are now, `required` the new files that must come,
    `given` those that need no model. `there` is everything in the tree with its kind, as entries
    of a commit tell it. `name` begins the names of its questions. With `may_ask`, it may wish for
    paths outside its scope, but for those that were `denied` to it before.
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
    may_ask: bool = False
    denied: frozenset[str] = frozenset()

    @property
    def mark(self) -> str:
        """The id that the reply's tags carry."""
        return nonce(self.seed, self.name)


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


def check(block: FileBlock, job: Assignment, kept: Mapping[str, Change]) -> Change | str:
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


def clashes(job: Assignment, kept: dict[str, Change]) -> list[tuple[str, str]]:
    """Files of which one would have to be the folder of another; what caused it is not kept."""
    gone = {path for path, change in kept.items() if isinstance(change, Delete)}
    files = (set(job.there) | set(kept)) - gone
    pairs = [(f, p) for p in sorted(files) for f in _folders(p) if f in files]
    new = [pair for pair in pairs if pair[0] in kept or pair[1] in kept]
    for path in {path for pair in new for path in pair}:
        kept.pop(path, None)
    return [(p, f"{f} can't be a file and the folder of {p} at once") for f, p in new]


def breaches(job: Assignment, kept: Mapping[str, Change]) -> tuple[str, ...]:
    """Contracts that the files don't keep."""
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


def refusal(path: str, job: Assignment) -> str | None:
    """Why a path outside the scope can't be asked for."""
    if not job.may_ask:
        return f"it is not yours to write; yours are: {', '.join(job.task.touch)}"
    if why := bad_path(path):
        return why
    if any(matches(pattern, path) for pattern in job.task.forbid):
        return "it is forbidden to you"
    if path in job.denied:
        return "it was refused before"
    for place in (*_folders(path), path):
        if job.there.get(place) in NO_FILES:
            return f"{place} is {NO_FILES[job.there[place]]}"
    folder = any(p.startswith(f"{path}/") for p in job.there)
    if path not in job.there and (folder or "*" in path or "?" in path):
        return "name the very file, no folder and no pattern"
    return None
