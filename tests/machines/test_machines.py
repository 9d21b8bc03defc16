"""Several machines share runs: all do some of the work, any of them may fail, clients are anywhere.

Times are printed, not asserted, but for the promise that another takes over within 15 seconds.
"""

import signal
import time

import answers
import pytest
from machines_kit import PARTS, about, good, until

TAKEOVER = 15.0  # seconds
CANCELLED = 5.0  # promised are 2, on a machine that has nothing else to do
pytestmark = [pytest.mark.sandbox, pytest.mark.kill, pytest.mark.postgres, pytest.mark.slow]


def test_two_machines_share_a_run_that_waited_for_them_and_it_lands_once(site):
    job = site.build()
    assert job.wait(40) == 3, job.words
    assert "partita worker" in job.words
    workers = site.workers("north", "south")
    listed = site.partita("east", "worker", "--list")
    assert "north-" in listed
    assert "south-" in listed
    site.partita("east", "resume", "last", patience=60)
    assert site.run.status == "landed"
    did = {name: set(site.asked(name)) for name in site.stubs}
    assert did["north"]
    assert did["south"]
    assert sorted(did["north"] | did["south"]) == sorted(PARTS)
    assert not did["east"]
    site.landed_once()
    site.nothing_is_asked_twice()
    site.clones_are_untouched("north", "south")
    for worker in workers.values():
        worker.signal(signal.SIGTERM)
        assert worker.wait(15) == 0, worker.words
    assert not [*site.members("north"), *site.members("south")]


def kill(site, worker, victim):
    worker.kill()


def freeze(site, worker, victim):
    worker.freeze()


def lose_database(site, worker, victim):
    site.net.cut(victim, "database")


def lose_remote(site, worker, victim):
    site.net.cut(victim, "remote")


@pytest.mark.parametrize(
    ("strike", "accompanies"),
    [(kill, True), (freeze, True), (lose_database, False), (lose_remote, True)],
)
def test_another_machine_takes_over(site, strike, accompanies):
    """Accompanies: the victim waits for the run's tasks too, and has not only some to do."""
    workers = site.workers("north", "south")
    job = site.build()
    first = until(site.companion, "the plan is asked for")
    other = "south" if first == "north" else "north"
    victim = first if accompanies else other
    until(lambda: site.answered() & set(PARTS), "a part has its answer")
    until(lambda: site.asked(victim, open_only=True), "the victim asks about a part")
    finished = {e.question for e in site.ledger() if e.state == "settled"}
    left = site.asked(victim, open_only=True)
    struck = time.time()
    strike(site, workers[victim], victim)
    took = until(lambda: gone_on(site, left, struck), "another goes on")
    print(f"{strike.__name__}: taken over after {took - struck:.1f} s")
    assert took - struck < TAKEOVER
    if strike is freeze:
        workers[victim].wake()
    site.net.heal(victim)
    assert job.wait(90) == 0, job.words
    assert site.run.status == "landed"
    again = [e.question for e in site.ledger() if e.at > struck and e.question in finished]
    assert again == []
    site.landed_once()
    site.nothing_is_asked_twice()
    if strike is not kill:
        until(lambda: site.members(victim), "the victim serves again, as a new worker", 20)


def gone_on(site, parts, since):
    """When one of the parts got on for the first time after that; 0 while none did."""
    steps = ("call.started", "task.built", "task.testing")
    found = [e.at for e in site.events() if e.type in steps and e.data["task"] in parts]
    return min((at for at in found if at > since), default=0)


def test_approval_resuming_and_cancelling_work_from_any_machine(site_of):
    site = site_of(*good(answers.rule(about(PARTS[0]), "", behaviour="hang", times=1)))
    site.workers("north")
    waits = site.build("--approve")
    assert waits.wait(40) == 3, waits.words
    assert not any(site.asked(name) for name in site.stubs)
    assert site.run.id in site.partita("south", "status")
    site.partita("south", "approve", "last")
    until(lambda: PARTS[0] in site.asked("north", open_only=True), "a call that hangs")
    site.partita("south", "cancel", "last")
    cancelled = time.time()
    until(lambda: all(e.state != "held" for e in site.ledger()), "calls are stopped")
    print(f"cancelled: calls stopped after {time.time() - cancelled:.1f} s")
    assert time.time() - cancelled < CANCELLED
    until(lambda: site.run.exit == 4, "the run rests")
    known = len(site.stubs["north"].requests)
    time.sleep(1)
    assert len(site.stubs["north"].requests) == known
    site.partita("south", "resume", "last", patience=60)
    assert site.run.status == "landed"
    site.landed_once()
    site.nothing_is_asked_twice()
