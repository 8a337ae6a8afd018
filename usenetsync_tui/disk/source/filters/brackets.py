"""Bracket expressions of gitignore patterns: ``[abc]``, ``[!a-z]``, ``[[:digit:]]``.

Knows what git's wildmatch makes of them, byte by byte. Refuses to know the rest of a pattern.
Source: the documentation of fnmatch(3) and of gitignore; git itself decides in the tests.
"""

from __future__ import annotations

import string

_ASCII = {
    "alpha": string.ascii_letters,
    "alnum": string.ascii_letters + string.digits,
    "blank": " \t",
    "cntrl": "".join(map(chr, [*range(32), 127])),
    "digit": string.digits,
    "graph": string.ascii_letters + string.digits + string.punctuation,
    "lower": string.ascii_lowercase,
    "print": string.ascii_letters + string.digits + string.punctuation + " ",
    "punct": string.punctuation,
    "space": " \t\n\r",
    "upper": string.ascii_uppercase,
    "xdigit": string.hexdigits,
}
_CLASSES = {name.encode(): frozenset(text.encode()) for name, text in _ASCII.items()}
_NAME_BYTES = frozenset(range(1, 256)) - {ord("/")}
_CLOSE, _BACKSLASH, _DASH = b"]\\-"

NO_BYTE = b"(?!)"
"""The regular expression of a bracket expression that no byte of a name is in."""


class OpenBracketError(ValueError):
    """A bracket expression is not closed."""


def bracket(pattern: bytes, at: int) -> tuple[bytes, int]:
    """The regular expression of the bracket expression at ``pattern[at]``, and where it ends.

    Raises `OpenBracketError`, and ValueError for a class that does not exist.
    """
    at += 1
    negated = pattern[at : at + 1] in (b"!", b"^")
    at += negated
    found: set[int] = set()
    before = 0
    first = True
    while first or pattern[at : at + 1] != b"]":
        first = False
        before, at = _take(pattern, at, before, found)
    members = _NAME_BYTES - found if negated else found & _NAME_BYTES
    return _one_of(members), at + 1


def _take(pattern: bytes, at: int, before: int, found: set[int]) -> tuple[int, int]:
    """Add a member; returns the byte at which a range could begin (0: none), and where it ends."""
    byte = _byte(pattern, at)
    if byte == _BACKSLASH:
        byte = _byte(pattern, at + 1)
        found.add(byte)
        return byte, at + 2
    if byte == _DASH and before and pattern[at + 1 : at + 2] not in (b"", b"]"):
        at += 1
        last = _byte(pattern, at)
        if last == _BACKSLASH:
            at += 1
            last = _byte(pattern, at)
        found.update(range(before, last + 1))
        return 0, at + 1
    if pattern[at : at + 2] == b"[:":
        end = pattern.find(b"]", at + 2)
        if end < 0:
            raise OpenBracketError
        if pattern[end - 1] == ord(":") and end > at + 2:
            name = pattern[at + 2 : end - 1]
            if name not in _CLASSES:
                raise ValueError(f"[:{name.decode('ascii', 'replace')}:] is no class")
            found.update(_CLASSES[name])
            return 0, end + 1
    found.add(byte)
    return byte, at + 1


def _byte(pattern: bytes, at: int) -> int:
    if at >= len(pattern):
        raise OpenBracketError
    return pattern[at]


def _one_of(members: frozenset[int] | set[int]) -> bytes:
    ranges: list[list[int]] = []
    for byte in sorted(members):
        if ranges and ranges[-1][1] == byte - 1:
            ranges[-1][1] = byte
        else:
            ranges.append([byte, byte])
    inside = b"".join(b"\\x%02x-\\x%02x" % (low, high) for low, high in ranges)
    return b"[" + inside + b"]" if inside else NO_BYTE
