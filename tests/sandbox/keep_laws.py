"""Run as a program by test_users.py: keeps the laws of one backend as whoever runs it.

It stands on its own because an ordinary user may reach neither the test runner nor its
interpreter; Partita's sandbox needs the standard library only.
"""

import asyncio
import inspect
import sys
import tempfile
import traceback
from pathlib import Path

from partita.adapters.sandbox.choose import rungs
from partita.testing.sandbox_laws import ContainmentLaws


async def find(name):
    return {rung.name: rung async for rung in rungs()}[name]


def main(name):
    rung = asyncio.run(find(name))
    if not rung.counts:
        print(f"no {name} here: {rung.why}")
        return 77
    broken = 0
    for law, keep in inspect.getmembers(ContainmentLaws(), inspect.ismethod):
        with tempfile.TemporaryDirectory() as folder:
            given = {"sandbox": rung.sandbox, "tmp_path": Path(folder)}
            try:
                keep(**{n: given[n] for n in inspect.signature(keep).parameters})
            except Exception:  # noqa: BLE001  # every law is tried
                broken += 1
                print(law, traceback.format_exc(), sep="\n")
    return min(broken, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
