"""Many path patterns as one tree of segments, and which of their owners' patterns may meet."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from partita.core.scope import SHARP, BadPattern, Blind, Fuel
from partita.core.segments import Segments, shape, written_out

WRITE = 5  # steps that it takes to put in one of them
FEW = 16  # ones that are taken out of a number one by one

_SPECIAL = re.compile(r"[*?\[\]{}\\]")

Owners = Sequence[int]
Rows = dict[int, int]  # per owner a bit set of owners


_NO_OWNERS: dict[str, Owners] = {}
_NO_NODES: dict[str, "Node"] = {}


class Node:
    """A place in the tree: what can follow it, and who has a pattern that ends here.

    `lead` are the segments by which the node stands below the place that its parent has for it,
    "" for right there: a row of folders that holds nothing else is one node.
    """

    __slots__ = ("below", "ends", "files", "folders", "lead", "loops", "star", "wild")

    def __init__(self, *, lead: str = "", loops: bool = False) -> None:
        self.lead = lead
        self.loops = loops  # it follows `**/`: any segments may come in between
        # Most of these stay empty, in most nodes.
        self.files = _NO_OWNERS  # patterns that end with a name
        self.folders = _NO_NODES
        self.ends = _NO_OWNERS  # patterns that end with a wild segment
        self.wild = _NO_NODES
        self.star: Node | None = None
        self.below: Owners = ()  # patterns that end with `**`

    def lonely(self) -> bool:
        """Has all that ends here or below one owner, at a glance?"""
        return len(self.below) == 1 and not (
            self.files or self.folders or self.ends or self.wild or self.star
        )

    def owners(self, kind: Literal["files", "ends"]) -> dict[str, Owners]:
        """One of the tables, to be written to."""
        table: dict[str, Owners] = getattr(self, kind)
        if table is _NO_OWNERS:
            table = {}
            setattr(self, kind, table)
        return table

    def nodes(self, kind: Literal["folders", "wild"]) -> dict[str, "Node"]:
        """One of the tables, to be written to."""
        table: dict[str, Node] = getattr(self, kind)
        if table is _NO_NODES:
            table = {}
            setattr(self, kind, table)
        return table

    def down(self, name: str) -> "Node":
        """The folder of that name, which is there."""
        node = self.folders[name]
        if node.lead:
            node = self.folders[name] = _parted(node, "")
        return node


def _parted(node: Node, path: str) -> Node:
    """A new node above the node, where the path leaves its lead."""
    lead, names = node.lead.split("/"), path.split("/")
    same = next(i for i in range(len(lead)) if names[i : i + 1] != lead[i : i + 1])
    above = Node(lead="/".join(lead[:same]))
    above.nodes("folders")[lead[same]] = node
    node.lead = "/".join(lead[same + 1 :])
    return above


@dataclass(slots=True)
class Tree:
    """The patterns of many owners, which are numbers from 0 on."""

    blind: Blind = SHARP
    fuel: Fuel = field(default_factory=Fuel)
    root: Node = field(default_factory=Node)
    shared: list[list[int]] = field(default_factory=list)  # owners of one and the same pattern
    open_nodes: dict[int, Node] = field(default_factory=dict)  # where more than names may follow
    contested: dict[tuple[int, str], Node] = field(default_factory=dict)  # a file and a folder
    vague: list[tuple[str, int]] = field(default_factory=list)  # with braces that stay, and owner
    _folders: dict[str, Node] = field(default_factory=dict)
    _own: tuple[int] = (-1,)

    def add(self, pattern: str, owner: int) -> None:
        """Put in a normalised pattern."""
        sharp = self.blind is SHARP
        if not sharp:
            pattern = self.blind.read(pattern)
        own = self._own
        if own[0] != owner:
            own = self._own = (owner,)  # one for all of its patterns
        special = _SPECIAL.search(pattern)
        if special is None:
            self._file(pattern if sharp else self.blind.key(pattern), own)
        elif special.start() == len(pattern) - 2 and pattern.endswith("/**"):
            folder = pattern[:-3]
            self._below(self._folder(folder if sharp else self.blind.key(folder)), own)
        else:
            texts = written_out(pattern) if "{" in pattern else (pattern,)
            if texts is None:
                self.vague.append((pattern, owner))
                texts = (pattern,)
            self.fuel.burn(WRITE * len(texts) + len(texts) * len(pattern) // 8)
            for text in texts:
                self._wild(text, own)

    def _file(self, path: str, own: Owners) -> None:
        folder, _, name = path.rpartition("/")
        node = self._folders.get(folder) or self._folder(folder)
        self._put(node.files or node.owners("files"), name, own)
        if name in node.folders:
            self.contested[id(node), name] = node

    def _folder(self, path: str) -> Node:
        known = self._folders.get(path)
        if known is not None:
            return known
        at, rest = self.root, path
        while rest:
            name, _, rest = rest.partition("/")
            node = at.folders.get(name)
            if node is None:
                node = at.nodes("folders")[name] = Node(lead=rest)
                if name in at.files:
                    self.contested[id(at), name] = at
                rest = ""
            elif node.lead:
                if rest != node.lead and not rest.startswith(f"{node.lead}/"):
                    node = at.folders[name] = _parted(node, rest)
                rest = rest[len(node.lead) :].lstrip("/")
            at = node
        self._folders[path] = at
        return at

    def _wild(self, pattern: str, own: Owners) -> None:
        segments = pattern.split("/")
        shapes = [shape(s, self.blind) for s in segments]
        names = next((i for i, s in enumerate(shapes) if not s.whole), len(segments))
        if names == len(segments):
            self._file("/".join(s.head for s in shapes), own)
            return
        node = self._folder("/".join(s.head for s in shapes[:names]))
        for here in range(names, len(segments) - 1):
            text = segments[here]
            if text == "**":
                if node.star is None:
                    node.star = self._opened(Node(loops=True))
                    self._opened(node)
                node = node.star
            elif shapes[here].whole:
                node = node.nodes("folders").setdefault(shapes[here].head, Node())
            else:
                node = self._opened(node).nodes("wild").setdefault(text, Node())
        if segments[-1] == "**":
            self._below(node, own)
        elif shapes[-1].whole:
            self._put(node.owners("files"), shapes[-1].head, own)
        else:
            self._put(self._opened(node).owners("ends"), segments[-1], own)

    def _below(self, node: Node, own: Owners) -> None:
        before = self._opened(node).below
        if isinstance(before, list):
            before += own
        else:
            node.below = [*before, *own] if before else own

    def _opened(self, node: Node) -> Node:
        self.open_nodes[id(node)] = node
        return node

    def _put(self, table: dict[str, Owners], key: str, own: Owners) -> None:
        before = table.get(key)
        if before is None:
            table[key] = own
        elif isinstance(before, list):
            before += own
        else:
            both = [*before, *own]
            table[key] = both
            self.shared.append(both)


# --- which of them may meet ---------------------------------------------------------------------


class Meetings(NamedTuple):
    """Per owner of the one tree the owners in the other of patterns that may share a path.

    None that does is missed, if the search is `whole`: not cut short for want of fuel. Where
    nothing is blind, all that are named do, but for patterns too intricate to tell from each other.
    """

    there: Rows
    back: Rows
    whole: bool


def meetings(a: Tree, b: Tree, fuel: Fuel) -> Meetings:
    """The meetings of one tree's patterns with another's."""
    search = _Search(a, b, fuel)
    return Meetings(search.of_a, search.of_b, search.ended(search.walk))


def meetings_within(tree: Tree, fuel: Fuel) -> Meetings:
    """The meetings of one tree's patterns with each other; an owner may be named with itself."""
    search = _Search(tree, tree, fuel)
    return Meetings(search.of_a, search.of_a, search.ended(search.walk))


