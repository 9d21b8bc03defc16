"""Recordings of runs: JSON lines, first what was run, then each exchange with a model.

`{"type": "run", "version": 1, "request", "options", "base", "seed", "tree", "recorded", "model"}`
`{"type": "exchange", "name", "hash", "request", "reply"}`, where the reply is
`{"text", "finish", "usage", "model", "seconds"}`.
"""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast, get_args

from partita.core.budget import Usage
from partita.core.fingerprint import request_hash
from partita.core.question import Answer, Finish
from partita.errors import BadInput

VERSION = 1
MAX_LINE = 32 * 1024 * 1024  # characters
MAX_LINES = 100_000
_TEXTS = ("request", "base", "seed", "tree", "recorded", "model")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What was run: `base` and `tree` are object ids, `recorded` is a date, `YYYY-MM-DD`."""

    request: str
    options: dict[str, Any]
    base: str
    seed: str
    tree: str
    recorded: str
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the model gave; `seconds` is how long it took."""

    text: str
    finish: Finish
    usage: Usage
    model: str
    seconds: float = 0.0

    def answer(self) -> Answer:
        """As the Model port gives it."""
        return Answer(text=self.text, finish=self.finish, usage=self.usage, model=self.model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One question and its reply; `request` is as `request_json` gives it, `hash` is its hash."""

    name: str
    hash: str
    request: dict[str, Any]
    reply: Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """A whole recording, in the order of the answers."""

    header: Header
    exchanges: tuple[Exchange, ...]


def read_transcript(source: Path | str | Iterable[str]) -> Transcript:
    """Read a recording from a path or from its lines; BadInput names the line that is wrong."""
    if not isinstance(source, Path | str):
        return _read(iter(source), "the recording")
    try:
        with Path(source).open(encoding="utf-8", newline="\n") as file:
            return _read(_lines(file), str(source))
    except OSError as e:
        raise BadInput(f"the recording {source} can't be read: {e.strerror or e}") from None
    except UnicodeDecodeError:
        raise BadInput(f"the recording {source} is not UTF-8 text") from None


def write_transcript(path: Path | str, transcript: Transcript) -> None:
    """Write the whole recording or, where that fails, leave what was there."""
    path = Path(path)
    lines = [{"type": "run", "version": VERSION, **asdict(transcript.header)}]
    lines += [{"type": "exchange", **asdict(e)} for e in transcript.exchanges]
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).chmod(0o644)  # mkstemp's 0600 would keep a tracked recording from others
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def _lines(file: Any) -> Iterator[str]:
    """Lines, none longer than is allowed; a longer one comes cut, so that it is not JSON."""
    while line := file.readline(MAX_LINE):
        yield line


def _read(lines: Iterator[str], where: str) -> Transcript:
    header: Header | None = None
    exchanges: list[Exchange] = []
    for number, line in enumerate(lines, start=1):
        if number > MAX_LINES:
            raise BadInput(f"{where} has more than {MAX_LINES:,} lines")
        if not line.strip():
            continue
        try:
            value = _object(json.loads(line[:MAX_LINE]), "the line")
            if header is None:
                header = _header(value)
            else:
                exchanges.append(_exchange(value))
        except RecursionError:
            raise BadInput(f"{where}, line {number}: nested too deep") from None
        except json.JSONDecodeError as e:
            raise BadInput(f"{where}, line {number}: not JSON: {e.msg}") from None
        except ValueError as e:
            raise BadInput(f"{where}, line {number}: {e}") from None
    if header is None:
        raise BadInput(f"{where} is empty: its first line must say what was run")
    return Transcript(header=header, exchanges=tuple(exchanges))


def _header(value: dict[str, Any]) -> Header:
    if value.get("type") != "run":
        raise ValueError('a recording starts with a line of type "run"')
    if value.get("version") != VERSION:
        raise ValueError(
            f"version {value.get('version')!r} of recordings is unknown; want {VERSION}"
        )
    texts = {key: _text(value, key) for key in _TEXTS}
    return Header(**texts, options=_object(value.get("options"), "options"))


def _exchange(value: dict[str, Any]) -> Exchange:
    if value.get("type") != "exchange":
        raise ValueError(f'want a line of type "exchange", not {value.get("type")!r}')
    request = _object(value.get("request"), "request")
    if request_hash(request) != _text(value, "hash"):
        raise ValueError("the hash does not fit the request: one of them was edited")
    reply = _object(value.get("reply"), "reply")
    finish = _text(reply, "finish")
    if finish not in get_args(Finish):
        raise ValueError(f"reply.finish {finish[:40]!r} is none of {', '.join(get_args(Finish))}")
    seconds = reply.get("seconds", 0.0)
    if not isinstance(seconds, int | float):
        raise ValueError("reply.seconds is no number")  # noqa: TRY004 - one error for all that does not fit
    return Exchange(
        name=_text(value, "name"),
        hash=_text(value, "hash"),
        request=request,
        reply=Reply(
            text=_text(reply, "text"),
            finish=cast("Finish", finish),
            usage=_usage(_object(reply.get("usage"), "reply.usage")),
            model=_text(reply, "model"),
            seconds=float(seconds),
        ),
    )


def _usage(value: dict[str, Any]) -> Usage:
    counts = {k: value.get(k, 0) for k in ("input", "output", "cache_read", "cache_write")}
    for key, count in counts.items():
        if not isinstance(count, int) or count < 0:
            raise ValueError(f"reply.usage.{key} is no count of tokens")
    return Usage(**counts, estimated=value.get("estimated") is True)


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is no JSON object")  # noqa: TRY004 - one error for all that does not fit
    return value


def _text(value: dict[str, Any], key: str) -> str:
    if not isinstance(value.get(key), str):
        raise ValueError(f"{key} is missing or no text")  # noqa: TRY004 - as above
    return str(value[key])
