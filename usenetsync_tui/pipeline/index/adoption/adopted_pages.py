"""adopted_pages: keeps the pages and roots of an adopted index, so that they can be repaired.

Refuses to know what is in them.
"""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.catalogue.session import Catalogue, Transaction
from usenetsync_tui.catalogue.tables import objects, segments
from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.catalogue.tables.index.posted import PageRow
from usenetsync_tui.catalogue.tables.objects import NewObject
from usenetsync_tui.codec.digests import digest_of
from usenetsync_tui.codec.index.keys import IndexKeys
from usenetsync_tui.codec.sealing import sealed_size
from usenetsync_tui.model.digests import DigestAlgorithm
from usenetsync_tui.model.index.roots import IndexRoot
from usenetsync_tui.model.ports.stores import Store
from usenetsync_tui.model.segments import Codec, ObjectKind, Segment, SegmentStatus
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.pipeline.index.find_root import root_page

_ROOT_COPIES = 2
"""The fewest copies of a root."""


@value_object
class Place:
    """Where the rows of a folder go."""

    catalogue: Catalogue
    tx: Transaction
    folder: int
    index_realm: int
    realms: Sequence[int]
    """The ids of the root's realms here."""
    offset: int
    """What to add to the numbers of objects."""


async def keep_root(place: Place, root: IndexRoot, store: Store, keys: IndexKeys) -> None:
    """Keep a root, so that its articles can be checked and posted again."""
    version, attempt = root.current.version, root.current.attempt
    copies = max(_ROOT_COPIES, root.folder.copies)
    names = [keys.root_name(version, attempt, copy) for copy in range(copies)]
    data = await root_page(store, keys, version, names)
    if data is None:
        return  # it lies about its attempt: it can be read, but not repaired
    digest = digest_of(DigestAlgorithm.BLAKE3, data)
    object_id = await keep_page(place, version, PageRow(data), digest, names)
    await posted.add_root(place.tx, place.folder, place.index_realm, version, attempt, object_id)


async def keep_page(
    place: Place, version: int, page: PageRow, digest: bytes, names: Sequence[bytes]
) -> int:
    """Keep a page or root as if it had been planned and posted here; returns its object."""
    (object_id,) = await objects.allocate(place.tx, 1)
    size, realm = len(page.data), place.index_realm
    made = NewObject(object_id, ObjectKind.INDEX, size, size, 1, 0, b"", b"")
    await objects.insert(place.tx, place.folder, realm, len(names), [made])
    articles = [
        Segment(
            object_id,
            0,
            redundancy,
            size,
            digest,
            Codec.NONE,
            sealed_size(size, 0),
            name,
            SegmentStatus.POSTED,
            realm_id=realm,
        )
        for redundancy, name in enumerate(names)
    ]
    await objects.add_posted(place.tx, await segments.insert(place.tx, realm, articles))
    await posted.add_page(place.tx, place.folder, version, object_id, page)
    return object_id
