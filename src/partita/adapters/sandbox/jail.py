"""The inside of the `unshare` rung: namespaces, a root of binds, Landlock, bounds, then exec.

Run as a file by a bare interpreter (`python -I -S jail.py SPEC STATUS GATE`, three descriptors),
so it imports nothing of Partita. It needs Linux 5.13. SPEC holds JSON as unshare.py writes it;
STATUS and GATE speak bubblewrap's protocol: see process.py. Order matters: mounts need the
capabilities of the new user namespace, which are given up before the command is started.
"""

# ruff: noqa: PTH102, PTH103, PTH110, PTH112, PTH120, PTH123, PTH211, S108
# pathlib would take a tenth of the start-up time; /tmp is where a first root is mounted, unseen.

import contextlib
import ctypes
import fcntl
import json
import os
import resource
import signal
import socket
import struct
import sys
from collections.abc import Iterable
from typing import Any

_NEW_ROOT = "/new"
_OLD_ROOT = "/old"
_DEVICES = ("null", "zero", "full", "random", "urandom")
_BAD_SETUP = 1
_NOT_FOUND = 127
_SIGNALLED = 128

# From the kernel's headers, where the standard library does not name them.
_CLONE_NEWNS, _CLONE_NEWCGROUP, _CLONE_NEWUTS = 0x20000, 0x2000000, 0x4000000
_CLONE_NEWIPC, _CLONE_NEWUSER, _CLONE_NEWPID = 0x8000000, 0x10000000, 0x20000000
_CLONE_NEWNET = 0x40000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 1, 2, 4, 8
_MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 32, 4096, 16384, 1 << 18
_MNT_DETACH = 2
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP = 1, 4, 24
_PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 38, 47, 4
_CAPABILITY_VERSION_3, _LAST_CAPABILITY = 0x20080522, 40
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
# C libraries have no name for these; the numbers are the same on every architecture.
_SYS_MOUNT_SETATTR = 442
_SYS_LANDLOCK_CREATE_RULESET, _SYS_LANDLOCK_ADD_RULE, _SYS_LANDLOCK_RESTRICT_SELF = 444, 445, 446

_libc = ctypes.CDLL(None, use_errno=True)


def main(spec_fd: int, status: int, gate: int) -> int:
    """Be the outer process: enter the namespaces, start their first process, wait for it."""
    with os.fdopen(spec_fd, "rb") as file:
        spec = json.load(file)
    for fd in (status, gate):
        os.set_inheritable(fd, False)
    _die_with_parent(spec["parent"])
    _enter_namespaces(spec)
    first = os.fork()
    if first == 0:
        _die_with_parent(None)
        os._exit(_first_process(spec, status, gate))
    _tell(status, {"child-pid": first})
    os.close(gate)
    return _code(os.waitpid(first, 0)[1])


def _first_process(spec: dict[str, Any], status: int, gate: int) -> int:
    """Build the view, start the command, reap whatever ends, leave with the command.

    Leaving ends the pid namespace, and with it everything that the command left behind.
    """
    try:
        if not os.read(gate, 1):
            return _BAD_SETUP  # who started us has ended
        os.close(gate)
        os.setsid()
        _no_nested_namespaces()
        if not spec["network"]:
            _loopback_up()
        socket.sethostname("sandbox")
        _build_root(spec)
        os.chdir(spec["cwd"])
        _give_up_rights(spec)
        command = os.fork()
        if command == 0:
            _become(spec)
    except OSError as e:
        _complain(f"{e.filename or 'setting up'}: {e.strerror}")
        return _BAD_SETUP
    while True:
        pid, waited = os.wait()
        if pid == command:
            break
    code = _code(waited)
    _tell(status, {"exit-code": code})
    return code


def _give_up_rights(spec: dict[str, Any]) -> None:
    _drop_capabilities()
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    _landlock(spec["may_write"])
    _check(_libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0), "dumpable")  # the command may not trace us


