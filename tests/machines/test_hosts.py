"""The hosts of these tests are worth their name: apart, joined by wires, cut silently, gone after.

What is tried here is what the other tests rely on; small stand-ins play the workers.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from partita.testing.hosts import DATABASE, REMOTE, Network

PORT = 7000
ECHO = (
    "import socket, sys; s = socket.create_server((sys.argv[1], 7000))\n"
    "while True:\n"
    "    c, _ = s.accept()\n"
    "    while d := c.recv(100): c.sendall(d)\n"
)
TALK = (
    "import socket, sys\n"
    "c = socket.create_connection((sys.argv[1], 7000))\n"
    "for word in ['one', 'two']:\n"
    "    c.sendall(word.encode()); print(c.recv(100).decode(), flush=True)\n"
    "    while word == 'one' and not __import__('os').path.exists('go'): pass\n"
)
KNOCK = (
    "import socket, sys\n"
    "try: socket.create_connection((sys.argv[1], 7000), timeout=0.3); print('open')\n"
    "except OSError as e: print(type(e).__name__)\n"
)


def python(host, code, *args):
    return host.start(sys.executable, "-c", code, *args)


def knock(host, address):
    job = python(host, KNOCK, address)
    job.wait(10)
    return job.words.strip()


def until(condition, what, patience=10.0):
    end = time.monotonic() + patience
    while not (value := condition()):
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.01)
    return value


@pytest.fixture
def echoes(net):
    """A server on each of the shared addresses."""
    for address in (DATABASE, REMOTE):
        net.serve(sys.executable, "-c", ECHO, address, folder=net.folder)
    for address in (DATABASE, REMOTE):
        until(lambda a=address: knock(net["east"], a) == "open", f"a server on {address}")
    return net


def test_hosts_are_apart_in_name_processes_folders_and_loopback(net):
    north, south = net["north"], net["south"]
    (south.folder / "secret").write_text("of the south")
    server = south.within(lambda: socket.create_server(("127.0.0.1", PORT)))
    with server:
        assert north.run("hostname") == "north\n"
        assert knock(south, "127.0.0.1") == "open"
        assert knock(north, "127.0.0.1") == "ConnectionRefusedError"
        assert north.run("ls", str(south.folder)) == ""
        assert str(os.getpid()) not in north.run("sh", "-c", "cd /proc; echo [0-9]*").split()


def test_hosts_reach_what_they_share_and_only_that_is_cut(echoes):
    north, south = echoes["north"], echoes["south"]
    assert [knock(north, a) for a in (DATABASE, REMOTE)] == ["open", "open"]
    echoes.cut("north", "database")
    assert [knock(north, a) for a in (DATABASE, REMOTE)] == ["TimeoutError", "open"]
    assert [knock(south, a) for a in (DATABASE, REMOTE)] == ["open", "open"]
    echoes.cut("north", "remote")
    assert [knock(north, a) for a in (DATABASE, REMOTE)] == ["TimeoutError", "TimeoutError"]
    echoes.heal("north")
    assert [knock(north, a) for a in (DATABASE, REMOTE)] == ["open", "open"]
    echoes.cut("north", "all")
    assert [knock(north, a) for a in (DATABASE, REMOTE)] == ["TimeoutError", "TimeoutError"]
    assert knock(south, DATABASE) == "open"


def test_a_connection_in_a_cut_hears_nothing_and_goes_on_when_it_is_healed(echoes):
    north = echoes["north"]
    job = python(north, TALK, DATABASE)
    until(lambda: job.words == "one\n", "the first word")
    echoes.cut("north", "database")
    (north.folder / "go").touch()
    with pytest.raises(subprocess.TimeoutExpired):
        job.wait(0.5)
    assert job.words == "one\n"
    echoes.heal("north")
    job.wait(10)
    assert job.words == "one\ntwo\n"


def test_a_job_is_frozen_woken_and_killed(net):
    job = python(net["north"], "import time\nfor i in range(10000):\n print(i, flush=True)")
    job.freeze()
    said = job.words
    assert job.process.poll() is None
    assert job.words == said
    job.wake()
    assert job.wait(10) == 0
    other = python(net["north"], "import time; time.sleep(60)")
    other.kill()
    assert other.process.returncode == -signal.SIGKILL


def test_a_server_of_the_tests_own_can_listen_on_a_host(net):
    with net["north"].within(lambda: socket.create_server(("127.0.0.1", PORT))):
        assert knock(net["north"], "127.0.0.1") == "open"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", PORT), timeout=1)


def test_git_travels_over_the_shared_remote_and_not_through_a_cut(net):
    north, south = net["north"], net["south"]
    remotes = net.folder / "remotes"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", remotes / "it.git"], check=True)
    url = f"{net.git_daemon(remotes)}/it.git"
    north.run("git", "clone", "-q", url, "it")
    clone = north.folder / "it"
    north.run("git", "commit", "-q", "--allow-empty", "-m", "from the north", folder=clone)
    north.run("git", "push", "-q", "origin", "HEAD:main", folder=clone)
    south.run("git", "clone", "-q", url, "it")
    there = south.folder / "it"
    assert "from the north" in south.run("git", "log", "--format=%an: %s", folder=there)
    assert north.run("git", "log", "-1", "--format=%an", folder=clone) == "north\n"
    net.cut("north", "remote")
    north.run("git", "commit", "-q", "--allow-empty", "-m", "unseen", folder=clone)
    push = north.start("git", "push", "-q", "origin", "HEAD:main", folder=clone)
    with pytest.raises(subprocess.TimeoutExpired):
        push.wait(0.5)
    net.heal("north")
    assert push.wait(15) == 0


def everyone(marker):
    """Processes of this machine whose command line names the marker, and their networks."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if marker in (entry / "cmdline").read_bytes().decode(errors="replace"):
                    found[entry.name] = (entry / "ns/net").readlink()
            except OSError:
                continue
    return found


