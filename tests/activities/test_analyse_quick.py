"""Analyse, at quick: one question, which leaves out what code is certain of."""

import asyncio
import json
from types import SimpleNamespace

from asker_kit import Route, world_of
from memory_repo import MemoryRepo

from partita.activities.analyse import analyse
from partita.core.start import Start

SAID = {
    "goal": "Todos are kept.",
    "requirements": [{"text": "Todos are added", "priority": "must"}],
    "go": True,
    "gaps": ["no login"],
}


def test_one_question_asks_all_but_what_is_known():
    world = world_of(Route([json.dumps(SAID)]))
    world.repo = MemoryRepo()
    world.search = SimpleNamespace(rank=lambda *_, **__: [])
    world.shelf = SimpleNamespace(put=lambda *_: None)
    start = Start(request="Build a todo service", seed="s", depth="quick")
    analysis = asyncio.run(analyse(world, start))
    assert (analysis.brief.kind, analysis.brief.name) == ("build", "todo-service")
    assert analysis.assessment.gaps == ("no login",)
    ((_, question),) = world.asker.asked
    said = question.messages[-1].text
    assert '"goal": ' in said
    assert '"name": ' in said
    assert '"kind": ' not in said
    assert '"target": ' not in said
