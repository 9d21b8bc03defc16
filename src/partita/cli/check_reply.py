"""`partita check reply`: what a model's reply holds, and whether that is all of it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import click

from partita.cli.check_input import (
    Answer,
    answer_lines,
    as_line,
    decoded,
    file_argument,
    kind_of,
    lines_option,
    name_of,
    put,
    read_object,
    read_whole,
    refuse,
)
from partita.cli.main import json_option
from partita.errors import BadInput

if TYPE_CHECKING:
    from partita.core.reply.value import Edit, FilesRead

LARGEST = 16 * 1024 * 1024  # bytes of a reply
KINDS = ("json", "files", "edits", "review")
FINISHES = ("stop", "length")
FITS = {"schema": ("json",), "nonce": ("files", "edits"), "original": ("edits",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A reply, what it was asked for, and how its model stopped."""

    raw: str
    schema: Mapping[str, Any] | None
    nonce: str
    finish: str
    original: str | None


@click.command(epilog="Example: partita check reply reply.txt --as json --schema schema.json")
@file_argument
@click.option("--as", "kind", type=click.Choice(KINDS), required=True, help="What was asked for.")
@click.option(
    "--schema",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="With --as json: the JSON Schema that the value must satisfy ({} takes any).",
)
@click.option(
    "--nonce",
    metavar="N",
    help="With --as files or edits: the id that the prompt asked for in every <file> tag.",
)
@click.option(
    "--finish",
    type=click.Choice(FINISHES),
    default="stop",
    help="How the model stopped: by itself, or at its output limit (default: stop).",
)
@click.option(
    "--original",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="With --as edits: the file to which they are applied.",
)
@lines_option
@json_option
def command(file: str | None, *, kind: str, lines: bool, as_json: bool, **given: Any) -> int:
    """Read the model's reply in FILE ("-" or nothing: standard input), at most 16 MiB of UTF-8.

    A reading is complete, truncated (what is shown was finished before the cut), or unreadable;
    only a complete one gives exit 0. With --jsonl each line is {"id", "raw", "schema"?, "nonce"?,
    "finish_reason"?, "original"?}.
    """
    usual = _usual(kind, **given)
    read = READERS[kind]
    if lines:
        return answer_lines(file, lambda data: _answer(read, _case(data, usual)))
    raw = decoded(read_whole(file, most=LARGEST), name_of(file), encoding="utf-8")
    answer = _answer(read, replace(usual, raw=raw))
    if as_json:
        put(as_line(answer.facts))
    else:
        from partita.cli.output import say  # noqa: PLC0415 - start-up of --json
        from partita.present.checks import reply_lines  # noqa: PLC0415

        for line in reply_lines(answer.facts):
            say(line)
    return answer.code


def _usual(
    kind: str, *, schema: str | None, nonce: str | None, finish: str, original: str | None
) -> Case:
    """The case that the options describe, its reply still to come."""
    given = {"schema": schema, "nonce": nonce, "original": original}
    refuse(
        [
            f"--{name} goes with --as {' or '.join(kinds)} only"
            for name, kinds in FITS.items()
            if given[name] is not None and kind not in kinds
        ]
    )
    text = None if original is None else decoded(read_whole(original), original, encoding="utf-8")
    found = None
    if schema is not None:
        found = _usable(read_object(read_whole(schema), schema), schema)
    return Case(raw="", schema=found, nonce=nonce or "", finish=finish, original=text)


def _case(data: dict[str, Any], usual: Case) -> Case:
    """The case of a line; what it leaves out or gives as null is as the options say."""
    given = {key: value for key, value in data.items() if value is not None}
    wrong = [] if "raw" in data else ["`raw` is missing; want the text of the reply"]
    wrong += [
        f"`{key}` is {kind_of(data[key])}; want text"
        for key in ("raw", "nonce", "original")
        if (key in given or (key == "raw" and key in data)) and not isinstance(data[key], str)
    ]
    finish = given.get("finish_reason", usual.finish)
    if finish not in FINISHES:
        wrong.append(f"`finish_reason`: want {' or '.join(FINISHES)}")
    refuse(wrong)
    raw: str = data["raw"]
    if len(raw) > LARGEST:
        raise BadInput(f"`raw` is longer than {LARGEST // 2**20} MiB")
    schema = usual.schema
    if "schema" in given:
        schema = _usable(given["schema"], "`schema`")
    return Case(
        raw=raw,
        schema=schema,
        nonce=given.get("nonce", usual.nonce),
        finish=finish,
        original=given.get("original", usual.original),
    )


def _usable(schema: Any, what: str) -> Mapping[str, Any]:
    try:
        flaw = _flaw(as_line({"schema": schema}))
    except RecursionError:
        flaw = "it is nested too deeply"
    if flaw:
        raise BadInput(f"{what} is no JSON Schema that can be used: {flaw}")
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    found: Mapping[str, Any] = schema
    return found


@lru_cache(maxsize=64)
def _flaw(schema: str) -> str:
    """The flaw of a schema, given as text: many lines have the same."""
    import json  # noqa: PLC0415

    from partita.core.schema import schema_flaw  # noqa: PLC0415 - jsonschema, only when needed

    return schema_flaw(json.loads(schema)["schema"])


def _answer(read: Callable[[Case], dict[str, Any]], case: Case) -> Answer:
    with _schema_faults(case):
        facts = read(case)
    try:
        as_line(facts)
    except (ValueError, RecursionError) as e:
        facts = _unreadable(f"the value can't be written as JSON: {e}", value=None)
    return Answer(facts, 0 if facts["status"] == "complete" else 1)


