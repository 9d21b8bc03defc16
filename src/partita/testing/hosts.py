"""Machines for tests: hosts in network namespaces of their own, wires between them that can be cut.

    with Network(folder, "north", "south") as net:
        net.serve("git", "daemon", f"--listen={REMOTE}", ...)
        job = net["north"].start("partita", "worker")
        net.cut("north", "remote")

Each host has its own network, name, processes and `/proc`, and can't see the others'
folders. What two hosts share is reached through a router, under one address for the database and
one for the git remote; the router drops what is cut, so that packets vanish as on a real line.
Nothing has a name outside, and all of it is held by pipes from this process: it goes when this
process goes, however that ends.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeVar

T = TypeVar("T")
Far = Literal["database", "remote", "all"]

DATABASE, REMOTE = "10.77.200.1", "10.77.200.2"
SERVICES = "10.77.100.2"
PATIENCE = 10.0  # seconds for what takes some milliseconds
SHOWN = 4000  # characters of what a job said that a failure shows
_CLONE_FS = 0x200
_NETWORK = ("net",)
_ALL = ("net", "uts", "pid_for_children", "mnt")  # mnt last: the others are looked up in ours
_GIT = "[user]\n\tname = {0}\n\temail = {0}@example.org\n[safe]\n\tdirectory = *\n"
# The first process of a namespace: reaps orphans, and ends with the pipe that it reads.
_INIT = """
hostname "$1" && ip link set lo up &&
echo "$2" >/proc/sys/kernel/ns_last_pid && shift 2 && for hidden; do
  mount -t tmpfs -o ro none "$hidden" || exit
done && echo ready && cat >/dev/null
exit 0
"""


def why_not() -> str | None:
    """Why no hosts can be had here; None where they can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "network namespaces need root on Linux"
    if absent := [name for name in ("ip", "unshare", "git") if shutil.which(name) is None]:
        return f"not installed: {', '.join(absent)} (Debian: iproute2, util-linux, git)"
    try:
        with tempfile.TemporaryDirectory() as folder, Network(Path(folder), "probe") as net:
            net.cut("probe", "all")
    except (OSError, subprocess.SubprocessError) as e:
        return f"network namespaces can't be had: {e}"
    return None


@dataclass(frozen=True, slots=True)
class Job:
    """A command at work on a host; `said` is the file of all that it prints."""

    process: subprocess.Popen[bytes]
    said: Path

    @property
    def words(self) -> str:
        """What it has said so far."""
        return self.said.read_text(encoding="utf-8", errors="replace")

    def signal(self, number: int) -> None:
        """Send it to this one process."""
        self.process.send_signal(number)

    def freeze(self) -> None:
        """Stop it where it stands, and return when it does."""
        self.signal(signal.SIGSTOP)
        end = time.monotonic() + PATIENCE
        while _state(self.process.pid) not in "TZ":
            if time.monotonic() > end:
                raise TimeoutError(f"{self.process.args!r} can't be stopped")
            time.sleep(0.005)

    def wake(self) -> None:
        """Let it go on."""
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        """As kill -9 does, of the one process; what it started goes on without it."""
        self.process.kill()
        self.process.wait()

    def wait(self, patience: float) -> int:
        """Its exit code; an end that does not come in so many seconds tells what it said."""
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired as e:
            e.add_note(self.words)
            raise


