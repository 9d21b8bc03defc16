"""What is asked in the analytic phase, and the schemas of the answers."""

from collections.abc import Container
from dataclasses import replace
from typing import Any, Literal

from partita.core.analysis import KINDS, Brief, Excerpt, Findings, Requirement
from partita.core.discovery.languages import is_code
from partita.core.discovery.symbols import symbols
from partita.core.prompts.common import bullets, material, opening, section, user
from partita.core.question import Message

Show = Literal["texts", "symbols", "paths"]

TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}
MATURITY = "1 idea, 2 sketch, 3 runs, 4 tested, 5 documented, 6 hardened, 7 operated"

BRIEF: dict[str, Any] = {
    "kind": {"enum": list(KINDS)},
    "name": TEXT,
    "goal": {"type": "string", "minLength": 1},
    "target": TEXT,
    "constraints": TEXTS,
    "doubts": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"question": TEXT, "default": TEXT},
            "required": ["question", "default"],
        },
    },
}
REQUIREMENTS: dict[str, Any] = {
    "requirements": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "text": {"type": "string", "minLength": 1},
                "priority": {"enum": ["must", "should", "could", "wont"]},
                "criteria": TEXTS,
                "milestone": {"type": "integer", "minimum": 1},
            },
            "required": ["text", "priority"],
        },
    },
}
ASSESSMENT: dict[str, Any] = {
    "go": {"type": "boolean"},
    "why": TEXT,
    "maturity_wanted": {"type": "integer", "minimum": 1, "maximum": 7},
    "gaps": TEXTS,
}


def schema(*parts: dict[str, Any], required: tuple[str, ...]) -> dict[str, Any]:
    """An object schema with the properties of all the parts."""
    properties = {k: v for part in parts for k, v in part.items()}
    return {"type": "object", "properties": properties, "required": list(required)}


BRIEF_SCHEMA = schema(BRIEF, required=("goal",))
REQUIREMENTS_SCHEMA = schema(REQUIREMENTS, required=("requirements",))
ASSESSMENT_SCHEMA = schema(ASSESSMENT, required=("go", "maturity_wanted"))
QUICK_SCHEMA = schema(BRIEF, REQUIREMENTS, ASSESSMENT, required=("goal", "requirements", "go"))

BRIEF_FORM = {
    "kind": '"build" (something new) | "feature" | "fix" | "refactor" | "test" | "explain"',
    "name": '"short-kebab-case name of the thing"',
    "goal": '"one sentence: what is true when this is done"',
    "target": '"the existing folder it concerns, or \\"\\""',
    "constraints": '["only what the request demands"]',
    "doubts": '[{"question": "what would change the design", "default": "what is assumed"}]',
}
REQUIREMENTS_FORM = """\
"requirements": [{"text": "...", "priority": "must|should|could|wont", \
"criteria": ["an observable check, with values that are certain"], "milestone": 1}]"""
ASSESSMENT_FORM = f"""\
"go": true unless the request can't or must not be built, "why": "one sentence",
"maturity_wanted": a number ({MATURITY}),
"gaps": ["what lies between now and wanted, beyond the requirements"]"""
FEW_DOUBTS = "at most 3 doubts"
FEW_REQUIREMENTS = "at most 8 requirements with at most 3 criteria each"


def form(body: str, *bounds: str) -> str:
    """How the answer is to look, within which bounds."""
    limits = ", ".join((*bounds, "short sentences"))
    return (
        f"Keep to what was asked: {limits}. Answer with one JSON object and nothing else.\n"
        f"{{{body}}}"
    )


def brief_form(known: Container[str]) -> str:
    """What is asked of the brief: all but what is known."""
    return ",\n".join(f'"{key}": {what}' for key, what in BRIEF_FORM.items() if key not in known)


def request_part(request: str) -> str:
    """The owner's words."""
    return section("Request", material("request", request))


