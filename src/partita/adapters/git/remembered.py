"""What was read of objects once and can never change, as far as there is room for it."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """Values by key; those that were not asked for longest go first. Any thread may use it."""

    def __init__(self, room: int) -> None:
        self._left = self._room = room
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: K) -> V | None:
        """The value, or None when it is not known (any more)."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def put(self, key: K, value: V, weight: int) -> None:
        """Keep it; what weighs more than a quarter of the room is not worth it."""
        if weight > self._room // 4:
            return
        with self._lock:
            _, before = self._kept.pop(key, (None, 0))
            self._kept[key] = value, weight
            self._left += before - weight
            while self._left < 0:
                _, (_, freed) = self._kept.popitem(last=False)
                self._left += freed
