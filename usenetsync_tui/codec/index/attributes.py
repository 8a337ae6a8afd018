"""The values of attributes in a page of files: extended attributes, holes, special files.

Knows bytes. Refuses to know which file has them. All numbers are varints::

    tag  attribute   value
    70   LINK_SET    a number below 2^63: names of one file in a version have the same
    72   XATTRS      n, then n times: length and bytes of the name, length and bytes of the value;
                     names ascending, as getfattr(1) shows them (``user.x``), of 255 bytes at
                     most; names and values have 1 MiB at most
    74   SPECIAL     the kind: 3 FIFO, 4 socket, 5 character device, 6 block device; for a device
                     its major and minor number, both below 2^32
    76   EXTENTS     the kind of digest of the content (2 or 3, as in `classes`; 0 without an
                     object), the bytes of the file, n, then n times: zeros before a run of
                     bytes, and its length; n is 10,000 at most

The object of a file with EXTENTS holds its runs, one after the other, and its SIZE is that of the
object: the sum of the lengths. A reader that does not know the tag must not write such an object as
the file: so its class has the digest kind 1, and its DIGEST, made by `guard`, is not that of the
object's bytes. A file that is one hole has no object, and a special file has the kind of a regular
file without content: these have a REASON, for such a reader, which another one ignores.

Examples: user.a=1 → ``01 06 757365722e61 01 31``. The device 8:1 → ``06 08 01``. A file of 20,000
bytes with 4,096 bytes at 8,192, and a digest of kind 3 → ``03 a0 9c 01 01 80 40 80 20``.
"""

from __future__ import annotations

from collections.abc import Sequence

from blake3 import blake3

from usenetsync_tui.codec.index.varints import Cursor, write_varints
from usenetsync_tui.errors import IndexUnreadableError
from usenetsync_tui.model.entries import DEVICES, MOST, SPECIAL, FileKind
from usenetsync_tui.model.index.entries import Attribute, AttributeTag, IndexEntry
from usenetsync_tui.model.metadata.metadata import MOST_RUNS, MOST_XATTRS, Extent, Extents, Xattr

_LONGEST_NAME = 255
"""Bytes of the name of an extended attribute (``XATTR_NAME_MAX``)."""
_TOO_LARGE = "The extended attributes of a file are too large."


def write_xattrs(xattrs: Sequence[Xattr]) -> bytes:
    """Join extended attributes; empty for none."""
    if not xattrs:
        return b""
    parts = [write_varints([len(xattrs)])]
    for name, value in sorted(xattrs):
        parts += [write_varints([len(name)]), name, write_varints([len(value)]), value]
    return b"".join(parts)


def read_xattrs(value: bytes) -> tuple[Xattr, ...]:
    """Undo `write_xattrs`; `IndexUnreadableError`."""
    if not value:
        return ()
    if len(value) > 2 * MOST_XATTRS:  # before memory is taken for many that are tiny
        raise IndexUnreadableError(_TOO_LARGE)
    cursor = Cursor(value)
    found = []
    for _ in range(cursor.varint()):
        name = cursor.take(cursor.varint())
        found.append((name, cursor.take(cursor.varint())))
    cursor.end()
    if sum(len(name) + len(each) for name, each in found) > MOST_XATTRS:
        raise IndexUnreadableError(_TOO_LARGE)
    names = [name for name, _ in found]
    if any(len(name) > _LONGEST_NAME for name in names):
        raise IndexUnreadableError("The name of an extended attribute is too long.")
    if names != sorted(set(names)) or any(not name or b"\0" in name for name in names):
        raise IndexUnreadableError("The extended attributes of a file are not in order.")
    return tuple(found)


def write_extents(extents: Extents) -> bytes:
    """The size of a sparse file and its runs, without the kind of digest."""
    numbers, end = [extents.size, len(extents.runs)], 0
    for run in extents.runs:
        numbers += [run.offset - end, run.length]
        end = run.offset + run.length
    return write_varints(numbers)


