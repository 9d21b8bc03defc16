"""The todo request at `quick`: Partita's own seconds, and the tokens that it asks with."""

from dataclasses import dataclass

from arena import BenchmarkError, Home, Ran
from figures import Interval, Row, Section, common_prefix, covered, of_many, tokens
from scripted import FASTAPI, PLAIN, Script

LATENCY = 0.2
OVERHEAD = 2.2  # seconds
TOKENS = 5_000
OTHERS = (
    "others: Codex about 1 s without tests, gpt-engineer 2.7 s, aider 4.1 s, "
    "mini-swe-agent 5.2 s, MetaGPT 8.3 s"
)
TASK = "# Your task"  # stands in every build prompt
OWN = "# Contracts"  # a task is shown its own: up to here the prompts are the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Whose the seconds of a run were; together they are all of it."""

    model: float
    tests: float
    before: float  # Partita: from the start of the process to the first question
    between: float  # Partita: with the run under way
    after: float  # Partita: from the last gate to the end of the process

    @property
    def own(self) -> float:
        """Partita's own seconds."""
        return self.before + self.between + self.after


def shares(ran: Ran) -> Shares:
    """Whose the seconds were.

    The model's are those in which at least one question was with the provider, by the provider's
    clock: what the client library and the connection take counts as Partita's. Of the rest, those
    in which a test run was under way are the target's.
    """
    asked: list[Interval] = [(r.start, r.end) for r in ran.requests]
    tested: list[Interval] = [(e["at"] - e["seconds"], e["at"]) for e in ran.of("gate")]
    first, last = asked[0][0], tested[-1][1]
    model = covered(asked)
    tests = covered([*asked, *tested]) - model
    before, after = first - ran.began, ran.ended - last
    return Shares(
        model=model,
        tests=tests,
        before=before,
        between=ran.seconds - model - tests - before - after,
        after=after,
    )


def environment_seconds(ran: Ran) -> float:
    """How long the run provisioned."""
    begun = ran.of("activity.started", activity="provision")[0]["at"]
    return float(ran.of("activity.finished", activity="provision")[0]["at"] - begun)


def measure(runs: int) -> list[Section]:
    """Both todo services; the one that needs packages is skipped where none can be had."""
    sections = []
    for title, script in (("FastAPI", FASTAPI), ("standard library", PLAIN)):
        try:
            sections += _variant(title, script, runs)
        except BenchmarkError as e:
            if script is PLAIN:
                raise
            sections.append(
                Section(title=f"todo request, {title}", skipped=" ".join(str(e).split())[:200])
            )
    return sections


def _variant(title: str, script: Script, runs: int) -> list[Section]:
    arguments = ("build", script.request, "--depth", "quick", "--json")
    with Home.fresh() as home:
        cold = home.run(arguments, script.rules, latency=LATENCY)
        warm = [home.run(arguments, script.rules, latency=LATENCY) for _ in range(runs)]
    parts = [shares(ran) for ran in warm]
    return [
        Section(
            title=f"todo request at quick, {title}, {LATENCY} s a call ({runs} runs)",
            rows=(
                of_many(
                    "Partita's own",
                    [p.own for p in parts],
                    "s",
                    most=OVERHEAD,
                    others="1 - 8.3 s",
                ),
                of_many("  start to first question", [p.before for p in parts], "s"),
                of_many("  between", [p.between for p in parts], "s"),
                of_many("  last gate to exit", [p.after for p in parts], "s"),
                of_many("the model's", [p.model for p in parts], "s"),
                of_many("the target's test runs", [p.tests for p in parts], "s"),
                of_many("the target's environment, once", [environment_seconds(cold)], "s"),
                of_many("start to exit", [ran.seconds for ran in warm], "s"),
            ),
            note=OTHERS,
        ),
        _prompts(title, warm[-1]),
    ]


def _prompts(title: str, ran: Ran) -> Section:
    builds = [r.text for r in ran.requests if TASK in r.text]
    planning = [r.text for r in ran.requests if TASK not in r.text]
    total = tokens(text for r in ran.requests for _, text in r.messages)
    shared = common_prefix(builds)
    whole = all(text.index(OWN) <= len(shared) for text in builds)
    return Section(
        title=f"its prompts, {title}",
        rows=(
            Row(
                what="prompt tokens, planning included",
                value=f"{total:,}",
                target=f"at most {TOKENS:,}",
                met=total <= TOKENS,
            ),
            Row(what="questions", value=str(len(ran.requests))),
            Row(
                what="build prompts begin alike",
                value=f"{len(shared):,} characters",
                spread=f"of {min(map(len, builds)):,} - {max(map(len, builds)):,}",
                target="up to what is its own",
                met=whole,
            ),
            Row(
                what="planning prompts begin alike",
                value=f"{len(common_prefix(planning)):,} characters",
                spread=f"of {min(map(len, planning)):,} - {max(map(len, planning)):,}",
            ),
        ),
    )
