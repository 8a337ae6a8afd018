"""The name of a file of a `plain` folder for newsreaders, which accept no path.

``a/b/c.txt`` becomes ``a - b - c.txt``. No two paths ever get the same name: an ambiguous name
gets a tail, ``~`` and a hash of the path, before its extension. Ambiguous are:

* changed names: undecodable bytes, controls, invisibles, quotes and characters that some system
  refuses become ``_``, as do dots and spaces at either end; too long names are cut;
* names that split at `` - `` into another path: the file ``a - b.bin`` beside ``a/b.bin``;
* names that seem to have a tail already;
* Latin-1 names that are also valid UTF-8: yEnc has no encoding, so both have the same bytes.

Names that differ only in upper and lower case, or in how an accent is composed, are different here;
`folded` makes them equal, for a list of names that must not collide on such a system.

`flat_name_1` is the earlier scheme: posted articles keep their names.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache

NAME_LIMIT = 240
"""The most bytes of a name: file systems take 255, and a newsreader may add some."""

_SEPARATOR = " - "
_FORBIDDEN = frozenset('<>:"\\|?*')
"""Characters that some newsreader's system refuses in a name (the separator is gone already)."""
_EDGES = re.compile(r"^[ .]+|[ .]+$")
_EXTENSION = re.compile(r"(?<=.)\.[^. ]{1,16}$")
_TAILED = re.compile(r"~[0-9a-f]{8}(?:[0-9a-f]{4}){0,2}(?:\.[^. ]{1,16})?$")


@lru_cache(maxsize=64)  # each article of a file asks for it
def flat_name(path: bytes) -> str:
    """A path inside a folder as one harmless name that no other path has."""
    text, name = _legible(path)
    if name == text and _is_clear(text, path) and length(name) <= NAME_LIMIT:
        return name
    return distinct_name(path)


def distinct_name(path: bytes, *, digits: int = 12) -> str:
    """The name of a path with a tail of `digits` hexadecimal digits, even if it needs none."""
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
    """The first version of `flat_name`: cut by UTF-8 bytes, and not always unique."""
    text, name = _legible(path)
    if name == text and len(name.encode()) <= NAME_LIMIT:
        return name
    extension = match[0] if (match := _EXTENSION.search(name)) else ""
    tail = f"~{hashlib.blake2b(path, digest_size=4).hexdigest()}{extension}"
    stem = name.removesuffix(extension).encode()[: NAME_LIMIT - len(tail.encode())]
    return stem.decode("utf-8", "ignore") + tail


def name_bytes(name: str) -> bytes:
    """The bytes for yEnc clients: NZBGet always reads Latin-1, others try UTF-8 first."""
    try:
        return name.encode("latin-1")
    except UnicodeEncodeError:
        return name.encode()


def length(name: str) -> int:
    """The most bytes that a name can take on the disk of any client.

    NZBGet takes the bytes of the yEnc line for Latin-1 and writes them as UTF-8: two bytes for each
    that is not ASCII. A file system that stores accents separately needs more bytes, too.
    """
    if name.isascii():
        return len(name)
    as_latin = sum(1 + (byte > 0x7F) for byte in name_bytes(name))
    return max(as_latin, len(unicodedata.normalize("NFD", name).encode()), len(name.encode()))


def folded(name: str) -> str:
    """Equal for names that some system treats as the same: by case, accents, other forms."""
    once = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", once)


def _legible(path: bytes) -> tuple[str, str]:
    """The path with its separators replaced, and the same with only legal characters."""
    text = _SEPARATOR.join(path.decode("utf-8", "surrogateescape").split("/"))
    legible = (c if c.isprintable() and c not in _FORBIDDEN else "_" for c in text)
    return text, _EDGES.sub("_", "".join(legible)) or "_"


def _is_clear(text: str, path: bytes) -> bool:
    """Whether a name that needs no change cannot belong to another path."""
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
