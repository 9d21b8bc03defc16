"""YAML read within bounds, as JSON values; the only module that knows PyYAML."""

import re
from typing import Any

import yaml

MAX_CHARS = 200_000
_MAX_DEPTH = 100

# PyYAML's constructors fail like this on `!!bool x`, `!!timestamp x` and the like.
_FROM_CONSTRUCTORS = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class BadYaml(Exception):
    """The text is no YAML that we take; its text says where and why."""


class _JsonLoader(_Base):  # type: ignore[misc]  # the C loader exists only where libyaml does
    """Plain scalars mean what they mean in JSON: `no` stays text, and so does a date."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own hook


for _tag, _pattern, _first in (
    ("null", r"^(?:null|~|)$", ["n", "~", ""]),
    ("bool", r"^(?:true|false)$", ["t", "f"]),
    ("int", r"^-?(?:0|[1-9][0-9]{0,30})$", list("-0123456789")),
    (
        "float",
        r"^-?(?:0|[1-9][0-9]{0,30})(?:\.[0-9]+)?(?:[eE][-+][0-9]+)?$",
        list("-0123456789"),
    ),
):
    _JsonLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


def read_yaml(text: str) -> Any:
    """The one document in `text`, made of JSON's types except that keys may be anything.

    Raises BadYaml for what YAML forbids, for aliases (they can blow up), for more than one
    document, for tags with a meaning of their own and for texts too long or nested too deep.
    """
    check_yaml(text, aliases=False)
    try:
        return yaml.load(text, Loader=_JsonLoader)  # noqa: S506 - a subclass of the safe loader
    except (yaml.YAMLError, RecursionError, *_FROM_CONSTRUCTORS) as e:
        raise BadYaml(_reason(e)) from None


def check_yaml(text: str, *, aliases: bool = True) -> None:
    """Raise BadYaml if `text` does not parse as YAML; nothing is built from it."""
    if len(text) > MAX_CHARS:
        msg = f"longer than {MAX_CHARS:,} characters"
        raise BadYaml(msg)
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_Base):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > _MAX_DEPTH:
                msg = f"nested deeper than {_MAX_DEPTH} levels"
                raise BadYaml(msg)
            if isinstance(event, yaml.AliasEvent) and not aliases:
                msg = "holds an alias"
                raise BadYaml(msg)
    except (yaml.YAMLError, ValueError, RecursionError) as e:
        raise BadYaml(_reason(e)) from None


def _reason(error: Exception) -> str:
    """PyYAML's complaint in one line, with its line number where it has one."""
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or str(error) or type(error).__name__
    line = f"line {mark.line + 1}: " if mark is not None else ""
    return line + " ".join(str(what).split())[:200]
