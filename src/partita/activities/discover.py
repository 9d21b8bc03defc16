"""The discover activity: what code can find out about the repository, without a model."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from partita.core.analysis import Findings
from partita.core.discovery.choose import choose
from partita.core.discovery.links import links
from partita.core.discovery.manifests import Manifest, is_manifest, read
from partita.core.discovery.reading import project, text_of, to_open
from partita.core.discovery.relevance import MAX_HITS, relevance
from partita.core.discovery.survey import survey
from partita.core.discovery.symbols import NOTHING, Symbols, symbols
from partita.core.discovery.words import terms
from partita.core.intent import named_paths
from partita.ports.repo import History
from partita.ports.search import Document
from partita.ports.world import World

_BATCH = 200  # files held as bytes at once


@dataclass(slots=True)
class _Opened:
    """What was read of the files that were worth opening, by path."""

    texts: dict[str, str] = field(default_factory=dict)
    symbols: dict[str, Symbols] = field(default_factory=dict)
    manifests: list[Manifest] = field(default_factory=list)

    @property
    def imports(self) -> Mapping[str, Sequence[str]]:
        """What each of them imports."""
        return {path: found.imports for path, found in self.symbols.items()}


async def discover(
    world: World, *, commit: str, request: str, target: str = "", token_budget: int
) -> Findings:
    """Look at the commit for what the request is about; `target` is a folder or file, or "".

    Excerpts and outline together hold at most `token_budget` tokens, at four characters each.
    At most 2,000 files and 20 MB are opened, the most promising first; the others are known
    by their paths alone. Raises what the repository's port raises.
    """
    entries = await world.repo.files(commit)
    named = named_paths(request, [e.path for e in entries])
    paths = project(entries, named)
    wanted = to_open(entries, paths, named=named, target=target, terms=terms(request))
    opened = await _open(world.repo, commit, wanted)
    shape = survey(paths, opened.texts, opened.imports, opened.manifests)
    documents = _documents(paths, opened.symbols)
    hits = await asyncio.to_thread(world.search.rank, documents, request, limit=MAX_HITS)
    ranked = relevance(
        paths,
        hits,
        links(paths, opened.imports),
        named=named,
        target=target,
        manifests=shape.manifests,
        starts=shape.entry_points,
    )
    shown = choose(
        ranked, opened.texts, opened.symbols, tokens=token_budget, files=len(entries), named=named
    )
    return Findings(
        files=len(entries),
        languages=shape.languages,
        frameworks=shape.frameworks,
        packages=shape.packages,
        entry_points=shape.entry_points,
        manifests=shape.manifests,
        test_command=shape.test_command,
        test_files=shape.test_files,
        documents=shape.documents,
        relevant=shown.relevant,
        outline=shown.outline,
        left_out=shown.left_out,
    )


async def _open(history: History, commit: str, paths: Sequence[str]) -> _Opened:
    opened = _Opened()
    for start in range(0, len(paths), _BATCH):
        batch = paths[start : start + _BATCH]
        contents = await history.read(commit, batch)
        for path in batch:
            text = text_of(contents.get(path, b"\0"))
            if text is None:
                continue
            opened.texts[path] = text
            opened.symbols[path] = symbols(path, text)
            if is_manifest(path):
                opened.manifests.append(read(path, text))
            await asyncio.sleep(0)  # parsing is work of our own: others get their turn between
    return opened


def _documents(paths: Sequence[str], found: Mapping[str, Symbols]) -> list[Document]:
    return [
        Document(path=p, symbols="\n".join(said.defs), prose=said.prose)
        for p in paths
        for said in (found.get(p, NOTHING),)
    ]
