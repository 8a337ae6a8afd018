"""Rows of `files`, `segments` and `adopted_objects` in the binary format of COPY.

A folder of three million files has as many rows of each kind, so they are packed here and not
adapted value by value. Refuses to know which table they go to, and in which order.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from struct import Struct
from typing import NamedTuple

from usenetsync_tui.catalogue.session import text
from usenetsync_tui.catalogue.tables.metadata.metadata import xattrs_digest
from usenetsync_tui.codec.digests import SegmentsDigest
from usenetsync_tui.codec.index.attributes import read_sparse_content, read_special, read_xattrs
from usenetsync_tui.codec.index.classes import FileClass
from usenetsync_tui.codec.index.files_columns import FilesColumns
from usenetsync_tui.codec.index.varints import read_varints
from usenetsync_tui.model.digests import DigestAlgorithm, kind_in_row
from usenetsync_tui.model.entries import MOST, FileKind, FileState, fitted
from usenetsync_tui.model.index.entries import (
    Attribute,
    AttributeTag,
    EntryChange,
    IndexArticle,
    ObjectPart,
)
from usenetsync_tui.model.metadata.owners import OwnerName
from usenetsync_tui.model.path_keys import KEY_HEAD, path_key
from usenetsync_tui.model.segments import Codec, ObjectKind, SegmentStatus

_HEAD = Struct(">h iq ii ih ih ii")
"""The count of columns; size and value of each number that files of a class share."""
_FILE_COLUMNS = 24
_PLACE = Struct(">iqiq")
_NUMBERS = Struct(">iq iq iq iq")
_STORED = Struct(">iq iq iq iq iq iq i32s i")
"""The numbers of a file, its object and place, its digest; the size of its key."""
_SEGMENT = Struct(">h iq ii ih iq ii ii ih ih")
_SEGMENT_COLUMNS = 11
_OBJECT = Struct(">h iq iq ih iq ii iq ih")
_OBJECT_COLUMNS = 8
_KEY = Struct(">h i")
_SIZE = Struct(">i")
_INT2, _INT8 = Struct(">ih"), Struct(">iq")
_NULL = _SIZE.pack(-1)
_TRUE = _SIZE.pack(1) + b"\1"
_NOWHERE = _NULL * 2
_NOTHING_ODD = _NULL * 8
"""No `stat_size`, `reason`, `racy`, `link`, `long_path`, `xattrs`, `link_set`, `extents`."""
_EPOCH_US = 946_684_800_000_000
"""2000-01-01 UTC, where PostgreSQL's times begin, in microseconds since 1970."""


class FileRows(NamedTuple):
    """Rows of `files`."""

    rows: list[bytes]
    undigested: list[bytes]
    """Those of large files, whose digests are those of their objects."""
    removed: list[bytes]
    """Rows of one column: the keys of removed paths."""
    xattrs: set[bytes]
    """The sets of extended attributes that they refer to."""
    owners: set[OwnerName]
    """The names of their owners."""


