"""What is asked of a coder: files for a task, mended replies, fixes for failing tests."""

import re
from collections.abc import Mapping, Sequence

from partita.core.plan import Contract, Plan, Task, WantedFile
from partita.core.prompts.common import bullets, fitting, material, opening, section, user
from partita.core.prompts.mentions import mentioned
from partita.core.question import Message

WHOLE = """\
Reply with files only, each in tags with the id given at the end:
<file path="pkg/new.py" id="ID">
the whole content
</file ID>
"""
EDITS = """\
To change an existing file, send only the places that change, in as many blocks as it takes; each \
SEARCH is copied exactly from the file and occurs once in it:
<file path="pkg/old.py" id="ID" op="edit">
<<<<<<< SEARCH
old lines
=======
new lines
>>>>>>> REPLACE
</file ID>
Where most of it changes, an existing file may also be sent whole.
A file to be removed: <file path="pkg/gone.py" id="ID" op="delete"/>
"""
HABITS = """\
An empty file is <file path="pkg/__init__.py" id="ID"/>.
- Write each file whole and finished: no placeholders, no "rest unchanged", no TODO.
- Write only the files that are yours. Keep to the contracts to the letter; what you use is built \
by others at the same time and need not be there yet.
"""
WISH = """\
- Only where the task can't be done within your files, and never for convenience, ask for another \
one, outside the tags: <need path="pkg/other.py">why</need>
"""
TESTS = """\
- Plain, readable code with types and short docstrings; errors are handled where they arise.
- Tests check behaviour that the task asks for, through the contracts; they are deterministic, \
need no network, close what they open (a server of their own listens on port 0 of 127.0.0.1), and \
pass against correct code."""

FIX = """\
Find the cause and mend it with as small a change as is right: edits, or whole files where most of \
one changes. Mend the code where the code is wrong, the test where the test contradicts the task \
or the contracts; never weaken a check to make it pass. A literal that only running the code gives \
(a hash) and that is to be pinned may be set to the value that the code gives, where the code is \
right by its contract and the test could not know the value."""
YOURS = "Of a requirement (R1) only what concerns your files and contracts is your part."

_REQUIREMENT = re.compile(r"R\d+: ")  # as carried from the analysis

LISTED = 4_000  # characters of all tasks' files in a prompt
KEPT = 3_000  # characters of what the whole must keep to


def form_part(*, edits: bool, wishes: bool) -> str:
    """How a reply is to look; `edits`: files are there to be changed; `wishes`: more may be had."""
    parts = (WHOLE, EDITS if edits else "", HABITS, WISH if wishes else "", TESTS)
    return section("Form", "".join(parts))


def project_part(plan: Plan) -> str:
    """What every task's prompt says of the whole, in the same bytes."""
    lines = [f"`{plan.name}`. {plan.architecture}".strip()]
    if plan.constraints:
        asked = bullets(fitting(plan.constraints, KEPT))
        lines.append(f"Asked of the whole; keep to what concerns your part:\n{asked}")
    if plan.dependencies:
        lines.append("Dependencies: " + ", ".join(plan.dependencies))
    if plan.test_command:
        lines.append(f"Tests run by `{plan.test_command}` at the top of the repository.")
    if plan.run_command:
        lines.append(f"Started by `{plan.run_command}`.")
    files = fitting([f"{t.id}: {', '.join(t.touch)}" for t in plan.tasks], LISTED)
    lines.append("Files: " + "; ".join(files))
    return section("Project", "\n".join(lines))


def contracts_part(plan: Plan, task: Task) -> str:
    """The contracts that the task provides or uses, and what their text speaks of.

    Those of others are not its business.
    """
    provided = [c for c in plan.contracts if c.id in task.provides]
    used = [c for c in plan.contracts if c.id in task.uses and c.id not in task.provides]
    lines = [_contract(c, "you provide") for c in provided]
    lines += [_contract(c, "you use") for c in used]
    lines += [_contract(c, "mentioned") for c in mentioned(plan.contracts, (*provided, *used))]
    return section("Contracts", bullets(lines) if lines else "")


