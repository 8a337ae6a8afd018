"""Names of a restore's own entries in the target; no path of the version has one.

The same in every run, so that a resumed restore finds them, and short for any path.
"""

from __future__ import annotations

import xxhash

_PART, _ASIDE = b".part", b".old"


def temporary_name(stem: bytes, path: bytes) -> bytes:
    """The name under which a path is written."""
    return b"%s%s%s" % (stem, _digest(path), _PART)


def aside_name(stem: bytes, path: bytes, number: int) -> bytes:
    """The name of an entry that gave way to a path; of several, by their number."""
    return b"%s%s-%d%s" % (stem, _digest(path), number, _ASIDE)


def is_aside(stem: bytes, name: bytes) -> bool:
    """Whether an entry with this name gave way to another."""
    return name.startswith(stem) and name.endswith(_ASIDE)


def _digest(path: bytes) -> bytes:
    return xxhash.xxh3_64_hexdigest(path).encode()