def findings_part(found: Findings, *, show: Show = "texts") -> str:
    """What code found out, in as few tokens as will do.

    Of the files that matter it shows the texts, or the symbols of those that are code, or the
    paths only.
    """
    if found.empty:
        return section("Repository", "Empty: everything is new.")
    languages = ", ".join(f"{name} ({count} files)" for name, count in found.languages[:5])
    facts = [
        ("languages", languages),
        ("frameworks", ", ".join(found.frameworks)),
        ("packages", ", ".join(found.packages[:20])),
        ("entry points", ", ".join(found.entry_points[:8])),
        ("manifests", ", ".join(found.manifests[:8])),
        ("test command", found.test_command or ""),
        ("test files", ", ".join(found.test_files[:20])),
        ("documents", ", ".join(found.documents[:8])),
    ]
    lines = [f"{label}: {value}" for label, value in facts if value]
    paths = found.outline
    if show == "paths":
        paths = (*(e.path for e in found.relevant), *paths)
    if paths:
        others = "other files" if show != "paths" and found.relevant else "files"
        lines.append(f"{others}, most relevant first:\n" + "\n".join(paths))
    if found.left_out:
        lines.append(f"({found.left_out} more files are not shown)")
    text = section("Repository", material("facts found by code", "\n".join(lines)))
    if show == "paths":
        return text
    shown = found.relevant if show == "texts" else map(_outlined, found.relevant)
    fenced = (material(e.path if e.whole else f"{e.path}, outline only", e.text) for e in shown)
    return text + section("Relevant files", "\n".join(fenced))


def _outlined(excerpt: Excerpt) -> Excerpt:
    """Code by its symbols; a document, which has none, as it is."""
    if not excerpt.whole or not is_code(excerpt.path):
        return excerpt
    defs = symbols(excerpt.path, excerpt.text).defs
    return replace(excerpt, text="\n".join(defs), whole=False)


def quick(
    request: str, found: Findings, hint: str, known: Container[str] = ()
) -> tuple[Message, ...]:
    """One question for engage, plan and assess together; `known` is not asked of the brief."""
    body = f"{brief_form(known)},\n{REQUIREMENTS_FORM},\n{ASSESSMENT_FORM}"
    wanted = f"Analyse the request.{hint} {form(body, FEW_REQUIREMENTS, FEW_DOUBTS)}"
    return (
        opening(),
        user(request_part(request), findings_part(found), section("Wanted", wanted)),
    )


def engage(
    request: str, found: Findings, hint: str, known: Container[str] = ()
) -> tuple[Message, ...]:
    """What is wanted? What is `known` is not asked."""
    wanted = f"Say what is wanted.{hint} {form(brief_form(known), FEW_DOUBTS)}"
    seen = findings_part(found, show="symbols")
    return (opening(), user(request_part(request), seen, section("Wanted", wanted)))


def plan(request: str, found: Findings, brief: Brief) -> tuple[Message, ...]:
    """Which requirements follow?"""
    wanted = (
        "Write the requirements, the most important first; each can be tested. Cover what goes "
        "wrong (bad input, missing things), not only what goes right. "
        f"{form(REQUIREMENTS_FORM, FEW_REQUIREMENTS)}"
    )
    return (
        opening(),
        user(
            request_part(request),
            findings_part(found),
            brief_part(brief),
            section("Wanted", wanted),
        ),
    )


def assess(
    request: str, found: Findings, brief: Brief, wishes: tuple[Requirement, ...]
) -> tuple[Message, ...]:
    """Should it be done, and how far is it?"""
    wanted = (
        "Judge whether this is to be built as required, as a critical reviewer. "
        f"{form(ASSESSMENT_FORM)}"
    )
    return (
        opening(),
        user(
            request_part(request),
            findings_part(found, show="paths"),
            brief_part(brief),
            requirements_part(wishes),
            section("Wanted", wanted),
        ),
    )


def explain(request: str, found: Findings) -> tuple[Message, ...]:
    """An answer in prose about what is there."""
    wanted = (
        "Answer the request from the material, in Markdown, for an engineer who is new here. "
        "Name files and symbols. Say plainly what the material does not show. Change nothing."
    )
    return (
        opening(),
        user(request_part(request), findings_part(found), section("Wanted", wanted)),
    )


def brief_part(brief: Brief) -> str:
    """The brief as the next activity sees it."""
    lines = [f"{brief.kind} `{brief.name}`: {brief.goal}"]
    if brief.target:
        lines.append(f"In the folder {brief.target}.")
    lines += [f"- {c}" for c in brief.constraints]
    lines += [f"- {d.question} {d.answer or d.default}" for d in brief.doubts]
    return section("Brief", "\n".join(lines))


def requirements_part(wishes: tuple[Requirement, ...]) -> str:
    """The requirements with their criteria."""
    return section("Requirements", bullets(f"{w.id} ({w.priority}) {stated(w)}" for w in wishes))


def stated(wish: Requirement) -> str:
    """A requirement's text with its criteria."""
    return wish.text + (f" [{'; '.join(wish.criteria)}]" if wish.criteria else "")
