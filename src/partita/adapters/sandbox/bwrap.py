"""The best rung: bubblewrap, which builds a file system of binds in namespaces of its own."""

import re
import shutil
import stat
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from partita.adapters.sandbox.cgroup import Groups
from partita.adapters.sandbox.layout import HOME, UID, WORK, Layout, layout, memory_file
from partita.adapters.sandbox.process import Launch, supervise
from partita.adapters.sandbox.rlimits import prlimit
from partita.errors import CommandFailed
from partita.ports.sandbox import Command, Isolation, Outcome

_DISABLES_USERNS = (0, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bubblewrap:
    """Runs commands in bubblewrap; `isolation` is what a probe of it found."""

    program: str
    isolation: Isolation
    groups: Groups = field(default_factory=Groups)
    nested_userns_off: bool = False

    async def run(self, command: Command) -> Outcome:
        """Run to the end or to the first bound that is passed."""
        seen = layout(command)

        def start(status: int, gate: int, stack: ExitStack) -> Launch:
            data = {at: memory_file(text, stack) for at, text in seen.files.items()}
            own = ["--json-status-fd", str(status), "--block-fd", str(gate)]
            if self.nested_userns_off:
                own.append("--disable-userns")
            argv = (self.program, *own, *_arguments(seen, data), "--")
            return Launch(
                argv=(*argv, *prlimit(command.limits, userns=True), *command.argv),
                env={},
                fds=(status, gate, *data.values()),
            )

        return await supervise(command, start, self.groups)


def find_bubblewrap(isolation: Isolation, groups: Groups) -> Bubblewrap:
    """Find the program; raises CommandFailed when it is not installed or does not run."""
    program = shutil.which("bwrap")
    if program is None:
        raise CommandFailed("bubblewrap is not installed")
    try:
        said = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=10, check=False
        ).stdout
        setuid = bool(Path(program).stat().st_mode & stat.S_ISUID)
    except (OSError, subprocess.SubprocessError) as e:
        raise CommandFailed(f"bubblewrap does not run: {e}") from e
    found = re.search(r"(\d{1,4})\.(\d{1,4})", said)
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    return Bubblewrap(
        program=program,
        isolation=isolation,
        groups=groups,
        nested_userns_off=version >= _DISABLES_USERNS and not setuid,
    )


def _arguments(seen: Layout, data: dict[str, int]) -> list[str]:
    """Draw a layout as bubblewrap's arguments, which it follows in order."""
    args = ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
    args += ["--unshare-cgroup-try", "--uid", str(UID), "--gid", str(UID), "--hostname", "sandbox"]
    args += ["--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"]
    if not seen.network:
        args.append("--unshare-net")
    for bind in seen.system:
        args += ["--ro-bind", bind.source, bind.at]
    for at, target in seen.links:
        args += ["--symlink", target, at]
    for at, fd in data.items():
        args += ["--ro-bind-data", str(fd), at]
    args += ["--proc", "/proc", "--dev", "/dev"]
    for at, size in seen.tmpfs.items():
        args += ["--size", str(size), "--tmpfs", at]
    args += ["--dir", HOME]
    for bind in seen.binds:
        args += ["--bind" if bind.writable else "--ro-bind", bind.source, bind.at]
    # Without this the root, /dev and /proc would be writable, and two of them take real memory.
    for at in ("/dev", "/proc", "/"):
        args += ["--remount-ro", at]
    for name, value in seen.env.items():
        args += ["--setenv", name, value]
    return [*args, "--chdir", WORK]
