"""The plan file: a Coordination Plan as JSON, written strictly and read from what models write."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Final

from partita.core.plan import Contract, Plan, Task, WantedFile
from partita.core.problem import Problem
from partita.core.problems import ID, TASKS
from partita.core.schema import violations
from partita.core.scope import BadPattern, literal, normalise

PATTERNS = 10_000  # of one language of a scope
ITEMS = 1_000
TEXT = 20_000  # characters
LINES = 100_000
NAME = 80


def _list(items: Mapping[str, Any], most: int = ITEMS) -> dict[str, Any]:
    return {"type": "array", "items": dict(items), "maxItems": most}


_TEXT: Final = {"type": "string", "maxLength": TEXT}
_MAYBE: Final = {"type": ["string", "null"], "maxLength": TEXT}
_PATTERNS: Final = _list({"type": "string"}, PATTERNS)

PLAN_SCHEMA: Final[dict[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Coordination Plan",
    "type": "object",
    "required": ["name", "tasks"],
    "properties": {
        "version": {"type": "integer", "const": 1},
        "base": {**_TEXT, "description": 'The commit it starts from; "" for an empty tree.'},
        "name": _TEXT,
        "architecture": _TEXT,
        "constraints": {**_list(_TEXT), "description": "What was asked of the whole."},
        "test_command": _MAYBE,
        "run_command": _MAYBE,
        "dependencies": _list(_TEXT),
        "contracts": _list(
            {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": _TEXT,
                    "kind": {
                        **_TEXT,
                        "description": "function, class, endpoint, schema, command or other",
                    },
                    "path": {**_TEXT, "description": "The file that will hold it."},
                    "symbol": {**_TEXT, "description": "Its name there, as `Class.method`."},
                    "signature": _TEXT,
                    "note": _TEXT,
                },
            },
            TASKS,
        ),
        "tasks": _list(
            {
                "type": "object",
                "required": ["id", "objective", "touch"],
                "properties": {
                    "id": _TEXT,
                    "objective": _TEXT,
                    "touch": {**_PATTERNS, "description": "Paths or patterns it may write."},
                    "read": {**_PATTERNS, "description": "What it may be shown besides."},
                    "forbid": {**_PATTERNS, "description": "What it may never write."},
                    "needs": {**_list(_TEXT, TASKS), "description": "Tasks that must have passed."},
                    "uses": {**_list(_TEXT, TASKS), "description": "Contracts that it builds on."},
                    "provides": {
                        **_list(_TEXT, TASKS),
                        "description": "Contracts that it fulfils.",
                    },
                    "criteria": _list(_TEXT),
                    "files": _list(
                        {
                            "type": "object",
                            "required": ["path"],
                            "properties": {
                                "path": _TEXT,
                                "importance": {"enum": ["critical", "normal", "low"]},
                                "lines": {"type": "integer", "minimum": 0, "maximum": LINES},
                                "note": _TEXT,
                            },
                        }
                    ),
                },
            },
            TASKS,
        ),
    },
}


def to_json(plan: Plan) -> dict[str, Any]:
    """The plan file's content."""
    return {
        "version": plan.version,
        "base": plan.base,
        "name": plan.name,
        "architecture": plan.architecture,
        "constraints": list(plan.constraints),
        "test_command": plan.test_command,
        "run_command": plan.run_command,
        "dependencies": list(plan.dependencies),
        "contracts": [
            {
                "id": c.id,
                "kind": c.kind,
                "path": c.path,
                "symbol": c.symbol,
                "signature": c.signature,
                "note": c.note,
            }
            for c in plan.contracts
        ],
        "tasks": [_task_json(t) for t in plan.tasks],
    }


def _task_json(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "objective": task.objective,
        "touch": list(task.touch),
        "read": list(task.read),
        "forbid": list(task.forbid),
        "needs": list(task.needs),
        "uses": list(task.uses),
        "provides": list(task.provides),
        "criteria": list(task.criteria),
        "files": [
            {"path": f.path, "importance": f.importance, "lines": f.lines, "note": f.note}
            for f in task.files
        ],
    }


def read_plan(
    data: object, *, base: str = "", existing: frozenset[str] = frozenset()
) -> Plan | tuple[Problem, ...]:
    """The plan in the data, or what keeps it from being one; `problems` judges the plan itself.

    `base`, where given, takes the place of the file's. Ids are brought into our form, references
    to them along with them. A path of an existing or a wanted file is taken literally, and so is
    an existing folder at the head of a pattern. A null is as good as a missing key.
    """
    data = _tidy(data)
    wrong = violations(PLAN_SCHEMA, data)
    if wrong or not isinstance(data, dict):
        mend = "Send a JSON object that fits the plan's schema."
        return tuple(Problem(kind="form", text=text, mend=mend) for text in wrong)
    tasks, contracts = data["tasks"], data.get("contracts", [])
    task_ids = _Ids(t["id"] for t in tasks)
    contract_ids = _Ids(c["id"] for c in contracts)
    folders = frozenset(p[:i] for p in existing for i, c in enumerate(p) if c == "/")
    return Plan(
        name=data["name"],
        base=base or data.get("base", ""),
        architecture=data.get("architecture", ""),
        constraints=tuple(data.get("constraints", ())),
        contracts=tuple(
            Contract(
                id=ident,
                kind=c.get("kind", "other"),
                signature=c.get("signature", ""),
                path=_plain(c.get("path", "")),
                symbol=c.get("symbol", ""),
                note=c.get("note", ""),
            )
            for c, ident in zip(contracts, contract_ids.given, strict=True)
        ),
        dependencies=tuple(data.get("dependencies", ())),
        tasks=tuple(
            _task(t, ident, task_ids, contract_ids, existing, folders)
            for t, ident in zip(tasks, task_ids.given, strict=True)
        ),
        test_command=data.get("test_command"),
        run_command=data.get("run_command"),
        version=int(data.get("version", 1)),
    )


