"""The bytes of a reply into JSON objects, whether it comes as events or as one document."""

import json
from typing import Any, Literal

from partita.core.outcomes import CUT, PAGE
from partita.errors import MalformedReply

MAX_PIECE = 24 * 1024 * 1024  # one event or document: 8 MB of text, escaped
MAX_BYTES = 192 * 1024 * 1024  # a long reply, an event of 300 bytes or more for every token

_BOM = b"\xef\xbb\xbf"


class Decoder:
    """Feed it bytes as they come; it gives the objects that are complete.

    Servers mislabel content types, so the first byte decides: `{` opens one document, `<` is a
    page for browsers, and all else is a stream of server-sent events. An event's `data:` line is
    one JSON object (no provider splits them), so that servers which leave out the blank line
    between events are understood too. `done` is set by the `[DONE]` mark.
    """

    def __init__(self) -> None:
        self.done = False
        self._kind: Literal["events", "document"] | None = None
        self._rest = bytearray()
        self._total = 0

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """The objects that these bytes complete; MalformedReply where they can't be a reply."""
        self._total += len(data)
        if self._total > MAX_BYTES:
            raise MalformedReply(f"{CUT}: it is longer than any answer and was cut off")
        self._rest += data
        if self._kind is None:
            if not self._decide():
                return []
            data = bytes(self._rest)
        # What grows by small pieces is searched only when a piece may complete it.
        if self._kind == "document" or b"\n" not in data:
            _bounded(self._rest)
            return []
        return self._lines()

    def end(self) -> list[dict[str, Any]]:
        """The objects that were still open when the bytes ended."""
        if self._kind == "document":
            return [_object(bytes(self._rest))]
        self._rest += b"\n"
        return self._lines()

    def _decide(self) -> bool:
        self._rest = bytearray(self._rest.removeprefix(_BOM).lstrip())
        if not self._rest or _BOM.startswith(self._rest):
            return False
        first = self._rest[:1]
        if first == b"<":
            raise MalformedReply(f"the server answered with {PAGE} instead of a reply")
        self._kind = "document" if first == b"{" else "events"
        return True

    def _lines(self) -> list[dict[str, Any]]:
        *lines, rest = bytes(self._rest).split(b"\n")
        self._rest = bytearray(rest)
        found = []
        for line in lines:
            if self.done or not line.startswith(b"data:"):
                continue
            value = line[5:].strip()
            if value == b"[DONE]":
                self.done = True
            elif value:
                found.append(_object(value))
        _bounded(self._rest)
        return found


def _bounded(piece: bytes | bytearray) -> None:
    if len(piece) > MAX_PIECE:
        raise MalformedReply(f"{CUT}: a piece is longer than any answer and was cut off")


def _object(raw: bytes) -> dict[str, Any]:
    _bounded(raw)
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        raise MalformedReply("the server's reply is not JSON") from None
    if not isinstance(value, dict):
        raise MalformedReply("the server's reply is JSON, but no object")
    return value