def file_rows(columns: FilesColumns, folder: int, version: int, offset: int) -> FileRows:
    """Rows of `files`, of a page.

    `offset`: what to add to the numbers of objects. `struct.error` for impossible numbers.
    """
    found = FileRows([], [], [], set(), _owners(columns.classes))
    heads = [_head(each, folder, version) for each in columns.classes]
    lists = [_list_of(each, found) for each in columns.classes]
    pack, mtimes = _STORED.pack, columns.mtimes
    if mtimes and max(mtimes) > MOST:
        mtimes = list(map(fitted, mtimes))
    every = zip(columns.numbers, columns.paths, columns.objects, columns.offsets, columns.sizes,
                mtimes, columns.ctimes, columns.inodes, columns.digests, strict=True)  # fmt: skip
    odd = columns.attributes.keys() | columns.links.keys()
    for row, (number, path, thing, at, size, mtime, ctime, inode, digest) in enumerate(every):
        if digest is not None and thing is not None and len(path) <= KEY_HEAD and row not in odd:
            lists[number].append(
                heads[number] + pack(8, size, 8, mtime, 8, ctime, 8, inode, 8, thing + offset,
                                     8, at, 32, digest, len(path)) + path + _NOTHING_ODD
            )  # fmt: skip
            continue
        key = path if len(path) <= KEY_HEAD else path_key(path)
        if columns.classes[number].change == EntryChange.REMOVED:
            found.removed.append(_KEY.pack(1, len(key)) + key)
            continue
        head, rows, link = heads[number], lists[number], columns.links.get(row)
        odd_columns, state = _NO_ATTRIBUTES, FileState.PLANNED
        if row in columns.attributes:
            odd_columns = _attributes(columns.attributes[row], size, found.xattrs)
            of_class = odd_columns.of_class(columns.classes[number], has_object=thing is not None)
            if odd_columns.reason is not None and of_class.kind == FileKind.REGULAR:
                state = FileState.FAILED
            head, rows = _head(of_class, folder, version, state), _list_of(of_class, found)
            if odd_columns.special is not None:
                link = odd_columns.special[1]
            if odd_columns.extents is not None:
                digest = None  # the page has another one, for readers that do not know holes
        place = _NOWHERE if thing is None else _PLACE.pack(8, thing + offset, 8, at)
        rows.append(
            head + _NUMBERS.pack(8, size, 8, mtime, 8, ctime, 8, inode) + place + _bytea(digest)
            + _bytea(key) + odd_columns.packed() + _bytea(link)
            + (_NULL if key is path else _bytea(path)) + odd_columns.packed_rest()
        )  # fmt: skip
    return found


def _head(
    each: FileClass, folder: int, version: int, state: FileState = FileState.PLANNED
) -> bytes:
    """What rows of a class have in common."""
    return (
        _HEAD.pack(_FILE_COLUMNS, 8, folder, 4, version, 2, each.kind, 2, state.value, 4, each.mode)
        + _int8(each.uid) + _int8(each.gid)
        + _int2(kind_in_row(each.digest_kind))
    )  # fmt: skip


def _list_of(each: FileClass, found: FileRows) -> list[bytes]:
    """The list that rows of a class belong to."""
    is_digested = each.digest_kind is None or not each.has_object or each.stores_digest
    return found.rows if is_digested else found.undigested


class _Odd(NamedTuple):
    """The columns of what few files have."""

    stat_size: int | None = None
    reason: bytes | None = None
    racy: bool = False
    xattrs: bytes | None = None
    link_set: int | None = None
    extents: bytes | None = None
    digest_kind: int = 0
    """Of the content of a sparse file."""
    special: tuple[FileKind, bytes | None] | None = None

    def of_class(self, each: FileClass, *, has_object: bool) -> FileClass:
        """The class of a row that has these."""
        if self.special is not None:
            return each._replace(kind=self.special[0])
        if self.extents is None:
            return each
        return each._replace(digest_kind=self.digest_kind if has_object else None)

    def packed(self) -> bytes:
        """Those before the column `link`."""
        racy = _TRUE if self.racy else _NULL
        return _int8(self.stat_size) + _bytea(self.reason) + racy

    def packed_rest(self) -> bytes:
        """Those after `long_path`."""
        return _bytea(xattrs_digest(self.xattrs)) + _int8(self.link_set) + _bytea(self.extents)


_NO_ATTRIBUTES = _Odd()


def _attributes(attributes: Sequence[Attribute], size: int, xattrs: set[bytes]) -> _Odd:
    """The columns that attributes fill; extended attributes are added to `xattrs`.

    `size`: bytes of the file, or of the object that holds the runs of a sparse one.
    """
    found = dict(attributes)
    stat_size, reason = found.get(AttributeTag.STAT_SIZE), found.get(AttributeTag.REASON)
    link_set, of_path = found.get(AttributeTag.LINK_SET), found.get(AttributeTag.XATTRS)
    special, sparse = found.get(AttributeTag.SPECIAL), found.get(AttributeTag.EXTENTS)
    words = None if reason is None else text(reason.decode("utf-8", "replace")).encode()
    if of_path:
        read_xattrs(of_path)  # so that only right ones are kept
        xattrs.add(of_path)
    kind, extents = (0, None) if sparse is None else read_sparse_content(sparse, size)
    is_hole = extents is not None and kind == 0
    return _Odd(
        None if stat_size is None else read_varints(stat_size, 1)[0],
        None if is_hole or special is not None else words,
        AttributeTag.RACY in found,
        of_path or None,
        None if link_set is None else read_varints(link_set, 1)[0],
        extents,
        kind,
        None if special is None else read_special(special),
    )


