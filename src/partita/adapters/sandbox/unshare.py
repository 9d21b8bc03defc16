"""The second rung: namespaces and Landlock by our own system calls, where bubblewrap is missing."""

import dataclasses
import json
import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field

from partita.adapters.sandbox import jail
from partita.adapters.sandbox.cgroup import Groups
from partita.adapters.sandbox.layout import HOME, UID, WORK, Layout, layout, memory_file
from partita.adapters.sandbox.process import Launch, supervise
from partita.adapters.sandbox.rlimits import rlimits
from partita.ports.sandbox import Command, Isolation, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Unshare:
    """Runs commands below jail.py; `isolation` is what a probe of it found."""

    isolation: Isolation
    groups: Groups = field(default_factory=Groups)

    async def run(self, command: Command) -> Outcome:
        """Run to the end or to the first bound that is passed."""
        spec = json.dumps(_spec(command, layout(command)))

        def start(status: int, gate: int, stack: ExitStack) -> Launch:
            fds = (memory_file(spec, stack), status, gate)
            return Launch(
                argv=(sys.executable, "-I", "-S", jail.__file__, *map(str, fds)), env={}, fds=fds
            )

        return await supervise(command, start, self.groups)


def _spec(command: Command, seen: Layout) -> dict[str, object]:
    """Everything jail.py has to know, as plain JSON."""
    return {
        **dataclasses.asdict(seen),
        "parent": os.getpid(),
        "uid": UID,
        "home": HOME,
        "cwd": WORK,
        "argv": command.argv,
        "rlimits": rlimits(command.limits, userns=True),
        "may_write": [WORK, *seen.tmpfs, *map(str, command.writable)],
    }
