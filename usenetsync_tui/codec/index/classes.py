"""What many files of a page share: kind, mode, owner and so on, listed once.

A page of thousands of files has a handful of combinations of these fields. The column CLASSES lists
each once, as a number of byte strings (`varints.write_texts`); another column has one varint for
each file, which combination it has, from 0. A combination is::

    change       varint   0 present, 1 added, 2 modified, 3 removed
    kind         varint   0 regular file, 1 directory, 2 symlink
    mode         varint   permission bits, at most 0o7777
    uid          varint   the number plus 1; 0: not known
    gid          varint   likewise
    content      varint   bit 0: whether it has an object. The rest is 0 without a digest, else
                          1 + its kind: 0 SHA-256, 1 BLAKE3, 2 SHA-256 of segments, 3 BLAKE3 of
                          segments (`codec.digests`)
    user         varint, bytes   length and bytes of the owner's name; empty: not known
    group        varint, bytes   likewise

A removed path has zeros from `kind` on. Only a regular file has an object or a digest.
"""

from __future__ import annotations

from typing import NamedTuple

from usenetsync_tui.codec.index.varints import Cursor, write_texts, write_varints
from usenetsync_tui.errors import IndexUnreadableError
from usenetsync_tui.model.digests import DigestKind
from usenetsync_tui.model.entries import FileKind
from usenetsync_tui.model.index.entries import EntryChange

_KINDS = frozenset((FileKind.REGULAR, FileKind.DIRECTORY, FileKind.SYMLINK))
"""Special files are regular ones with an attribute (`attributes`)."""
_CHANGES = frozenset(EntryChange)


class FileClass(NamedTuple):
    """Fields 1 to 8 of `IndexEntry`, and whether it has an object."""

    change: int
    kind: int
    mode: int
    uid: int | None
    gid: int | None
    user: bytes
    group: bytes
    digest_kind: int | None
    has_object: bool

    @property
    def stores_digest(self) -> bool:
        """Whether the page has its digest: it is not made of the digests of segments."""
        kind = self.digest_kind
        return kind is not None and not (self.has_object and DigestKind(kind).is_of_segments)


def write_classes(classes: list[FileClass]) -> bytes:
    """The column that lists them."""
    return write_texts([_written(each) for each in classes])


def _written(each: FileClass) -> bytes:
    content = int(each.has_object)
    if each.digest_kind is not None:
        content += each.digest_kind + 1 << 1
    numbers = [each.change, each.kind, each.mode, _plus(each.uid), _plus(each.gid), content]
    return write_varints(numbers) + b"".join(
        [write_varints([len(name)]) + name for name in (each.user, each.group)]
    )


def _plus(number: int | None) -> int:
    return 0 if number is None else number + 1


def read_classes(data: bytes, most: int) -> list[FileClass]:
    """The combinations that a column lists, at most `most`; `IndexUnreadableError`."""
    if not data:
        return []
    cursor = Cursor(data)
    texts = cursor.texts()
    if len(texts) > most:
        raise IndexUnreadableError("It lists more kinds of files than it has files.")
    found = [_read(text) for text in texts]
    cursor.end()
    return found


def _read(text: bytes) -> FileClass:
    cursor = Cursor(text)
    change, kind, mode, uid, gid, content = cursor.varints(6)
    user, group = cursor.take(cursor.varint()), cursor.take(cursor.varint())
    cursor.end()
    digest = (content >> 1) - 1 if content >> 1 else None
    if change not in _CHANGES or kind not in _KINDS or mode > 0o7777 or content >> 1 > 4:
        raise IndexUnreadableError("A file is of a kind that does not exist.")
    if content and (kind != FileKind.REGULAR or change == EntryChange.REMOVED):
        raise IndexUnreadableError("Something that is not a file has content.")
    if change == EntryChange.REMOVED and (kind or mode or uid or gid or user or group):
        raise IndexUnreadableError("A removed path has attributes.")
    return FileClass(
        change,
        kind,
        mode,
        uid - 1 if uid else None,
        gid - 1 if gid else None,
        user,
        group,
        digest,
        bool(content & 1),
    )
