"""read_file: the bytes of a file of an index, from its articles, in order.

Each segment is compared with its digest before any of its bytes is given, and a file in a pack
with its own. Some segments are fetched at once, so memory holds a few of them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial

from usenetsync_tui.codec.digests import SegmentsDigest, digest_of, new_digester
from usenetsync_tui.codec.index.attributes import extents_of_entry
from usenetsync_tui.errors import FileDamagedError, IndexUnreadableError, StoreError
from usenetsync_tui.model.digests import DigestKind, FileDigest
from usenetsync_tui.model.index.entries import IndexEntry, ObjectPart
from usenetsync_tui.model.index.roots import IndexRealm
from usenetsync_tui.model.ports.stores import OpenRealm
from usenetsync_tui.model.segments import Codec, ObjectKind, Segment, SegmentStatus
from usenetsync_tui.pipeline.index.read_version import VersionReader
from usenetsync_tui.pipeline.run.fetch import fetched_at_once, opened
from usenetsync_tui.pipeline.run.holes import with_holes

_AT_ONCE = 8 << 20
"""Bytes to fetch at once; at least one segment."""
_OTHER_BYTES = "the stored bytes are not those that were backed up"

RealmOpener = Callable[[IndexRealm], OpenRealm]
AlsoKnown = Callable[[bytes, tuple[str, ...]], None]


class FileReader:
    """Reads files of one version."""

    def __init__(
        self, reader: VersionReader, realms: RealmOpener, also_known: AlsoKnown | None = None
    ) -> None:
        """`realms` opens a realm of the root; `also_known` as of `VersionReader`."""
        self._reader = reader
        self._realms = realms
        self._also_known = also_known

    def content(self, entry: IndexEntry) -> AsyncIterator[bytes]:
        """The bytes of a regular file that has content, in order.

        `FileDamagedError` when they cannot be had; the bytes given before that are right.
        """
        stored, extents = self._stored(entry), extents_of_entry(entry)
        return stored if extents is None else with_holes(stored, extents)

    async def _stored(self, entry: IndexEntry) -> AsyncIterator[bytes]:
        if not entry.size:
            return
        if entry.object is None:
            raise FileDamagedError("its content is not in the version")
        part = await self._part(entry.object, 0)
        if part.kind == ObjectKind.PACK:
            (data,) = await self._segments(part, 0, 1)
            yield self._of_pack(entry, data)
            return
        whole = new_digester(DigestKind(entry.digest_kind or 0).algorithm)
        number, count = 0, -(-part.size // part.segment_size)
        while number < count:
            if number >= part.first + len(part.segments):
                part = await self._part(entry.object, number)
            most = max(1, _AT_ONCE // part.segment_size)
            until = min(number + most, part.first + len(part.segments))
            for data in await self._segments(part, number, until):
                whole.update(data)
                yield data
            number = until
        if entry.digest is not None and whole.digest() != entry.digest:
            raise FileDamagedError(_OTHER_BYTES)

    async def digest(self, entry: IndexEntry) -> FileDigest | None:
        """The digest of a file; one that is made of those of its segments is made here."""
        if entry.digest_kind is None:
            return None
        kind = DigestKind(entry.digest_kind)
        if entry.digest is not None or entry.object is None:
            return None if entry.digest is None else FileDigest(kind, entry.digest)
        part = await self._part(entry.object, 0)
        made, number = SegmentsDigest(kind.algorithm, part.size, part.segment_size), 0
        while number * part.segment_size < part.size:
            part = await self._part(entry.object, number)
            for segment in part.segments[number - part.first :]:
                made.add(segment.digest)
            number = part.first + len(part.segments)
        value = made.digest()
        return None if value is None else FileDigest(kind, value)

    @staticmethod
    def _of_pack(entry: IndexEntry, data: bytes) -> bytes:
        mine = data[entry.offset : entry.offset + entry.size]
        kind = DigestKind(entry.digest_kind or 0)
        if entry.digest is None or digest_of(kind.algorithm, mine) != entry.digest:
            raise FileDamagedError(_OTHER_BYTES)
        return mine

    async def _part(self, number: int, segment: int) -> ObjectPart:
        try:
            return await self._reader.part(number, segment)
        except IndexUnreadableError as error:
            raise FileDamagedError(f"the index does not lead to its bytes: {error}") from error

    async def _segments(self, part: ObjectPart, start: int, until: int) -> list[bytes]:
        """The bytes of some segments of a part, by their indexes in the object."""
        realm = self._realms(self._reader.realm(part))

        async def fetched(number: int) -> bytes:
            return await self._fetched(part, number, realm)

        return await fetched_at_once(range(start, until), fetched)

    async def _fetched(self, part: ObjectPart, number: int, realm: OpenRealm) -> bytes:
        """The bytes of a segment from its first copy that can be had, servers that answer first."""
        segment = part.segments[number - part.first]
        failure: StoreError | None = None
        for wait in (False, True):
            for redundancy, article in enumerate(segment.articles):
                if article.aliases and self._also_known is not None:
                    self._also_known(article.message_id, article.aliases)
                row = Segment(
                    part.number,
                    number,
                    redundancy,
                    part.segment_bytes(number - part.first),
                    segment.digest,
                    Codec(article.codec),
                    article.payload_size,
                    article.message_id,
                    SegmentStatus.POSTED,
                )
                how = partial(opened, segment=row, open_realm=realm)
                try:
                    return await realm.store.fetch(article.message_id, wait=wait, opened=how)
                except StoreError as error:
                    failure = failure or error
        raise failure or StoreError("It has no article.", whole=True)
