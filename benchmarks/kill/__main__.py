"""Kill runs with SIGKILL at seeded random moments until so many kills are done, and compare.

    python -m benchmarks.kill --rounds 100 --seed 1 [--database sqlite|postgres] [--workers 3]

A run has twelve tasks (`--tasks`) of four calls each. After each kill it is resumed; a resumed run
is killed again, up to a number of times that is drawn, too. The last line is the summary, and the
exit code is 1 unless all that is counted there as a fault is 0. Calls in flight when a process is
killed are lost by design and are not a fault.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from .many import Many
from .script import MOST
from .single import Single
from .summary import Summary, say


def main() -> int:
    """Kill, compare, and say what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kill")
    parser.add_argument("--rounds", type=int, default=100, help="kills in all (100)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of all that is drawn")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--workers", type=int, default=3, help="on PostgreSQL (3)")
    parser.add_argument("--most", type=int, default=12, help="kills of one run, at most (12)")
    parser.add_argument(
        "--tasks", type=int, default=MOST, help=f"of a run, at most {MOST} ({MOST})"
    )
    parser.add_argument("--keep", action="store_true", help="keep the folders, faults or none")
    args = parser.parse_args()
    if min(args.rounds, args.workers, args.most, args.tasks) < 1 or args.tasks > MOST:
        parser.error(f"at least one round, worker, kill of a run and task; at most {MOST} tasks")
    top = Path(tempfile.mkdtemp(prefix="partita-kill-"))
    summary = Summary(seed=args.seed, rounds=args.rounds, database=args.database)
    setup = (
        Single(top, args.tasks)
        if args.database == "sqlite"
        else Many(top, args.tasks, args.workers)
    )
    with setup:
        _kill(setup, summary, args.most)
    if summary.findings.any or args.keep:
        say(f"the folders and what the commands said are kept in {top}")
    else:
        shutil.rmtree(top, ignore_errors=True)
    print(summary.line, flush=True)
    return int(summary.findings.any)


def _kill(setup: Single | Many, summary: Summary, most: int) -> None:
    """Run after run until so many kills are done, or nothing can be killed any more."""
    tree, findings = setup.undisturbed()
    summary.blame("undisturbed", findings)
    say(f"undisturbed: tree {tree[:12]}, {setup.seconds:.1f} s")
    if findings.broken:
        return
    while summary.kills < summary.rounds:
        rng = Random(f"{summary.seed}:{summary.runs}")
        wanted = min(rng.randint(1, most), summary.rounds - summary.kills)
        done = setup.run(summary.runs + 1, rng, wanted, tree)
        summary.take(done)
        if done.findings.broken and not done.kills:
            return


if __name__ == "__main__":
    sys.exit(main())
