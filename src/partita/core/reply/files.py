"""Files out of a reply: tagged blocks first, then the shapes that models fall back to."""

import re
from dataclasses import replace
from typing import Any

from partita.core.reply.documents import strict_documents
from partita.core.reply.edits import is_diff, read_edits, shows_edits
from partita.core.reply.entries import read_entry
from partita.core.reply.fences import (
    Fence,
    describe,
    fence_is_open,
    fences,
    peeled,
    prose_like,
    unfenced,
)
from partita.core.reply.joining import join
from partita.core.reply.lint import parses
from partita.core.reply.tags import (
    Block,
    Tagged,
    content,
    find_close,
    first_tag,
    loose_close,
    read_tags,
    requests,
    tag_for,
    without_partial_close,
)
from partita.core.reply.thinking import spoken
from partita.core.reply.value import (
    Edit,
    FileBlock,
    FilesRead,
    FilesRung,
    Op,
    Unfinished,
    Unreadable,
    glimpse,
)

__all__ = [
    "Edit",
    "FileBlock",
    "FilesRead",
    "Unfinished",
    "join",
    "read_continuation",
    "read_files",
]

_FIRST_TAG = re.compile(r"^[ \t]*<file\s", re.MULTILINE)
_BEGUN_TAG = re.compile(r"^[ \t]*<file[^>\n]*\Z", re.MULTILINE)
_OPS: dict[str, Op] = {
    "write": "write",
    "create": "write",
    "new": "write",
    "replace": "write",
    "": "write",
    "edit": "edit",
    "update": "edit",
    "modify": "edit",
    "delete": "delete",
    "remove": "delete",
}
_REGRETS = re.compile(
    r"\b(?:sorry|apologi[sz]e|apologies|unable to|(?:can(?:no|')t|won't|not able to) "
    r"(?:help|assist|do|provide|comply|create|write|generate|fulfil))",
    re.IGNORECASE,
)
_PARSED = (".py", ".json", ".toml")
# So many equal first lines tell a file written anew from one that goes on.
_TELLING_LINES = 3
_MISSING = Unfinished(path="", text="")


def read_files(
    text: str, *, nonce: str, finish: str = "stop", only: str | None = None
) -> FilesRead | Unreadable:
    """The files that a reply holds.

    `nonce` is the id that the prompt asked for in every tag: with it, content may hold anything.
    `finish` is how the model stopped; after "length" there is always something unfinished. `only`
    is the path of the one file asked for: a single fence without a path is then that file.
    Otherwise no path is ever invented. Unreadable says why there is nothing to use.
    """
    first = _FIRST_TAG.search(text)
    said = spoken(text, until=len(text) if first is None else first.start())
    if isinstance(said, Unreadable):
        return said
    cut = finish == "length"
    tagged = read_tags(said, nonce=nonce, cut=cut)
    if tagged is not None:
        return _from_tags(_Gathered(rung=tagged.rung), tagged, said, cut=cut)
    wishes, blocks = requests([said]), fences(said)
    inside = unfenced(said)
    return (
        _from_fences(blocks, wishes, cut=cut)
        or (_from_fences(fences(inside), wishes, cut=cut) if inside else None)
        or _from_json(said, only=only, cut=cut)
        or (_from_the_one(blocks, wishes, only=only, cut=cut) if only else None)
        or (FilesRead(files=(), requests=wishes) if wishes else None)
        or _nothing(said, blocks, cut=cut)
    )


def read_continuation(
    text: str, *, nonce: str, unfinished: Unfinished, finish: str = "stop"
) -> FilesRead | Unreadable:
    """What a reply that was to go on with `unfinished` holds: its rest, and any further files.

    It may start raw, in a fence, with lines repeated, with the opening tag again, or with the
    whole file anew. The file counts as whole only at a closing tag or fence; cut once more, it is
    `unfinished` with more text. Unreadable if the reply stops without closing it: ask again.
    """
    if not unfinished.path:
        return read_files(text, nonce=nonce, finish=finish)
    said = spoken(text, until=0)
    if isinstance(said, Unreadable):
        return said
    cut, path = finish == "length", unfinished.path
    gathered = _Gathered(rung="tags")
    again = tag_for(said, path, nonce)
    if again is not None:
        said = said[again.end :].split("\n", 1)[-1]
    ending, rest, ended = _split(unfinished, said, nonce=nonce, cut=cut)
    if not ended and not cut:
        return Unreadable(
            why=f"the rest of `{path}` never ended: go on with it, then close it with "
            f"</file {nonce}>; it began `{glimpse(said)}`"
        )
    if not ended:
        return FilesRead(files=(), unfinished=replace(unfinished, text=ending))
    gathered.add(path, unfinished.op, ending, executable=unfinished.executable)
    tagged = read_tags(rest, nonce=nonce, cut=cut)
    if tagged is None:
        return gathered.result(_MISSING if cut else None, requests([rest]))
    return _from_tags(gathered, tagged, rest, cut=cut)


