"""A worker's assignment, replies as models write them, and a conversation held by a script."""

from partita.core.assignment import Assignment
from partita.core.budget import Usage
from partita.core.changes import Write
from partita.core.plan import Plan, Task
from partita.core.question import Answer, Message
from partita.core.worker import Ask, Patch, conversation

CODE = "def add(a: int, b: int) -> int:\n    return a + b\n"
OTHER = "def sub(a: int, b: int) -> int:\n    return a - b\n"
LONG = "".join(f"VALUE_{n} = {n}\n" for n in range(60))


def assignment(*, contract=None, **changes):
    task = Task(
        id="core",
        objective="sums",
        touch=("pkg/**", "README.md"),
        forbid=("pkg/secret/**",),
        provides=(contract.id,) if contract else (),
    )
    plan = Plan(name="sums", tasks=(task,), contracts=(contract,) if contract else ())
    return Assignment(
        plan=plan,
        task=task,
        name="build:core",
        seed="seed",
        prompt=(Message(role="user", text="the task"),),
        own=changes.pop("own", {}),
        **changes,
    )


MARK = assignment().mark


def file(path, text=CODE, attributes=""):
    return f'<file path="{path}" id="{MARK}"{attributes}>\n{text}</file {MARK}>\n'


def edit(path, search, replace):
    body = f"<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n"
    return file(path, body, ' op="edit"')


def answer(text, finish="stop"):
    return Answer(text=text, finish=finish, usage=Usage(input=1, output=1), model="m")


def talk(job, *replies):
    """The outcome after those replies, the last one repeated, and every question."""
    asked: list[Ask] = []
    going = conversation(job)
    asked.append(next(going))
    while True:
        reply = replies[min(len(asked), len(replies)) - 1]
        given_answer = answer(*reply) if isinstance(reply, tuple) else answer(reply)
        try:
            asked.append(going.send(given_answer))
        except StopIteration as done:
            return done.value, asked


def texts(patch):
    assert isinstance(patch, Patch), patch
    return {c.path: c.data.decode() for c in patch.changes if isinstance(c, Write)}
