"""What a path alone says of a file: its language, and whether it is the project's own work."""

import re
from collections import Counter
from collections.abc import Iterable
from posixpath import basename, dirname

from partita.core.discovery.words import listed

_BY_EXTENSION = {
    "Python": "py pyi pyw",
    "JavaScript": "js jsx mjs cjs",
    "TypeScript": "ts tsx mts cts",
    "Go": "go",
    "Rust": "rs",
    "Java": "java",
    "Kotlin": "kt kts",
    "Scala": "scala",
    "Swift": "swift",
    "C": "c h",
    "C++": "cc cpp cxx hpp hh hxx",
    "C#": "cs",
    "Ruby": "rb rake",
    "PHP": "php",
    "Elixir": "ex exs",
    "Lua": "lua",
    "R": "r",
    "Dart": "dart",
    "Shell": "sh bash zsh fish",
    "PowerShell": "ps1",
    "Vue": "vue",
    "Svelte": "svelte",
    "HTML": "html htm jinja jinja2 j2",
    "CSS": "css scss sass less",
    "SQL": "sql",
    "Markdown": "md markdown mdx",
    "reStructuredText": "rst",
    "YAML": "yaml yml",
    "TOML": "toml",
    "JSON": "json jsonc",
    "XML": "xml",
    "Protocol Buffers": "proto",
    "GraphQL": "graphql gql",
    "Terraform": "tf",
}
_LANGUAGE = {ext: name for name, exts in _BY_EXTENSION.items() for ext in exts.split()}
_BY_NAME = {
    "Dockerfile": "Dockerfile",
    "Containerfile": "Dockerfile",
    "Makefile": "Makefile",
    "GNUmakefile": "Makefile",
    "makefile": "Makefile",
    "Rakefile": "Ruby",
    "Gemfile": "Ruby",
    "Jenkinsfile": "Groovy",
}
_DATA = frozenset({"Markdown", "reStructuredText", "YAML", "TOML", "JSON", "XML"})

_FOREIGN = listed("""
    node_modules bower_components site-packages .venv venv .env.d __pycache__ .git .tox .nox
    .mypy_cache .ruff_cache .pytest_cache .hypothesis .next .nuxt .svelte-kit .gradle .terraform
    third_party third-party .partita
""")
# Names that projects also give to folders of their own; foreign only at the top of a project.
_FOREIGN_AT_TOP = listed("vendor dist build target out coverage htmlcov")
_MANIFESTS = listed("""
    package.json pyproject.toml setup.py setup.cfg go.mod Cargo.toml composer.json Gemfile pom.xml
    build.gradle build.gradle.kts CMakeLists.txt
""")
_LOCKS = listed("""
    package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb poetry.lock
    uv.lock pdm.lock Pipfile.lock pylock.toml Cargo.lock go.sum composer.lock Gemfile.lock
    packages.lock.json gradle.lockfile mix.lock pubspec.lock flake.lock
""")
_GENERATED = re.compile(
    r"(\.min\.(js|css|mjs)|\.bundle\.js|\.map|_pb2(_grpc)?\.pyi?|\.pb\.go|\.g\.dart"
    r"|\.generated\.\w{1,10}|\.snap|\.designer\.cs)\Z",
    re.IGNORECASE,
)
_SECRET = re.compile(
    r"(\A\.env(\.(?!example\Z|sample\Z|template\Z|dist\Z).*)?\Z|\A\.(netrc|npmrc|pypirc|htpasswd)\Z"
    r"|\Aid_(rsa|dsa|ecdsa|ed25519)\Z|\A(secrets?|credentials?)\.(json|ya?ml|toml|ini|txt)\Z"
    r"|\.(pem|key|p12|pfx|jks|keystore|kdbx|ovpn)\Z)",
    re.IGNORECASE,
)
_OPAQUE = listed("""
    png jpg jpeg gif webp ico bmp tiff svg pdf zip gz tgz bz2 xz zst 7z tar rar jar war whl egg
    exe dll so dylib a o obj class pyc pyo wasm bin dat db sqlite sqlite3 pkl npy npz parquet
    h5 onnx pt safetensors woff woff2 ttf otf eot mp3 mp4 mov avi mkv wav ogg flac psd ai
    doc docx xls xlsx ppt pptx odt iso dmg
""")


