"""Cgroups are found in both versions, and growth is measured whatever is done to hide it."""

import asyncio
import itertools
import os
import sys
from pathlib import Path

import pytest

from partita.adapters.sandbox import cgroup
from partita.adapters.sandbox.cgroup import Group, Groups, find_groups
from partita.adapters.sandbox.layout import layout
from partita.adapters.sandbox.watch import Disk, descendants
from partita.errors import CommandFailed
from partita.ports.sandbox import Command, Limits


def machine(tmp_path, cgroup, mounts):
    """The two files of /proc that say where our cgroups are."""
    (tmp_path / "cgroup").write_text(cgroup)
    (tmp_path / "mountinfo").write_text(
        "".join(
            f"30 25 0:26 {root} {at} rw,nosuid - {kind} {kind} rw,{options}\n"
            for root, at, kind, options in mounts
        )
    )
    return tmp_path


def test_version_2_is_used_where_its_controllers_were_handed_down(tmp_path):
    ours = tmp_path / "fs" / "user" / "session"
    ours.mkdir(parents=True)
    (ours / "cgroup.subtree_control").write_text("cpu memory pids\n")
    mounts = [("/", tmp_path / "fs", "cgroup2", "nsdelegate")]
    groups = find_groups(machine(tmp_path, "0::/user/session\n", mounts))
    assert groups == Groups(folders=(("pids", ours), ("memory", ours)), version=2)


def test_version_2_without_controllers_bounds_nothing(tmp_path):
    (tmp_path / "fs").mkdir()
    (tmp_path / "fs" / "cgroup.subtree_control").write_text("\n")
    mounts = [("/", tmp_path / "fs", "cgroup2", "nsdelegate")]
    assert find_groups(machine(tmp_path, "0::/\n", mounts)) == Groups()


def test_version_1_is_used_below_our_own_group_also_inside_a_container(tmp_path):
    for name in ("pids", "memory"):
        (tmp_path / name / "box").mkdir(parents=True)
    mounts = [("/docker/7", tmp_path / name, "cgroup", name) for name in ("pids", "memory")]
    lines = "4:memory:/docker/7/box\n3:cpu,cpuacct:/\n2:pids:/docker/7/box\n"
    groups = find_groups(machine(tmp_path, lines, mounts))
    wanted = (("pids", tmp_path / "pids" / "box"), ("memory", tmp_path / "memory" / "box"))
    assert groups == Groups(folders=wanted, version=1)


def test_a_machine_without_cgroups_has_none(tmp_path):
    assert find_groups(tmp_path / "nothing") == Groups()
    assert find_groups(machine(tmp_path, "", [])) == Groups()


def test_a_group_holds_the_bounds_of_the_command(tmp_path):
    limits = Limits(processes=7, memory=1234567)
    one = Groups(folders=(("pids", tmp_path), ("memory", tmp_path)), version=2).make(limits)
    (folder,) = one.folders
    assert (folder / "pids.max").read_text() == "7"
    assert (folder / "memory.max").read_text() == "1234567"
    (folder / "memory.events").write_text("low 0\noom 3\noom_kill 0\n")
    assert not one.killed_for_memory()
    (folder / "memory.events").write_text("low 0\noom 3\noom_kill 1\n")
    assert one.killed_for_memory()


def test_a_bound_that_can_not_be_set_is_an_error_and_never_left_out(tmp_path):
    groups = Groups(folders=(("pids", tmp_path / "gone"),), version=1)
    with pytest.raises(CommandFailed):
        groups.make(Limits())


def test_what_a_killed_process_left_is_swept_up_and_that_of_others_is_not(tmp_path):
    mine, dead = f"partita-{os.getpid()}-0", "partita-999999999-0"
    for name in (mine, dead, "other"):
        (tmp_path / "fs" / name).mkdir(parents=True)
    mounts = [("/", tmp_path / "fs", "cgroup", "pids")]
    find_groups(machine(tmp_path, "1:pids:/\n", mounts))
    left = {p.name for p in (tmp_path / "fs").iterdir()}
    assert left >= {mine, "other"}
    assert dead not in left


