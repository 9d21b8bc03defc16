"""Which task of a plan answers for a path."""

from partita.core.plan import Plan
from partita.core.scope import scope_of


def owner(plan: Plan, path: str) -> str | None:
    """The first task that may write the path; None when it is nobody's."""
    return next((t.id for t in plan.tasks if scope_of(t).may_write(path)), None)
