"""A route that answers by a script, and just enough of a world to ask it."""

from types import SimpleNamespace

from partita.core.budget import Usage
from partita.core.question import Answer


class Route:
    """Models of one route; each answers from its own list of texts, or (text, finish) pairs."""

    def __init__(self, *models):
        self.models = [list(replies) for replies in models]
        self.asked = []
        self.spoilt = []

    async def ask(self, question, *, choice=0):
        number = min(choice, len(self.models) - 1)
        self.asked.append((number, question))
        reply = self.models[number].pop(0)
        text, finish = reply if isinstance(reply, tuple) else (reply, "stop")
        last = number == len(self.models) - 1
        usage = Usage(input=1, output=1)
        return Answer(text=text, finish=finish, usage=usage, model=f"m{number}", last=last)

    def spoil(self, name):
        self.spoilt.append(name)


def world_of(route):
    """A world whose asker is the route; `told` holds its events."""
    told = []

    def tell(key, kind, **data):
        told.append((key, kind, data))

    return SimpleNamespace(asker=route, tell=tell, told=told)