def contests(tree: Tree, fuel: Fuel) -> Meetings:
    """The same of literal paths with the patterns that need a folder there."""
    search = _Search(tree, tree, fuel)
    return Meetings(search.of_a, search.of_a, search.ended(search.contest))


class _Search:
    """A walk through two trees at once, over the pairs of nodes that some path leads to."""

    def __init__(self, a: Tree, b: Tree, fuel: Fuel) -> None:
        self.a, self.b, self.fuel = a, b, fuel
        self.segments = Segments(a.blind, fuel)
        self.of_a: Rows = {}
        self.of_b: Rows = self.of_a if a is b else {}
        self.seen: set[tuple[int, int]] = set()
        self.todo: list[tuple[Node, Node]] = []
        self.masks: dict[int, int] = {}  # who has a pattern at or below a node

    def ended(self, part: Callable[[], None]) -> bool:
        """Do it as far as the fuel lasts; was that to the end?"""
        try:
            part()
        except BadPattern:
            return False
        return True

    def contest(self) -> None:
        """Where a literal path is a folder, too."""
        for (_, name), node in self.a.contested.items():
            self.pair(node.files[name], self.all_below(node.down(name)))

    def walk(self) -> None:
        """Take in all pairs of nodes."""
        if self.a is self.b:
            # Two patterns part ways only where one of them has more than a name.
            for owners in self.a.shared:
                self.pair(owners, owners)
            self.todo += ((n, n) for n in self.a.open_nodes.values() if not n.lonely())
        else:
            self.todo.append((self.a.root, self.b.root))
        while self.todo:
            x, y = self.todo.pop()
            key = (id(x), id(y))
            if self.a is self.b and key[0] > key[1]:
                key = (id(y), id(x))
            if key not in self.seen:
                self.seen.add(key)
                self.visit(x, y)

    def visit(self, x: Node, y: Node) -> None:
        """Take in all that can meet right here, and go on to where more can."""
        self.fuel.burn(1)
        if x is not y:
            names = x.files.keys() & y.files.keys() if x.files and y.files else ()
            for name in names:
                self.pair(x.files[name], y.files[name])
            for name in x.folders.keys() & y.folders.keys() if x.folders and y.folders else ():
                self.todo.append((x.down(name), y.down(name)))
            self.fuel.burn((min(len(x.files), len(y.files)) + len(names)) // 4)
            self.one_way(y, x, self.of_b, self.of_a, turned=True)
        self.one_way(x, y, self.of_a, self.of_b, turned=False)
        for one, other in self.segments.crossing(x.ends, y.ends) if x.ends and y.ends else ():
            self.pair(x.ends[one], y.ends[other])
        for one, other in self.segments.crossing(x.wild, y.wild) if x.wild and y.wild else ():
            self.todo.append((x.wild[one], y.wild[other]))

    def one_way(self, x: Node, y: Node, of_x: Rows, of_y: Rows, *, turned: bool) -> None:
        """What patterns of x that are open here have in common with those of y."""
        if x.below:
            mask = self.all_below(y)
            if x is not y or mask.bit_count() > 1:  # mostly a folder is its owner's alone
                self.link(x.below, mask, of_x, of_y)
        if x.ends and y.files:
            for text, name in self.segments.matching(x.ends, y.files):
                self.link(x.ends[text], y.files[name], of_x, of_y)
        if not (x.wild or x.star or x.loops):
            return
        more = [
            (x.wild[text], y.down(name)) for text, name in self.segments.matching(x.wild, y.folders)
        ]
        if x.star:
            more.append((x.star, y))
        if x.loops:
            more += ((x, y.down(name)) for name in list(y.folders))
            more += ((x, node) for node in y.wild.values())
        self.fuel.burn(len(more))
        self.todo += ((q, p) for p, q in more) if turned else more

    def pair(self, x: Owners, y: Owners | int) -> None:
        """Owners of patterns that meet."""
        self.link(x, y, self.of_a, self.of_b)

    def link(self, x: Owners, y: Owners | int, of_x: Rows, of_y: Rows) -> None:
        """Put down that each of x meets each of y, which may be a bit set."""
        numbers, mask_y = (bits(y), y) if isinstance(y, int) else (y, mask_of(y))
        self.fuel.burn(len(x) + len(numbers))
        mask_x = mask_of(x)
        for owner in x:
            of_x[owner] = of_x.get(owner, 0) | mask_y
        for owner in numbers:
            of_y[owner] = of_y.get(owner, 0) | mask_x

    def all_below(self, top: Node) -> int:
        """The owners of all patterns that end at the node or below it, as a bit set."""
        known = self.masks.get(id(top))
        if known is not None:
            return known
        found: set[int] = set()
        mask, todo = 0, [top]
        while todo:
            node = todo.pop()
            known = self.masks.get(id(node))
            if known is not None:
                mask |= known
                continue
            for owners in (*node.files.values(), *node.ends.values(), node.below):
                found.update(owners)
            self.fuel.burn(1 + (len(node.files) + len(node.ends) + len(node.below)) // 8)
            todo += node.folders.values()
            todo += node.wild.values()
            if node.star:
                todo.append(node.star)
        mask |= mask_of(found)
        if mask.bit_count() > 1:  # the others are many, and soon made again
            self.masks[id(top)] = mask
        return mask


def mask_of(numbers: Iterable[int]) -> int:
    """The bit set of the numbers."""
    made = 0
    for number in numbers:
        made |= 1 << number
    return made


def bits(mask: int) -> list[int]:
    """The positions of the ones, lowest first."""
    found = []
    if mask.bit_count() <= FEW:
        while mask:
            low = mask & -mask
            found.append(low.bit_length() - 1)
            mask ^= low
        return found
    text = bin(mask)[:1:-1]
    at = text.find("1")
    while at >= 0:
        found.append(at)
        at = text.find("1", at + 1)
    return found
