"""Which files belong together: who imports whom, and which tests are whose."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from posixpath import basename, dirname, join, normpath

from partita.core.discovery.languages import extension, is_test

_TRIED = (
    *("", ".ts", ".tsx", ".js", ".jsx", ".mjs", ".vue", ".svelte", ".rb", ".php", ".css"),
    *("/index.ts", "/index.tsx", "/index.js", "/index.jsx"),
)


def links(
    paths: Collection[str], imports: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    """For each file the project's files that it imports, itself excepted."""
    files = frozenset(paths)
    modules = _modules(files)
    found: dict[str, tuple[str, ...]] = {}
    for path, names in imports.items():
        if extension(path) in ("py", "pyi"):
            targets = (modules.get(name) for name in names)
        else:
            targets = (_relative(path, name, files) for name in names)
        near = dict.fromkeys(t for t in targets if t is not None and t != path)
        if near:
            found[path] = tuple(near)
    return found


def _modules(files: frozenset[str]) -> dict[str, str]:
    """Dotted Python names to files; a name that two files could have goes to the shorter path."""
    roots = {"", "src", "lib"} | {_package_root(dirname(p), files) for p in _python(files)}
    modules: dict[str, str] = {}
    for path in sorted(_python(files), key=lambda p: (p.count("/"), p)):
        stem = path.rpartition(".")[0].removesuffix("/__init__")
        for root in (r for r in _ancestors(path) if r in roots):
            name = stem[len(root) + 1 :] if root else stem
            if name:
                modules.setdefault(name.replace("/", "."), path)
    return modules


def _python(files: Iterable[str]) -> Iterator[str]:
    return (p for p in files if extension(p) in ("py", "pyi"))


def _package_root(folder: str, files: frozenset[str]) -> str:
    """The nearest folder above that is no package itself."""
    while folder and f"{folder}/__init__.py" in files:
        folder = folder.rpartition("/")[0]  # unlike dirname, it always ends
    return folder


def _ancestors(path: str) -> Iterator[str]:
    folder = dirname(path)
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
    yield ""


def _relative(path: str, name: str, files: frozenset[str]) -> str | None:
    """The file that a quoted import means, tried the ways that bundlers and compilers do."""
    if name.startswith(("@/", "~/")):
        bases = [f"src/{name[2:]}", name[2:]]
    else:
        bases = [normpath(join(dirname(path), name))]
    stems = [b.rpartition(".")[0] for b in bases if b.endswith((".js", ".jsx"))]
    tried = (base + end for base in (*bases, *stems) for end in _TRIED)
    return next((t for t in tried if t in files), None)


def importers(imported: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """The same links, from the imported file to those that import it, sorted."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(imported):
        for target in imported[path]:
            found[target].append(path)
    return {path: tuple(users) for path, users in found.items()}


def by_subject(paths: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Test files by the bare name of what they test: `test_store.py` and `store.test.ts` alike."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in paths:
        if is_test(path) and (subject := _subject(path)):
            found[subject].append(path)
    return {subject: tuple(tests) for subject, tests in found.items()}


def subject_of(path: str) -> str:
    """The bare name under which the tests of that file are listed."""
    return basename(path).partition(".")[0].lower()


def _subject(path: str) -> str:
    stem = subject_of(path).removeprefix("test_")
    for end in ("_test", "_spec", "tests", "test", "spec"):
        if stem != end:
            stem = stem.removesuffix(end)
    return stem
