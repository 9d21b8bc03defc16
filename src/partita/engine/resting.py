"""How a run of several workers comes to rest: one of them says so, and ends it for all."""

from typing import Any, Protocol

from partita.core.codec import encode
from partita.core.report import Outcome
from partita.engine.clerk import Clerk
from partita.errors import AwaitingAnswer, Cancelled, Fenced, OutsideFailure, PartitaError
from partita.ports.fleet import Fleet
from partita.ports.store import Store

WORD = "rest"  # the signal; its value is who ends the rest, and what the register says then
OPEN = ("running", "waiting")


class SharedStore(Store, Protocol):
    """A store that workers share."""

    def abandon_worker(self, worker: str) -> int:
        """Mark the holds of a dead worker "unconfirmed"; gives how many."""


def told(store: Store, run: str) -> PartitaError | None:
    """What the user or another worker says that the run should rest for; None for nothing.

    Cancelled where there is haste: then calls in flight are not waited for.
    """
    if store.received(run, "cancel") is not None:
        return Cancelled("cancelled", remedy=f"partita resume {run} goes on with it")
    if (word := store.received(run, WORD)) is None:
        return None
    return Cancelled("the run rests") if word.get("haste") else OutsideFailure("the run rests")


def begin(store: Store, fleet: Fleet, me: str, run: str, trouble: BaseException) -> bool:
    """Say that the run rests for that reason. True for the one worker that is to end the rest.

    That is who says it first, while it lives. Fenced where this worker itself is taken for dead.
    """
    living = {member.id for member in fleet.members() if not member.dead}
    if me not in living:
        raise Fenced(f"worker {me} was taken for dead")
    haste = isinstance(trouble, Cancelled)
    word = {"by": me, "haste": haste, "register": rested_as(run, trouble)}
    if store.send(run, WORD, word):
        return True
    by = (store.received(run, WORD) or {}).get("by")
    if by in living:
        return bool(by == me)
    store.clear(run, WORD)
    return store.send(run, WORD, word)


def close(store: Store, clerk: Clerk, run: str) -> str:
    """End the rest: the run's workflows are cancelled, and the register says why; gives that."""
    clerk.cancel(run)
    register = (store.received(run, WORD) or {}).get("register")
    if not register or store.find(run).status not in OPEN:
        return ""
    store.update(run, **register)
    return str(register["result"]["summary"])


def rested_as(run: str, trouble: BaseException) -> dict[str, Any]:
    """What the register says of a run that came to rest for that reason."""
    status, code, remedy = "interrupted", 70, "this is a fault in Partita"
    if isinstance(trouble, PartitaError):
        code, remedy = trouble.exit_code, trouble.remedy
        status = "waiting" if isinstance(trouble, AwaitingAnswer) else "interrupted"
        summary = trouble.message
    else:
        summary = f"unexpected {type(trouble).__name__}: {str(trouble)[:500]}"
    if "resume" not in remedy:
        remedy = f"{remedy}\n".lstrip("\n") + f"nothing is lost: partita resume {run} goes on"
    outcome = Outcome(exit=code, status=status, summary=summary, remedy=remedy)
    return {"status": status, "exit_code": code, "result": encode(outcome)}
