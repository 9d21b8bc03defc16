"""`partita --help` against a bare start of the same interpreter, in pairs."""

import subprocess
import sys
import time
from collections.abc import Sequence

from arena import PARTITA
from figures import Section, of_many

PAIRS = 15
MOST = 150  # milliseconds


def _milliseconds(command: Sequence[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return (time.perf_counter() - began) * 1000


def measure() -> list[Section]:
    """Pairs, one after the other, as the machine is not equally busy all the time."""
    bare, full = (sys.executable, "-c", "pass"), (PARTITA, "--help")
    _milliseconds(full)
    pairs = [(_milliseconds(bare), _milliseconds(full)) for _ in range(PAIRS)]
    return [
        Section(
            title=f"partita --help ({PAIRS} pairs)",
            rows=(
                of_many("python -c pass", [b for b, _ in pairs], "ms", digits=0),
                of_many("partita --help", [f for _, f in pairs], "ms", digits=0),
                of_many("difference", [f - b for b, f in pairs], "ms", most=MOST, digits=0),
            ),
        )
    ]
