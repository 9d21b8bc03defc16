"""The names a file defines, what it says of itself, and what it imports."""

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from posixpath import dirname

from partita.core.discovery.languages import language

MAX_DEFS = 400
MAX_LINE = 200  # characters of a signature
MAX_IMPORTS = 200
MAX_PROSE = 2_000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbols:
    """`defs` are signature lines, methods indented under their class; `prose` is one text.

    `imports` are dotted absolute names in Python ("app.models", also "app.models.User", for
    the name may be a module); elsewhere the words between the quotes, as they stand.
    """

    defs: tuple[str, ...] = ()
    prose: str = ""
    imports: tuple[str, ...] = ()


NOTHING = Symbols()


def symbols(path: str, text: str) -> Symbols:
    """What can be read of the text; a file that does not parse gives what its lines show."""
    known = language(path)
    if known == "Python":
        return _python(path, text.removeprefix("\ufeff")) or _by_lines("Python", text)
    if known in ("Markdown", "reStructuredText"):
        return _document(text)
    return _by_lines(known or "", text)


# Python


def _python(path: str, text: str) -> Symbols | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a stray "\d" in their code is no news for our user
        try:
            tree = ast.parse(text)
            prose = tuple(islice(_docstrings(tree), MAX_DEFS))
            return Symbols(
                defs=tuple(islice(_python_defs(tree), MAX_DEFS)),
                prose=" ".join(prose)[:MAX_PROSE],
                imports=tuple(dict.fromkeys(islice(_python_imports(path, tree), MAX_IMPORTS))),
            )
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _python_defs(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        match node:
            case ast.ClassDef():
                bases = ", ".join(_source(b) for b in node.bases[:10])
                yield _line(f"class {node.name}({bases})" if bases else f"class {node.name}")
                for inner in node.body:
                    if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                        yield _line("    " + _signature(inner))
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield _line(_signature(node))
            case ast.Assign(targets=[ast.Name(id=name)]) if name.isupper():
                yield _line(name)
            case ast.AnnAssign(target=ast.Name(id=name)) if name.isupper():
                yield _line(name)


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    result = f" -> {_source(node.returns)}" if node.returns else ""
    return f"{word} {node.name}({_source(node.args)}){result}"


def _source(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())


def _docstrings(tree: ast.Module) -> Iterator[str]:
    """The module's own first paragraph, then the first line of each top-level definition's."""
    if own := ast.get_docstring(tree):
        yield own.split("\n\n")[0][: MAX_LINE * 4]
    for node in tree.body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if said := ast.get_docstring(node):
            yield said.partition("\n")[0][:MAX_LINE]


def _python_imports(path: str, tree: ast.Module) -> Iterator[str]:
    for node in _import_nodes(tree.body):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
            continue
        base = _absolute(path, node)
        if base:
            yield base
        yield from (f"{base}.{a.name}".lstrip(".") for a in node.names if a.name != "*")


def _import_nodes(body: list[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in body:
        match node:
            case ast.Import() | ast.ImportFrom():
                yield node
            case ast.If() | ast.Try():  # TYPE_CHECKING, optional dependencies
                yield from (n for n in node.body if isinstance(n, ast.Import | ast.ImportFrom))


def _absolute(path: str, node: ast.ImportFrom) -> str:
    """The dotted module, a relative one taken from the file's own folder."""
    module = node.module or ""
    if not node.level:
        return module
    folders = [f for f in dirname(path).split("/") if f]
    kept = folders[: len(folders) - (node.level - 1)] if node.level - 1 <= len(folders) else []
    return ".".join([*kept, module] if module else kept)


# Everything else, line by line

_NAME = r"[A-Za-z_$][\w$]{0,80}"
_REST = r"[^{;]{0,160}"
_FUNCTION_OR_CLASS = (
    rf"(?:export\s{{1,4}})?(?:default\s{{1,4}})?(?:declare\s{{1,4}})?(?:abstract\s{{1,4}})?"
    rf"(?:async\s{{1,4}})?(?:function\*?|class|interface|type|enum|namespace)\s{{1,4}}{_NAME}{_REST}"
    rf"|export\s{{1,4}}(?:default\s{{1,4}})?(?:const|let|var)\s{{1,4}}{_NAME}"
    rf"|(?:const|let|var)\s{{1,4}}{_NAME}\s{{0,4}}=\s{{0,4}}(?:async\s{{0,4}})?(?:function|\(|{_NAME}\s{{0,4}}=>)"
    rf"|(?:module\.)?exports\.{_NAME}"
)
_MODIFIERS = (
    r"(?:(?:public|private|protected|internal|static|final|abstract|sealed|override|virtual|async"
    r"|partial|open|data|readonly|default|synchronized|suspend|inline|export|extern)\s{1,4}){0,6}"
)
_TYPE_WORD = r"(?:class|interface|enum|record|struct|trait|object|protocol|extension|namespace)"
_METHOD = (
    rf"{_MODIFIERS}(?!return\b|new\b|throw\b|else\b)"
    rf"[\w<>\[\],.?:*&]{{1,60}}\s{{1,4}}[*&]?{_NAME}\s?\([^;{{]{{0,160}}\)(?:\s{{0,4}}\{{|\s?const\s?\{{|\s?$)"
)
_DEFINES = {
    "Python": rf"(?:async\s)?def\s{{1,4}}{_NAME}{_REST}|class\s{{1,4}}{_NAME}{_REST}",
    "JavaScript": _FUNCTION_OR_CLASS,
    "TypeScript": _FUNCTION_OR_CLASS,
    "Vue": _FUNCTION_OR_CLASS,
    "Svelte": _FUNCTION_OR_CLASS,
    "Go": rf"func\s{_REST}|type\s{{1,4}}{_NAME}\s{{1,4}}\w{{1,40}}",
    "Rust": rf"(?:pub(?:\([^)]{{0,40}}\))?\s)?(?:async\s|unsafe\s|const\s){{0,3}}"
    rf"(?:fn|struct|enum|trait|mod|type|union|macro_rules!)\s{{1,4}}{_NAME}{_REST}|impl\b{_REST}",
    "Ruby": r"(?:def|class|module)\s{1,4}[^\n#]{1,160}",
    "Elixir": r"(?:defmodule|defp?|defmacro)\s{1,4}[^\n#]{1,160}",
    "PHP": rf"{_MODIFIERS}(?:function|class|interface|trait|enum)\s{{1,4}}{_NAME}{_REST}",
    "Shell": r"function\s{1,4}[\w:-]{1,80}|[\w:-]{1,80}\s?\(\)",
    "Lua": r"(?:local\s)?function\s{1,4}[\w.:]{1,80}\([^)]{0,120}\)",
    "SQL": r"(?i:create\s{1,4}(?:or\s{1,4}replace\s{1,4})?(?:unique\s{1,4}|temp\s{1,4})?"
    r"(?:table|view|index|trigger|function|procedure|type)\s{1,4}(?:if\s{1,4}not\s{1,4}exists\s{1,4})?"
    r"[\w.\"`\[\]]{1,80})",
    "Makefile": r"[A-Za-z][\w.-]{0,60}:(?!=)",
    "Protocol Buffers": rf"(?:message|service|enum|rpc)\s{{1,4}}{_NAME}{_REST}",
    "GraphQL": rf"(?:type|input|enum|interface|union|query|mutation|scalar)\s{{1,4}}{_NAME}",
    "HTML": r"(?i:<(?:title|h1|form|template)\b[^>]{0,100}>[^<]{0,100})",
    "Terraform": r"(?:resource|module|variable|output|data)\s{1,4}\"[^{]{1,120}",
}
for _like_java in ("Java", "C#", "Kotlin", "Scala", "Swift", "Dart", "C", "C++"):
    _DEFINES[_like_java] = (
        rf"{_MODIFIERS}{_TYPE_WORD}\s{{1,4}}{_NAME}{_REST}"
        rf"|{_MODIFIERS}(?:fun|func|def)\s{{1,4}}{_NAME}{_REST}|{_METHOD}"
    )
_DEFINITION = {name: re.compile(pattern) for name, pattern in _DEFINES.items()}
_INDENTED = frozenset(
    {"Python", "Java", "C#", "Kotlin", "Scala", "Swift", "Dart", "C++", "PHP", "Ruby", "Rust"}
    | {"Elixir", "HTML", "Protocol Buffers"}
)
_IMPORT = re.compile(
    r"""(?:\bfrom\s{0,4}|\bimport\s{0,4}\(?\s{0,4}|\brequire(?:_relative)?\s{0,4}\(?\s{0,4}|\#\s?include\s{1,4})"""
    r"""["']([^"'\n]{1,120})["']"""
)
_COMMENT = re.compile(
    r"\s{0,8}(?://[/!]?|#(?!!|include|define|if)|/?\*{1,2}|--|<!--)\s{0,4}(\S.{0,200})"
)
_MAX_LINES = 8_000


def _by_lines(known: str, text: str) -> Symbols:
    definition = _DEFINITION.get(known)
    indented = known in _INDENTED
    defs: list[str] = []
    imports: dict[str, None] = {}
    opening: list[str] = []
    in_opening = True
    for raw in text.split("\n", _MAX_LINES)[:_MAX_LINES]:
        line = raw[:300].rstrip()
        bare = line.lstrip()
        if not bare:
            in_opening = in_opening and not opening
            continue
        if in_opening and (said := _COMMENT.match(line)):
            opening.append(said.group(1).rstrip("*/-> "))
        else:
            in_opening = False
        at_margin = len(line) == len(bare)
        wanted = definition and (at_margin or indented) and len(defs) < MAX_DEFS
        if definition and wanted and (found := definition.match(bare)):
            defs.append(_line("" if at_margin else "    ", found.group()))
        if len(imports) < MAX_IMPORTS:
            imports.update((m.group(1), None) for m in _IMPORT.finditer(line))
    return Symbols(defs=tuple(defs), prose=" ".join(opening)[:MAX_PROSE], imports=tuple(imports))


# Prose

_FENCE = re.compile(r"\s{0,3}(```|~~~)")
_HEADING = re.compile(r"#{1,6}\s{1,8}(\S.{0,200})")
_RULE = re.compile(r"(?:={3,}|-{3,}|~{3,})\s*\Z")


def _document(text: str) -> Symbols:
    """Headings as definitions, the first paragraph as prose."""
    headings: list[str] = []
    paragraph: list[str] = []
    fenced, before = False, ""
    for raw in text.split("\n", _MAX_LINES)[:_MAX_LINES]:
        line = raw[:300].strip()
        if _FENCE.match(line):
            fenced, before = not fenced, ""
            continue
        if fenced:
            continue
        if heading := _HEADING.match(line):
            headings.append(_line("", line[: line.index(" ")] + " ", heading.group(1).rstrip("# ")))
        elif _RULE.match(line) and before:
            headings.append(_line("# ", before))
            paragraph = [p for p in paragraph if p is not before]
        elif line and len(paragraph) < 5:  # noqa: PLR2004  # lines of the first paragraphs
            paragraph.append(line)
        before = line
    return Symbols(defs=tuple(headings[:MAX_DEFS]), prose=" ".join(paragraph)[:MAX_PROSE])


def _line(*parts: str) -> str:
    """One line of a bounded length, without control characters."""
    text = "".join(parts)
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return text.rstrip(" {:")[:MAX_LINE]
