r"""Paths as text to show and type: without loss, and harmless to a terminal.

A character that a terminal can show is written as itself, in UTF-8. Any other byte is written
``\xNN`` and a backslash ``\\``, so that a text field can show, and a user can type, a name that is
not text or that attacks the terminal, with the cursor where it appears to be. A single typed
backslash is a backslash.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Sequence

from usenetsync_tui.model.text.safe_name import safe_name

_ESCAPE = re.compile(rb"\\(\\|x[0-9a-f]{2})")
_MAX_MARKS = 2


def shown_path(path: bytes) -> str:
    """The text to type for a path: the inverse of `typed_path`."""
    out: list[str] = []
    marks = 0
    text = path.decode("utf-8", "surrogateescape")
    for char in text:
        marks = marks + 1 if unicodedata.combining(char) else 0
        if char == "\\":
            out.append(r"\\")
        elif marks <= _MAX_MARKS and safe_name(char) == char:
            out.append(char)
        else:
            out += [f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogateescape")]
    return "".join(out)


def typed_path(text: str) -> bytes:
    """The path that a typed text means. Never raises: surrogates become their bytes."""
    raw = text.encode("utf-8", "surrogatepass")
    return _ESCAPE.sub(_meant, raw)


def _meant(match: re.Match[bytes]) -> bytes:
    code = match[1]
    return b"\\" if code == b"\\" else bytes([int(code[1:], 16)])


def at_home(path: bytes, home: bytes) -> bytes:
    """The path with a leading ``~`` replaced by `home`; any other path unchanged."""
    if path == b"~" or path.startswith(b"~/"):
        return home.rstrip(b"/") + path[1:]
    return path


def home() -> bytes:
    """The user's home, without a slash at its end."""
    return os.path.expanduser(b"~").rstrip(b"/")


def common_start(names: Iterable[bytes]) -> bytes:
    """The longest common start of the names, in whole characters."""
    texts = [name.decode("utf-8", "surrogateescape") for name in names]
    return common_text(texts).encode("utf-8", "surrogateescape")


def common_text(texts: Sequence[str]) -> str:
    """The longest common start of the texts; empty if there are none."""
    if not texts:
        return ""
    first, last = min(texts), max(texts)
    pairs = zip(first, last, strict=False)
    same = next((at for at, (one, other) in enumerate(pairs) if one != other), None)
    return first if same is None else first[:same]
