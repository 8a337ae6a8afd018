"""read_file: the bytes of a file of the catalogue, from its articles, in order.

Each segment is compared with its digest before any of its bytes is given; the file's own digest is
compared when all of them are. Some segments are fetched at once, so memory holds a few of them.
Writes nothing, in no target and not in the ledger: what it finds missing, `verify` finds as well.
`pipeline.index.read_file` does the same from an index.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import partial

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import folders, segments
from usenetsync_tui.catalogue.tables.version_files import VersionRow
from usenetsync_tui.codec.index.attributes import read_extents
from usenetsync_tui.disk.content import Content
from usenetsync_tui.errors import ArticleMissingError, FileDamagedError, StoreError
from usenetsync_tui.model.entries import FileState
from usenetsync_tui.model.ports.stores import OpenRealm, OpenRealms
from usenetsync_tui.model.segments import ObjectKind, Segment
from usenetsync_tui.pipeline.restore.pack import NEVER_POSTED, OTHER_BYTES, content
from usenetsync_tui.pipeline.run.fetch import fetched_at_once, opened
from usenetsync_tui.pipeline.run.holes import with_holes

_AT_ONCE = 8 << 20
"""Bytes to fetch at once; at least one segment."""


class CatalogueReader:
    """Reads files of the catalogue."""

    def __init__(self, catalogue: Catalogue, realms: OpenRealms) -> None:
        """`realms` opens the realms of segments."""
        self._catalogue = catalogue
        self._realms = realms
        self._open: dict[int, OpenRealm] = {}

    def content(self, row: VersionRow) -> AsyncIterator[bytes]:
        """The bytes of a regular file, in order.

        `FileDamagedError` when they cannot be had; the bytes given before that are right.
        """
        stored = self._stored(row)
        return stored if row.extents is None else with_holes(stored, read_extents(row.extents))

    async def _stored(self, row: VersionRow) -> AsyncIterator[bytes]:
        if row.size and (row.object_id is None or row.segments is None):
            raise FileDamagedError(row.reason or NEVER_POSTED)
        if row.state == FileState.FAILED:
            raise FileDamagedError(row.reason or NEVER_POSTED)
        expected = content(row)
        if not row.size:
            return
        if row.object_kind == ObjectKind.PACK:
            (data,) = await self._segments(row, 0, 1)
            begin = row.object_offset or 0
            if not expected.is_of(mine := data[begin : begin + row.size]):
                raise FileDamagedError(OTHER_BYTES)
            yield mine
            return
        async for data in self._large(row, expected):
            yield data

    async def _large(self, row: VersionRow, expected: Content) -> AsyncIterator[bytes]:
        step, count = row.segment_size or 0, row.segments or 0
        if step <= 0 or -(-row.size // step) != count:
            raise FileDamagedError("its rows in the catalogue contradict each other")
        whole, most = expected.new(), max(1, _AT_ONCE // step)
        for number in range(0, count, most):
            for data in await self._segments(row, number, min(number + most, count)):
                whole.update(data)
                yield data
        if whole.digest() != expected.digest:
            raise FileDamagedError(OTHER_BYTES)

    async def _segments(self, row: VersionRow, start: int, until: int) -> list[bytes]:
        """The bytes of some segments of the row's object, fetched at once."""
        copies = await self._copies(row, start, until)

        async def fetched(number: int) -> bytes:
            mine = [copy for copy in copies if copy.index == number]
            try:
                return await self._fetched(mine)
            except StoreError:
                # The pack may just have been written again, and the articles that it had be gone.
                now = await self._copies(row, number, number + 1)
                if _names(now) <= _names(mine):
                    raise
                return await self._fetched(now)

        return await fetched_at_once(range(start, until), fetched)

    async def _copies(self, row: VersionRow, start: int, until: int) -> Sequence[Segment]:
        async with self._catalogue.transaction() as tx:
            return await segments.of_object(tx, row.object_id or 0, start, until)

    async def _fetched(self, copies: Sequence[Segment]) -> bytes:
        """The bytes of a segment from its first copy that can be had, servers that answer first."""
        failure: StoreError | None = None
        for wait in (False, True):
            for segment in copies:
                realm = await self._realm(segment.realm_id)
                how = partial(opened, segment=segment, open_realm=realm)
                try:
                    return await realm.store.fetch(segment.message_id, wait=wait, opened=how)
                except StoreError as error:
                    failure = failure or error
        raise failure or ArticleMissingError("No article of it is posted.")

    async def _realm(self, number: int) -> OpenRealm:
        if number not in self._open:
            async with self._catalogue.transaction() as tx:
                realm = await folders.realm_by_id(tx, number)
            self._open[number] = await self._realms.of(realm)
        return self._open[number]


def _names(copies: Sequence[Segment]) -> set[bytes]:
    return {copy.message_id for copy in copies}
