"""What is asked of a coder: files for a task, mended replies, fixes for failing tests."""

from collections.abc import Mapping, Sequence

from partita.core.plan import Plan, Task, WantedFile
from partita.core.prompts.common import bullets, material, opening, section, user
from partita.core.question import Message

FORM = """\
Reply with files only, each in tags with the id given at the end:
<file path="pkg/new.py" id="ID">
the whole content
</file ID>
To change an existing file, send only the places that change; SEARCH is copied exactly from \
the file and occurs once in it:
<file path="pkg/old.py" id="ID" op="edit">
<<<<<<< SEARCH
old lines
=======
new lines
>>>>>>> REPLACE
</file ID>
An empty file is <file path="pkg/__init__.py" id="ID"/>, a removed one has op="delete".
- Write each file whole and finished: no placeholders, no "rest unchanged", no TODO.
- Write only the files that are yours. Keep to the contracts to the letter; what you use is built \
by others at the same time and need not be there yet.
- Plain, readable code with types and short docstrings; errors are handled where they arise.
- Tests check behaviour that the task asks for, through the contracts; they are deterministic, \
need no network, close what they open, and pass against correct code."""


def project_part(plan: Plan) -> str:
    """What every task's prompt says of the whole, in the same bytes."""
    lines = [f"`{plan.name}`. {plan.architecture}".strip()]
    if plan.dependencies:
        lines.append("Dependencies: " + ", ".join(plan.dependencies))
    if plan.test_command:
        lines.append(f"Tests run by `{plan.test_command}` at the top of the repository.")
    if plan.run_command:
        lines.append(f"Started by `{plan.run_command}`.")
    lines.append("Files: " + "; ".join(f"{t.id}: {', '.join(t.touch)}" for t in plan.tasks))
    return section("Project", "\n".join(lines))


def contracts_part(plan: Plan, task: Task) -> str:
    """The contracts that the task provides or uses; those of others are not its business."""
    lines = []
    for word, idents in (("you provide", task.provides), ("you use", task.uses)):
        for contract in plan.contracts:
            if contract.id in idents:
                where = f", {contract.path}" if contract.path else ""
                note = f" - {contract.note}" if contract.note else ""
                head = f"{contract.id} ({contract.kind}{where}; {word})"
                lines.append(f"{head}: {contract.signature}{note}")
    return section("Contracts", bullets(lines) if lines else "")


def task_part(task: Task, wanted: Sequence[WantedFile]) -> str:
    """What this task is."""
    lines = [f"`{task.id}`: {task.objective}"]
    lines.append("You may write: " + ", ".join(task.touch))
    if task.forbid:
        lines.append("You must not write: " + ", ".join(task.forbid))
    if task.criteria:
        lines.append("Done when:\n" + bullets(task.criteria))
    if wanted:
        files = [f"{f.path}" + (f" ({f.note})" if f.note else "") for f in wanted]
        lines.append("Send now: " + ", ".join(files))
    return section("Your task", "\n".join(lines))


def shown_part(title: str, files: Mapping[str, str]) -> str:
    """Files as they are now."""
    return section(title, "\n".join(material(path, files[path]) for path in sorted(files)))


def mark_part(mark: str) -> str:
    """The id of this reply's tags; it stands last, so that all before it can be cached."""
    return f'The id is {mark}: <file path="..." id="{mark}"> ... </file {mark}>'


def build(
    plan: Plan,
    task: Task,
    wanted: Sequence[WantedFile],
    own: Mapping[str, str],
    others: Mapping[str, str],
    mark: str,
) -> tuple[Message, ...]:
    """The question for a task's files. `own` may be changed by it, `others` only read."""
    return (
        opening(),
        user(
            section("Form", FORM),
            project_part(plan),
            contracts_part(plan, task),
            shown_part("Existing files you may change", own),
            shown_part("Files of others, to read", others),
            task_part(task, wanted),
            mark_part(mark),
        ),
    )


def fix(
    plan: Plan,
    task: Task,
    own: Mapping[str, str],
    others: Mapping[str, str],
    evidence: str,
    tried: Sequence[str],
    mark: str,
) -> tuple[Message, ...]:
    """The question for a mended patch, with the evidence of what failed."""
    wanted = (
        "Find the cause and mend it with as small a change as is right: edits, or whole files "
        "where most of one changes. Mend the code where the code is wrong, the test where the "
        "test contradicts the task or the contracts; never weaken a check to make it pass."
    )
    before = "\n".join(f"Round {n}: {text}" for n, text in enumerate(tried, 1))
    return (
        opening(),
        user(
            section("Form", FORM),
            project_part(plan),
            contracts_part(plan, task),
            shown_part("Your files as they are now", own),
            shown_part("Files of others, to read", others),
            task_part(task, ()),
            section("What failed", material("test output", evidence)),
            section("What was tried before, and did not help", before),
            section("Wanted", wanted),
            mark_part(mark),
        ),
    )


def complain(problems: Sequence[str], mark: str, count: int = 1) -> str:
    """What was wrong with a reply; only what is named is to be sent again.

    `count` complaints there are with this one. It stands in the later ones: a question that was
    asked before would only be given the answer it had.
    """
    which = "Your reply" if count == 1 else f"Your reply number {count}"
    return (
        f"{which} can't be taken as it is:\n{bullets(problems)}\n"
        "Send again only the files named here, whole and in the same tags; all else was kept.\n"
        + mark_part(mark)
    )


def go_on(path: str, tail: str, mark: str) -> str:
    """Ask for the rest of a reply that stopped at the model's output limit."""
    if not path:
        return "Your reply was cut off between two files. Send the files that are missing.\n" + (
            mark_part(mark)
        )
    return (
        f"Your reply was cut off inside {path}. Go on with that file exactly after these last "
        f"lines, without repeating them; close it with </file {mark}> and send the files that "
        f"are missing.\n{material('the last lines', tail)}"
    )


def documents(plan: Plan, files: Mapping[str, str], changes: str, mark: str) -> tuple[Message, ...]:
    """Bring the repository's documents in step with what was done."""
    wanted = (
        "Bring these documents in step with the change: only what it makes wrong or incomplete "
        "(commands, endpoints, options, structure). Keep their voice and length; invent nothing. "
        "If nothing needs to change, reply with the single word NOTHING."
    )
    return (
        opening(),
        user(
            section("Form", FORM),
            project_part(plan),
            shown_part("Documents", files),
            section("What was done", material("diff", changes)),
            section("Wanted", wanted),
            mark_part(mark),
        ),
    )
