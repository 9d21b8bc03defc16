"""No rung at all: bounds of time, output and size only, for a user who asked for it by flag."""

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass

from partita.adapters.sandbox.cgroup import Groups
from partita.adapters.sandbox.layout import environment
from partita.adapters.sandbox.process import Launch, supervise
from partita.adapters.sandbox.rlimits import prlimit
from partita.ports.sandbox import Command, Isolation, Outcome

NO_ISOLATION = Isolation(
    backend="none", network=False, writes=False, reads=False, processes=False, tree_killed=False
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unprotected:
    """Runs commands as the user, in `cwd` itself; nothing keeps them from the user's files."""

    isolation: Isolation = NO_ISOLATION

    async def run(self, command: Command) -> Outcome:
        """Run to the end or to the first bound that is passed."""
        with tempfile.TemporaryDirectory(prefix="partita-", ignore_cleanup_errors=True) as tmp:

            def start(_status: int, _gate: int, _stack: ExitStack) -> Launch:
                return Launch(
                    argv=(*prlimit(command.limits, userns=False), *command.argv),
                    env=environment(command, home=tmp, tmp=tmp),
                    cwd=str(command.cwd),
                )

            return await supervise(command, start, Groups(), namespaced=False)
