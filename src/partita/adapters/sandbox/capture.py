"""What a hostile command printed, kept within a bound and made safe to show."""

import re

HEAD = 32 * 1024
TAIL = 96 * 1024

# Every repetition is bounded, so that no output can make the search slow.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]"  # colours and cursor movements
    r"|(?:\x1b[\]PX^_]|\x9d)[^\x07\x1b\n]{0,512}(?:\x07|\x1b\\)"  # titles, links, device strings
    r"|\x1b[ -/]{0,4}[0-Z\\^-~]"  # the short ones
)
# The last two ranges reorder what is drawn, which can make a text read as another.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Capture:
    """Counts everything it is given; keeps the first `HEAD` and the last `TAIL` bytes."""

    def __init__(self) -> None:
        self.total = 0
        self._head = bytearray()
        self._tail = bytearray()

    def feed(self, data: bytes) -> None:
        """Take what was read next."""
        self.total += len(data)
        room = HEAD - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data
        if len(self._tail) > 2 * TAIL:
            del self._tail[:-TAIL]

    def text(self) -> str:
        """Return what was kept, with a line that says how many bytes are missing between."""
        tail = bytes(self._tail[-TAIL:])
        missing = self.total - len(self._head) - len(tail)
        if not missing:
            return clean(bytes(self._head) + tail)
        return f"{clean(bytes(self._head))}\n[... {missing} bytes left out ...]\n{clean(tail)}"


def clean(data: bytes) -> str:
    """Decode as UTF-8 and drop what could command a terminal; newlines and tabs stay."""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", _ESCAPES.sub("", text))