def _become(spec: dict[str, Any]) -> None:
    """Set the bounds and turn into the command; never returns."""
    try:
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and exec keeps that
            signal.signal(number, signal.SIG_DFL)
        for name, value in spec["rlimits"].items():
            limit = getattr(resource, f"RLIMIT_{name.upper()}")
            hard = resource.getrlimit(limit)[1]
            bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(limit, (bound, bound))
        os.execvpe(spec["argv"][0], spec["argv"], spec["env"])  # noqa: S606  # there is no shell
    except (OSError, ValueError) as e:
        _complain(f"{spec['argv'][0]}: {e}")
    finally:
        os._exit(_NOT_FOUND)


def _enter_namespaces(spec: dict[str, Any]) -> None:
    uid, gid, inside = os.geteuid(), os.getegid(), spec["uid"]
    with contextlib.suppress(PermissionError):
        os.setgroups([])
    flags = _CLONE_NEWUSER | _CLONE_NEWNS | _CLONE_NEWPID | _CLONE_NEWIPC | _CLONE_NEWUTS
    flags |= _CLONE_NEWCGROUP | (0 if spec["network"] else _CLONE_NEWNET)
    _check(_libc.unshare(flags), "namespaces")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{inside} {uid} 1"),
        ("gid_map", f"{inside} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)


def _build_root(spec: dict[str, Any]) -> None:
    """Make a new root from nothing, bind into it what may be seen, let go of the old one."""
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", "/tmp", "tmpfs", _MS_NOSUID | _MS_NODEV, "size=64k,mode=755")
    os.mkdir(f"/tmp{_NEW_ROOT}")
    os.mkdir(f"/tmp{_OLD_ROOT}")
    _pivot("/tmp", f"/tmp{_OLD_ROOT}")
    _mount("tmpfs", _NEW_ROOT, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=1m,mode=755")
    for bind in spec["system"]:
        _bind(bind)
    for at, target in spec["links"]:
        os.symlink(target, f"{_NEW_ROOT}{at}")
    for at, text in spec["files"].items():
        _place(at, folder=False)
        with open(f"{_NEW_ROOT}{at}", "w", encoding="utf-8") as file:
            file.write(text)
    os.mkdir(f"{_NEW_ROOT}/proc")
    _mount("proc", f"{_NEW_ROOT}/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC | _MS_RDONLY)
    for name in _DEVICES:
        _bind({"source": f"/dev/{name}", "at": f"/dev/{name}", "writable": True}, device=True)
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink(f"/proc/self/fd{target}", f"{_NEW_ROOT}/dev/{name}")
    for at, size in spec["tmpfs"].items():
        _place(at, folder=True)
        _mount("tmpfs", _NEW_ROOT + at, "tmpfs", _MS_NOSUID | _MS_NODEV, f"size={size},mode=1777")
    _place(spec["home"], folder=True)
    for bind in spec["binds"]:
        _bind(bind)
    _mount(None, _NEW_ROOT, None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)
    os.chdir(_NEW_ROOT)
    _pivot(".", ".")
    _check(_libc.umount2(b".", _MNT_DETACH), "the old root")
    os.chdir("/")


def _bind(bind: dict[str, Any], *, device: bool = False) -> None:
    source, target = _OLD_ROOT + bind["source"], _NEW_ROOT + bind["at"]
    _place(bind["at"], folder=os.path.isdir(source))
    _mount(source, target, None, _MS_BIND | _MS_REC)
    attributes = _MS_NOSUID  # mount_setattr's first bits are those of mount
    if not device:
        attributes |= _MS_NODEV
    if not bind["writable"]:
        attributes |= _MS_RDONLY
    settings = struct.pack("=QQQQ", attributes, 0, 0, 0)
    _syscall(_SYS_MOUNT_SETATTR, _AT_FDCWD, target.encode(), _AT_RECURSIVE, settings, len(settings))


def _place(at: str, *, folder: bool) -> None:
    """Make sure there is something to mount on; what a bind already shows is left alone."""
    path = _NEW_ROOT + at
    if os.path.exists(path):
        return
    os.makedirs(path if folder else os.path.dirname(path), exist_ok=True)
    if not folder:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))


def _no_nested_namespaces() -> None:
    """In a namespace of its own a command would meet more of the kernel than it needs."""
    path = "/proc/sys/user/max_user_namespaces"
    with contextlib.suppress(OSError), open(path, "w", encoding="ascii") as file:
        file.write("0")


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14s", b"lo", 0, b"")
        (_, flags, _) = struct.unpack("16sH14s", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request))
        request = struct.pack("16sH14s", b"lo", flags | _IFF_UP, b"")
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, request)


