"""What a killed process had for the moment is removed by the next one; what is in use never is."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from partita.adapters import scratch
from partita.adapters.sandbox.probe import PREFIX, probe
from partita.adapters.store.blobs import BlobFolder
from partita.adapters.toolchain.environment import Environments
from partita.errors import CommandFailed
from partita.testing.sandbox import ScriptedSandbox, exited

HOLDER = """
import sys, time
from pathlib import Path
from partita.adapters.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1]), sys.argv[2]) as folder:
    (folder / "inside").mkdir()
    print(folder, flush=True)
    time.sleep(60)
"""
WRITER = """
import os, sys, time
from pathlib import Path
from partita.adapters.store import blobs
blobs.os = type("Os", (), {**vars(os), "O_TMPFILE": os.O_EXCL, "rename": lambda *a, **k: hang()})
def hang():
    print("there", flush=True)
    time.sleep(60)
blobs.BlobFolder(Path(sys.argv[1])).keep(b"text")
"""


@pytest.fixture
def started():
    """Processes that say a line and go on until they are killed."""
    running = []

    def start(script, *args):
        process = subprocess.Popen(
            [sys.executable, "-c", script, *map(str, args)], stdout=subprocess.PIPE, text=True
        )
        running.append(process)
        return process, process.stdout.readline().strip()

    yield start
    for process in running:
        process.kill()
        process.communicate()


def killed(process):
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_folder_is_there_while_it_is_used(tmp_path):
    with scratch.scratch_folder(tmp_path, "x-") as folder:
        (folder / "file").touch()
        scratch.sweep_folders(tmp_path, "x-")
        assert (folder / "file").exists()
    assert list(tmp_path.iterdir()) == []


def test_that_of_a_killed_process_goes_and_that_of_a_living_one_stays(tmp_path, started):
    (tmp_path / "y-1").mkdir()
    (tmp_path / "y-1" / "file").touch()
    process, folder = started(HOLDER, tmp_path, "x-")
    scratch.sweep_folders(tmp_path, "x-")
    assert Path(folder).is_dir()
    killed(process)
    with scratch.scratch_folder(tmp_path, "x-"):
        assert not Path(folder).exists()
    assert [p.name for p in tmp_path.iterdir()] == ["y-1"]


def test_one_that_was_swept_before_it_was_locked_is_made_anew(tmp_path, monkeypatch):
    """It was empty, and nobody's: nothing tells that from what a killed process has left."""
    opened, real = [], os.open

    def slow(path, *args, **options):
        if not opened and Path(path).name.startswith("x-"):
            opened.append(path)
            handle = real(path, *args, **options)
            scratch.sweep_folders(tmp_path, "x-")
            return handle
        return real(path, *args, **options)

    monkeypatch.setattr(os, "open", slow)
    with scratch.scratch_folder(tmp_path, "x-") as folder:
        assert [folder] == list(tmp_path.iterdir())
        assert folder != opened[0]


def test_a_folder_that_never_was_used_is_swept(tmp_path):
    (tmp_path / "x-1").mkdir()
    scratch.sweep_folders(tmp_path, "x-")
    assert list(tmp_path.iterdir()) == []


def test_what_lies_behind_a_link_is_not_swept(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    (tmp_path / "x-1").symlink_to(tmp_path / "mine")
    scratch.sweep_folders(tmp_path, "x-")
    assert (tmp_path / "mine" / "file").exists()


def test_a_process_that_does_not_wait_removes_what_it_has(tmp_path):
    with scratch.scratch_folder(tmp_path, "x-"):
        scratch.remove_all()
        assert list(tmp_path.iterdir()) == []


def test_a_probe_sweeps_what_killed_ones_left(tmp_path, started, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    process, folder = started(HOLDER, tmp_path, PREFIX)
    killed(process)
    said = json.dumps({"own_loopback": False})
    with pytest.raises(CommandFailed):
        asyncio.run(probe(ScriptedSandbox(lambda _: exited(output=said)), "scripted"))
    assert not Path(folder).exists()
    assert list(tmp_path.iterdir()) == []


def test_an_installation_sweeps_what_killed_ones_left(tmp_path, started):
    process, folder = started(HOLDER, tmp_path, "work-")
    killed(process)
    seen = []

    def run(command):
        seen.append(sorted(p.name for p in tmp_path.iterdir()))
        return exited()

    made = Environments(ScriptedSandbox(run), tmp_path, {})
    asyncio.run(made._run(("true",), writable=(), readonly=()))
    assert len(seen[0]) == 1
    assert Path(folder).name not in seen[0]
    assert list(tmp_path.iterdir()) == []


def scraps(folder):
    return list(folder.glob("*/.new-*"))


def test_a_writer_that_is_killed_leaves_no_scrap_for_long(tmp_path, started):
    """Where the file system knows no files without a name."""
    process, _ = started(WRITER, tmp_path / "blobs")
    assert len(scraps(tmp_path / "blobs")) == 1
    BlobFolder(tmp_path / "blobs").keep(b"one")
    assert len(scraps(tmp_path / "blobs")) == 1
    killed(process)
    folder = BlobFolder(tmp_path / "blobs")
    folder.keep(b"two")
    assert scraps(tmp_path / "blobs") == []
    assert folder.load(folder.keep(b"text")) == b"text"


def test_a_blob_has_no_other_name_before_its_own(tmp_path, monkeypatch):
    try:
        os.close(os.open(tmp_path, os.O_WRONLY | os.O_TMPFILE))
    except OSError:
        pytest.skip("this file system knows no files without a name")
    folder, seen, sync = BlobFolder(tmp_path / "blobs"), [], os.fsync

    def watched(handle):
        seen.append([p.name for p in (tmp_path / "blobs").rglob("*") if p.is_file()])
        sync(handle)

    monkeypatch.setattr(os, "fsync", watched)
    key = folder.keep(b"text")
    assert all(names in ([], [key[2:]]) for names in seen)
    assert folder.load(key) == b"text"
    assert (tmp_path / "blobs" / key[:2] / key[2:]).stat().st_mode & 0o777 == 0o600


def test_what_still_uses_an_abandoned_folder_is_told_of_before_it_goes(tmp_path):
    abandoned = tmp_path / "probe-1"
    abandoned.mkdir()
    seen = []
    scratch.sweep_folders(tmp_path, "probe-", before=lambda f: seen.append((f, f.is_dir())))
    assert seen == [(abandoned, True)]
    assert not abandoned.exists()
