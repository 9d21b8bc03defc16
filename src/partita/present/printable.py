"""Text of models, commands and repositories made harmless to the terminal that shows it."""

_SHOWN = "\N{REPLACEMENT CHARACTER}"
_CONTROLS = (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_HARMLESS = {code: _SHOWN for code in _CONTROLS if chr(code) not in "\n\t"}


def printable(text: str) -> str:
    """The text without what moves the cursor, changes colours, or turns the direction round."""
    return text.replace("\r\n", "\n").translate(_HARMLESS)
