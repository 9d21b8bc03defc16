"""Which answers stand for a run that was begun anew, or forked, whatever models it has now."""

from partita.core.validity import same_question
from partita.ports.store import Store


def standing(store: Store, run: str, generation: int) -> dict[str, str]:
    """The keys of the run's answers by `same_question`; none for a run that was never begun anew.

    Of two answers to the same words the later one counts.
    """
    if not generation and "forked_from" not in store.find(run).options:
        return {}
    return {same_question(e["name"], e["request"]): e["hash"] for e in store.transcript(run)}
