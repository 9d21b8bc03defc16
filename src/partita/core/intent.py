"""What a request says for certain about itself: the kind of work, and the paths it names."""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import islice, pairwise
from posixpath import basename

from partita.core.analysis import Kind
from partita.core.discovery.words import listed

_MAX_TEXT = 20_000  # characters of a request that are looked at
_MAX_CLAUSES = 60

_COURTESY = re.compile(
    r"""(?:(?:hi|hello|hey)(?=\s*[,!.])|ok|okay|please|pls|kindly|now|first(?:ly)?|then|also|just|so
    |(?:can|could|would|will)\s+you
    |(?:i|we)\s+(?:want|need|wish|would\s+like)(?:\s+you)?\s+to
    |(?:i|we)'d\s+like(?:\s+you)?\s+to
    |let'?s|let\s+us|help\s+(?:me|us)(?:\s+to)?
    |(?:your|the)\s+(?:task|job|goal)\s+is\s+to
    |you\s+(?:should|must|are\s+to))
    (?![\w-])[\s,:!.]*""",
    re.IGNORECASE | re.VERBOSE,
)
_MARKUP = re.compile(r"[\s#>*_+\-•]{0,40}(?:\d{1,3}[.)]\s+)?(?:\[[ xX]\]\s+)?[*_]{0,2}")
_WORD = re.compile(r"[^\W_][\w'-]*")
_CLAUSE_END = re.compile(r"[.!?;:](?:\s+|\Z)|\n|,\s+(?:and\s+|then\s+)*|\b(?:and|then|but)\s+")

_LISTED = re.compile(r"[\w-]+(?:\s+(?:and|or)\s|\s*[,.;!?]|\s*\Z)", re.IGNORECASE)

_EXPLAIN = frozenset({"explain", "describe", "summarise", "summarize"})
_QUESTIONS = {
    "how": {"does", "do", "is", "are", "did", "can", "was", "were", "much", "many"},
    "what": {"is", "are", "does", "do", "happens", "was", "were", "did", "kind", "calls"},
    "why": {"does", "do", "is", "are", "did", "was", "were", "doesn't", "isn't"},
    "where": {"is", "are", "does", "do", "was", "were"},
    "which": set[str](),  # only with a question mark
    "who": {"calls", "uses", "owns"},
}
_FIX = frozenset({"fix", "repair"})
_REFACTOR = frozenset({"refactor", "rename", "restructure", "reorganise", "reorganize"})
_MAKE = frozenset(
    {"build", "create", "make", "develop", "write", "generate", "scaffold", "design", "bootstrap"}
)
_ADD = frozenset({"add", "implement", "extend", "introduce"})
_WRITE_TESTS = frozenset({"write", "add", "create", "generate", "extend", "improve", "increase"})
_BEFORE_TESTS = listed("""
    a an the some more further few additional missing new good better comprehensive thorough
    unit integration e2e end-to-end regression property property-based acceptance functional smoke
    api pytest unittest jest automated basic full simple our its""")
_TESTS = frozenset({"test", "tests", "testcase", "testcases", "testsuite"})
_AFTER_TESTS = listed("for of to around covering that which in against on so where when with")
# After one of these a leading "fix" or "rename" is a label: "Rename button is too small".
_LABELLED = listed("""
    button dialog page menu command form feature endpoint modal view tool service app panel
    screen tab link icon option action is are was""")
_NO_FEATURE = listed("""
    fix bugfix hotfix workaround patch doc docs documentation docstring docstrings comment
    comments readme changelog""")
_PRONOUNS = frozenset({"it", "this", "that", "them", "these", "those", "sure", "everything"})
# What else a request of that kind may ask for and still be of that kind.
_ALONGSIDE: dict[Kind, frozenset[Kind]] = {
    "build": frozenset({"build", "feature", "fix", "refactor", "test", "explain"}),
    "feature": frozenset({"feature", "build", "test"}),
    "fix": frozenset({"fix", "test"}),
    "refactor": frozenset({"refactor", "test"}),
    "test": frozenset({"test"}),
    "explain": frozenset({"explain"}),
}


