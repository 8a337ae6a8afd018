"""Names for the clipboard: exact, and harmless when the user pastes them into a shell."""

from __future__ import annotations

_ESCAPED = {ord("'"): "\\'", ord("\\"): "\\\\"}


def copyable(path: bytes) -> str:
    r"""A path unchanged if all its characters are printable, else quoted for a shell: ``$'\n'``."""
    try:
        text = path.decode()
    except UnicodeDecodeError:
        text = ""
    if text and text.isprintable():
        return text
    return "$'" + "".join(_escaped(byte) for byte in path) + "'"


def _escaped(byte: int) -> str:
    if 0x20 <= byte < 0x7F:
        return _ESCAPED.get(byte, chr(byte))
    return f"\\x{byte:02x}"
