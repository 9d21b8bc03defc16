"""Models that will never do: one that refuses connections, one that only chats."""

from arena import Home
from figures import Row, Section
from scripted import CHAT, PLAIN

MOST = 30  # seconds
LATENCY = 0.2


def measure() -> list[Section]:
    """One run each, with default settings."""
    arguments = ("build", PLAIN.request, "--json")
    with Home.fresh() as home:
        code, dead = home.refused(arguments)
        chatty = home.run(arguments, CHAT, latency=LATENCY, code=1)
    return [
        Section(
            title="a model that will never do, default settings",
            rows=(
                _row(f"connection refused (exit {code})", dead),
                _row(f"only chats (exit {chatty.code})", chatty.seconds),
            ),
        )
    ]


def _row(what: str, seconds: float) -> Row:
    return Row(
        what=what,
        value=f"{seconds:.1f} s",
        target=f"at most {MOST} s",
        met=seconds <= MOST,
    )