class _Namespace:
    """Namespaces that are held by a process, and what runs in them."""

    def __init__(self, name: str, number: int, said: Path, *hidden: Path) -> None:
        self.name = name
        self.jobs: list[Job] = []
        self._said = said
        kinds = ("--net", "--uts", "--pid", "--mount", "--mount-proc", "--propagation=private")
        self._holder = subprocess.Popen(
            [
                "unshare",
                *kinds,
                "--fork",
                "--kill-child=KILL",
                "sh",
                "-c",
                _INIT,
                "sh",
                name,
                # Machines share no cgroups, these do: so process numbers must differ.
                str(number * 3_000),
                *hidden,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the tests, which end it in their order
        )
        assert self._holder.stdout is not None
        if self._holder.stdout.readline() != b"ready\n":
            _, err = self._holder.communicate()
            raise OSError(err.decode(errors="replace").strip() or "no reason was given")

    @property
    def pid(self) -> int:
        """A process whose network is this one."""
        return self._holder.pid

    def within(self, work: Callable[[], T]) -> T:
        """Do that in this network: sockets that it makes stay here, processes too."""
        return _entered(self.pid, _NETWORK, work)

    def start(self, *command: str, folder: Path, env: Mapping[str, str]) -> Job:
        """Start it in these namespaces."""
        said = self._said / f"{self.name}-{len(self.jobs) + 1}.txt"
        with said.open("wb") as file:
            process = _entered(
                self.pid,
                _ALL,
                lambda: subprocess.Popen(
                    command,
                    cwd=folder,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                ),
            )
        self.jobs.append(Job(process, said))
        return self.jobs[-1]

    def ip(self, *lines: str) -> None:
        """Run `ip` commands, one a line."""
        done = self.within(
            lambda: subprocess.run(
                ["ip", "-batch", "-"],
                input="\n".join(lines),
                text=True,
                capture_output=True,
                check=False,
            )
        )
        if done.returncode != 0:
            raise OSError(f"ip: {done.stderr.strip()}")

    def close(self) -> None:
        """End all that runs here; then the namespaces are gone."""
        for job in self.jobs:
            # They are this process's children, and the first process can't end before they are
            # buried.
            job.kill()
        self._holder.kill()
        self._holder.communicate(timeout=PATIENCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A machine: `folder` is all that it can see of the network's folder; `home` is in it."""

    folder: Path
    address: str
    env: dict[str, str] = field(default_factory=dict)
    _space: _Namespace

    @property
    def home(self) -> Path:
        """Of the one user."""
        return self.folder / "home"

    @property
    def jobs(self) -> Sequence[Job]:
        """All that was started here."""
        return self._space.jobs

    def within(self, work: Callable[[], T]) -> T:
        """Do that in this host's network: a server that it makes listens here."""
        return self._space.within(work)

    def start(self, *command: str, folder: Path | None = None, **env: str) -> Job:
        """Start a command there, in its folder or one below."""
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "CI")}
        own = {"HOME": str(self.home), "TMPDIR": str(self.folder / "tmp")}
        return self._space.start(
            *command, folder=folder or self.folder, env={**kept, **own, **self.env, **env}
        )

    def run(
        self, *command: str, folder: Path | None = None, patience: float = 30.0, **env: str
    ) -> str:
        """Run a command to its end and give what it said; CalledProcessError where it failed."""
        job = self.start(*command, folder=folder, **env)
        if (code := job.wait(patience)) != 0:
            raise subprocess.CalledProcessError(code, command, job.words)
        return job.words


