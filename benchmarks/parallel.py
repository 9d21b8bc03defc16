"""Four independent tasks: how many calls are in flight, and how long the answers take together."""

import json

from arena import Home, Ran
from figures import Row, Section, of_many
from scripted import FOUR

LATENCY = 1.0
SECONDS = 1.4


def together(ran: Ran) -> float:
    """Seconds from the first build question to the last answer that was read as files."""
    asked = min(e["at"] for e in ran.of("call.started", activity="build"))
    return float(max(e["at"] for e in ran.of("patch")) - asked)


def measure(runs: int) -> list[Section]:
    """A plan file is built, so that no planning comes before."""
    with Home.fresh() as home:
        plan = home.folder / "plan.json"
        plan.write_text(json.dumps(FOUR.plan))
        arguments = ("build", "--plan", str(plan), "--json")
        rans = [home.run(arguments, FOUR.rules, latency=LATENCY) for _ in range(runs)]
    most = [max(r.in_flight for r in ran.requests) for ran in rans]
    least = min(most)
    return [
        Section(
            title=f"four independent tasks, {LATENCY:g} s a call ({runs} runs)",
            rows=(
                Row(
                    what="calls in flight at once",
                    value=str(least),
                    target=str(len(FOUR.files)),
                    met=least == len(FOUR.files),
                    others="1",
                ),
                of_many(
                    "first question to last answer read",
                    [together(r) for r in rans],
                    "s",
                    most=SECONDS,
                ),
            ),
        )
    ]
