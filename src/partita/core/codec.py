"""Dataclasses to JSON values and back, by their type hints; unions of dataclasses carry `type`."""

import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def encode(value: object) -> Any:
    """JSON for the value. Dataclasses become objects with their class's name as `type`."""
    if is_dataclass(value) and not isinstance(value, type):
        body = {f.name: encode(getattr(value, f.name)) for f in fields(value)}
        return {"type": type(value).__name__, **body}
    if isinstance(value, Mapping):
        return {str(k): encode(v) for k, v in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [encode(v) for v in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    msg = f"{type(value).__name__} has no JSON form"
    raise TypeError(msg)


def decode(kind: type[T], data: Any) -> T:
    """The value of type `kind` in the JSON that `encode` made; ValueError when it does not fit."""
    return typing.cast("T", _decode(kind, data))


def _decode(kind: Any, data: Any) -> Any:
    origin = get_origin(kind)
    if kind is Any:
        return data
    if origin in (Union, types.UnionType):
        return _union(get_args(kind), data)
    if origin is Literal:
        if data not in get_args(kind):
            msg = f"{data!r} is none of {get_args(kind)}"
            raise ValueError(msg)
        return data
    if origin in (tuple, frozenset, list):
        args = get_args(kind)
        if not isinstance(data, list):
            msg = f"want a list, not {data!r}"
            raise ValueError(msg)
        if origin is tuple and not (len(args) == 2 and args[1] is Ellipsis):  # noqa: PLR2004
            return tuple(_decode(a, d) for a, d in zip(args, data, strict=True))
        return origin(_decode(args[0], d) for d in data)
    if origin in (dict, Mapping):
        _, value = get_args(kind)
        return {k: _decode(value, v) for k, v in data.items()}
    if is_dataclass(kind):
        return _record(kind, data)
    if kind is float and isinstance(data, int):
        return float(data)
    if kind is type(None):
        kind = types.NoneType
    if not isinstance(data, kind):
        msg = f"want {kind.__name__}, not {data!r}"
        raise ValueError(msg)  # noqa: TRY004 - one error for all that does not fit
    return data


def _record(kind: Any, data: Any) -> Any:
    if not isinstance(data, dict):
        msg = f"want an object for {kind.__name__}, not {data!r}"
        raise ValueError(msg)  # noqa: TRY004
    hints = get_type_hints(kind)
    given = {f.name: _decode(hints[f.name], data[f.name]) for f in fields(kind) if f.name in data}
    try:
        return kind(**given)
    except TypeError as e:
        raise ValueError(str(e)) from e


def _union(options: tuple[Any, ...], data: Any) -> Any:
    if data is None and type(None) in options:
        return None
    for option in options:
        if is_dataclass(option):
            if isinstance(data, dict) and data.get("type") == getattr(option, "__name__", ""):
                return _record(option, data)
        elif option is not type(None):
            try:
                return _decode(option, data)
            except ValueError:
                continue
    msg = f"{data!r} fits none of {options}"
    raise ValueError(msg)
