"""The one name that a file of a `plain` folder has for newsreaders, which take no path.

``a/b/c.txt`` becomes ``a - b - c.txt``. No two paths get one name, however they are made: what
would be ambiguous gets a tail, ``~`` and a hash of the path, before its extension. That is:

* what had to be changed: undecodable bytes, controls, invisibles, quotes, what some system refuses
  in a name (all become ``_``), dots and spaces at either end, a name cut because it is too long;
* a path that the name does not give back when it is split at `` - `` again: the file ``a - b.bin``
  beside ``a/b.bin``;
* what looks as if it had a tail already;
* Latin-1 that reads as UTF-8 as well: yEnc has no encoding, so the bytes of both would be the same.

Names that differ only in upper and lower case, or in how an accent is composed, are different here;
`folded` makes the same of them, for a list of names that must not meet on such a system.

`flat_name_1` is how names were made before: articles that are posted keep theirs.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

NAME_LIMIT = 240
"""Bytes of a name at most: what file systems take (255), with room for what a client adds."""

_SEPARATOR = " - "
_FORBIDDEN = frozenset('<>:"\\|?*')
"""What some client's system refuses in a name (the separator is gone already)."""
_EDGES = re.compile(r"^[ .]+|[ .]+$")
_EXTENSION = re.compile(r"(?<=.)\.[^. ]{1,16}$")
_TAILED = re.compile(r"~[0-9a-f]{8}(?:[0-9a-f]{4}){0,2}(?:\.[^. ]{1,16})?$")


def flat_name(path: bytes) -> str:
    """A path inside a folder as one harmless name, unlike that of any other path."""
    text, name = _legible(path)
    if name == text and _is_clear(text, path) and length(name) <= NAME_LIMIT:
        return name
    return distinct_name(path)


def distinct_name(path: bytes, *, digits: int = 12) -> str:
    """The name of a path with a tail of so many hexadecimal digits, needed or not."""
    name = _legible(path)[1]
    extension = match[0] if (match := _EXTENSION.search(name)) else ""
    tail = f"~{hashlib.blake2b(path, digest_size=digits // 2).hexdigest()}{extension}"
    stem = name.removesuffix(extension)
    room = NAME_LIMIT - length(tail)
    if length(stem) > room:
        stem = stem[:room]  # a character has one byte at least
        while length(stem) > room:
            stem = stem[:-1]
    return stem + tail


def flat_name_1(path: bytes) -> str:
    """As `flat_name` was at first: cut by its bytes of UTF-8, and not always unlike all others."""
    text, name = _legible(path)
    if name == text and len(name.encode()) <= NAME_LIMIT:
        return name
    extension = match[0] if (match := _EXTENSION.search(name)) else ""
    tail = f"~{hashlib.blake2b(path, digest_size=4).hexdigest()}{extension}"
    stem = name.removesuffix(extension).encode()[: NAME_LIMIT - len(tail.encode())]
    return stem.decode("utf-8", "ignore") + tail


def name_bytes(name: str) -> bytes:
    """As yEnc clients read it: NZBGet takes Latin-1, whatever is there; others try UTF-8 first."""
    try:
        return name.encode("latin-1")
    except UnicodeEncodeError:
        return name.encode()


def length(name: str) -> int:
    """Bytes of a name on a client's disk, however the client encodes it.

    NZBGet takes the bytes of the yEnc line for Latin-1 and writes them as UTF-8: two bytes for each
    that is not ASCII. Where accents are kept apart from their letters a name is longer, too.
    """
    if name.isascii():
        return len(name)
    as_latin = sum(1 + (byte > 0x7F) for byte in name_bytes(name))
    return max(as_latin, len(unicodedata.normalize("NFD", name).encode()), len(name.encode()))


def folded(name: str) -> str:
    """The same for names that a system may take for one: by case, accents, other forms."""
    once = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", once)


def _legible(path: bytes) -> tuple[str, str]:
    """The path with its separators replaced, and what of that can be in a name."""
    text = _SEPARATOR.join(path.decode("utf-8", "surrogateescape").split("/"))
    legible = (c if c.isprintable() and c not in _FORBIDDEN else "_" for c in text)
    return text, _EDGES.sub("_", "".join(legible)) or "_"


def _is_clear(text: str, path: bytes) -> bool:
    """Whether a name that needs no change can only be that of this path."""
    if "/".join(text.split(_SEPARATOR)) != path.decode("utf-8", "surrogateescape"):
        return False
    return not _TAILED.search(text) and not _reads_as_utf8(text)


def _reads_as_utf8(text: str) -> bool:
    if text.isascii():
        return False
    try:
        text.encode("latin-1").decode()
    except UnicodeError:
        return False
    return True
