"""Measure speed and size and print one table: `make bench`, or `python benchmarks/run.py -h`."""

import argparse
import os
import sys
from collections.abc import Callable
from platform import machine, python_version, system

import durable
import events
import hopeless
import overhead
import parallel
import replies
import resume
import schedule
import scopes
import size
import startup
import thousand
import thousand_git
import workers
from figures import Section, table


def parts(runs: int) -> dict[str, Callable[[], list[Section]]]:
    """What can be measured, by name, in the order of the table."""
    return {
        "todo": lambda: overhead.measure(runs),
        "parallel": lambda: parallel.measure(runs),
        "help": startup.measure,
        "size": size.measure,
        "hopeless": hopeless.measure,
        "replies": replies.measure,
        "schedule": schedule.measure,
        "scopes": scopes.measure,
        "events": lambda: events.measure(runs),
        "resume": lambda: resume.measure(runs),
        "durable": durable.measure,
        "thousand": thousand.measure,
        "thousand-git": thousand_git.measure,
        "workers": workers.measure,
    }


def main() -> None:
    """Measure what was asked for; progress goes to standard error, the table to standard output."""
    names = list(parts(1))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="*", help=f"of: {', '.join(names)} (all by default)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each todo service and plan")
    args = parser.parse_args()
    if unknown := set(args.part) - set(names):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if args.runs < 1:
        parser.error("at least one run is needed")
    sections = []
    for name, measure in parts(args.runs).items():
        if name in (args.part or names):
            print(f"measuring {name} ...", file=sys.stderr, flush=True)
            sections += measure()
    print(_where())
    print(table(sections))


def _where() -> str:
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    return (
        f"{system()} {machine()}, {os.cpu_count()} CPUs, Python {python_version()}, "
        f"load average at the end {load}"
    )


if __name__ == "__main__":
    main()
