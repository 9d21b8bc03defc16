"""Finding out what a sandbox really refuses, by trying all of it once from inside."""

import json
import os
import secrets
import socket
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from partita.adapters.sandbox import attempts
from partita.adapters.sandbox.orphans import kill_orphans
from partita.adapters.scratch import scratch_folder
from partita.errors import CommandFailed
from partita.ports.sandbox import Command, Isolation, Limits, Sandbox

PREFIX = "partita-probe-"
_PROCESSES = 16
_TRIES = 2 * _PROCESSES
_SECONDS = 15.0
_FACTS = (
    *("host_loopback", "host_abstract", "internet", "own_loopback"),
    *("write_outside", "write_system", "write_inside", "read_secret", "processes"),
)


async def probe(sandbox: Sandbox, backend: str) -> Isolation:
    """Try everything that must be refused; raises CommandFailed when nothing can run at all."""
    token = f"partita-probe-{secrets.token_hex(8)}"
    with ExitStack() as stack:
        temporary = Path(tempfile.gettempdir())
        folder = stack.enter_context(scratch_folder(temporary, PREFIX, before=kill_orphans))
        command = _bait(folder, token, stack)
        outcome = await sandbox.run(command)
        found = _read(outcome.output)
        written = _wrote(folder)
    if not (found["own_loopback"] and found["write_inside"]):
        raise CommandFailed("loopback or the worktree can't be used inside")
    return Isolation(
        backend=backend,
        network=not (found["host_loopback"] or found["host_abstract"] or found["internet"]),
        writes=not (found["write_outside"] or found["write_system"] or written),
        reads=not found["read_secret"],
        processes=found["processes"] < _TRIES,
        tree_killed=not _alive(token),
    )


def _bait(folder: Path, token: str, stack: ExitStack) -> Command:
    """Lay out what must not be reached: a folder, a secret, two listeners of this machine."""
    inside, outside = folder / "inside", folder / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "secret").write_text(token)
    listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
    abstract.bind(f"\0{token}")
    abstract.listen()
    port = listener.getsockname()[1]
    facts = (str(port), token, str(outside / "secret"), str(outside), str(_TRIES))
    script = Path(attempts.__file__).read_text(encoding="utf-8")
    return Command(
        argv=(os.path.realpath(sys.executable), "-I", "-S", "-c", script, *facts),
        cwd=inside,
        readonly=(Path(sys.base_prefix).resolve(),),
        limits=Limits(seconds=_SECONDS, processes=_PROCESSES),
    )


def _wrote(folder: Path) -> bool:
    return (folder / "outside" / "written").exists()


def _read(output: str) -> dict[str, int]:
    try:
        found = json.loads(output.strip().splitlines()[-1])
        return {name: int(found[name]) for name in _FACTS}
    except (ValueError, LookupError, TypeError) as e:
        raise CommandFailed(f"the probe said: {output.strip()[-400:] or 'nothing'}") from e


def _alive(token: str) -> bool:
    """Does any process carry this token in its arguments?"""
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                if token.encode() in (process / "cmdline").read_bytes():
                    return True
            except OSError:
                continue  # it ended meanwhile
    return False
