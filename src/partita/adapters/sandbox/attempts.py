"""The inside of a probe: tries what a sandbox must refuse, prints as JSON what went through.

Run by a bare interpreter from its source text, since Partita itself can't be seen in there. It
ends with children still running, which must be dead when the sandbox has returned.
"""

import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

_TEST_NET = "192.0.2.1"  # reserved for documentation: nobody answers, but a network has a route
_LAST = 60  # seconds after which what a killed Partita left behind ends by itself
_SYSTEM = ("/", "/usr", "/etc", "/proc/sys/kernel/core_pattern")


def attempts(port: str, abstract: str, secret: str, outside: str, tries: str) -> dict[str, int]:
    """Name every attempt and whether it succeeded; for processes, how many were started."""

    def host_loopback() -> None:
        socket.create_connection(("127.0.0.1", int(port)), 1).close()

    def host_abstract() -> None:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect("\0" + abstract)

    def internet() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect((_TEST_NET, 9))

    def own_loopback() -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname(), 1).close()

    return {
        "host_loopback": _works(host_loopback),
        "host_abstract": _works(host_abstract),
        "internet": _works(internet),
        "own_loopback": _works(own_loopback),
        "write_outside": _works(Path(outside, "written").touch),
        "write_system": any(os.access(path, os.W_OK) for path in _SYSTEM),
        "write_inside": _works(Path("written").touch),
        "read_secret": _works(Path(secret).read_bytes),
        "processes": _start(int(tries)),
    }


def _works(action: Callable[[], object]) -> bool:
    try:
        action()
    except OSError:
        return False
    return True


def _start(tries: int) -> int:
    for started in range(tries):
        try:
            child = os.fork()
        except OSError:
            return started
        if child == 0:
            os.setsid()
            signal.alarm(_LAST)
            signal.pause()
    return tries


if __name__ == "__main__":
    print(json.dumps(attempts(*sys.argv[1:6])), flush=True)  # noqa: T201  # how it reports