def opening(text: str) -> str:
    """The text from its first word that matters: without bullets, greetings and courtesies."""
    rest = _plain(text).lstrip()
    for _ in range(8):
        rest = rest[_end(_MARKUP.match(rest)) :]
        if not (found := _COURTESY.match(rest)):
            break
        rest = rest[found.end() :]
    return rest


def _plain(text: str) -> str:
    return text[:_MAX_TEXT].replace("\u2019", "'")


def kind_hint(request: str, *, empty: bool) -> tuple[Kind | None, str]:
    """The kind of work where the leading imperative leaves no doubt, and the reason in words.

    `empty`: the repository holds nothing yet. None means that a model has to judge.
    """
    clauses = list(_clauses(request))
    if not clauses:
        return None, "the request has no words"
    kind, why = _kind(clauses[0], empty=empty)
    if kind is None:
        return None, why
    for clause in clauses[1:]:
        other, _ = _kind(clause, empty=empty)
        if _LISTED.match(clause):  # "add create, rename and delete endpoints"
            continue
        if other is not None and other not in _ALONGSIDE[kind]:
            return None, f"it asks for more than one kind of work: {kind} and {other}"
    return kind, why


def _clauses(request: str) -> Iterator[str]:
    """The request's clauses, each with the mark that ends it, without courtesies."""
    text = _plain(request).strip()
    start = 0
    for end in islice(_CLAUSE_END.finditer(text), _MAX_CLAUSES):
        clause = opening(text[start : end.end()])
        if _WORD.search(clause):
            yield clause
        start = end.end()
    if _WORD.search(rest := opening(text[start:])):
        yield rest


def _kind(clause: str, *, empty: bool) -> tuple[Kind | None, str]:
    found = [m.group().lower() for m in _WORD.finditer(clause[:400])]
    if not found or not clause.lower().startswith(found[0][:1]):
        return None, "it does not begin with a verb that settles it"
    verb, rest = found[0], found[1:]
    if _explains(verb, rest, question="?" in clause):
        return "explain", f'it asks to be told something ("{verb}")'
    if _asks_for_tests(verb, clause):
        return _unless_empty("test", f'"{verb} ... tests"', empty=empty)
    if verb in _FIX | _REFACTOR and not (rest[:1] and rest[0] in _LABELLED):
        kind: Kind = "fix" if verb in _FIX else "refactor"
        return _unless_empty(kind, f'it begins with "{verb}"', empty=empty)
    if verb in _MAKE | _ADD and rest and rest[0] not in _PRONOUNS:
        return _makes(verb, rest, empty=empty)
    return None, "it does not begin with a verb that settles it"


def _makes(verb: str, rest: Sequence[str], *, empty: bool) -> tuple[Kind | None, str]:
    if empty:
        return "build", f'it begins with "{verb}" and nothing is there yet'
    to_fix = any(pair == ("to", "fix") for pair in pairwise(rest))
    if verb in _ADD and not to_fix and _NO_FEATURE.isdisjoint(rest[:3]):
        return "feature", f'it begins with "{verb}" in a repository that is not empty'
    return None, f'"{verb}" may mean several kinds of work here'


def _unless_empty(kind: Kind, why: str, *, empty: bool) -> tuple[Kind | None, str]:
    return (None, f"{why}, but nothing is there yet") if empty else (kind, why)


def _explains(verb: str, rest: Sequence[str], *, question: bool) -> bool:
    following = rest[0] if rest else ""
    if verb in _EXPLAIN:
        return bool(rest) and following not in _LABELLED
    if verb in ("tell", "show") and following in ("me", "us"):
        return len(rest) > 1 and rest[1] in ("how", "what", "why", "where", "which", "about")
    if verb not in _QUESTIONS:
        return False
    # "What about a dark mode?", "Why not add one?" and "How about ..." are wishes.
    wish = following in {"about", "if", "not", "don't", "to"}
    return following in _QUESTIONS[verb] or (question and bool(rest) and not wish)