def _landlock(may_write: Iterable[str]) -> None:
    """Refuse every write but below these; a second wall behind the read-only mounts."""
    version = _syscall(_SYS_LANDLOCK_CREATE_RULESET, None, 0, 1)
    execute, write_file, read_file, read_dir, refer, truncate = (
        1 << bit for bit in (0, 1, 2, 3, 13, 14)
    )
    # Of the first version: all but the two that a later version added.
    handled = (1 << 13) - 1
    if version >= 2:  # noqa: PLR2004  # the kernel's numbers
        handled |= refer
    if version >= 3:  # noqa: PLR2004
        handled |= truncate
    ruleset = _syscall(_SYS_LANDLOCK_CREATE_RULESET, struct.pack("=Q", handled), 8, 0)
    reading = execute | read_file | read_dir
    allowed = {"/": reading, "/dev": reading | write_file}
    for path, rights in (*allowed.items(), *((path, handled) for path in may_write)):
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
        of_files = handled & (execute | write_file | read_file | truncate)
        rule = struct.pack("=Qi", rights if os.path.isdir(path) else rights & of_files, beneath)
        _syscall(_SYS_LANDLOCK_ADD_RULE, ruleset, 1, rule, 0)
        os.close(beneath)
    _syscall(_SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _drop_capabilities() -> None:
    _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    for capability in range(_LAST_CAPABILITY + 1):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    _check(_libc.capset(header, bytes(24)), "capabilities")


def _die_with_parent(parent: int | None) -> None:
    _check(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "death signal")
    if parent is not None and os.getppid() != parent:
        os._exit(_BAD_SETUP)  # it ended before the kernel was asked to watch it


def _mount(source: str | None, at: str, kind: str | None, flags: int, data: str = "") -> None:
    _check(
        _libc.mount(
            source.encode() if source else None,
            at.encode(),
            kind.encode() if kind else None,
            ctypes.c_ulong(flags),
            data.encode() or None,
        ),
        at,
    )


def _pivot(new: str, old: str) -> None:
    _check(_libc.pivot_root(new.encode(), old.encode()), "pivot_root")
    if new != ".":
        os.chdir("/")


def _syscall(number: int, *arguments: int | bytes | None) -> int:
    wide = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return _check(_libc.syscall(ctypes.c_long(number), *wide), f"system call {number}")


def _check(result: int, what: str) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), what)
    return result


def _code(waited: int) -> int:
    code = os.waitstatus_to_exitcode(waited)
    return code if code >= 0 else _SIGNALLED - code


def _tell(status: int, what: dict[str, int]) -> None:
    with contextlib.suppress(OSError):
        os.write(status, json.dumps(what).encode() + b"\n")


def _complain(text: str) -> None:
    with contextlib.suppress(OSError):
        os.write(2, f"sandbox: {text}\n".encode(errors="replace"))


if __name__ == "__main__":
    try:
        sys.exit(main(*map(int, sys.argv[1:4])))
    except OSError as error:
        _complain(f"{error.filename or 'setting up'}: {error.strerror}")
        sys.exit(_BAD_SETUP)
