"""`partita check` asked in this process, or as a real command behind pipes."""

import io
import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout

from kit import Done

from partita.cli.main import run


def ask(*args, stdin=b""):
    """The command line in this process; `stdin` bytes, text, or what is written as JSON."""
    data = stdin if isinstance(stdin, bytes) else as_text(stdin).encode()
    before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(data))
    try:
        return said_by(*args)
    finally:
        sys.stdin = before


def said_by(*args):
    """The command line in this process, with the standard input that is there."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace")  # as it is
    with redirect_stdout(out), redirect_stderr(err):
        code = run(["check", *map(str, args)])
    for stream in (out, err):
        stream.flush()
    return Done(code, out.buffer.getvalue().decode(), err.buffer.getvalue().decode())


def as_text(value):
    return value if isinstance(value, str) else json.dumps(value)


def answer(*args, stdin=b""):
    """The exit code and the JSON document."""
    done = ask(*args, "--json", stdin=stdin)
    return done.code, json.loads(done.out)


def answers_to(*args, lines):
    """The exit code and the answers to the lines."""
    text = "".join(as_text(line) + "\n" for line in lines)
    done = ask(*args, "--jsonl", stdin=text)
    return done.code, [json.loads(line) for line in done.out.splitlines()]


def piped(*args, stdin=b"", cwd, **env):
    """The real command; its output as bytes."""
    return subprocess.run(
        [sys.executable, "-m", "partita", "check", *map(str, args)],
        input=stdin,
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "HOME": str(cwd), **env},
        capture_output=True,
        check=False,
        timeout=60,
    )
