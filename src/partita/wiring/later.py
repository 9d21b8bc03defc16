"""What has no home of its own: time, and slow things begun early beside other work."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from partita.adapters.clock import SystemClock


@dataclass(slots=True)
class Eventually:
    """Something slow that is begun early, beside other start-up work."""

    future: "Future[Any]"

    def get(self) -> Any:
        """The value, or what went wrong, as soon as it is known."""
        return self.future.result()


def begin(work: Callable[[], Any]) -> Eventually:
    """Start it in a thread of its own; a process that ends does not wait for it."""
    future: Future[Any] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as e:  # noqa: BLE001 - handed over whole to who asks
            future.set_exception(e)

    threading.Thread(target=run, daemon=True).start()
    return Eventually(future)


def now() -> float:
    """Seconds since the epoch."""
    return SystemClock().now()


def pause(seconds: float) -> None:
    """Wait that long, in a command that has nothing else to do."""
    time.sleep(seconds)
