"""How much each file matters for a request: search hits, and what stands close to them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from partita.core.discovery.languages import is_document, is_test
from partita.core.discovery.links import by_subject, importers, subject_of
from partita.core.discovery.reading import below

MAX_HITS = 200
RELEVANT = 0.25  # from this score on a file is worth showing whole

_NAMED = 10.0
_BELOW_TARGET = 0.5
_MANIFEST = 0.3
_START = 0.1
_DOCUMENT_SHARE = 0.5  # a README mentions everything
_TEST_SHARE = 0.8
_TESTS_OF = 0.6  # of the score of what they test
_NEIGHBOUR = 0.3  # of the score of the file that imports it, or is imported by it
_SOURCES = 4  # hits whose neighbours and tests count
_MAX_NEIGHBOURS = 10
_MUCH_USED = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A file, its score (higher matters more), and the reason in a few words ("" if none)."""

    path: str
    score: float
    why: str = ""


def relevance(
    paths: Sequence[str],
    hits: Sequence[str],
    imported: Mapping[str, Sequence[str]],
    *,
    named: Collection[str] = (),
    target: str = "",
    manifests: Collection[str] = (),
    starts: Collection[str] = (),
) -> tuple[Ranked, ...]:
    """Every path with its score, best first; ties by depth, then by path.

    `hits` are the search's paths, best first. `imported` are the links of `links.links`.
    `named` are files or folders that the request names.
    """
    users = importers(imported)
    known = frozenset(paths)
    scores = {p: _MUCH_USED * min(len(users.get(p, ())), 10) / 10 for p in paths}
    reasons: dict[str, str] = {}

    def raise_to(path: str, score: float, why: str) -> None:
        if path in known and score > scores[path]:
            scores[path], reasons[path] = score, why

    for path in starts:
        raise_to(path, _START, "starts the program")
    for path in manifests:
        raise_to(path, _MANIFEST if "/" not in path else _START, "manifest")
    for rank, path in enumerate(hits[:MAX_HITS]):
        raise_to(path, _share(path) / (1 + rank / 10), "matches the request")
    for path in paths:
        if below(path, target) or any(below(path, n) for n in named):
            scores[path] += _BELOW_TARGET
            reasons.setdefault(path, "in the target folder")
    for rank, path in enumerate(n for n in named if n in known):
        raise_to(path, _NAMED - rank / 100, "named in the request")
    _spread(paths, scores, imported, users, raise_to)
    ordered = sorted(paths, key=lambda p: (-scores[p], p.count("/"), p))
    return tuple(Ranked(path=p, score=scores[p], why=reasons.get(p, "")) for p in ordered)


def _share(path: str) -> float:
    if is_test(path):
        return _TEST_SHARE
    return _DOCUMENT_SHARE if is_document(path) else 1.0


def _spread(
    paths: Sequence[str],
    scores: Mapping[str, float],
    imported: Mapping[str, Sequence[str]],
    users: Mapping[str, Sequence[str]],
    raise_to: Callable[[str, float, str], None],
) -> None:
    """One hop: the tests of the best files, what these import, and who imports them."""
    tests = by_subject(paths)
    found = (p for p in paths if scores[p] >= RELEVANT and not is_test(p) and not is_document(p))
    best = sorted(found, key=lambda p: (-scores[p], p.count("/"), p))[:_SOURCES]
    for path, score in [(p, min(scores[p], 1.0)) for p in best]:
        for test in tests.get(subject_of(path), ())[:_MAX_NEIGHBOURS]:
            raise_to(test, score * _TESTS_OF, f"tests {path}")
        for near in imported.get(path, ())[:_MAX_NEIGHBOURS]:
            raise_to(near, score * _NEIGHBOUR, f"imported by {path}")
        for near in users.get(path, ())[:_MAX_NEIGHBOURS]:
            raise_to(near, score * _NEIGHBOUR, f"imports {path}")
