"""A pytest plugin for `mutants.py`: the same examples always, quick tests first, an end to each."""

import json
import os
import signal
from pathlib import Path

import mutmut.mutation.trampoline as mutmut_switch
import pytest
from hypothesis import HealthCheck, Phase, settings

# Loaded before the tests are imported, so that their own settings build on it.
settings.register_profile(
    "mutants",
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # a failure need not be made small, only seen
    suppress_health_check=(HealthCheck.too_slow,),  # many mutants run at once
)
settings.load_profile("mutants")

# Each call of a mutated function asks which mutant is meant. mutmut looks into the environment as
# well, for tests that start processes; ours of the core start none, and run half as long without.
mutmut_switch.get_mutant_under_test = lambda: mutmut_switch._mutant_under_test or ""  # noqa: SLF001 no other way

LONGEST = float(os.environ["MUTANTS_LONGEST"])  # seconds
TIMED_OUT = 36  # the exit code that mutmut reads so
CHOSEN = pytest.StashKey[frozenset[str]]()
_stats = Path("mutmut-stats.json")
# Seconds that each test took without a mutant; none yet while they are measured.
_took = json.loads(_stats.read_text("utf-8"))["duration_by_test"] if _stats.is_file() else {}


def pytest_configure(config: pytest.Config) -> None:
    """Collect the files of the chosen tests: pytest can't find every id that it gave itself."""
    if not _took and _stats.is_file():
        _took.update(json.loads(_stats.read_text("utf-8"))["duration_by_test"])
    config.stash[CHOSEN] = frozenset(arg for arg in config.args if "::" in arg)
    config.args = list(dict.fromkeys(arg.partition("::")[0] for arg in config.args))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A mutant dies at the first failure: the tests that took least time go first."""
    if chosen := config.stash[CHOSEN]:
        items[:] = [i for i in items if i.nodeid in chosen and _took.get(i.nodeid, 0) <= LONGEST]
    items.sort(key=lambda item: _took.get(item.nodeid, 0.0))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item):
    """End the process of a mutant that loops: by its own seconds, as the machine may be busy."""
    if item.nodeid in _took:
        signal.signal(signal.SIGVTALRM, lambda *_: os._exit(TIMED_OUT))
        signal.setitimer(signal.ITIMER_VIRTUAL, 3 + 3 * _took[item.nodeid])
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