def _task(
    data: Mapping[str, Any],
    ident: str,
    tasks: "_Ids",
    contracts: "_Ids",
    existing: frozenset[str],
    folders: frozenset[str],
) -> Task:
    files = tuple(
        WantedFile(
            path=_plain(f["path"]),
            importance=f.get("importance", "normal"),
            lines=int(f.get("lines", 80)),
            note=f.get("note", ""),
        )
        for f in data.get("files", ())
    )
    known = existing | {f.path for f in files}

    def patterns(key: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(_pattern(p, known, folders) for p in data.get(key, ())))

    return Task(
        id=ident,
        objective=data["objective"],
        touch=patterns("touch") or tuple(dict.fromkeys(_exact(f.path) for f in files)),
        read=patterns("read"),
        forbid=patterns("forbid"),
        needs=tuple(map(tasks.find, data.get("needs", ()))),
        uses=tuple(map(contracts.find, data.get("uses", ()))),
        provides=tuple(map(contracts.find, data.get("provides", ()))),
        criteria=tuple(data.get("criteria", ())),
        files=files,
    )


def _tidy(data: object) -> object:
    """The data without nulls, and with an empty `touch` where the files alone say what it is."""
    if not isinstance(data, dict):
        return data
    out = _without_nulls(data)
    for key in ("tasks", "contracts"):
        if isinstance(out.get(key), list):
            out[key] = [_without_nulls(e) if isinstance(e, dict) else e for e in out[key]]
    for task in out["tasks"] if isinstance(out.get("tasks"), list) else ():
        if isinstance(task, dict) and isinstance(task.get("files"), list):
            task["files"] = [_without_nulls(f) if isinstance(f, dict) else f for f in task["files"]]
            if task["files"]:
                task.setdefault("touch", [])
    return out


def _without_nulls(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value is not None}


# --- ids and paths ------------------------------------------------------------------------------


class _Ids:
    """The ids of the data in our form, each once, and how to find them by what they were."""

    def __init__(self, raw: Iterable[str]) -> None:
        self.given: list[str] = []
        self._known: dict[str, str] = {}
        texts = list(raw)
        # Ids that are in our form already keep it, whatever the others turn into.
        taken = {t for t in texts if ID.fullmatch(t)}
        seen: set[str] = set()
        for text in texts:
            ident = text
            if text not in taken or text in seen:
                ident = _unique(slug(text), taken)
                taken.add(ident)
            seen.add(text)
            self.given.append(ident)
            self._known.setdefault(text, ident)
        for text, ident in list(self._known.items()):
            self._known.setdefault(slug(text), ident)

    def find(self, text: str) -> str:
        """The id that the text means; the text itself, shortened, where it means none."""
        return self._known.get(text) or self._known.get(slug(text)) or text[:NAME]


def slug(text: str) -> str:
    """The text in the form of our ids: 1 to 40 of a-z, 0-9 and `-`, not starting with `-`."""
    if ID.fullmatch(text):
        return text
    plain = unicodedata.normalize("NFKD", text[:400]).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].rstrip("-") or "x"


def _unique(ident: str, taken: set[str]) -> str:
    number, found = 2, ident
    while found in taken:
        tail = f"-{number}"
        found = ident[: 40 - len(tail)] + tail
        number += 1
    return found


def _plain(path: str) -> str:
    """The path without a leading `./`."""
    while path.startswith("./"):
        path = path[2:].lstrip("/")
    return path


def _pattern(text: str, known: frozenset[str], folders: frozenset[str]) -> str:
    """The pattern in its one spelling; what can't be used stays as it is, for `problems`."""
    plain = _plain(text)
    if plain in known:
        return _exact(plain)
    if plain.rstrip("/") in folders:
        return _exact(plain.rstrip("/")) + "/**"
    parts = plain.split("/")
    for count in range(len(parts) - 1, 0, -1):
        folder = "/".join(parts[:count])
        if folder in folders:
            plain = "/".join((_exact(folder), *parts[count:]))
            break
    try:
        return normalise(plain)
    except BadPattern:
        return text


def _exact(path: str) -> str:
    """The pattern for the path alone; a path that can't be one stays, for `problems`."""
    try:
        return normalise(literal(path))
    except BadPattern:
        return path
