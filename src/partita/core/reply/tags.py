"""The `<file …>` blocks of a reply, as raw text between their tags."""

import re
from dataclasses import dataclass, field
from typing import Literal

_LINE = re.compile(r"^[ \t]*<(?P<slash>/?)file(?=[\s/>])", re.MULTILINE)
_ATTRIBUTE = re.compile(r"""\s+([A-Za-z][\w-]*)\s*=\s*(?:"([^"\n]*)"|'([^'\n]*)'|([^\s"'<>=]+))""")
_BARE = re.compile(r"\s+executable(?=[\s/>])", re.IGNORECASE)
_TAIL = re.compile(r"[ \t]*(?P<slash>/?)>")
_CLOSE_LINE = re.compile(r"^[ \t]*</file(?:[ \t][^>\n]*)?>[ \t\r]*$", re.MULTILINE)
_NEED = re.compile(r"<need\b")
_PARTIAL_CLOSE = re.compile(r"^[ \t]*</f[^>\n]*\Z", re.MULTILINE)
_LONGEST_TAG = 1000
_NO_OPENING = "a block is closed whose opening <file> tag can't be read"
_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag `<file …>`; `start` is its line's first character, `end` the first after it."""

    start: int
    end: int
    attributes: dict[str, str]
    empty: bool

    @property
    def path(self) -> str:
        """The path as written, without surrounding blanks and one leading "./"."""
        return self.attributes.get("path", "").strip().removeprefix("./")

    @property
    def id(self) -> str:
        """The nonce that it carries, or "" without one."""
        return self.attributes.get("id", "")

    @property
    def op(self) -> str:
        """What is to be done, in the model's word; "write" when it does not say."""
        return self.attributes.get("op", "write").strip().lower()

    @property
    def executable(self) -> bool:
        """Whether the file is to be run: by that name, or by its mode, as `755` or `+x`."""
        said = self.attributes.get("executable", "").strip().lower()
        mode = self.attributes.get("mode", "").strip().lower()
        bits = mode[-3:] if mode.isdigit() else ""
        runs = mode.endswith("+x") or any(bit in "1357" for bit in bits)
        return said in ("true", "yes", "1", "executable") or runs

    @property
    def lone(self) -> bool:
        """Whether it needs no closing tag."""
        return self.empty or self.op in ("delete", "remove")