def _split(unfinished: Unfinished, said: str, *, nonce: str, cut: bool) -> tuple[str, str, bool]:
    """The file's text with what was said of it, what comes after it, and whether it ended."""
    head, path = unfinished.text, unfinished.path
    after = first_tag(said, nonce)
    limit = len(said) if after is None else after.start
    close = find_close(said, nonce, 0, limit)
    if close is None and not cut:
        close = loose_close(said, 0, limit)
    if close is not None:
        part, fenced = _peeled(path, head, content(said, 0, close.start()))
        whole = _joined(head, part) if part.strip() else without_partial_close(head)
        if not fenced and whole.startswith(head) and _ends_the_line(head, said):
            whole = _joined(head, "\n" + part)
        return whole, said[close.end() :], True
    both = join(head, said[:limit])
    split = find_close(both, nonce, max(0, len(head) - len(nonce) - 20), len(both))
    if split is not None:
        return content(both, 0, split.start()), both[split.end() :] + said[limit:], True
    part, fenced = _peeled(path, head, said[:limit])
    return _joined(head, part), said[limit:], fenced and not cut


def _ends_the_line(head: str, said: str) -> bool:
    """Whether the cut came just before the end of a line, with which its rest then begins."""
    return bool(head) and not head.endswith("\n") and said.lstrip(" \t\r").startswith("\n")


def _peeled(path: str, head: str, part: str) -> tuple[str, bool]:
    """A part of a file without the fence around it, unless fences may be the file's own."""
    return (part, False) if prose_like(path) or fence_is_open(head) else peeled(part)


def _joined(head: str, part: str) -> str:
    """Both as one, or `part` alone if it writes the file anew from its first lines on."""
    beginning = "".join(head.lstrip("\n").splitlines(keepends=True)[:_TELLING_LINES])
    anew = part.lstrip("\n")
    if beginning.count("\n") == _TELLING_LINES and anew.startswith(beginning):
        return anew
    return join(head, part)


def _from_tags(
    gathered: "_Gathered", tagged: Tagged, text: str, *, cut: bool
) -> FilesRead | Unreadable:
    gathered.notes += tagged.notes
    gathered.problems += tagged.problems
    for block in tagged.blocks:
        gathered.add_block(block)
    for part in tagged.outside:
        for fence in fences(part) if "```" in part else ():
            path = _clean_path(fence.path)
            if path and not fence.shell and path not in gathered.files:
                gathered.problems.append(f"`{glimpse(path, width=40)}` is not in a <file> tag")
    unfinished = None
    if tagged.open is not None:
        tag = tagged.open.tag
        if tag.path and tag.op in _OPS:
            unfinished = Unfinished(
                path=tag.path,
                text=tagged.open.text,
                op=_OPS[tag.op],
                executable=tag.executable,
            )
        else:
            gathered.problems.append("a <file> tag without a path, or with an op that is unknown")
    if unfinished is None and (cut or _BEGUN_TAG.search(text[-1000:])):
        unfinished = _MISSING
    return gathered.result(unfinished, requests(tagged.outside))


def _from_fences(
    blocks: tuple[Fence, ...], wishes: tuple[tuple[str, str], ...], *, cut: bool
) -> FilesRead | Unreadable | None:
    """Fenced blocks that name a path; None if no block does."""
    if not any(block.path and not block.shell for block in blocks):
        return None
    gathered = _Gathered(rung="fences")
    for block in blocks:
        if not block.path or block.shell:
            gathered.notes.append(f"{describe(block)} was passed over")
        else:
            path, is_last = _clean_path(block.path), block is blocks[-1]
            gathered.add_fence(block, path, last=is_last, cut=cut)
    last = blocks[-1]
    return gathered.result(_open_fence(last, _clean_path(last.path), cut=cut), wishes)


def _from_json(text: str, *, only: str | None, cut: bool) -> FilesRead | Unreadable | None:
    """An object `{"files": [{"path", "content"}]}`, strictly valid: mending could alter code."""
    if cut or '"files"' not in text or (only or "").endswith(".json"):
        return None
    gathered = _Gathered(rung="json")
    documents = [each for each in strict_documents(text) if isinstance(each, dict)]
    for document in documents[-1:]:
        listed = document.get("files")
        for entry in listed if isinstance(listed, list) else ():
            gathered.add_entry(entry)
        more = [key for key, value in document.items() if isinstance(value, dict | list) and value]
        if isinstance(listed, list) and len(more) > 1:
            gathered.problems.append(
                "it holds more than `files`: list all that is to be done there"
            )
    return gathered.result(None, ()) if gathered.files or gathered.problems else None


def _from_the_one(
    blocks: tuple[Fence, ...], wishes: tuple[tuple[str, str], ...], *, only: str, cut: bool
) -> FilesRead | Unreadable | None:
    """The only fence of a reply to a question for one file."""
    blocks = tuple(block for block in blocks if not block.shell or block.path == only)
    if len(blocks) != 1:
        return None
    gathered = _Gathered(rung="single")
    gathered.add_fence(blocks[0], only, last=True, cut=cut)
    return gathered.result(_open_fence(blocks[0], only, cut=cut), wishes)


