"""A sandbox without processes, for tests of what is done with a command's outcome."""

from collections.abc import Callable

from partita.ports.sandbox import Command, Isolation, Outcome

FULL_ISOLATION = Isolation(
    backend="scripted", network=True, writes=True, reads=True, processes=True, tree_killed=True
)


class ScriptedSandbox:
    """Answers by a function of the command; fails the test when that has no answer.

    The function may also do what the command would have done to its folder. Every command that
    was asked for is kept, in order.
    """

    def __init__(
        self,
        answer: Callable[[Command], Outcome | None],
        *,
        isolation: Isolation = FULL_ISOLATION,
    ) -> None:
        self.commands: list[Command] = []
        self._answer = answer
        self._isolation = isolation

    @property
    def isolation(self) -> Isolation:
        """What the test says is in force."""
        return self._isolation

    async def run(self, command: Command) -> Outcome:
        """Give the scripted outcome; raises AssertionError when there is none."""
        self.commands.append(command)
        outcome = self._answer(command)
        if outcome is None:
            raise AssertionError(f"no outcome was scripted for {command.argv}")
        return outcome


def exited(code: int = 0, output: str = "", *, seconds: float = 0.01) -> Outcome:
    """Build the outcome of a command that came to its own end."""
    return Outcome(exit=code, reason="exited", output=output, seconds=seconds)


def killed(reason: str, output: str = "", *, seconds: float = 0.01) -> Outcome:
    """Build the outcome of a command that was ended for passing a bound."""
    return Outcome(exit=None, reason=reason, output=output, seconds=seconds)
