"""How the checks take their input and answer: one case, or one a line, as words or as JSON."""

import gc
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import isinf
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

import click

from partita.errors import BadInput

if TYPE_CHECKING:
    from partita.core.scope import Blind

LARGEST = 64 * 1024 * 1024  # bytes of a document, or of a line
SHOWN = 20  # problems of an input that are listed
NAMED = 60  # characters of a foreign text inside a sentence of ours

file_argument = click.argument(
    "file", required=False, type=click.Path(exists=True, dir_okay=False, allow_dash=True)
)
lines_option = click.option(
    "--jsonl", "lines", is_flag=True, help="One case a line in, one answer a line out."
)


def blind_options(command: Any) -> Any:
    """What the file system is blind to, where that is not what the current folder's is."""
    for name, word, what in (
        ("form", "forms", "Unicode forms (NFC, NFD)"),
        ("case", "case", "letter case"),
    ):
        command = click.option(
            f"--{name}-blind/--{name}-sharp",
            word,
            default=None,
            help=f"Whether paths that differ in {what} alone are one file "
            "(default: as the file system here has it).",
        )(command)
    return command


def sight(case: bool | None, forms: bool | None) -> "Blind":  # noqa: FBT001 - two of a kind
    """What the file system is blind to, by the options, or else by looking at the one here."""
    # Not through partita.wiring: its adapters would triple the start-up of a check.
    from partita.adapters.filesystem import blind  # noqa: PLC0415 - start-up of --help
    from partita.core.scope import Blind  # noqa: PLC0415

    here = Blind() if case is not None and forms is not None else blind(Path.cwd())
    return Blind(
        case=here.case if case is None else case, forms=here.forms if forms is None else forms
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What there is to say of a case; `code` 0: good, 1: not, 2: no verdict is possible."""

    facts: Mapping[str, Any]
    code: int


def read_whole(file: str | None, *, most: int = LARGEST) -> bytes:
    """All of a file, or of standard input; BadInput where that can't be had."""
    with _opened(file) as stream:
        try:
            data = stream.read(most + 1)
        except OSError as e:
            raise _unreadable(file, e) from e
    if len(data) > most:
        raise BadInput(f"{name_of(file)} is longer than {most // 2**20} MiB")
    return data


def decoded(data: bytes, what: str, *, encoding: str = "utf-8-sig") -> str:
    """The bytes as text; BadInput says where they are not UTF-8."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as e:
        raise BadInput(f"{what} is not UTF-8: byte {e.start:,} is 0x{data[e.start]:02x}") from e


def name_of(file: str | None) -> str:
    """What a sentence calls the input."""
    return "standard input" if file in (None, "-") else str(file)


def read_object(data: bytes, what: str) -> dict[str, Any]:
    """The JSON object in the bytes; BadInput for anything else.

    That includes a key that is there twice, as one of its values would be lost.
    """
    text = decoded(data, what)
    try:
        value = _DECODER.decode(text)
    except RecursionError as e:
        raise BadInput(f"{what} is nested too deeply") from e
    except json.JSONDecodeError as e:
        line = f"line {e.lineno:,}, " if "\n" in text.strip() else ""
        raise BadInput(f"{what} is not JSON: {e.msg}: {line}column {e.colno:,}") from e
    except ValueError as e:
        raise BadInput(f"{what} can't be used: {e}") from e
    if not isinstance(value, dict):
        raise BadInput(f"{what} is {kind_of(value)}; want a JSON object")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(k for k, _ in pairs if k in seen or seen.add(k))  # type: ignore[func-returns-value]
        raise BadInput(f"the key {named(twice)} is there twice in one object; give it once")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if isinf(value):
        raise ValueError(f"{named(text)} is too large a number")
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite
)


def kind_of(value: object) -> str:
    """What a JSON value is, in a sentence."""
    kinds = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}
    return "null" if value is None else kinds.get(type(value), "a number")


def named(text: object) -> str:
    """A foreign text as a sentence of ours quotes it."""
    plain = json.dumps(text) if not isinstance(text, str) or not text.isprintable() else f"`{text}`"
    return plain if len(plain) <= NAMED else plain[: NAMED - 1] + "…"


def refuse(problems: list[str]) -> None:
    """BadInput with all the problems, a line each, if there are any."""
    if problems:
        more = len(problems) - SHOWN
        rest = [f"and {more:,} more"] if more > 0 else []
        raise BadInput("\n  ".join([*problems[:SHOWN], *rest]))


def unknown_keys(given: Mapping[str, Any], known: tuple[str, ...], where: str) -> Iterator[str]:
    """Sentences for keys that look like a slip in a known one; any other may be a remark."""
    strange = [key for key in given if key not in known]
    if strange:
        from difflib import get_close_matches  # noqa: PLC0415 - only for what is unknown

        for key in strange:
            for meant in get_close_matches(key.lower(), known, n=1, cutoff=0.75):
                yield f"{where}{named(key)}: unknown; did you mean `{meant}`?"


# --- answering ----------------------------------------------------------------------------------


def as_line(value: Mapping[str, Any]) -> str:
    """The value as JSON on one line, in ASCII, so that any terminal and any pipe can hold it.

    ValueError or RecursionError for what JSON can't hold.
    """
    return json.dumps(value, allow_nan=False)


def put(line: str) -> None:
    """One line of JSON to standard output, at once: who reads may wait for it."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def answer_lines(file: str | None, judge: Callable[[dict[str, Any]], Answer]) -> int:
    """Answer each line of the input by one line with the same `id`; the worst of their codes.

    A line that can't be used is answered by what is wrong with it, and the others still are.
    Nothing but the line at hand is held in memory.
    """
    worst = 0
    gc.freeze()  # start-up turned the collector off; here what a line leaves must not add up
    gc.enable()
    with _opened(file) as stream:
        for number, line in enumerate(_lines(stream, file), 1):
            if line is not None and not line.strip():
                continue
            text, code = _answered(line, number, judge)
            put(text)
            worst = max(worst, code)
    return worst


def _answered(
    line: bytes | None, number: int, judge: Callable[[dict[str, Any]], Answer]
) -> tuple[str, int]:
    ident = None
    try:
        case = _case(line)
        as_line({"id": case.get("id")})  # what can't be given back is no name to answer by
        ident = case.get("id")
        answer = judge(case)
        return as_line({"id": ident, **answer.facts}), answer.code
    except BadInput as e:
        why, code = e.message, e.exit_code
    except (RecursionError, MemoryError):
        why, code = "it is nested too deeply, or too large", BadInput.exit_code
    except Exception as e:  # noqa: BLE001 - a fault of ours must not cost the answers to the others
        why, code = f"unexpected {type(e).__name__}: {str(e)[:500]}; a fault in Partita", 70
    return as_line({"id": ident, "error": f"line {number:,}: {why}"}), code


def _case(line: bytes | None) -> dict[str, Any]:
    if line is None:
        raise BadInput(f"it is longer than {LARGEST // 2**20} MiB")
    return read_object(line, "it")


def _lines(stream: IO[bytes], file: str | None) -> Iterator[bytes | None]:
    """The lines; None for one that is too long."""
    try:
        while line := stream.readline(LARGEST + 1):
            if len(line) <= LARGEST:
                yield line
                continue
            while not line.endswith(b"\n") and (line := stream.readline(LARGEST)):
                pass
            yield None
    except OSError as e:
        raise _unreadable(file, e) from e


@contextmanager
def _opened(file: str | None) -> Iterator[IO[bytes]]:
    if file is None or file == "-":
        # "-" at a terminal is meant so; nothing at all there would wait for ever.
        if sys.stdin is None or (file is None and sys.stdin.isatty()):
            raise BadInput(
                "there is nothing to check",
                remedy="name a FILE, or pipe the input into the command",
            )
        yield sys.stdin.buffer
        return
    try:
        stream = Path(file).open("rb")  # noqa: SIM115 - below, so that only opening is guarded
    except OSError as e:
        raise _unreadable(file, e) from e
    with stream:
        yield stream


def _unreadable(file: str | None, error: OSError) -> BadInput:
    return BadInput(f"{name_of(file)} can't be read: {error.strerror or error}")
