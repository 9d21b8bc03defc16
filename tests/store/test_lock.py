"""One owner of a repository at a time; the lock dies with its process."""

import fcntl
import os
import resource
import subprocess
import sys
import threading
import time

import pytest

from partita.adapters.store import RepositoryLock, holder
from partita.errors import BadInput, OutsideFailure, RunInProgress

TAKER = """
import sys
from pathlib import Path
from partita.adapters.store import RepositoryLock
RepositoryLock(Path(sys.argv[1])).take("20260101-000000-abcd")
print("taken", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def taker(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", TAKER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "taken\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_process_is_refused_with_who_and_what_to_do(tmp_path, taker):
    with pytest.raises(RunInProgress) as caught:
        RepositoryLock(tmp_path).take("other")
    assert "20260101-000000-abcd" in caught.value.message
    assert str(taker.pid) in caught.value.message
    assert "partita status" in caught.value.remedy
    assert "partita cancel 20260101-000000-abcd" in caught.value.remedy
    assert caught.value.exit_code == 2


@pytest.mark.kill
def test_the_lock_dies_with_its_process(tmp_path, taker):
    assert holder(tmp_path) == {"pid": taker.pid, "run": "20260101-000000-abcd"}
    taker.kill()
    taker.wait()
    assert holder(tmp_path) is None
    with RepositoryLock(tmp_path).take("next"):
        assert holder(tmp_path) == {"pid": os.getpid(), "run": "next"}


def test_it_is_let_go_at_the_end_also_of_a_failure(tmp_path):
    class Odd(Exception):
        pass

    lock = RepositoryLock(tmp_path)

    def fails():
        with lock.take("r"):
            assert holder(tmp_path)
            raise Odd

    with pytest.raises(Odd):
        fails()
    assert holder(tmp_path) is None
    lock.release()
    with lock.take("r2").take("r3"):
        assert holder(tmp_path)["run"] == "r3"


def test_two_locks_of_one_process_exclude_each_other(tmp_path):
    with RepositoryLock(tmp_path).take("r"), pytest.raises(RunInProgress):
        RepositoryLock(tmp_path).take("r")


def test_one_of_many_at_once_gets_it(tmp_path):
    won, lost, locks = [], [], [RepositoryLock(tmp_path) for _ in range(16)]
    together = threading.Barrier(16)

    def want(lock):
        together.wait()
        try:
            won.append(lock.take("r"))
        except RunInProgress:
            lost.append(lock)

    threads = [threading.Thread(target=want, args=(lock,)) for lock in locks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 15)
    won[0].release()


def test_looking_does_not_keep_another_from_taking_it(tmp_path, monkeypatch):
    """`holder` shares the lock for a moment; whoever takes it meanwhile waits that moment out."""
    (tmp_path / "lock").touch()
    look = os.open(tmp_path / "lock", os.O_RDONLY)
    fcntl.flock(look, fcntl.LOCK_SH)
    waits = []

    def wait(seconds):
        waits.append(seconds)
        if len(waits) == 3:
            os.close(look)

    monkeypatch.setattr(time, "sleep", wait)
    with RepositoryLock(tmp_path).take("r"):
        assert holder(tmp_path)["run"] == "r"
    assert len(waits) == 3


def test_no_folder_is_nobody(tmp_path):
    assert holder(tmp_path / "none") is None
    assert not (tmp_path / "none").exists()


def test_a_lock_file_that_was_written_by_others_is_read_with_care(tmp_path):
    with RepositoryLock(tmp_path).take("r"):
        for content in ("", "{", "[]", "[" * 4000, '{"run": 3}'):
            (tmp_path / "lock").write_text(content)
            assert isinstance(holder(tmp_path), dict)
            with pytest.raises(RunInProgress):
                RepositoryLock(tmp_path).take("other")


def test_a_link_or_a_pipe_in_its_place_is_refused(tmp_path):
    (tmp_path / "x").write_text("precious")
    (tmp_path / "lock").symlink_to(tmp_path / "x")
    with pytest.raises(BadInput, match="plain file"):
        RepositoryLock(tmp_path).take("r")
    assert (tmp_path / "x").read_text() == "precious"
    (tmp_path / "lock").unlink()
    os.mkfifo(tmp_path / "lock")
    with pytest.raises(BadInput, match="plain file"):
        RepositoryLock(tmp_path).take("r")


def test_where_nothing_can_be_written_it_says_so_and_lets_go(tmp_path):
    RepositoryLock(tmp_path).take("none").release()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(OutsideFailure, match="can't be written") as caught:
            RepositoryLock(tmp_path).take("one")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "free space" in caught.value.remedy
    with RepositoryLock(tmp_path).take("two"):
        assert holder(tmp_path)["run"] == "two"
