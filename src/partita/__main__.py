"""The `partita` command; `python -m partita` is the same."""

import sys


def main() -> None:
    """Run the command line and end with its exit code."""
    from partita.cli.main import run  # noqa: PLC0415 - the only import that start-up pays for

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
