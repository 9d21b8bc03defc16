"""The caps of a run that goes on: its own, but for those that the command line names."""

import pytest

from partita.cli.job import caps_of
from partita.core.budget import NANO, Caps
from partita.core.codec import encode
from partita.ports.store import RunRecord
from partita.settings import load_settings

OWN = Caps(run=5 * NANO, task=NANO, roles={"planner": NANO, "coder": 2 * NANO})


def caps(**flags):
    record = RunRecord(id="r", request="x", options={"caps": encode(OWN)}, created=0.0)
    return caps_of(record, load_settings(environ={}, flags=flags), flags)


def test_what_is_not_named_stays():
    assert caps() == OWN
    assert (caps(budget="9").run, caps(budget="9").task) == (9 * NANO, NANO)
    assert caps(task_budget="none").task is None


@pytest.mark.parametrize(
    ("named", "roles"),
    [
        ("coder=3", {"planner": NANO, "coder": 3 * NANO}),
        ("coder=none", {"planner": NANO}),
        ("writer=0", {**OWN.roles, "writer": 0}),
        ("none", {}),
    ],
)
def test_a_role_that_is_named_leaves_the_caps_of_the_others(named, roles):
    assert caps(role_budgets=named).roles == roles
