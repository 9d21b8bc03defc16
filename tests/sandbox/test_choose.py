"""The ladder takes no rung that does not hold, and never goes lower by itself."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

import partita
from partita.adapters.sandbox.choose import choose, remedy
from partita.adapters.sandbox.describe import describe
from partita.adapters.sandbox.probe import probe
from partita.adapters.sandbox.unprotected import NO_ISOLATION
from partita.errors import CommandFailed
from partita.ports.sandbox import Command
from partita.testing.sandbox import FULL_ISOLATION, ScriptedSandbox, exited

HELD = {
    "host_loopback": False,
    "host_abstract": False,
    "internet": False,
    "own_loopback": True,
    "write_outside": False,
    "write_system": False,
    "write_inside": True,
    "read_secret": False,
    "processes": 10,
}


def probed(**facts):
    box = ScriptedSandbox(lambda _: exited(output=json.dumps(HELD | facts)))
    return asyncio.run(probe(box, "scripted"))


def test_a_sandbox_that_refuses_everything_is_fully_isolated():
    assert probed() == FULL_ISOLATION


@pytest.mark.parametrize("leak", ["host_loopback", "host_abstract", "internet"])
def test_any_way_to_the_network_is_a_leak(leak):
    found = probed(**{leak: True})
    assert not found.network
    assert not found.counts


@pytest.mark.parametrize("leak", ["write_outside", "write_system"])
def test_any_write_outside_is_a_leak(leak):
    found = probed(**{leak: True})
    assert not found.writes
    assert not found.counts


def test_reads_and_processes_are_told_but_do_not_refuse_the_rung():
    found = probed(read_secret=True, processes=32)
    assert (found.reads, found.processes, found.counts) == (False, False, True)


def test_a_file_that_was_written_outside_counts_more_than_what_the_inside_says():
    def lie(command: Command):
        (command.cwd.parent / "outside" / "written").touch()
        return exited(output=json.dumps(HELD))

    assert not asyncio.run(probe(ScriptedSandbox(lie), "scripted")).writes


@pytest.mark.parametrize("output", ["", "bwrap: No permissions", "[]", "{}", "null", "7"])
def test_a_probe_that_did_not_run_is_no_success(output):
    box = ScriptedSandbox(lambda _: exited(1, output))
    with pytest.raises(CommandFailed):
        asyncio.run(probe(box, "scripted"))


def test_a_sandbox_in_which_nothing_works_is_no_success():
    with pytest.raises(CommandFailed):
        probed(own_loopback=False)


@pytest.mark.sandbox
def test_the_best_rung_is_chosen(bubblewrap):
    assert asyncio.run(choose(allow_unsandboxed=True)).isolation.backend == "bwrap"


CHOOSE = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from partita.adapters.sandbox.choose import choose
from partita.errors import NoSandbox
try:
    asyncio.run(choose())
except NoSandbox as e:
    named = ["bwrap: " in e.message, "unshare: " in e.message]
    print(type(e).__name__, e.exit_code, bool(e.remedy), *named)
print(asyncio.run(choose(allow_unsandboxed=True)).isolation.backend)
"""


@pytest.mark.sandbox
def test_without_any_rung_nothing_is_chosen_unless_it_is_allowed(bubblewrap, tmp_path):
    """Inside a sandbox no other one can be had, which makes it the machine for this test."""
    source = Path(partita.__file__).parents[1]
    argv = (os.path.realpath(sys.executable), "-I", "-S", "-B", "-c", CHOOSE, str(source))
    readonly = (source, Path(sys.base_prefix).resolve())
    outcome = asyncio.run(bubblewrap.run(Command(argv=argv, cwd=tmp_path, readonly=readonly)))
    assert outcome.output == "NoSandbox 2 True True True\nnone\n"


@pytest.mark.parametrize(
    ("tool", "command"),
    [
        ("apt-get", "sudo apt-get install bubblewrap"),
        ("dnf", "sudo dnf install bubblewrap"),
        ("pacman", "sudo pacman -S bubblewrap"),
        ("none", "install bubblewrap with the package manager of this system"),
    ],
)
def test_the_remedy_is_the_one_command_of_this_system(tool, command):
    assert remedy(which=lambda name: name if name == tool else None) == command


def test_the_remedy_names_the_switch_that_refuses_namespaces(tmp_path):
    (tmp_path / "kernel").mkdir()
    (tmp_path / "kernel" / "apparmor_restrict_unprivileged_userns").write_text("1\n")
    said = remedy(which=lambda name: name, switches=tmp_path)
    assert said == "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"


def test_the_remedy_in_a_container_is_named_when_no_switch_refuses(tmp_path):
    assert "Docker" in remedy(which=lambda name: name, switches=tmp_path)


def test_what_is_missing_is_said_as_clearly_as_what_is_there():
    assert not any("CAN" in line or "NOT" in line for line in describe(FULL_ISOLATION))
    bare = describe(NO_ISOLATION)
    assert "WITHOUT a sandbox" in bare[0]
    assert sum("CAN " in line or "NOT " in line or "MAY " in line for line in bare) == 5