def inhabitants(networks):
    """Command lines of what runs in the networks, but for those that only wait for the end."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "ns/net").readlink() in networks:
                found.append((entry / "cmdline").read_bytes())
        except OSError:
            continue
    return [line for line in found if not line.startswith(b"unshare")]


def test_nothing_is_left_when_the_test_fails(tmp_path, hosts_can_be_had):
    marker, msg = f"here-{os.getpid()}", "the test fails"
    loud = "import os, sys, time; print('loud'); sys.stdout.flush(); os.fork(); time.sleep(60)"

    def fails():
        with Network(tmp_path, "north", "south") as net:
            job = python(net["north"], loud, marker)
            until(lambda: len(everyone(marker)) == 2 and job.words, "a process and its child")
            raise AssertionError(msg)

    with pytest.raises(AssertionError, match=msg) as failed:
        fails()
    until(lambda: not everyone(marker), "the end of all processes")
    assert "loud" in "".join(failed.value.__notes__)
    assert not everyone(str(tmp_path))


@pytest.mark.kill
def test_nothing_is_left_when_the_tests_are_killed(tmp_path, hosts_can_be_had):
    code = (
        "import sys\nfrom pathlib import Path\nfrom partita.testing.hosts import Network\n"
        "with Network(Path(sys.argv[1]), 'north') as net:\n"
        "    net['north'].start('sh', '-c', 'sleep 60 & exec sleep 60')\n"
        "    net.serve('sleep', '60', folder=net.folder)\n"
        "    for space in net._spaces:\n"
        "        print(Path(f'/proc/{space.pid}/ns/net').readlink())\n"
        "    print('up', flush=True)\n    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as tests:
        networks = {Path(line.strip()) for line in iter(tests.stdout.readline, "up\n")}
        assert len(networks) == 3
        until(lambda: sum(b"sleep" in line for line in inhabitants(networks)) == 3, "the sleepers")
        tests.kill()
    until(lambda: not inhabitants(networks), "the end of all processes")
