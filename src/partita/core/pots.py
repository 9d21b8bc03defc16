"""Whether a hold fits into a pot, in words for the user, and when he is told that one fills."""

from partita.core.budget import Budget, Pot, dollars
from partita.errors import BudgetSpent

ORDER = ("run", "task", "role", "day", "project")  # the first that is too small is named


def admit(pot: Pot, amount: int, *, spent: int, held: int) -> None:
    """BudgetSpent, with how to raise the cap, where the amount is more than the pot has left."""
    budget = Budget(cap=pot.cap, spent=spent, held=held)
    if pot.kind == "run":
        budget.hold(amount)
    if pot.cap is None or budget.free is None or amount <= budget.free:
        return
    whose, remedy = _words(pot)
    raise BudgetSpent(
        f"the next call may cost up to {dollars(amount)}, and {dollars(max(0, budget.free))} "
        f"of the {dollars(pot.cap)} that {whose} may cost is left",
        remedy=remedy,
        waits=amount <= pot.cap - spent,
    )


def nearly(pot: Pot, *, spent: int, held: int, warn: int) -> bool:
    """Whether the pot has a cap, and `warn` percent of it or more are spent and held."""
    return pot.cap is not None and (spent + held) * 100 >= pot.cap * warn


def _words(pot: Pot) -> tuple[str, str]:
    last = pot.key.rpartition(":")[2]
    match pot.kind:
        case "task":
            return f"task {last}", "raise it: partita resume --task-budget DOLLARS"
        case "role":
            return f"role {last}", f"raise it: partita resume --role-budgets {last}=DOLLARS"
        case "day":
            return (
                f"the day {last} (UTC)",
                "raise it: partita resume --day-budget DOLLARS; or go on when the day is over",
            )
        case "project":
            return "this project", "raise it: partita resume --project-budget DOLLARS"
        case _:
            return "this run", "raise it: partita resume --budget DOLLARS"
