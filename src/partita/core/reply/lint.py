"""Signs that a file from a model is not the whole file: elisions, placeholders, broken syntax."""

import json
import re
import tokenize
import tomllib
import warnings
from collections.abc import Iterator
from io import StringIO

from partita.core.reply.fences import prose_like
from partita.core.reply.value import glimpse
from partita.core.reply.yaml_text import MAX_CHARS, BadYaml, check_yaml

_DOTS = r"(?:\.{3,}|…)"
_DOTS_AT_AN_END = re.compile(rf"\A{_DOTS}|{_DOTS}\Z")
_COMMENT = re.compile(r"(?:#+|//+|/\*+|<!--+|--|;+|%+|\*|\{/\*)(?P<body>.*?)(?:\*+/\}?|--+>)?")
_BRACKETED = re.compile(r"[\[(<](?P<body>[^\[\](){}<>=]*)[\])>]")
_BARE = re.compile(rf"(?:#+|//+)\s*{_DOTS}")
_DOTTED = re.compile(rf"{_DOTS}(?:\s.*|\w.*\s.*)?")
_CODE_MARKS = re.compile(r"[(){};=`]|[,:]\Z")


def _any_of(*patterns: str) -> str:
    return "(?:" + "|".join(patterns) + ")"


_SAME = r"(?:(?:is|are|was|were|remains?|stays?|kept|left) )*" + _any_of(
    *("unchanged", "the same", "same", "as[ -]is", "as before", "untouched", "identical"),
    *(
        "omitted",
        "unmodified",
        "not shown",
        "here",
        "goes here",
        "follows",
        "continues",
        "as above",
    ),
)
_NOUN = _any_of(
    *("file", "code", "class", "classes", "functions?", "methods?", "implementation", "module"),
    *("script", "component", "imports", "program"),
)
# Nobody says these of code that is there.
_PLAIN = re.compile(
    _any_of(
        "rest unchanged",
        rf"(?:the )?(?:rest|remainder)(?: of)?(?: the| this| your)? (?:\w+ )?{_NOUN} {_SAME}",
        r"(?:the )?(?:existing|previous|original|old|remaining|your|unchanged|other) "
        rf"(?:\w+ )?{_NOUN} {_SAME}",
        r".{0,60}\b(?:omitted|elided|snipped|truncated) for (?:brevity|clarity|space)",
        rf"(?:keep|leave) (?:the )?(?:rest|existing|remaining)\b.{{0,30}} {_SAME}",
    ),
    re.IGNORECASE,
)
# These mean it when dots lead to them or follow.
_DOTTED_WORDS = re.compile(
    r"(?:and |the |your |all |with |keep )*"
    + _any_of(
        *("rest", "remaining", "remainder", "existing", "unchanged", "previous", "original"),
        *("other", "more", "same as", "as before", "omitted", "snip", "continue[sd]?"),
        *("no changes", "implementation", "code", "as above"),
    )
    + rf"\b.*|(?:.*\s)?{_SAME}",
    re.IGNORECASE,
)
# These mean it when they stand alone in brackets.
_BRACKETED_WORDS = re.compile(
    _any_of(
        *("unchanged", "omitted", "truncated", "snip(?:ped)?", "no changes?", "same as before"),
        *("existing code", "remaining code", "code omitted"),
        *(r"rest (?:of (?:the )?\w+ )?unchanged", "(?:the )?rest of (?:the )?(?:file|code)"),
    ),
    re.IGNORECASE,
)
_HINT_WORDS = 9
_LONGEST_LINE = 160
_TOKENIZED = 300_000

_CODE_FILES = (
    *(".py", ".js", ".jsx", ".mjs", ".ts", ".tsx", ".go", ".rs", ".java", ".kt", ".c", ".h"),
    *(".cc", ".cpp", ".hpp", ".cs", ".rb", ".php", ".swift", ".scala", ".vue", ".svelte"),
)

_REMARK = re.compile(
    r"^[ \t]*(?:(?:#|//|--|;|%)[^\n]*|/\*.*?\*/|<!--.*?-->)", re.DOTALL | re.MULTILINE
)
_TRAILING_REMARK = re.compile(r"\s+(?:#|//)[^\n]*\Z")
_EMPTY_TALK = re.compile(
    _any_of(
        *("pass", r"\.\.\.", "…", "placeholder", r"to ?do\b.*", r"fixme\b.*", "tbd", "tba", "wip"),
        *("coming soon", "stub", "not (?:yet )?implemented.*", "content goes here"),
        *("implement(?:ation)? (?:me|here|goes here)", "your code (?:goes )?here"),
        *(r"(?:this is )?an? (?:placeholder|stub)\b.*", r"placeholder (?:for|file)\b.*"),
        r"raise NotImplementedError(?:\(.*\))?",
        *("insert .* here", r"<(?:your|insert|content|code)\b[^<>]*>"),
    )
    + "[.;:!]*",
    re.IGNORECASE,
)
_DOCSTRING = re.compile(r"[rRuUbB]?(\"\"\"|\'\'\'|\"|\')(?P<body>.*?)\1", re.DOTALL)
_LONGEST_PLACEHOLDER = 4_000
_COMMENTED_JSON = ("tsconfig", "jsconfig", "devcontainer", ".eslintrc", ".babelrc", "launch")