def _owners(classes: Sequence[FileClass]) -> set[OwnerName]:
    """The names in some classes."""
    users = {OwnerName(False, c.uid, c.user) for c in classes if c.uid is not None and c.user}
    return users | {
        OwnerName(True, c.gid, c.group) for c in classes if c.gid is not None and c.group
    }


def object_rows(
    parts: Sequence[ObjectPart],
    realms: Sequence[int],
    digests: Sequence[DigestAlgorithm],
    posted_us: int,
    offset: int,
) -> tuple[list[bytes], list[bytes]]:
    """Rows of `segments`, and one row of `adopted_objects` for each part.

    A copy that other segments of the part have and this one lacks is planned, so that the next
    upload posts it. `realms`: their ids here, `digests`: their hash functions, `posted_us`: when,
    in microseconds since 1970. `struct.error` for impossible numbers.
    """
    rows: list[bytes] = []
    objects: list[bytes] = []
    when = _INT8.pack(8, posted_us - _EPOCH_US)
    for part in parts:
        number, realm = part.number + offset, realms[part.realm]
        copies = max(1, *[len(segment.articles) for segment in part.segments])
        posted = 0
        for at, segment in enumerate(part.segments):
            size, digest = part.segment_bytes(at), _bytea(segment.digest)
            posted += len(segment.articles)
            for redundancy, article in enumerate(segment.articles):
                rows.append(
                    _SEGMENT.pack(_SEGMENT_COLUMNS, 8, number, 4, part.first + at, 2, redundancy,
                                  8, realm, 4, size, 4, article.payload_size, 2, article.codec,
                                  2, SegmentStatus.POSTED.value)
                    + digest + _bytea(article.message_id) + when
                )  # fmt: skip
            for redundancy in range(len(segment.articles), copies):
                like = segment.articles[0] if segment.articles else _unmade(size)
                rows.append(
                    _SEGMENT.pack(_SEGMENT_COLUMNS, 8, number, 4, part.first + at, 2, redundancy,
                                  8, realm, 4, size, 4, like.payload_size, 2, like.codec,
                                  2, SegmentStatus.PLANNED.value)
                    + digest + _bytea(secrets.token_bytes(16)) + _NULL
                )  # fmt: skip
        objects.append(
            _OBJECT.pack(_OBJECT_COLUMNS, 8, number, 8, realm, 2, part.kind, 8, part.size,
                         4, part.segment_size, 8, posted, 2, copies)
            + _bytea(_digest(part, digests[part.realm]))
        )  # fmt: skip
    return rows, objects


def alias_rows(parts: Sequence[ObjectPart]) -> list[tuple[bytes, str, bool]]:
    """(Message-ID, further name, whether it is the first) of the articles of these parts."""
    return [
        (article.message_id, name, not place)
        for part in parts
        for segment in part.segments
        for article in segment.articles
        if article.aliases
        for place, name in enumerate(article.aliases)
    ]


def _digest(part: ObjectPart, algorithm: DigestAlgorithm) -> bytes | None:
    """The digest of a large file, if the part has all its segments."""
    if part.kind != ObjectKind.FILE or len(part.segments) * part.segment_size < part.size:
        return None
    digest = SegmentsDigest(algorithm, part.size, part.segment_size)
    for segment in part.segments:
        digest.add(segment.digest)
    return digest.digest()


def _unmade(size: int) -> IndexArticle:
    return IndexArticle(b"", Codec.NONE, size)


def _int2(value: int | None) -> bytes:
    return _NULL if value is None else _INT2.pack(2, value)


def _int8(value: int | None) -> bytes:
    return _NULL if value is None else _INT8.pack(8, value)


def _bytea(value: bytes | None) -> bytes:
    return _NULL if value is None else _SIZE.pack(len(value)) + value
