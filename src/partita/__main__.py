"""The `partita` command; `python -m partita` is the same."""

import gc
import os
import sys
from contextlib import suppress


def main() -> None:
    """Run the command line and end with its exit code."""
    # What is imported stays; looking through it for garbage would be a fifth of a run's start.
    gc.disable()
    from partita.cli.main import run  # noqa: PLC0415 - the only import that start-up pays for

    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with suppress(BrokenPipeError, ValueError):
            stream.flush()
    if (scratch := sys.modules.get("partita.adapters.scratch")) is not None:
        scratch.remove_all()  # of what still tries out the sandbox in the background
    # All that must be closed is closed; taking the interpreter apart would cost half a second.
    os._exit(code)


if __name__ == "__main__":
    main()
