"""The built-in worker's conversation: what it asks, how it reads, when it is content."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

from partita.core.assignment import Assignment, breaches, check, clashes, refusal
from partita.core.changes import Change, Write
from partita.core.prompts.build import complain, go_on
from partita.core.question import Answer, Message
from partita.core.reply.files import (
    FileBlock,
    FilesRead,
    Unfinished,
    read_continuation,
    read_files,
)
from partita.core.reply.value import Unreadable
from partita.core.scope import scope_of

TURNS = 5  # questions in one conversation, continuations included
CONTINUATIONS = 3
TAIL_LINES = 3
WISHES = 20  # paths that a task may ask for at once
SAYS = 50  # problems that one complaint names
SHOWN = 100  # characters of a path that a complaint quotes
WHY = 300  # characters of the reason for one
SAID = 200_000  # characters of a reply that go back to its model


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
class More:
    """The task can't be finished in its scope: the paths it wishes for, each with the reason.

    `changes` are the files that were good so far.
    """

    wishes: tuple[tuple[str, str], ...]
    changes: tuple[Change, ...]
    rungs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """One reply is too short for the task: `missing` are two files or more, to be asked for alone.

    `changes` are the files that were good so far.
    """

    missing: tuple[str, ...]
    changes: tuple[Change, ...]
    rungs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GaveUp:
    """No usable reply came; `why` lists what was wrong with the last one."""

    why: str


Ending = Patch | More | Rest | GaveUp


def conversation(job: Assignment) -> Generator[Ask, Answer, Ending]:
    """Ask, read, complain; content when every file is right, at most TURNS questions.

    A reply that was cut is continued, at most CONTINUATIONS times: then what is missing is left
    for questions of its own (Rest), or, if that is a single file, asked for once more, shorter.
    A wish for more is passed on (More) once nothing is wrong with what came beside it.
    """
    desk = _Desk(job)
    messages = job.prompt
    said: tuple[str, ...] = ()  # what the last complaint named
    continued = complaints = 0
    stands = job.optional
    for turn in range(1, TURNS + 1):
        answer = yield Ask(
            name=f"{job.name}:{turn}", messages=messages, complaints=complaints, wrong=said
        )
        cut = None if stands and desk.nothing(answer) else desk.take(answer)
        if cut is not None and continued < CONTINUATIONS and turn < TURNS:
            desk.pending, continued = cut, continued + 1
            tail = "\n".join(cut.text.splitlines()[-TAIL_LINES:])
            messages = _then(messages, answer, go_on(cut.path, tail, job.mark))
            continue
        wrong, ending = desk.judge(cut)
        if ending is not None:
            return ending
        complete = wrong == desk.refused
        stands = job.optional or complete
        complaints += 1
        said = wrong if len(wrong) <= SAYS else (*wrong[:SAYS], f"and {len(wrong) - SAYS} more")
        text = complain(said, job.mark, complaints, complete=complete)
        messages = _then(job.prompt, answer, text)
        desk.clear()
    return desk.more() if desk.wishes else GaveUp(why="; ".join(said)[:2000])


class _Desk:
    """What a conversation has come to: files that are good, wishes, what is wrong.

    `kept` holds files in the scope only, none of which is the folder of another. `problems` (each
    with its path, "" for none) and `refused` are of this reply and those that it continues.
    """

    def __init__(self, job: Assignment) -> None:
        self.job = job
        self.kept: dict[str, Change] = {}
        self.rungs: list[str] = []
        self.notes: list[str] = []
        self.wishes: dict[str, str] = {}
        self.pending: Unfinished | None = None
        self.problems: list[tuple[str, str]] = []
        self.refused: tuple[str, ...] = ()
        self._heard: set[str] = set()  # wishes that were refused in this conversation
        self._give()

    def _give(self) -> None:
        for path, text in self.job.given.items():
            self.kept.setdefault(path, Write(path=path, data=text.encode()))

    def clear(self) -> None:
        """Forget what was wrong: it was said."""
        self.problems, self.refused = [], ()

    def changes(self) -> tuple[Change, ...]:
        """What is kept, by path."""
        return tuple(self.kept[path] for path in sorted(self.kept))

    def more(self) -> More:
        """The wishes, with what is kept."""
        return More(
            wishes=tuple(self.wishes.items()),
            changes=self.changes(),
            rungs=tuple(self.rungs),
            notes=(*self.notes, *self.refused),
        )

    def nothing(self, answer: Answer) -> bool:
        """Does the reply say that no more is to come?"""
        return self.pending is None and answer.text.strip(" .`*\n").upper() == "NOTHING"

    def take(self, answer: Answer) -> Unfinished | None:
        """Keep what is good in the reply; what is left open where it was cut."""
        read, pending = _read(answer, self.job, self.pending), self.pending
        self.pending = None
        if isinstance(read, Unreadable):
            self.problems += _unread(read, answer, pending, self.kept)
            return None
        self.rungs.append(read.rung)
        self.notes += read.notes
        self.problems += [("", text) for text in read.problems]
        for block in read.files:
            self._keep(block)
        self.problems += clashes(self.job, self.kept)
        self._give()
        for path, why in read.requests:
            self._wish(path, why)
        return read.unfinished

    def _keep(self, block: FileBlock) -> None:
        change = check(block, self.job, self.kept)
        if isinstance(change, str):
            self.problems.append((block.path, change))
        elif isinstance(change, Write) and self.job.own.get(change.path) == block.text:
            self.kept.pop(change.path, None)  # sent as it was: nothing to change
        else:
            self.kept[change.path] = change

    def _wish(self, path: str, why: str) -> None:
        if scope_of(self.job.task).may_write(path) or path in self._heard:
            return
        against = refusal(path, self.job)
        if against is None and path not in self.wishes and len(self.wishes) >= WISHES:
            against = f"no more than {WISHES} files can be asked for at once"
        if against is None:
            self.wishes.setdefault(path, why[:WHY])
            return
        self._heard.add(path)
        way_out = "do without it, or say in your file what stands in its way"
        self.refused += (f"{path[:SHOWN]} can't be had: {against}; {way_out}",)

    def judge(self, cut: Unfinished | None) -> tuple[tuple[str, ...], Ending | None]:
        """What is wrong with what came; if nothing is, or no more can be hoped for, the end.

        `cut` is what a reply left open that is not continued any more.
        """
        problems = [text for path, text in self.problems if path not in self.wishes]
        if self.wishes and not problems:
            return (), self.more()
        if cut is not None and (rest := self._rest(cut)) is not None:
            return (), rest
        if cut is not None:
            problems.append(_too_long(cut, self.job))
        wrong = (*problems, *self.refused)
        if not self.wishes:
            wrong += self._missing(wrong)
        if wrong == self.refused:
            wrong += self._breaches()
        if wrong:
            return wrong, None
        return (), Patch(changes=self.changes(), rungs=tuple(self.rungs), notes=tuple(self.notes))

    def _rest(self, cut: Unfinished) -> Rest | None:
        """What is to be asked for alone; None where that is not worth it."""
        left = self.job.required - set(self.kept)
        if len(left) < 2:  # noqa: PLR2004 - a single file can't be divided any further
            return None
        left |= {path for path, _ in self.problems if path in self.job.own}
        if scope_of(self.job.task).may_write(cut.path):
            left |= {cut.path}
        return Rest(
            missing=tuple(sorted(left - set(self.kept))),
            changes=self.changes(),
            rungs=tuple(self.rungs),
            notes=(*self.notes, *(text for _, text in self.problems), *self.refused),
        )

    def _missing(self, named: Sequence[str]) -> tuple[str, ...]:
        """The required files that did not come and that nothing is said of yet."""
        return tuple(
            f"{path} is missing"
            for path in sorted(self.job.required - set(self.kept))
            if not any(n.startswith((f"{path} ", f"{path}:", f"`{path}`")) for n in named)
        )

    def _breaches(self) -> tuple[str, ...]:
        """What keeps the files from being the task's, once each of them is good."""
        if not self.kept and not self.job.optional:
            return ("nothing would change",)
        return breaches(self.job, self.kept)


def _unread(
    read: Unreadable, answer: Answer, pending: Unfinished | None, kept: Mapping[str, Change]
) -> list[tuple[str, str]]:
    """What is wrong with a reply without files: nothing, where it was only asked for any more."""
    if pending is None:
        return [("", read.why)]
    if pending.path:
        text = f"{pending.path} was cut off and its rest did not come: send it whole"
        return [(pending.path, text)]
    return [] if kept and answer.finish == "stop" else [("", read.why)]


def _too_long(cut: Unfinished, job: Assignment) -> str:
    if not cut.path:
        return "the reply was cut off between two files: send those that are missing"
    shorter = "only the places that change" if cut.path in job.own else "it shorter"
    return (
        f"{cut.path} was cut off and did not end: send {shorter}; if that can't be, divide it into "
        "two modules that are yours"
    )


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
