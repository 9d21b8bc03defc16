"""An asker over memory: its store, journal, limiter, clock and models, as the tests want them."""

import asyncio
import json
from dataclasses import dataclass, field

from partita.core.budget import Caps, Price, Usage, words
from partita.core.patience import Patience
from partita.core.question import Answer, Message, Question
from partita.core.shrink import prompt_tokens
from partita.engine.asking import Lanes, RouteAsker
from partita.testing.clock import FakeClock
from partita.testing.limiter import MemoryLimiter
from partita.testing.memory_store import MemoryStore
from partita.testing.models import ScriptedModel

PRICE = Price(input=1_000_000, output=10_000_000)  # a nano-dollar a token in, ten out
ONCE = Patience(attempts=1)


@dataclass
class Notes:
    """A journal in memory, as strict about JSON as the real one."""

    kept: dict = field(default_factory=dict)

    async def once(self, name, effect):
        if name not in self.kept:
            self.kept[name] = json.dumps(await effect())
        return json.loads(self.kept[name])


def question(text="What?", name="engage:1", **more):
    parts = {"role": "planner", "max_output": 100, "activity": "engage", **more}
    return Question(name=name, messages=(Message(role="user", text=text),), **parts)


def counted(text):
    """A reply whose tokens the provider counts; what is no text stays as it is."""
    if not isinstance(text, str):
        return text

    def reply(q):
        usage = Usage(input=sum(words(m.text) for m in q.messages), output=words(text))
        return Answer(text=text, finish="stop", usage=usage, model="counted")

    return reply


def model(*replies, name="one", price=PRICE, **more):
    return ScriptedModel(*map(counted, replies), name=name, price=price, **more)


def always(answer, name="one", price=PRICE):
    def reply(q):
        found = answer(q)
        return counted(found)(q) if isinstance(found, str) else found

    return ScriptedModel.by(reply, name=name, price=price)


def fails(error):
    """A function that raises it: also what a script of replies can't hold."""

    def raise_it(_):
        raise error

    return raise_it


def asker(*route, store=None, clock=None, run="a", lanes=None, cap=None, **more):
    clock = clock or FakeClock()
    lanes = lanes or Lanes(8)
    limits = {"limiter": MemoryLimiter(clock), "caps": Caps(run=cap)}
    return RouteAsker(
        run=run,
        routes={"planner": route},
        store=store or MemoryStore(clock),
        clock=clock,
        lanes=lanes,
        **{**limits, "journal": Notes(), **more},
    )


def ask(who, *questions, **more):
    """The answers to the questions, asked at once; errors in place of answers that failed."""

    async def go():
        asking = (who.ask(q, **more) for q in questions)
        return await asyncio.gather(*asking, return_exceptions=True)

    return asyncio.run(go())


def lines(who):
    return [(e.state, e.cost) for e in who.store.entries(who.run)]


def told(who, kind):
    return [e.data for e in who.store.events(who.run) if e.type == kind]


def most(q, price=PRICE):
    """What is held for the question."""
    return price.most(input_tokens=prompt_tokens(q), output_tokens=q.max_output)
