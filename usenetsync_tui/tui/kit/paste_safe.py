"""Names as they may be pasted: exact, and never acting on the shell they are pasted into."""

from __future__ import annotations

_ESCAPED = {ord("'"): "\\'", ord("\\"): "\\\\"}


def copyable(path: bytes) -> str:
    r"""A path as it is where every character of it prints, else as a shell writes it: ``$'\n'``."""
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