def extension(path: str) -> str:
    """The extension in lower case without its dot, "" where there is none."""
    stem, dot, ext = basename(path).rpartition(".")
    return ext.lower() if dot and stem else ""


def language(path: str) -> str | None:
    """The file's language by its name, None when the name does not say."""
    name = basename(path)
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name.startswith("Dockerfile."):
        return "Dockerfile"
    return _LANGUAGE.get(extension(path))


def is_code(path: str) -> bool:
    """A file of a language that is more than data or prose."""
    return (known := language(path)) is not None and known not in _DATA


def is_secret(path: str) -> bool:
    """A name that keys and passwords are kept under: never opened, so never shown to a model."""
    return bool(_SECRET.search(basename(path)))


def is_opaque(path: str) -> bool:
    """A name under which there is no text worth reading."""
    return extension(path) in _OPAQUE


def is_generated(path: str) -> bool:
    """A lock file, or what a tool writes."""
    name = basename(path)
    return name in _LOCKS or bool(_GENERATED.search(name))


def own(paths: Iterable[str]) -> tuple[str, ...]:
    """The paths that are the project's own work, in their order.

    Left out are dependencies, generated files, lock files, and what builds leave behind.
    `build`, `dist`, `vendor` and the like count as such only at the root or beside a manifest:
    deeper down they are names that people give to folders of their own.
    """
    listed = tuple(paths)
    tops = {dirname(p) for p in listed if basename(p) in _MANIFESTS} | {""}
    return tuple(p for p in listed if not is_generated(p) and not _in_foreign_folder(p, tops))


def _in_foreign_folder(path: str, tops: set[str]) -> bool:
    folders = path.split("/")[:-1]
    if not _FOREIGN.isdisjoint(folders):
        return True
    return any(
        name in _FOREIGN_AT_TOP and "/".join(folders[:depth]) in tops
        for depth, name in enumerate(folders)
    )


def count(paths: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """How many files each language has, most first, then by name."""
    tally = Counter(known for p in paths if (known := language(p)))
    return tuple(sorted(tally.items(), key=lambda item: (-item[1], item[0])))


_TEST_FOLDERS = frozenset({"test", "tests", "__tests__", "spec", "specs", "testing"})
_TEST_NAME = re.compile(
    r"\A(test_.+\.py|.+_test\.(py|go|rb|exs|dart|cc|cpp)|tests?\.py"
    r"|.+\.(test|spec)\.[cm]?[jt]sx?|.+_spec\.rb|.+(Test|Tests|Spec)\.(java|kt|cs|php|scala|swift))\Z"
)
_NOT_A_TEST = frozenset({"conftest.py", "__init__.py"})


def is_test(path: str) -> bool:
    """A file that holds tests, by the naming habits of its language."""
    name = basename(path)
    if name in _NOT_A_TEST:
        return False
    if _TEST_NAME.match(name):
        return True
    in_tests = not {"tests", "__tests__"}.isdisjoint(path.split("/")[:-1])
    return in_tests and extension(path) in {"rs", "js", "ts", "jsx", "tsx", "mjs"}


def in_test_folder(path: str) -> bool:
    """A file below a folder of tests: a test, a fixture, or a helper."""
    return not _TEST_FOLDERS.isdisjoint(path.split("/")[:-1])


def is_document(path: str) -> bool:
    """A README, a PRD, a changelog, or a page of the documentation."""
    folder, name = dirname(path), basename(path).lower()
    if extension(path) not in {"md", "rst", "txt", "markdown", "mdx", ""}:
        return False
    stem = name.partition(".")[0]
    if stem in {"readme", "prd", "agents", "changelog", "contributing", "architecture", "claude"}:
        return True
    in_docs = folder.split("/")[0] in {"docs", "doc"}
    return in_docs and extension(path) in {"md", "rst", "markdown", "mdx"}