def _asks_for_tests(verb: str, clause: str) -> bool:
    if verb not in _WRITE_TESTS | {"cover"}:
        return False
    tokens = re.findall(r"[\w'-]+|[.!?;:,\n(]", clause[:400].lower())
    if verb == "cover":
        pairs = pairwise(tokens)
        return any(a in ("with", "by") and b in _BEFORE_TESTS | _TESTS for a, b in pairs)
    after = next((i for i, t in enumerate(tokens[1:], 1) if t not in _BEFORE_TESTS), len(tokens))
    if after == len(tokens) or tokens[after] not in _TESTS:
        return False
    after += 1
    if after < len(tokens) and tokens[after] in ("coverage", "cases", "case", "suite", "suites"):
        after += 1
    return after == len(tokens) or not tokens[after][0].isalnum() or tokens[after] in _AFTER_TESTS


def _end(found: re.Match[str] | None) -> int:
    return found.end() if found else 0


# Paths named in a request

_QUOTED = re.compile(r"`([^`\n]{1,300})`|\"([^\"\n]{1,300})\"|'([^'\n]{1,300})'")
_PATH = re.compile(r"[\w./@\[\](){}$+~-]{1,300}")
_FOLDER_AFTER = re.compile(r"\s+(?:folder|directory|dir|package|module|subfolder)\b", re.IGNORECASE)
_FOLDER_BEFORE = re.compile(r"\b(?:folder|directory|package|subfolder)\s+[`\"']?\Z", re.IGNORECASE)
_MAX_NAMED = 50
_MAX_TOKENS = 2_000
_MAX_DEPTH = 40  # folders; a path below more is not looked for


def named_paths(request: str, paths: Collection[str]) -> tuple[str, ...]:
    """The files and folders among the paths that the request names literally, in its order.

    A file or folder counts by its path, or by the end of its path where only one ends so. A bare
    word without a dot ("core") counts in quotes, with a slash, or beside the word
    "folder", "package" and the like: otherwise it is a word like any other.
    """
    index = _Index(paths)
    found: dict[int, str] = {}
    text = request[:_MAX_TEXT]
    for match in islice(_QUOTED.finditer(text), _MAX_TOKENS):
        quoted = next(g for g in match.groups() if g is not None)
        if path := index.find(quoted.strip(), folder_ok=True):
            found.setdefault(match.start() + 1, path)
    for match in islice(_PATH.finditer(text), _MAX_TOKENS):
        beside = _FOLDER_AFTER.match(text, match.end()) or _FOLDER_BEFORE.search(
            text, max(0, match.start() - 20), match.start()
        )
        if path := index.find(match.group(), folder_ok=bool(beside)):
            found.setdefault(match.start(), path)
    return tuple(dict.fromkeys(found[at] for at in sorted(found)))[:_MAX_NAMED]


def target_hint(request: str, paths: Collection[str]) -> str:
    """The first folder or file that the request names and that exists, else ""."""
    return next(iter(named_paths(request, paths)), "")


class _Index:
    """Files, folders, and both by their last name."""

    def __init__(self, paths: Collection[str]) -> None:
        self.files = frozenset(p for p in paths if p.count("/") <= _MAX_DEPTH)
        self.folders = {
            "/".join(p.split("/")[:n]) for p in self.files for n in range(1, p.count("/") + 1)
        }
        self.by_name: dict[str, list[str]] = {}
        for path in sorted(self.files | self.folders):
            self.by_name.setdefault(basename(path), []).append(path)

    def find(self, token: str, *, folder_ok: bool) -> str | None:
        for candidate in _spellings(token):
            if candidate in self.files:
                return candidate
            if "/" not in candidate and "." not in candidate.strip(".") and not folder_ok:
                continue  # a bare word
            bare = candidate.rstrip("/")
            if bare in self.folders:
                return bare
            ends = [
                p
                for p in self.by_name.get(basename(bare), [])[:_MAX_TOKENS]
                if p.endswith("/" + bare)
            ]
            if bare and len(ends) == 1:
                return ends[0]
        return None


def _spellings(token: str) -> Iterator[str]:
    """The token as it stands, then without the punctuation of the sentence around it."""
    bare = token.removeprefix("./")
    yield bare
    trimmed = bare.rstrip(".,;:!?)]}").lstrip("([{")
    if trimmed and trimmed != bare:
        yield trimmed