def elided(text: str, path: str) -> str | None:
    """A sentence with the line where a whole comment-like line stands for code left out.

    `... rest unchanged`, `# existing code here`, `[unchanged]` and their kin. Python's `...` and
    the spread of JavaScript are code, and strings are no comments.
    """
    comments = dict(_comment_lines(text, path))
    for number, line in comments.items():
        if len(line) > _LONGEST_LINE:
            continue
        alone = not any(
            _COMMENT.match(comments.get(beside, "")) for beside in (number - 1, number + 1)
        )
        if _stands_for_code(line, prose=prose_like(path)) or (
            alone and path.endswith(_CODE_FILES) and _BARE.fullmatch(line)
        ):
            return f"line {number} of {path} stands for code left out: `{glimpse(line)}`"
    return None


def is_placeholder(text: str) -> bool:
    """Whether a file says nothing: only comments, `pass`, TODO, or a docstring that says so.

    An empty file is none, since `__init__.py` and marker files are meant to be empty.
    """
    bare = text.strip()
    if not bare or len(bare) > _LONGEST_PLACEHOLDER:
        return False
    rest = _REMARK.sub("", bare).strip()
    docstring = _DOCSTRING.match(rest)
    if docstring is not None:
        after = rest[docstring.end() :].strip()
        return _says_nothing(after) if after else _says_nothing(docstring["body"], empty=False)
    return _says_nothing(rest)


def _says_nothing(text: str, *, empty: bool = True) -> bool:
    lines = [_TRAILING_REMARK.sub("", line).strip() for line in text.split("\n") if line.strip()]
    return all(_EMPTY_TALK.fullmatch(line) for line in lines) if lines else empty


def parses(path: str, text: str) -> str | None:
    """Why the text can't be what its path's extension says, with the line; None if it can.

    Python is compiled, never run; JSON, TOML and YAML are parsed. Other files pass.
    """
    name = path.rsplit("/", 1)[-1].lower()
    extension = name.rsplit(".", 1)[-1] if "." in name else ""
    check = {
        "py": _python,
        "pyi": _python,
        "json": _json,
        "toml": _toml,
        "yaml": _yaml,
        "yml": _yaml,
    }.get(extension)
    if check is None or (extension == "json" and _may_hold_comments(path, name)):
        return None
    try:
        problem = check(text)
    except RecursionError:
        problem = "nested too deeply to be read"
    except MemoryError:
        problem = "too large or nested too deeply to be read"
    except (ValueError, OverflowError) as e:
        problem = glimpse(str(e))
    return None if problem is None else f"{path}: {problem}"


def _comment_lines(text: str, path: str) -> Iterator[tuple[int, str]]:
    """Numbered lines that may be comments; in Python that parses, exactly the comments."""
    if path.endswith((".py", ".pyi")) and len(text) <= _TOKENIZED and parses(path, text) is None:
        try:
            comments = [
                (token.start[0], token.string)
                for token in tokenize.generate_tokens(StringIO(text).readline)
                if token.type == tokenize.COMMENT and not token.line[: token.start[1]].strip()
            ]
        except (tokenize.TokenError, SyntaxError, ValueError, RecursionError):
            pass
        else:
            yield from comments
            return
    for number, line in enumerate(text.split("\n"), start=1):
        if stripped := line.strip():
            yield number, stripped


def _stands_for_code(line: str, *, prose: bool) -> bool:
    comment = None if prose and not line.startswith("<!--") else _COMMENT.fullmatch(line)
    bracketed = _BRACKETED.fullmatch(line) if comment is None else None
    if comment is not None:
        said = comment["body"].strip()
    elif bracketed is not None:
        said = bracketed["body"].strip()
    elif not prose and _DOTTED.fullmatch(line) and not _CODE_MARKS.search(line):
        said = line
    else:
        return False
    inner = _BRACKETED.fullmatch(said)
    said = inner["body"].strip() if inner else said
    dots = bool(_DOTS_AT_AN_END.search(said))
    words = " ".join(said.strip(" .…-=*:_()[]").split())
    if bracketed is not None or inner is not None:
        return bool(_BRACKETED_WORDS.fullmatch(words)) or (dots and _hinted(words))
    return bool(_PLAIN.fullmatch(words)) or (dots and _hinted(words))


def _hinted(said: str) -> bool:
    return len(said.split()) <= _HINT_WORDS and bool(_DOTTED_WORDS.fullmatch(said))


def _may_hold_comments(path: str, name: str) -> bool:
    return name.startswith(_COMMENTED_JSON) or ".vscode/" in path


def _python(text: str) -> str | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "<reply>", "exec", dont_inherit=True)
    except SyntaxError as e:
        return f"line {e.lineno or 1}: {glimpse(e.msg)}"
    return None


def _json(text: str) -> str | None:
    try:
        json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as e:
        return f"line {e.lineno}: {e.msg}"
    return None


def _toml(text: str) -> str | None:
    try:
        tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as e:
        return glimpse(str(e))
    return None


def _yaml(text: str) -> str | None:
    if "{{" in text or "{%" in text or len(text) > MAX_CHARS:
        return None  # a template, or too long to be checked in time
    try:
        check_yaml(text)
    except BadYaml as e:
        return str(e)
    return None
