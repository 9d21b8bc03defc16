"""What the checks found, as lines for people: what is wrong, where, and what to do about it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

SHOWN = 20  # entries of a list, and lines of a value; the rest is for --json
MENDS = {
    "overlap": "let one need the other, or `forbid` the path in one of them",
    "collision": "rename one of them",
    "hazard": "let the reader need the writer, or narrow its `read`",
}


def plain(text: str) -> str:
    """The text in characters that can be printed anywhere that prints UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()


def _some(entries: Sequence[str], indent: str = "  ") -> Iterator[str]:
    for entry in entries[:SHOWN]:
        yield plain(f"{indent}{entry}")
    if len(entries) > SHOWN:
        yield f"{indent}and {len(entries) - SHOWN:,} more: see --json"


def _count(number: int, what: str, several: str = "") -> str:
    return f"{number:,} {what if number == 1 else several or what + 's'}"


def scopes_lines(facts: Mapping[str, Any], *, tasks: int) -> Iterator[str]:
    """The clashes between the tasks of a division of work."""
    clashes, unsure = facts["clashes"], facts.get("unsure", ())
    hazards = sum(c["kind"] == "hazard" for c in clashes)
    many = "at least " if facts.get("cut") else ""
    if facts["disjoint"]:
        also = f", but {many}{_count(hazards, 'hazard')}:" if hazards else ""
        yield f"disjoint: {_count(tasks, 'task')}{also}"
    elif len(clashes) == hazards:
        yield f"undecided: {_count(tasks, 'task')}"
    else:
        found = _count(len(clashes), "clash", "clashes")
        yield f"not disjoint: {many}{found} between {_count(tasks, 'task')}"
    yield from _some([_clash(c) for c in clashes])
    for kind in dict.fromkeys(c["kind"] for c in clashes):
        yield f"{kind}: {MENDS[kind]}"
    if unsure:
        yield f"not compared: {_count(len(unsure), 'pair')}"
        yield from _some([f"{u['a']} and {u['b']}: {u['why']}" for u in unsure])


def _clash(clash: Mapping[str, Any]) -> str:
    a, b, witness = clash["a"], clash["b"], clash["witness"]
    patterns = f"`{clash['pattern_a']}` and `{clash['pattern_b']}`"
    if clash["kind"] == "overlap":
        return f"overlap: {a} and {b} may both write `{witness}` ({patterns})"
    if clash["kind"] == "collision":
        return (
            f"collision: `{witness}` is a file for one of {a} and {b}, a folder for the other "
            f"({patterns})"
        )
    return f"hazard: {a} reads `{witness}`, which {b} may be writing ({patterns})"


def overlap_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """Whether two patterns share a path."""
    if facts["overlap"]:
        yield plain(f"overlap: both match `{facts['witness']}`")
    if facts["collision"]:
        yield plain(
            f"collision: `{facts['collision']['witness']}` is a file for one and a folder for the "
            "other"
        )
    if not (facts["overlap"] or facts["collision"]):
        yield "disjoint: no path matches both"


def reply_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """What a reply holds, and whether that is all of it."""
    rung = f" (read as: {facts['rung']})" if facts["rung"] else ""
    yield f"{facts['status']}{rung}"
    problems = [line for text in facts["problems"] for line in text.split("\n")]
    yield from _some(problems)
    if "value" in facts:
        if facts["value"] is not None or facts["status"] == "complete":
            text = json.dumps(facts["value"], indent=2, ensure_ascii=False)
            yield from _some(text.split("\n"), indent="")
        return
    yield from _some([_file(f) for f in facts["files"]])
    if unfinished := facts["unfinished"]:
        what = f"`{unfinished['path']}`" if unfinished["path"] else "perhaps further files"
        yield plain(f"  cut: {what}, {_count(_lines(unfinished['text']), 'line')} of it so far")
    yield from _some([f"asks for `{r['path']}` besides: {r['why']}" for r in facts["requests"]])
    yield from _some([f"note: {note}" for note in facts["notes"]])


def _file(file: Mapping[str, Any]) -> str:
    what = f"{file['op']} `{file['path']}`" if file["path"] else file["op"]
    if file["edits"] and not file["text"]:
        return f"{what}: {_count(len(file['edits']), 'edit')}"
    if file["op"] == "delete":
        return what
    mark = ", executable" if file["executable"] else ""
    return f"{what}: {_count(_lines(file['text']), 'line')}{mark}"


def _lines(text: str) -> int:
    return text.count("\n") + (not text.endswith("\n") and bool(text))


def plan_lines(
    facts: Mapping[str, Any], *, figures: Sequence[str], note: str = ""
) -> Iterator[str]:
    """What is wrong with a plan, each with its mend, how it would run, and what it will take."""
    if "done" in facts:
        yield f"mended: {len(facts['done']):,}"
        yield from _some(facts["done"])
    waves, wrong = facts["waves"], facts["problems"]
    tasks = _count(sum(map(len, waves)), "task")
    if facts["ok"]:
        yield f"ok: {tasks} in {_count(len(waves), 'wave')}"
    else:
        yield f"{_count(len(wrong), 'problem')} in {tasks}:"
    for problem in wrong[:SHOWN]:
        yield plain(f"  {problem['text']}")
        yield plain(f"      {problem['mend']}")
    if len(wrong) > SHOWN:
        yield f"  and {len(wrong) - SHOWN:,} more: see --json"
    yield from _some([f"wave {n}: {_names(wave, ', ')}" for n, wave in enumerate(waves, 1)], "")
    yield plain(f"critical path: {_names(facts['critical_path'], ' -> ')}")
    yield from figures
    if note:
        yield plain(note)


def _names(names: Sequence[str], between: str) -> str:
    more = f"{between}... ({len(names):,} in all)" if len(names) > SHOWN else ""
    return between.join(names[:SHOWN]) + more
