"""YAML read within bounds, as JSON values; the only module that knows PyYAML."""

import re
from typing import Any

import yaml

MAX_CHARS = 200_000
_MOST_READ = 50_000  # PyYAML takes a tenth of a second for them
_MAX_DEPTH = 100

# PyYAML's constructors fail like this on `!!bool x`, `!!timestamp x` and the like.
_FROM_CONSTRUCTORS = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class BadYaml(Exception):
    """The text is no YAML that we take; its text says where and why."""


class _JsonLoader(_Base):  # type: ignore[misc]  # the C loader exists only where libyaml does
    """Plain scalars mean what they mean in JSON: `no` stays text, and so does a date."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own hook

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's
        """As PyYAML does, but a key that is there twice is refused, as YAML wants it."""
        made = super().construct_mapping(node, deep=deep)
        if len(made) < len(node.value):
            msg = f"line {node.start_mark.line + 1}: a key is there twice"
            raise BadYaml(msg)
        return made


class _OldLoader(_Base):  # type: ignore[misc]  # as above
    """Plain scalars mean what they did in YAML 1.1: `no` is false; only a date stays text."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own hook
        first: [(tag, pattern) for tag, pattern in known if not tag.endswith(":timestamp")]
        for first, known in _Base.yaml_implicit_resolvers.items()
    }


for _tag, _pattern, _first in (
    ("null", r"^(?:null|Null|NULL|~|)$", ["n", "N", "~", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", ["t", "T", "f", "F"]),
    ("int", r"^-?(?:0|[1-9][0-9]{0,30})$", list("-0123456789")),
    (
        "float",
        r"^-?(?:0|[1-9][0-9]{0,30})(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$",
        list("-0123456789"),
    ),
):
    _JsonLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)

# Plain scalars that the two loaders may take for different things.
_LOOSE = re.compile(
    r"(?:y|yes|n|no|on|off|<<|=)\Z|[-+.]?[0-9][0-9_.:a-fA-FxobOB+-]*\Z|[-+]?\.(?:inf|nan)\Z",
    re.IGNORECASE,
)


_NUMBER_SIGN = re.compile(r"[ \t]+#\d")  # by the rules a comment, but rather an issue's number


def read_yaml(text: str) -> tuple[Any, ...]:
    """What the one document in `text` may mean, made of JSON's types except for its keys.

    One value; or two where the versions of YAML do not agree, the newer one's first. Raises
    BadYaml for what YAML forbids, for aliases (they can blow up), for more than one document, for
    tags with a meaning of their own, for lines that are JSON without its brackets, and for texts
    too long or nested too deep.
    """
    if len(text) > _MOST_READ:
        msg = f"longer than {_MOST_READ:,} characters; use JSON"
        raise BadYaml(msg)
    loose = check_yaml(text, strict=True)
    try:
        value = yaml.load(text, Loader=_JsonLoader)  # noqa: S506 - a subclass of the safe loader
        if not loose:
            return (value,)
        other = yaml.load(text, Loader=_OldLoader)  # noqa: S506 - as above
    except (yaml.YAMLError, RecursionError, *_FROM_CONSTRUCTORS) as e:
        raise BadYaml(_reason(e)) from None
    return (value,) if repr(value) == repr(other) else (value, other)


def check_yaml(text: str, *, strict: bool = False) -> bool:
    """Raise BadYaml if `text` does not parse as YAML; nothing is built from it.

    `strict` also refuses aliases and text that ends in a comma. True if a plain scalar means
    different things in different versions of YAML.
    """
    if len(text) > MAX_CHARS:
        msg = f"longer than {MAX_CHARS:,} characters"
        raise BadYaml(msg)
    depth, loose = 0, False
    try:
        for event in yaml.parse(text, Loader=_Base):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            elif isinstance(event, yaml.ScalarEvent) and event.style in (None, "") and strict:
                _refuse_unclear(text, event)
                loose = loose or bool(_LOOSE.match(event.value))
            if depth > _MAX_DEPTH:
                msg = f"nested deeper than {_MAX_DEPTH} levels"
                raise BadYaml(msg)
            if isinstance(event, yaml.AliasEvent) and strict:
                msg = "holds an alias"
                raise BadYaml(msg)
    except (yaml.YAMLError, ValueError, RecursionError) as e:
        raise BadYaml(_reason(e)) from None
    return loose


def _refuse_unclear(text: str, scalar: yaml.ScalarEvent) -> None:
    if scalar.value.endswith(","):
        msg = "a line ends in a comma, as in JSON"
        raise BadYaml(msg)
    end = scalar.end_mark
    if end is not None and _NUMBER_SIGN.match(text, end.index):
        msg = f"line {end.line + 1}: `#` may be text or a comment; use quotes"
        raise BadYaml(msg)


def _reason(error: Exception) -> str:
    """PyYAML's complaint in one line, with its line number where it has one."""
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or str(error) or type(error).__name__
    line = f"line {mark.line + 1}: " if mark is not None else ""
    return line + " ".join(str(what).split())[:200]
