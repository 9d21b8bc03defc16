"""Two processes that ask one provider share its minute; it sees no more than was allowed."""

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from partita.testing.stub_provider import StubProvider

FAST = 40.0  # so much quicker the clock of the processes goes
ASK = f"""
import asyncio, sys, time
from pathlib import Path
from partita.adapters.limiter_local import LocalLimiter
from partita.adapters.models.build import ModelSpec, build_model
from partita.core.budget import FREE
from partita.core.question import Message, Question
from partita.engine.asking import Lanes, RouteAsker
from partita.ports.limiter import Rates
from partita.testing.memory_store import MemoryStore

class Fast:
    def now(self):
        return time.time() * {FAST}

    async def sleep(self, seconds):
        await asyncio.sleep(seconds / {FAST})

class Notes:
    async def once(self, name, effect):
        return await effect()

async def main(file, url, run, count):
    model = build_model(ModelSpec(name="m", wire="openai", model="m", base_url=url, price=FREE))
    who = RouteAsker(
        run=run,
        routes={{"coder": (model,)}},
        store=MemoryStore(),
        clock=Fast(),
        journal=Notes(),
        lanes=Lanes(8),
        limiter=LocalLimiter(Path(file), Fast()),
        rates={{model.provider: Rates(in_flight=3, requests_per_minute=4)}},
    )
    asked = [
        Question(name=f"q:{{n}}", role="coder", max_output=50,
                 messages=(Message(role="user", text=f"{{run}} {{n}}"),))
        for n in range(count)
    ]
    model.warm()
    print("ready", flush=True)
    sys.stdin.readline()
    answers = await asyncio.gather(*(who.ask(q) for q in asked))
    assert all(a.text == "Yes." for a in answers)

asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], 6))
"""


@pytest.mark.slow
def test_two_processes_share_requests_by_the_minute_and_calls_in_flight(tmp_path):
    with StubProvider([{"reply": "Yes."}], latency=0.05) as stub:
        command = [sys.executable, "-c", ASK, str(tmp_path / "limits.db"), stub.url]
        processes = [
            subprocess.Popen(
                [*command, run], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for run in "ab"
        ]
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in processes:
            process.communicate(timeout=60)
            assert process.returncode == 0
        assert len(stub.requests) == 12
        assert stub.most_in_flight <= 3
        assert {text.split()[0] for r in stub.requests for _, text in r.texts} == {"a", "b"}
    with closing(sqlite3.connect(tmp_path / "limits.db")) as db:
        began = [at for (at,) in db.execute("SELECT at FROM partita_calls ORDER BY at")]
    assert len(began) == 12
    assert all(later - sooner >= 60 for sooner, later in zip(began, began[4:], strict=False))