_Mark = Tag | re.Match[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A tag and what follows it, up to its closing tag or, at a cut, to the end of the reply."""

    tag: Tag
    text: str


@dataclass(slots=True)
class Tagged:
    """What the tags of a reply hold. `outside` is the text between blocks."""

    rung: Literal["tags", "loose tags"]
    blocks: list[Block] = field(default_factory=list)
    open: Block | None = None
    outside: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_tags(text: str, *, nonce: str, cut: bool) -> Tagged | None:
    """The blocks of a reply; None if it has no tag at all.

    Where a tag carries the nonce, only such tags open a block, and their content may hold
    anything. Without, tags must balance. `cut` says that the model stopped at its limit.
    """
    tags = _tags(text)
    if not tags:
        return None
    ids = {tag.id for tag in tags}
    if nonce and nonce in ids:
        return _exact(text, tags, nonce, cut=cut)
    if len(ids) == 1 and "" not in ids:
        own = ids.pop()
        tagged = _exact(text, tags, own, cut=cut)
        tagged.notes.append(f"the id of the tags was `{own[:40]}`, not the one asked for")
        tagged.rung = "loose tags"
        return tagged
    return _balanced(text, tags, cut=cut)


def tag_for(text: str, path: str, nonce: str) -> Tag | None:
    """The first tag for `path` that carries the nonce, or that opens the text."""
    tags = _tags(text)
    for tag in tags:
        if tag.path == path and (tag.id == nonce or not text[: tag.start].strip()):
            return tag
    return None


def first_tag(text: str, nonce: str) -> Tag | None:
    """The first tag that carries the nonce."""
    return next((tag for tag in _tags(text) if tag.id == nonce), None)


def find_close(text: str, nonce: str, start: int, end: int) -> re.Match[str] | None:
    """The closing tag that carries the nonce, with the blanks before it on its line."""
    pattern = re.compile(rf"""</file[ \t]+(?:id=)?["']?{re.escape(nonce)}["']?[ \t]*>""")
    return pattern.search(text, start, end)


def loose_close(text: str, start: int, end: int) -> re.Match[str] | None:
    """A closing tag without the nonce, if it is the only tag and nothing but fences follow it."""
    closes = list(_two(_CLOSE_LINE, text, start, end))
    opens = any(mark for mark in _LINE.finditer(text, start, end) if not mark["slash"])
    if len(closes) != 1 or opens:
        return None
    after = text[closes[0].end() : end].strip()
    return closes[0] if not after.strip("`~") else None


def _two(pattern: re.Pattern[str], text: str, start: int, end: int) -> list[re.Match[str]]:
    found = []
    for match in pattern.finditer(text, start, end):
        found.append(match)
        if len(found) > 1:
            break
    return found


def content(text: str, start: int, end: int) -> str:
    """What stands between an opening tag that ends at `start` and a closing one at `end`.

    The rest of the opening tag's line, if blank, and blanks before the closing tag on its line
    belong to the tags.
    """
    start = _body_start(text, start, end)
    line = text.rfind("\n", start, end) + 1 or start
    if not text[line:end].strip(" \t"):
        end = line
    return text[start:end]


def _body_start(text: str, start: int, end: int) -> int:
    eol = text.find("\n", start, end)
    return eol + 1 if eol >= 0 and not text[start:eol].strip() else start


def without_partial_close(body: str) -> str:
    """The body less a closing tag that was begun, cut, and then written anew."""
    last = body[-100:]
    partial = _PARTIAL_CLOSE.search(last)
    if partial and "</file".startswith(partial.group().strip()[:6]):
        return body[: len(body) - len(last) + partial.start()]
    return body


def requests(outside: list[str]) -> tuple[tuple[str, str], ...]:
    """The (path, reason) pairs of `<need path="…">reason</need>` outside blocks."""
    found: list[tuple[str, str]] = []
    for text in outside:
        at = 0
        while mark := _NEED.search(text, at):
            at = mark.end()
            attributes, end = _attributes(text, at)
            tail = _TAIL.match(text, end)
            if tail is None:
                continue
            at, reason = tail.end(), ""
            if not tail["slash"]:
                close = text.find("</need>", at)
                if close < 0:
                    break
                reason, at = " ".join(text[at:close].split())[:_LONGEST_REASON], close
            path = attributes.get("path", "").strip().removeprefix("./")
            if path:
                found.append((path, reason))
    return tuple(dict.fromkeys(found))


def _attributes(text: str, at: int) -> tuple[dict[str, str], int]:
    """The attributes from `at` on, first of each name, and where they end."""
    attributes: dict[str, str] = {}
    limit = at + _LONGEST_TAG
    while match := _ATTRIBUTE.match(text, at, limit) or _BARE.match(text, at, limit):
        if match.re is _BARE:
            attributes.setdefault("executable", "true")
            at = match.end()
            continue
        bare = match[4]
        if bare and bare.endswith("/") and text.startswith(">", match.end()):
            bare = bare[:-1]
        value = next((group for group in (match[2], match[3], bare) if group is not None), "")
        attributes.setdefault(match[1].lower(), value)
        at = match.end()
        if bare is not None and bare != match[4]:
            at -= 1
            break
    return attributes, at


def _tags(text: str) -> list[Tag]:
    """Every opening tag that begins a line."""
    found = []
    for mark in _LINE.finditer(text):
        if mark["slash"]:
            continue
        attributes, at = _attributes(text, mark.end())
        tail = _TAIL.match(text, at)
        if tail is not None and attributes:
            found.append(
                Tag(
                    start=mark.start(),
                    end=tail.end(),
                    attributes=attributes,
                    empty=bool(tail["slash"]),
                )
            )
    return found


def _exact(text: str, tags: list[Tag], nonce: str, *, cut: bool) -> Tagged:
    tagged = Tagged(rung="tags")
    ours = [tag for tag in tags if tag.id == nonce]
    at = 0
    for tag, after in zip(ours, [*ours[1:], None], strict=True):
        tagged.outside.append(text[at : tag.start])
        end = len(text) if after is None else after.start
        at = tag.end
        close = find_close(text, nonce, tag.end, end)
        if close is None and not tag.lone and not (cut and after is None):
            close = loose_close(text, tag.end, end)
            if close is not None:
                tagged.notes.append(f"`{tag.path}` was closed without the id")
        filled = close is not None and bool(text[tag.end : close.start()].strip())
        if close is not None and filled and tag.empty:
            at = close.end()
            tagged.problems.append(f"the tag of `{tag.path}` ends in /> but content follows")
        elif close is not None and not (tag.lone and filled):
            at = close.end()
            body = "" if tag.lone else content(text, tag.end, close.start())
            tagged.blocks.append(Block(tag=tag, text=body))
        elif tag.lone:
            tagged.blocks.append(Block(tag=tag, text=""))
        elif after is None:
            tagged.open = Block(tag=tag, text=text[_body_start(text, tag.end, end) :])
            at = end
        else:
            tagged.problems.append(f"`{tag.path}` was never closed: end it with </file {nonce}>")
            at = end
    tagged.outside.append(text[at:])
    stray = [tag for part in tagged.outside for tag in _tags(part)]
    tagged.problems += [
        f'the tag of `{tag.path}` lacks id="{nonce}" and was not read' for tag in stray[:20]
    ]
    lone = re.compile(rf"</\s?file\s[^>\n]{{0,9}}{re.escape(nonce)}", re.IGNORECASE)
    if not stray and any(lone.search(part) for part in tagged.outside):
        tagged.problems.append(_NO_OPENING)
    return tagged


def _balanced(text: str, tags: list[Tag], *, cut: bool) -> Tagged:
    """Blocks by balance: a closing line ends the nearest open tag, and the outermost pairs count.

    A closing line with no tag to close, or a reply that goes on and is cut, means that the block
    before may have ended too soon, at a line of its own content.
    """
    tagged = Tagged(rung="loose tags")
    closes = list(_CLOSE_LINE.finditer(text))
    marks: list[tuple[int, _Mark]] = [(tag.start, tag) for tag in tags]
    marks = sorted(marks + [(close.start(), close) for close in closes], key=_at)
    stack: list[Tag] = []
    pairs: list[tuple[Tag, int, int]] = []
    doubtful: set[int] = set()
    for index, (_, mark) in enumerate(marks):
        if isinstance(mark, Tag):
            if not mark.lone or _closed_at_once(text, mark, marks, index):
                stack.append(mark)
            else:
                pairs.append((mark, mark.end, mark.end))
        elif stack:
            tag = stack.pop()
            while pairs and pairs[-1][0].start > tag.start:
                pairs.pop()
            pairs.append((tag, mark.start(), mark.end()))
        elif pairs:
            doubtful.add(pairs[-1][0].start)
        else:
            tagged.problems.append(_NO_OPENING)
    if cut and pairs and not stack and text[pairs[-1][2] :].strip():
        doubtful.add(pairs[-1][0].start)
    at = 0
    for tag, end, after in pairs:
        tagged.outside.append(text[at : tag.start])
        at = after
        if tag.start in doubtful:
            tagged.problems.append(f"`{tag.path}` holds a line </file>: use tags with the id")
        else:
            tagged.blocks.append(
                Block(tag=tag, text="" if tag.lone else content(text, tag.end, end))
            )
    last = stack.pop() if stack and (not pairs or stack[-1].start > pairs[-1][0].start) else None
    tagged.problems += [f"`{tag.path}` was never closed" for tag in stack]
    if last is not None:
        tagged.outside.append(text[at : last.start])
        tagged.open = Block(tag=last, text=text[_body_start(text, last.end, len(text)) :])
    else:
        tagged.outside.append(text[at:])
    return tagged


def _at(mark: tuple[int, _Mark]) -> int:
    return mark[0]


def _closed_at_once(text: str, tag: Tag, marks: list[tuple[int, _Mark]], index: int) -> bool:
    """Whether a tag that needs no closing has one all the same, right after it."""
    if index + 1 >= len(marks) or tag.empty:
        return False
    start, after = marks[index + 1]
    return not isinstance(after, Tag) and not text[tag.end : start].strip()
