"""What is asked of the planner when dependencies can't be installed."""

from typing import Any

from partita.core.plan import Plan
from partita.core.prompts.common import bullets, material, opening, section, user
from partita.core.question import Message

DEPENDENCIES_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"dependencies": {"type": "array", "items": {"type": "string"}}},
    "required": ["dependencies"],
}


def dependencies(plan: Plan, trouble: str) -> tuple[Message, ...]:
    """The question for a list of dependencies that can be installed."""
    wanted = (
        "Only binary wheels from PyPI are installed. Correct names and versions, or leave out "
        'what is not needed. Answer with one JSON object: {"dependencies": ["..."]}'
    )
    return (
        opening(),
        user(
            section("Project", f"`{plan.name}`. {plan.architecture}"),
            section("Dependencies", bullets(plan.dependencies)),
            section("What failed", material("installer", trouble)),
            section("Wanted", wanted),
        ),
    )
