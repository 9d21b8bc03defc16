"""DBOS's own work on the event loop itself, where its database is a file that one process has.

Each of its looks and writes takes a millisecond or two of Python. Sent to threads, as it does by
itself, they wait for the interpreter and for the file's one write lock, and the loop with them.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from dbos import DBOS

OWN = "dbos."  # modules whose functions are quick


class Here(ThreadPoolExecutor):
    """Does what is DBOS's at once; all else goes to its threads."""

    def __init__(self, executor: ThreadPoolExecutor) -> None:
        super().__init__(max_workers=1)  # never a thread: `submit` has its own way
        self.executor = executor  # that DBOS knows it by this name keeps it in its place

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """What it gives, in a future that is done already if it is DBOS's."""
        if not is_own(fn):
            return self.executor.submit(fn, *args, **kwargs)
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as e:  # noqa: BLE001 - raised where the future is awaited
            future.set_exception(e)
        return future


def is_own(work: object) -> bool:
    """Whether that is DBOS's; `asyncio.to_thread` wraps it in a call within a context."""
    if isinstance(work, partial) and work.args and getattr(work.func, "__name__", "") == "run":
        work = work.args[0]
    while isinstance(work, partial):
        work = work.func
    return str(getattr(work, "__module__", "")).startswith(OWN)


def stay_here(engine: DBOS) -> None:
    """Let what DBOS does for workflows be done on their loop; after its launch."""
    engine._shared_executor_field = Here(engine._executor)  # type: ignore[assignment]  # noqa: SLF001
