"""Globs of single names: the parts of a gitignore pattern between its slashes.

A glob matches a whole name, as bytes: ``?`` is one byte. The common kinds need no regular
expression: a plain name, ``*.end`` and ``begin*``.
"""

from __future__ import annotations

import re
from enum import IntEnum

from usenetsync_tui.disk.source.filters.brackets import bracket
from usenetsync_tui.model.value_object import value_object

_ANY_BYTE = b"[^/\\x00]"


class GlobKind(IntEnum):
    """How to match it."""

    PLAIN = 0
    """A name that equals `text`."""
    ENDS = 1
    """A name that ends with `text`."""
    BEGINS = 2
    """A name that begins with `text`."""
    ANY = 3
    """Every name."""
    OTHER = 4
    """A name that `regex` matches."""


@value_object
class Glob:
    """A glob of one name."""

    kind: GlobKind
    text: bytes
    regex: bytes
    """The source of a regular expression for the whole name, without dots and groups."""


def glob(source: bytes) -> Glob:
    """Read a glob without slashes.

    Raises `OpenBracketError`, and ValueError for a backslash at the end or an unknown class.
    """
    parts: list[bytes] = []
    plain = bytearray()
    """The text of the parts, if they are plain but for stars."""
    stars: list[int] = []
    """Where in `plain` the stars are."""
    is_simple = True
    at = 0
    while at < len(source):
        byte = source[at : at + 1]
        at += 1
        if byte == b"*":
            if parts[-1:] != [_ANY_BYTE + b"*"]:
                parts.append(_ANY_BYTE + b"*")
                stars.append(len(plain))
        elif byte == b"?":
            parts.append(_ANY_BYTE)
            is_simple = False
        elif byte == b"[":
            regex, at = bracket(source, at - 1)
            parts.append(regex)
            is_simple = False
        else:
            if byte == b"\\":
                byte = source[at : at + 1]
                at += 1
                if not byte:
                    raise ValueError("it ends with a backslash that escapes nothing")
            parts.append(_literal(byte))
            plain += byte
    kind = _kind(bytes(plain), stars) if is_simple else GlobKind.OTHER
    return Glob(kind, bytes(plain), b"".join(parts))


def _kind(plain: bytes, stars: list[int]) -> GlobKind:
    if not stars:
        return GlobKind.PLAIN
    if len(stars) > 1:
        return GlobKind.OTHER
    if not plain:
        return GlobKind.ANY
    if stars[0] == 0:
        return GlobKind.ENDS
    return GlobKind.BEGINS if stars[0] == len(plain) else GlobKind.OTHER


def _literal(byte: bytes) -> bytes:
    return byte if byte.isalnum() else b"\\x%02x" % byte[0]


def compiled(regex: bytes) -> re.Pattern[bytes]:
    """The regular expression of a source."""
    return re.compile(regex)