def _open_fence(last: Fence, path: str, *, cut: bool) -> Unfinished | None:
    if not last.closed and path:
        return Unfinished(path=path, text=last.text)
    return _MISSING if cut or not last.closed else None


def _nothing(text: str, blocks: tuple[Fence, ...], *, cut: bool) -> Unreadable:
    quote = glimpse(text)
    if not text.strip():
        why = "it is empty"
    elif cut:
        why = f"it was cut before its first file; answer with the files only. It began `{quote}`"
    elif _REGRETS.search(text[:2000]):
        why = f"it apologises or declines: `{quote}`"
    elif blocks:
        why = "its fenced blocks name no path; put each file into its <file> tag"
    else:
        why = f"it is prose: `{quote}`"
    return Unreadable(why=f"the reply holds no file: {why}")


class _Gathered:
    """Blocks by path as they come in, with what is to be said about them."""

    def __init__(self, *, rung: FilesRung) -> None:
        self.rung = rung
        self.files: dict[str, FileBlock] = {}
        self.notes: list[str] = []
        self.problems: list[str] = []

    def add_block(self, block: Block) -> None:
        tag = block.tag
        if not tag.path:
            self.problems.append("a <file> tag has no path")
        elif tag.op not in _OPS:
            self.problems.append(f'`{tag.path}` has op="{glimpse(tag.op, width=40)}"')
        else:
            self.add(tag.path, _OPS[tag.op], block.text, executable=tag.executable)

    def add_entry(self, entry: Any) -> None:
        """Take an entry of a JSON object of files."""
        read = read_entry(entry)
        if isinstance(read, str):
            self.problems.append(read)
        else:
            self.add(_clean_path(read.path), _OPS[read.op], read.text, executable=read.executable)

    def add_fence(self, block: Fence, path: str, *, last: bool, cut: bool) -> None:
        """Take a fenced block if it is closed and its end can be no other.

        The end of the last one of a reply that was cut may be one of its own fences. Where a
        parser can tell whether a file is complete, it settles what is in doubt.
        """
        if not block.closed:
            return
        cut = cut and last
        settled = path.endswith(_PARSED) and (last or not block.sure)
        broken = parses(path, block.text) if settled else None
        if broken is not None:
            self.problems.append(f"{broken} - if it holds fences, put it into a <file> tag")
        elif not block.text.strip() or not (settled or block.sure) or (cut and not settled):
            self.problems.append(
                f"where `{path}` ends can't be told, as its fences may be its own: put it into a "
                "<file> tag"
            )
        else:
            self.add(path, "write", block.text)

    def add(self, path: str, op: Op, text: str, *, executable: bool = False) -> None:
        """Take a whole block, less a fence around all of it."""
        inner = None if op == "write" and prose_like(path) else unfenced(text)
        if inner is not None:
            self.notes.append(f"a fence around the whole of `{path}` was taken off")
            text = inner
        if op == "write" and shows_edits(text):
            self.notes.append(f"`{path}` holds edits and was read as such")
            op = "edit"
        new = FileBlock(path=path, op=op, text=text, executable=executable)
        if op == "delete":
            new = FileBlock(path=path, op=op)
        if op == "write" and is_diff(text) and not path.endswith((".diff", ".patch")):
            self.problems.append(f"`{path}` holds a diff: give SEARCH/REPLACE blocks instead")
            return
        if op == "edit":
            edits = read_edits(text)
            if isinstance(edits, Unreadable):
                self.problems.append(f"`{path}`: {edits.why}")
                return
            new = FileBlock(path=path, op=op, edits=edits, executable=executable)
        self._enter(new)

    def _enter(self, new: FileBlock) -> None:
        old = self.files.get(new.path)
        if old is None or old == new:
            self.files[new.path] = new
        elif old.op == new.op == "edit":
            self.notes.append(f"`{new.path}` is edited in several blocks")
            self.files[new.path] = FileBlock(
                path=new.path,
                op="edit",
                edits=old.edits + new.edits,
                executable=old.executable or new.executable,
            )
        elif new.op == "edit":
            self.problems.append(f"`{new.path}` is both written whole or deleted, and edited")
            del self.files[new.path]
        else:
            self.notes.append(f"`{new.path}` came twice and differed: the last one was taken")
            self.files[new.path] = new

    def result(
        self, unfinished: Unfinished | None, wishes: tuple[tuple[str, str], ...]
    ) -> FilesRead | Unreadable:
        problems = tuple(dict.fromkeys(self.problems))
        if problems and not (self.files or unfinished or wishes):
            return Unreadable(
                why="the reply holds no file that can be used: " + "; ".join(problems)
            )
        return FilesRead(
            files=tuple(self.files.values()),
            unfinished=unfinished,
            rung=self.rung,
            problems=problems,
            notes=tuple(dict.fromkeys(self.notes)),
            requests=wishes,
        )


def _clean_path(path: str) -> str:
    return path.strip().removeprefix("./")
