"""What a sandboxed command sees of this machine: one description, drawn by each backend."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from partita.errors import CommandFailed
from partita.ports.sandbox import Command

WORK = "/w"
HOME = "/tmp/home"  # noqa: S108  # inside the sandbox, where /tmp is private
UID = 1000
TMP_BYTES = 256 * 2**20
SHM_BYTES = 64 * 2**20

_SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_ETC = (
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/protocols",
    "/etc/services",
    "/etc/crypto-policies",
    "/etc/ca-certificates",
    "/etc/pki/ca-trust",
    "/etc/pki/tls/certs",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
)
_NETWORK = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf")
# /etc/ssl/private holds keys, so that /etc/ssl is never shown as a whole.
_FILES = {
    "/etc/passwd": f"w:x:{UID}:{UID}::{HOME}:/bin/sh\n",
    "/etc/group": f"w:x:{UID}:\n",
}
_LOCAL_FILES = {
    "/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}
_NEVER = ("/", "/boot", "/dev", "/etc", "/home", "/proc", "/root", "/run", "/sys", "/tmp", "/var")  # noqa: S108


@dataclass(frozen=True, slots=True, kw_only=True)
class Bind:
    """A file or folder of the host, and where it is seen."""

    source: str
    at: str
    writable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The whole view: in order, binds of the system, private folders, binds of the command."""

    system: tuple[Bind, ...]
    links: tuple[tuple[str, str], ...]
    files: Mapping[str, str]
    tmpfs: Mapping[str, int]
    binds: tuple[Bind, ...]
    env: Mapping[str, str]
    network: bool


def layout(command: Command) -> Layout:
    """Say what this command may see; raises CommandFailed for a folder that can't be shown."""
    if not command.argv:
        raise CommandFailed("there is no command to run")
    return Layout(
        system=tuple(_system(network=command.network)),
        links=tuple((p, str(Path(p).readlink())) for p in _SYSTEM if Path(p).is_symlink()),
        files=_FILES if command.network else {**_FILES, **_LOCAL_FILES},
        tmpfs={"/tmp": min(TMP_BYTES, command.limits.disk), "/dev/shm": SHM_BYTES},  # noqa: S108
        binds=tuple(_binds(command)),
        env=environment(command),
        network=command.network,
    )


def environment(command: Command, home: str = HOME, tmp: str = "/tmp") -> dict[str, str]:  # noqa: S108
    """Everything the command finds in its environment; nothing of ours is inherited."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": home,
        "TMPDIR": tmp,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        **command.env,
    }


def _system(*, network: bool) -> Iterator[Bind]:
    folders = ("/usr", *(p for p in _SYSTEM if Path(p).is_dir() and not Path(p).is_symlink()))
    for path in (*folders, *_ETC, *(_NETWORK if network else ())):
        if Path(path).exists():
            yield Bind(source=str(Path(path).resolve()), at=path)


def _binds(command: Command) -> Iterator[Bind]:
    for path in command.readonly:
        if not path.is_relative_to("/usr"):
            yield Bind(source=_showable(path), at=str(path))
    for path in command.writable:
        yield Bind(source=_showable(path), at=str(path), writable=True)
    yield Bind(source=_showable(command.cwd), at=WORK, writable=True)
    git = command.cwd / ".git"
    # A link would be followed to wherever the tree's author pointed it.
    if git.exists() and not git.is_symlink():
        yield Bind(source=str(git.resolve()), at=f"{WORK}/.git")


def _showable(path: Path) -> str:
    real = path.resolve()
    if not path.is_absolute() or not (real.is_dir() or real.is_file()):
        raise CommandFailed(f"{path} can't be shown to a sandboxed command: no such folder")
    if str(real) in _NEVER or Path.home().resolve().is_relative_to(real):
        raise CommandFailed(f"{path} is never shown to a sandboxed command: it holds too much")
    return str(real)


def memory_file(text: str, stack: ExitStack) -> int:
    """Put a text where only who is handed the descriptor can read it; `stack` closes it."""
    fd = os.memfd_create("partita")
    stack.callback(os.close, fd)
    rest = text.encode()
    while rest:
        rest = rest[os.write(fd, rest) :]
    os.lseek(fd, 0, os.SEEK_SET)
    return fd