def test_one_process_id_in_two_pid_namespaces_is_two_groups(tmp_path, monkeypatch):
    """Their counters begin alike, too: the names must differ all the same."""
    groups = Groups(folders=(("pids", tmp_path),), version=2)
    names = set()
    for _ in range(3):
        monkeypatch.setattr(cgroup, "_numbers", itertools.count())
        names |= {folder.name for folder in groups.make(Limits()).folders}
    assert len(names) == 3


def test_a_group_that_another_made_is_not_removed_with_ours(tmp_path, monkeypatch):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    monkeypatch.setattr(cgroup, "_name", lambda: "partita-1-0")
    (theirs / "partita-1-0").mkdir(parents=True)
    ours.mkdir()
    with pytest.raises(CommandFailed, match="File exists"):
        Groups(folders=(("a", ours), ("b", theirs)), version=2).make(Limits())
    assert not (ours / "partita-1-0").exists()
    assert (theirs / "partita-1-0").exists()


def test_a_group_of_another_pid_namespace_is_not_swept(tmp_path):
    ours = Path("/proc/self/ns/pid").stat().st_ino
    dead, theirs = (f"partita-999999999-0-{space}-00000000" for space in (ours, ours + 1))
    for name in (dead, theirs):
        (tmp_path / "fs" / name).mkdir(parents=True)
    mounts = [("/", tmp_path / "fs", "cgroup", "pids")]
    find_groups(machine(tmp_path, "1:pids:/\n", mounts))
    left = {p.name for p in (tmp_path / "fs").iterdir()}
    assert theirs in left
    assert dead not in left


def test_removing_an_empty_group_is_no_wait():
    asyncio.run(Group().remove())


def test_growth_counts_and_what_was_there_before_does_not(tmp_path):
    (tmp_path / "old").write_bytes(bytes(2**20))
    disk = Disk([tmp_path], 2**20)
    assert not disk.overrun()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "new").write_bytes(bytes(2**20))
    assert disk.overrun()
    assert disk.settle()


def test_empty_files_and_links_outside_are_measured_as_what_they_are(tmp_path):
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    tree.mkdir()
    outside.mkdir()
    (outside / "big").write_bytes(bytes(2**20))
    disk = Disk([tree], 2**18)
    (tree / "file").symlink_to(outside / "big")
    (tree / "folder").symlink_to(outside)
    assert not disk.overrun()
    for n in range(64):
        (tree / str(n)).touch()
    assert disk.overrun()


def test_a_tree_that_vanished_has_not_grown(tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    disk = Disk([tree], 1)
    tree.rmdir()
    assert not disk.overrun()
    assert not disk.settle()


def test_descendants_of_a_process_that_ended_are_none():
    assert descendants(os.getpid())[0] == os.getpid()
    assert descendants(2**30) == [2**30]


def binds(command):
    return {bind.at: (bind.source, bind.writable) for bind in layout(command).binds}


def test_a_git_entry_that_is_a_link_is_never_shown(tmp_path):
    (tmp_path / ".git").symlink_to("/etc")
    assert binds(Command(argv=("true",), cwd=tmp_path)) == {"/w": (str(tmp_path), True)}


def test_a_link_to_a_forbidden_folder_is_forbidden_too(tmp_path):
    (tmp_path / "harmless").symlink_to(Path.home())
    with pytest.raises(CommandFailed):
        layout(Command(argv=("true",), cwd=tmp_path, readonly=(tmp_path / "harmless",)))


@pytest.mark.parametrize("path", ["/", "/var", "/run", "/etc", "/tmp", "relative", "/dev/null"])
def test_whole_system_folders_and_devices_are_never_shown(path, tmp_path):
    with pytest.raises(CommandFailed):
        layout(Command(argv=("true",), cwd=tmp_path, writable=(Path(path),)))


def test_an_interpreter_of_the_system_needs_no_bind_of_its_own(tmp_path):
    seen = binds(Command(argv=(sys.executable,), cwd=tmp_path, readonly=(Path("/usr"),)))
    assert set(seen) == {"/w"}
