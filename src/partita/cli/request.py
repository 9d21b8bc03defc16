"""The request as the user gave it: words, or a file of them; bounded and checked."""

from contextlib import suppress
from pathlib import Path

from partita.errors import BadInput

LONGEST_REQUEST = 256 * 1024  # bytes


def read_request(words: str) -> str:
    """The request: the text itself, or the contents of the file that it names."""
    path = Path(words)
    with suppress(OSError, ValueError):
        if "\n" not in words and path.is_file():
            return _from_file(path)
    if "\n" not in words and words.endswith(".md") and " " not in words.strip():
        raise BadInput(f"there is no file {words}")
    return checked_request(words)


def _from_file(path: Path) -> str:
    if path.stat().st_size > LONGEST_REQUEST:
        raise BadInput(_too_long(path.stat().st_size))
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise BadInput(f"{path} is not text (UTF-8)") from e
    if "\0" in text:
        raise BadInput(f"{path} is not text: it holds NUL bytes")
    return checked_request(text)


def checked_request(text: str) -> str:
    """The request, unless it is empty, too long, or no text."""
    if not text.strip():
        raise BadInput("the request is empty", remedy='say what is wanted: partita build "..."')
    size = len(text.encode(errors="surrogatepass"))
    if size > LONGEST_REQUEST:
        raise BadInput(_too_long(size))
    if "\0" in text or any(0xD800 <= ord(c) <= 0xDFFF for c in text):  # noqa: PLR2004 - surrogates
        raise BadInput("the request is not text (UTF-8)")
    return text.replace("\r\n", "\n")


def _too_long(size: int) -> str:
    limit = LONGEST_REQUEST // 1024
    return f"the request is {-(-size // 1024)} KiB long; the most that is read is {limit} KiB"