def _contract(contract: Contract, word: str) -> str:
    """A contract as its reader sees it; `word`: what it is to them."""
    where = f", {contract.path}" if contract.path else ""
    note = f" - {contract.note}" if contract.note else ""
    return f"{contract.id} ({contract.kind}{where}; {word}): {contract.signature}{note}"


def task_part(plan: Plan, task: Task, wanted: Sequence[WantedFile]) -> str:
    """What this task is."""
    lines = [f"`{task.id}`: {task.objective}"]
    lines.append("You may write: " + ", ".join(task.touch))
    if task.forbid:
        lines.append("You must not write: " + ", ".join(task.forbid))
    if task.criteria:
        lines.append("Done when:\n" + bullets(task.criteria))
        if len(plan.tasks) > 1 and any(_REQUIREMENT.match(c) for c in task.criteria):
            lines.append(YOURS)
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
    *,
    edits: bool = True,
    wishes: bool = True,
    said: str = "",
    kept: bool = False,
) -> tuple[Message, ...]:
    """The question for a task's files. `own` may be changed by it, `others` only read.

    `edits`: there are files to be changed, in the run or for this task. `wishes`: it may ask for
    more files; `said` is what became of those that it asked for, `kept` whether files came along.
    """
    return (
        opening(),
        user(
            form_part(edits=edits, wishes=wishes),
            project_part(plan),
            contracts_part(plan, task),
            shown_part("Existing files you may change", own),
            shown_part("Files of others, to read", others),
            task_part(plan, task, wanted),
            section("Your request for more files", said and f"{said}\n{_then(wanted, kept=kept)}"),
            mark_part(mark),
        ),
    )


def _then(wanted: Sequence[WantedFile], *, kept: bool) -> str:
    """How a task goes on once its request is answered."""
    if not kept:
        return "Now send the task's files; none was kept of your earlier reply."
    before = "What you sent before was kept and is shown above as it is now."
    if wanted:
        return f"{before} Send what is named under `Send now`, and what else must change."
    return f"{before} Send what must still change, or the single word NOTHING if nothing must."


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
    before = "\n".join(f"Round {n}: {text}" for n, text in enumerate(tried, 1))
    return (
        opening(),
        user(
            form_part(edits=True, wishes=False),
            project_part(plan),
            contracts_part(plan, task),
            shown_part("Your files as they are now", own),
            shown_part("Files of others, to read", others),
            task_part(plan, task, ()),
            section("What failed", material("test output", evidence)),
            section("What was tried before, and did not help", before),
            section("Wanted", FIX),
            mark_part(mark),
        ),
    )


def concerned(contract: Contract, evidence: str) -> bool:
    """Does a failure's evidence touch the contract: by its file, its module or its symbol?"""
    module = contract.path.removeprefix("src/").removesuffix(".py").replace("/", ".")
    names = (contract.path, module if "." in module else "", contract.symbol.rpartition(".")[2])
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", evidence) for name in names if name)


def complain(problems: Sequence[str], mark: str, count: int = 1, *, complete: bool = False) -> str:
    """What was wrong with a reply; only what is named is to be sent again.

    `count` complaints there are with this one. It stands in the later ones: a question that was
    asked before would only be given the answer it had. `complete`: all files that must come have
    come, so that they may stand as they are.
    """
    which = "Your reply" if count == 1 else f"Your reply number {count}"
    stands = "If your files can stand as they are, reply with the single word NOTHING.\n"
    return (
        f"{which} can't be taken as it is:\n{bullets(problems)}\n"
        "Send again only the files named here, whole and in the same tags; all else was kept.\n"
        + (stands if complete else "")
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
            form_part(edits=True, wishes=False),
            project_part(plan),
            shown_part("Documents", files),
            section("What was done", material("diff", changes)),
            section("Wanted", wanted),
            mark_part(mark),
        ),
    )