@contextmanager
def _schema_faults(case: Case) -> Iterator[None]:
    """BadInput for what only shows in a schema when a value is held against it."""
    if not case.schema:
        yield
        return
    import re  # noqa: PLC0415

    from referencing.exceptions import Unresolvable  # noqa: PLC0415

    try:
        yield
    except Unresolvable as e:
        raise BadInput(f"the schema refers to what it does not hold: {e.ref}") from e
    except re.error as e:
        raise BadInput(f"the schema holds a regular expression that can't be used: {e}") from e
    except (ArithmeticError, RecursionError) as e:
        raise BadInput("the schema can't be held against this value: it has no end") from e


# --- one reader a kind --------------------------------------------------------------------------


def _unreadable(why: str, **rest: Any) -> dict[str, Any]:
    return {"status": "unreadable", "rung": None, **rest, "problems": [why]}


def _json(case: Case) -> dict[str, Any]:
    from partita.core.reply.documents import read_json  # noqa: PLC0415 - start-up of --help
    from partita.core.reply.value import Unreadable  # noqa: PLC0415

    found = read_json(case.raw, case.schema, finish=case.finish)
    if isinstance(found, Unreadable):
        return _unreadable(found.why, value=None)
    return {
        "status": "truncated" if found.truncated else "complete",
        "rung": found.rung,
        "value": found.value,
        "problems": list(found.problems),
    }


def _review(case: Case) -> dict[str, Any]:
    from partita.core.reply.documents import read_json  # noqa: PLC0415
    from partita.core.reply.review import REVIEW_SCHEMA, read_review  # noqa: PLC0415
    from partita.core.reply.value import JsonRead, Unreadable  # noqa: PLC0415

    review = read_review(case.raw, finish=case.finish)
    if isinstance(review, Unreadable):
        facts = _unreadable(review.why, value=None)
        document = read_json(case.raw, REVIEW_SCHEMA, finish=case.finish)
        if isinstance(document, JsonRead) and document.truncated:
            facts["status"] = "truncated"
        return facts
    return {
        "status": "complete",
        "rung": review.rung,
        "value": {"verdict": review.verdict, "findings": list(review.findings)},
        "problems": list(review.problems),
    }


def _files(case: Case) -> dict[str, Any]:
    from partita.core.reply.files import read_files  # noqa: PLC0415
    from partita.core.reply.value import Unreadable  # noqa: PLC0415

    found = read_files(case.raw, nonce=case.nonce, finish=case.finish)
    if isinstance(found, Unreadable):
        return _no_files(found.why)
    return _of_files(found)


def _no_files(why: str) -> dict[str, Any]:
    from partita.core.reply.value import FilesRead  # noqa: PLC0415

    return {**_of_files(FilesRead(files=(), problems=(why,))), "rung": None}


def _of_files(found: "FilesRead") -> dict[str, Any]:
    """The reading as JSON. A block that can't be used makes the whole unreadable.

    The others are listed, but who goes by the status alone must not write half of a change.
    """
    from partita.core.scope import bad_path  # noqa: PLC0415

    refused = {f.path: why for f in found.files if f.path and (why := bad_path(f.path))}
    problems = [*found.problems, *(f"{p!r} can't be written: {w}" for p, w in refused.items())]
    status = "unreadable" if problems else "complete"
    unfinished = found.unfinished
    return {
        "status": "truncated" if unfinished else status,
        "rung": found.rung,
        "files": [
            {
                "path": f.path,
                "text": f.text,
                "op": f.op,
                "executable": f.executable,
                "edits": _edit_facts(f.edits),
            }
            for f in found.files
            if f.path not in refused
        ],
        "unfinished": {"path": unfinished.path, "text": unfinished.text} if unfinished else None,
        "requests": [{"path": path, "why": why} for path, why in found.requests],
        "notes": list(found.notes),
        "problems": problems,
    }


def _edit_facts(edits: tuple["Edit", ...]) -> list[dict[str, str]]:
    return [{"search": e.search, "replace": e.replace} for e in edits]


def _edits(case: Case) -> dict[str, Any]:
    """Edits in a `<file>` tag or a fence with a path, else those that stand alone, path ""."""
    from partita.core.reply.edits import apply_edits  # noqa: PLC0415
    from partita.core.reply.files import read_files  # noqa: PLC0415
    from partita.core.reply.lone import read_lone_edits  # noqa: PLC0415
    from partita.core.reply.value import FileBlock, FilesRead, Unreadable  # noqa: PLC0415

    found = read_files(case.raw, nonce=case.nonce, finish=case.finish)
    if isinstance(found, Unreadable) or not (found.files or found.unfinished or found.problems):
        alone = read_lone_edits(case.raw)
        if isinstance(alone, Unreadable):
            return _no_files(alone.why)
        found = FilesRead(files=(FileBlock(path="", op="edit", edits=alone),))
        facts = {**_of_files(found), "rung": "alone"}
    else:
        facts = _of_files(found)
    if any(f.op != "edit" for f in found.files):
        facts["status"] = "unreadable"
        facts["problems"].append("it holds more than edits; read it with --as files")
    if case.finish == "length" and facts["status"] == "complete":
        facts["status"] = "truncated"
    if case.original is None or facts["status"] != "complete":
        return facts
    if len(found.files) != 1:
        raise BadInput("the reply edits several files, and there is one original only")
    edited: str | Unreadable = apply_edits(case.original, found.files[0].edits)
    if isinstance(edited, Unreadable):
        return {**facts, "status": "unreadable", "problems": [*facts["problems"], edited.why]}
    facts["files"][0]["text"] = edited
    return facts


READERS: dict[str, Callable[[Case], dict[str, Any]]] = {
    "json": _json,
    "files": _files,
    "edits": _edits,
    "review": _review,
}