class Network:
    """Hosts by name, a router, and a machine for what they share; a context manager.

    `folder` is given one folder a host, and the words of the jobs.
    """

    def __init__(self, folder: Path, *names: str) -> None:
        self.folder = folder
        self._names = names
        self._hosts: dict[str, Host] = {}
        self._spaces: list[_Namespace] = []
        self._cuts: dict[str, list[str]] = {name: [] for name in names}
        self._end = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as ends:
            self._router = self._space(ends, "router")
            self._services = self._space(ends, "services")
            self._router.within(_forward)
            self._wire(self._services, SERVICES)
            # With a mask that takes the hosts in: to PostgreSQL they are of "samenet" then.
            self._services.ip(
                *(f"addr add {a}/16 dev eth0 noprefixroute" for a in (DATABASE, REMOTE))
            )
            self._router.ip(*(f"route add {a} via {SERVICES}" for a in (DATABASE, REMOTE)))
            for number, name in enumerate(self._names, 1):
                self._hosts[name] = self._settle(ends, name, f"10.77.{number}.2")
            self._end = ends.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None
    ) -> None:
        if e is not None:
            e.add_note(self.words)
        self._end.close()

    @property
    def words(self) -> str:
        """The last of what each job said, for who must find out why something failed."""
        return "\n".join(
            f"{space.name}: {job.process.args!r} ({job.process.poll()}) said: {job.words[-SHOWN:]}"
            for space in self._spaces
            for job in space.jobs
        )

    def __getitem__(self, name: str) -> Host:
        return self._hosts[name]

    def within(self, work: Callable[[], T]) -> T:
        """Do that in the network of the shared machine: DATABASE and REMOTE are its addresses."""
        return self._services.within(work)

    def serve(self, *command: str, folder: Path) -> Job:
        """Start a server on the shared machine."""
        return self._services.start(*command, folder=folder, env=dict(os.environ))

    def git_daemon(self, folder: Path) -> str:
        """Serve the bare repositories in the folder, for pushing too; gives their base URL."""
        command = ("git", "daemon", "--reuseaddr", "--export-all", "--enable=receive-pack")
        self.serve(*command, f"--listen={REMOTE}", f"--base-path={folder}", folder=folder)
        self.within(lambda: _listens(REMOTE, 9418))
        return f"git://{REMOTE}"

    def cut(self, name: str, far: Far) -> None:
        """From now on nothing passes between the host and that end, in either direction."""
        near = self._hosts[name].address
        ends = {"database": f" to {DATABASE}", "remote": f" to {REMOTE}", "all": ""}
        there = f"blackhole from {near}{ends[far]}"
        back = there.replace("from", "TO").replace(" to ", " from ").replace("TO", "to")
        for rule in (there, back):
            self._router.ip(f"rule add {rule}")
            self._cuts[name].append(rule)

    def heal(self, name: str) -> None:
        """Mend all that was cut of the host."""
        while self._cuts[name]:
            self._router.ip(f"rule del {self._cuts[name].pop()}")

    def _space(self, ends: contextlib.ExitStack, name: str, *hidden: Path) -> _Namespace:
        said = self.folder / "said"
        said.mkdir(parents=True, exist_ok=True)
        space = _Namespace(name, len(self._spaces) + 1, said, *hidden)
        ends.callback(space.close)
        self._spaces.append(space)
        return space

    def _settle(self, ends: contextlib.ExitStack, name: str, address: str) -> Host:
        """Set a machine up, with its folder, its user, and the wire to the router."""
        folders = {other: self.folder / other for other in self._names}
        for folder in folders.values():
            (folder / "home").mkdir(parents=True, exist_ok=True)
            (folder / "tmp").mkdir(exist_ok=True)
        own = folders.pop(name)
        (own / "home" / ".gitconfig").write_text(_GIT.format(name), encoding="utf-8")
        space = self._space(ends, name, *folders.values())
        self._wire(space, address)
        return Host(folder=own, address=address, _space=space)

    def _wire(self, space: _Namespace, address: str) -> None:
        """A wire from the router to there, and the way back to everything over it."""
        subnet = address.rpartition(".")[0]
        gate, wire = f"{subnet}.1", f"w{subnet.rpartition('.')[2]}"
        self._router.ip(
            f"link add name {wire} type veth peer name eth0 netns {space.pid}",
            f"addr add {gate}/24 dev {wire}",
            f"link set {wire} up",
        )
        space.ip(
            f"addr add {address}/24 dev eth0", "link set eth0 up", f"route add default via {gate}"
        )


def _entered(pid: int, kinds: Sequence[str], work: Callable[[], T]) -> T:
    """Do the work in a thread that is in those namespaces of the process, and ends with it."""
    libc = ctypes.CDLL(None, use_errno=True)

    def checked(code: int) -> None:
        if code != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def enter() -> T:
        with contextlib.ExitStack() as files:
            doors = [os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY) for kind in kinds]
            for door in doors:
                files.callback(os.close, door)
            checked(libc.unshare(_CLONE_FS))  # else the mounts would have to change for all threads
            for door in doors:
                checked(libc.setns(door, 0))
        return work()

    with ThreadPoolExecutor(1) as one:
        return one.submit(enter).result()


def _forward() -> None:
    """Pass packets on, in the network of this thread."""
    # What is below /proc/sys/net belongs to the network of the thread that opens it.
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1", encoding="ascii")


def _listens(address: str, port: int) -> None:
    """Wait until a server does; by a bare socket, as tests forbid others than on loopback."""
    end = time.monotonic() + PATIENCE
    while True:
        with socket.socket() as probe:
            if probe.connect_ex((address, port)) == 0:
                return
        if time.monotonic() > end:
            raise TimeoutError(f"nothing listens on {address}:{port}")
        time.sleep(0.01)


def _state(pid: int) -> str:
    """A process's state as ps shows it."""
    return (
        Path(f"/proc/{pid}/stat")
        .read_text(encoding="ascii", errors="replace")
        .rpartition(")")[2][1]
    )
