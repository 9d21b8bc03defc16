"""What a run tells about its calls and caps, as the plain lines and the lanes that people see."""

import pytest

from partita.core.budget import NANO, Caps, pots
from partita.ports.store import Event
from partita.present.progress import Progress, line

QUESTION = {"name": "build:core:1", "role": "coder", "task": "core", "activity": "build"}


def event(kind, /, **data):
    return Event(seq=1, at=5.0, run="r", type=kind, data=data)


def about(kind, /, **data):
    return event(kind, **QUESTION, model="hosted", **data)


def test_a_question_that_waits_says_for_whom_why_and_how_long():
    waiting = about("call.waiting", why="requests per minute", seconds=42.4)
    assert line(waiting) == "  build:core:1 waits 42 s for hosted (requests per minute)"


def test_a_prompt_that_was_cut_says_by_how_much():
    text = line(about("call.shrunk", before=9_000, after=6_000))
    assert (
        text == "  the prompt of build:core:1 is cut from about 9000 to 6000 tokens to fit hosted"
    )


def test_an_open_circuit_is_told_once():
    """By the line of the model that gives up, not by the call that was never made as well."""
    why = "hosted failed again and again and is left alone for 30 s more"
    failed = {"outcome": "circuit_open", "why": why, "retry_in": None}
    assert line(about("call.failed", **failed)) is None
    gave_up = line(about("call.gave_up", outcome="circuit_open", why=why))
    assert gave_up == f"  hosted is given up for build:core:1: {why}"
    server = {"outcome": "server_failed", "why": "503", "retry_in": None}
    assert line(about("call.failed", **server)) == "  hosted: 503 (gives up)"
    older = {"why": "503", "retry_in": 0.5}  # from before outcomes were told
    assert line(about("call.failed", **older)) == "  hosted: 503 (again in 0.5 s)"


@pytest.mark.parametrize(
    ("kind", "whose"),
    [
        ("run", "this run"),
        ("task", "the task core"),
        ("role", "the role coder"),
        ("day", "the day 2026-11-21 (UTC)"),
        ("project", "this project"),
    ],
)
def test_a_cap_that_fills_says_whose_it_is_and_how_full(kind, whose):
    drawn = pots(
        Caps(run=NANO, task=NANO, roles={"coder": NANO}, day=NANO, project=NANO),
        run="20261121-134426-7e9c",
        task="core",
        role="coder",
        project="shop",
        at=1_795_268_666.0,
    )
    pot = next(p for p in drawn if p.kind == kind)
    told = {"kind": kind, "pot": pot.key, "cap": pot.cap, "spent": NANO // 2, "held": NANO // 4}
    assert line(event("budget.warned", **told, share=75)) == (
        f"  75 % or more of the $1.00 that {whose} may cost is taken ($0.5000 spent, $0.2500 held)"
    )


def test_limits_that_can_not_be_shared_are_told_as_they_are():
    why = "limits.db can't be used; limits on calls hold for this process alone"
    assert line(event("limits.alone", why=why)) == f"  note: {why}"
    assert line(event("note", text="a remark")) == "  note: a remark"


def test_a_task_whose_question_waits_is_seen_to_wait():
    progress = Progress()
    lane = {"id": "core", "needs": [], "uses": []}
    progress.take([event("planned.more", tasks=[lane], expected={})])
    progress.take([about("call.waiting", why="paused", seconds=9.0)])
    assert progress.lanes["core"].doing == "waiting for hosted"
    assert progress.lanes["core"].since == 5.0