def read_extents(value: bytes) -> Extents:
    """Undo `write_extents`; `IndexUnreadableError`."""
    cursor = Cursor(value)
    size, count = cursor.varint(), cursor.varint()
    if count > MOST_RUNS:
        raise IndexUnreadableError("A sparse file has too many runs.")
    numbers = cursor.varints(2 * count)
    cursor.end()
    runs, end = list[Extent](), 0
    for gap, length in zip(numbers[::2], numbers[1::2], strict=True):
        if not length or (runs and not gap):
            raise IndexUnreadableError("The runs of a sparse file are not apart.")
        runs.append(Extent(end + gap, length))
        end += gap + length
    if not end <= size <= MOST:
        raise IndexUnreadableError("A sparse file is longer than its size.")
    return Extents(size, tuple(runs))


def write_special(kind: int, link: bytes | None) -> bytes:
    """The kind of a special file, and the number of a device, ``major:minor``."""
    return write_varints([kind, *device_number(link)] if kind in DEVICES else [kind])


def read_special(value: bytes) -> tuple[FileKind, bytes | None]:
    """Undo `write_special`; `IndexUnreadableError`."""
    cursor = Cursor(value)
    kind = cursor.varint()
    if kind not in SPECIAL:
        raise IndexUnreadableError("A special file is of a kind that does not exist.")
    link = None
    if kind in DEVICES:
        major, minor = cursor.varint(), cursor.varint()
        if max(major, minor) >= 1 << 32:
            raise IndexUnreadableError("The number of a device is too large.")
        link = b"%d:%d" % (major, minor)
    cursor.end()
    return FileKind(kind), link


def with_meaning(entry: IndexEntry) -> IndexEntry:
    """An entry of a page as what it is: a special file, or a sparse file with its own digest.

    The attributes stay as they are, but for a REASON that only other readers need.
    `IndexUnreadableError`.
    """
    found = dict(entry.attributes)
    if (special := found.get(AttributeTag.SPECIAL)) is not None:
        kind, link = read_special(special)
        return entry._replace(kind=kind, link=link, attributes=_without_reason(entry))
    if (extents := found.get(AttributeTag.EXTENTS)) is None:
        return entry
    digest_kind, _ = read_sparse_content(extents, entry.size)
    if entry.object is None:
        return entry._replace(digest_kind=None, digest=None, attributes=_without_reason(entry))
    return entry._replace(digest_kind=digest_kind, digest=None)


def extents_of_entry(entry: IndexEntry) -> Extents | None:
    """Where a sparse file has bytes; None: everywhere."""
    value = dict(entry.attributes).get(AttributeTag.EXTENTS)
    return None if value is None else read_extents(read_sparse_content(value, entry.size)[1])


def _without_reason(entry: IndexEntry) -> tuple[Attribute, ...]:
    return tuple(each for each in entry.attributes if each[0] != AttributeTag.REASON)


def write_sparse_content(digest_kind: int | None, extents: bytes) -> bytes:
    """The kind of digest, and what `write_extents` made."""
    return write_varints([digest_kind or 0]) + extents


def read_sparse_content(value: bytes, stored: int) -> tuple[int, bytes]:
    """Undo `write_sparse_content`, and check the extents; `IndexUnreadableError`.

    `stored`: bytes of the object.
    """
    cursor = Cursor(value)
    kind = cursor.varint()
    extents = cursor.take(cursor.left)
    found = read_extents(extents)
    if found.stored != stored:
        raise IndexUnreadableError("The runs of a sparse file do not add up to its bytes.")
    if bool(found.runs) != (kind in (2, 3)):
        raise IndexUnreadableError("The digest of a sparse file is of another kind.")
    return kind, extents


def device_number(link: bytes | None) -> tuple[int, int]:
    """Major and minor number of ``major:minor``."""
    major, _, minor = (link or b"0:0").partition(b":")
    return int(major), int(minor)


def guard(extents: bytes) -> bytes:
    """The digest that keeps an older reader from writing a sparse file's object as the file."""
    return blake3(b"usenetsync sparse file" + extents).digest()
