"""Rows of `files`, `segments` and `adopted_objects` in the binary format of COPY.

A folder of three million files has as many rows of each kind, so they are packed here and not
adapted value by value. Refuses to know which table they go to, and in which order.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from struct import Struct

from usenetsync_tui.catalogue.session import text
from usenetsync_tui.codec.digests import SegmentsDigest
from usenetsync_tui.codec.index.varints import read_varints
from usenetsync_tui.model.digests import DigestAlgorithm
from usenetsync_tui.model.entries import FileKind, FileState, fitted
from usenetsync_tui.model.index_entries import (
    AttributeTag,
    EntryChange,
    IndexArticle,
    IndexEntry,
    ObjectPart,
)
from usenetsync_tui.model.path_keys import KEY_HEAD, path_key
from usenetsync_tui.model.segments import Codec, ObjectKind, SegmentStatus

_FILE = Struct(">h iq ii ih ih ii iq iq iq iq i")
"""The count of columns; size and value of each number, as in the statement; the key's size."""
_FILE_COLUMNS = 21
_PLACE = Struct(">iqiq")
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
_EPOCH_US = 946_684_800_000_000
"""2000-01-01 UTC, where PostgreSQL's times begin, in microseconds since 1970."""


def file_rows(
    entries: Sequence[IndexEntry], folder: int, version: int, offset: int
) -> tuple[list[bytes], list[bytes]]:
    """Rows of `files`, and rows of one column with the keys of removed paths.

    `offset`: what to add to the numbers of objects. `struct.error` for impossible numbers.
    """
    rows: list[bytes] = []
    removed: list[bytes] = []
    pack, owners = _FILE.pack, dict[tuple[int | None, int | None], bytes]()
    for e in entries:
        path = e.path
        key = path if len(path) <= KEY_HEAD else path_key(path)
        if e.change == EntryChange.REMOVED:
            removed.append(_KEY.pack(1, len(key)) + key)
            continue
        stat_size = reason = racy = _NULL
        state = FileState.PLANNED.value
        if e.attributes:
            stat_size, reason, racy = _attributes(e)
            if reason is not _NULL and e.kind == FileKind.REGULAR:
                state = FileState.FAILED.value
        owner = owners.get((e.uid, e.gid))
        if owner is None:
            owner = owners[e.uid, e.gid] = _int8(e.uid) + _int8(e.gid)
        place = _NOWHERE if e.object is None else _PLACE.pack(8, e.object + offset, 8, e.offset)
        rows.append(
            pack(_FILE_COLUMNS, 8, folder, 4, version, 2, e.kind, 2, state, 4, e.mode, 8, e.size,
                 8, fitted(e.mtime_ns), 8, e.ctime_ns, 8, e.inode, len(key))
            + key + owner + stat_size + place + _bytea(e.digest)
            + (_INT2.pack(2, e.digest_kind) if e.digest_kind else _NULL)
            + reason + racy + _bytea(e.link) + (_NULL if key is path else _bytea(path))
        )  # fmt: skip
    return rows, removed


def _attributes(entry: IndexEntry) -> tuple[bytes, bytes, bytes]:
    """The columns `stat_size`, `reason` and `racy`."""
    found = dict(entry.attributes)
    stat_size, reason = found.get(AttributeTag.STAT_SIZE), found.get(AttributeTag.REASON)
    words = None if reason is None else text(reason.decode("utf-8", "replace")).encode()
    return (
        _NULL if stat_size is None else _int8(read_varints(stat_size, 1)[0]),
        _bytea(words),
        _TRUE if AttributeTag.RACY in found else _NULL,
    )


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


def _int8(value: int | None) -> bytes:
    return _NULL if value is None else _INT8.pack(8, value)


def _bytea(value: bytes | None) -> bytes:
    return _NULL if value is None else _SIZE.pack(len(value)) + value
