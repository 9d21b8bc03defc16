"""What a value misses of its JSON Schema, in sentences; the only module that knows jsonschema."""

import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

MOST = 20
_LOOKED_AT = 60
_LONGEST_SCHEMA = 10_000
_SHALLOW = 40  # levels that any schema can follow
_WIDTH = 200

_NAMES = {
    "array": "a list",
    "object": "an object",
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


def violations(schema: Mapping[str, Any], value: Any) -> tuple[str, ...]:
    """What is wrong with `value`, at most twenty sentences in the order of the document.

    Each reads `tasks[2].touch: want a list`; none means that the value is accepted. The order
    depends on the value and the schema only, so equal replies give equal sentences. `schema` is
    one that `schema_flaw` has nothing against; RecursionError if it leads round in a circle.
    """
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - needed by no start, by answers only
    from jsonschema.validators import validator_for  # noqa: PLC0415 - as above

    validator: Any = validator_for(dict(schema), default=Draft202012Validator)
    try:
        found = list(islice(validator(dict(schema)).iter_errors(value), _LOOKED_AT))
    except RecursionError:
        if not _is_deep(value):
            raise  # the schema leads round in a circle
        return ("the top level: nested too deep to be compared with what was asked",)
    said = {_sentence(_closest(error)): _rank(error) for error in found}
    return tuple(sorted(said, key=lambda text: (said[text], text))[:MOST])


def schema_flaw(schema: Any) -> str:
    """Why `schema` can't serve as a JSON Schema, as a clause; "" if it can.

    Only references within the schema are allowed: looking up any other would be a download.
    """
    from jsonschema import Draft202012Validator, SchemaError  # noqa: PLC0415 - as above
    from jsonschema.validators import validator_for  # noqa: PLC0415 - as above

    if not isinstance(schema, dict | bool):
        return "want an object"
    try:
        checked: Any = validator_for(schema, default=Draft202012Validator)
        checked.check_schema(schema)
    except SchemaError as error:
        return _cut(f"{_path(list(error.absolute_path))}: {error.message}")
    except RecursionError:
        return "it is nested too deeply"
    parts: list[Any] = [schema]
    for part in parts:  # grows as it goes
        if len(parts) > _LONGEST_SCHEMA:
            return f"it has more than {_LONGEST_SCHEMA:,} parts"
        if isinstance(part, list):
            parts.extend(part)
        if not isinstance(part, dict):
            continue
        parts.extend(part.values())
        for key in ("$ref", "$dynamicRef"):
            target = part.get(key, "#")
            if isinstance(target, str) and not _reaches(schema, target):
                inside = target.startswith("#")
                fault = (
                    "refers to what it does not hold:" if inside else "leads out of the schema, to"
                )
                return f"{key} {fault} {_cut(repr(target))}"
        try:
            re.compile(part["pattern"] if isinstance(part.get("pattern"), str) else "")
        except re.error as error:
            return f"the pattern `{_cut(part['pattern'])}` can't be used: {error}"
    return ""


def _reaches(schema: Any, target: str) -> bool:
    """Whether a reference leads to a place in the schema, as `#/$defs/a`, or to a name, `#a`."""
    if not target.startswith("#/"):
        return target.startswith("#")
    place: Any = schema
    for step in target[2:].split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(place, dict) and name in place:
            place = place[name]
        elif isinstance(place, list) and name.isdecimal() and int(name) < len(place):
            place = place[int(name)]
        else:
            return False
    return True


def _is_deep(value: Any) -> bool:
    """Whether lists and objects are nested in it so far that comparing may run out of stack."""
    level: list[Any] = [value]
    for _ in range(_SHALLOW):
        level = [
            each
            for part in level
            if isinstance(part, dict | list)
            for each in (part.values() if isinstance(part, dict) else part)
        ]
    return bool(level)


def _closest(error: "ValidationError") -> "ValidationError":
    """The failure inside an anyOf or oneOf that says most about what was meant."""
    from jsonschema.exceptions import ValidationError, best_match  # noqa: PLC0415 - as above

    best = best_match(iter([error])) if error.context else None
    return best if isinstance(best, ValidationError) else error


def _rank(error: "ValidationError") -> tuple[tuple[int, int, str], ...]:
    return tuple(
        (0, step, "") if isinstance(step, int) else (1, 0, str(step))
        for step in error.absolute_path
    )


def _sentence(error: "ValidationError") -> str:
    return f"{_path(list(error.absolute_path))}: {_want(error)}"


def _path(steps: Sequence[int | str]) -> str:
    out = ""
    for step in steps:
        if isinstance(step, int):
            out += f"[{step}]"
        elif step.replace("-", "_").isidentifier():
            out += f".{step}" if out else step
        else:
            out += f"[{_cut(repr(step))}]"
    return out or "the top level"


def _want(error: "ValidationError") -> str:
    wanted: Any = error.validator_value
    instance: Any = error.instance
    match error.validator:
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else list(wanted)
            return "want " + " or ".join(_NAMES.get(kind, kind) for kind in kinds)
        case "required":
            missing = [key for key in wanted if key not in instance]
            return "missing " + ", ".join(f"`{key}`" for key in missing)
        case "additionalProperties":
            known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
            extra = sorted(str(key) for key in instance if key not in known)
            return _cut("unknown key " + ", ".join(f"`{key[:40]}`" for key in extra[:5]))
        case "enum":
            return _cut("want one of " + ", ".join(repr(each) for each in wanted))
        case "const":
            return _cut(f"want {wanted!r}")
        case "minItems":
            return f"want at least {wanted} item{'s' * (wanted != 1)}"
        case "maxItems":
            return f"want at most {wanted} item{'s' * (wanted != 1)}"
        case "minLength":
            return f"want at least {wanted} character{'s' * (wanted != 1)}"
        case "maxLength":
            return f"want at most {wanted} character{'s' * (wanted != 1)}"
        case "minimum":
            return f"want {wanted} or more"
        case "maximum":
            return f"want {wanted} or less"
        case "pattern":
            return _cut(f"want text that matches {wanted}")
        case "uniqueItems":
            return "want every item once"
        case _:
            return _cut(error.message)


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"
