"""adopt: makes the catalogue's rows of a folder from the index in a store.

All or nothing, in one transaction: a kill leaves the catalogue as it was. It adds the folder, its
versions, files, objects and articles, the realms with their keys, and the index itself, so that
the next upload continues where the lost machine ended.

A root leads to its version and to those before it down to a base. The versions before that base are
read from the root of the newest of them, and so on. A version whose root cannot be read any more is
left out, with those that only it leads to.

Of one version only a part can be loaded (`Wanted`), for a restore without a catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from usenetsync_tui.catalogue.session import Catalogue, Transaction
from usenetsync_tui.catalogue.tables.index import adopted as rows
from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.codec.digests import SegmentsDigest
from usenetsync_tui.codec.index.keys import IndexKeys
from usenetsync_tui.errors import IndexUnreadableError
from usenetsync_tui.model.digests import DigestKind
from usenetsync_tui.model.index_roots import IndexRoot, VersionLine
from usenetsync_tui.model.ports import Store
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.pipeline.index.adopted_folder import add_folder, refuse_known
from usenetsync_tui.pipeline.index.adopted_pages import LoadProgress, Place, keep_root
from usenetsync_tui.pipeline.index.loading import Loading, RememberingReader
from usenetsync_tui.pipeline.index.root_chain import check_numbers, root_chain
from usenetsync_tui.pipeline.index.wanted import Wanted

_PAGE = 1000


@value_object
class Adopted:
    """What was adopted."""

    folder: int
    """Its id."""
    name: str
    versions: tuple[int, ...]
    """Ascending."""
    left_out: tuple[int, ...]
    """Versions that the root lists, and whose index cannot be read any more."""
    newest: VersionLine


async def adopt(
    catalogue: Catalogue,
    store: Store,
    keys: IndexKeys,
    root: IndexRoot,
    path: bytes,
    wrap: Callable[[bytes], bytes],
    wanted: Wanted | None = None,
    progress: LoadProgress | None = None,
    also_known: Callable[[bytes, Sequence[str]], None] | None = None,
) -> Adopted:
    """Adopt the folder of a root at a path. `wrap`: wraps a key of 32 bytes.

    `wanted`: load only one version, or a part of it; its index is not kept then.
    `also_known` hears of further names of pages (`VersionReader`). `UsageError` if
    the folder is here already, `IndexUnreadableError` if the index cannot be read,
    `UnknownSnapshotError` for a version that it does not have.
    """
    progress = progress or LoadProgress()
    chain = await root_chain(store, keys, root, wanted)
    newest = chain[-1].root
    for link in chain:
        check_numbers(link.root)
    async with catalogue.transaction() as tx:
        await refuse_known(tx, keys, newest, path)
        offset = await rows.reserve(tx, newest.next_object)
    listed = {
        line.version: line for link in chain for line in (*link.root.older, link.root.current)
    }
    progress.phase, progress.folder = "load", newest.name
    progress.total_bytes = sum(run.size for link in chain for run in link.runs)
    async with catalogue.transaction(durable=True) as tx:
        await rows.begin(tx)
        folder, realms, name = await add_folder(tx, newest, path, wrap, offset)
        index_realm = await posted.add_realm(tx, folder, wrap(keys.secret))
        place = Place(catalogue, tx, folder, index_realm, realms, offset)
        versions = []
        for number, link in enumerate(chain):
            version = wanted.version if wanted is not None else link.root.current.version
            reader = RememberingReader(store, keys, link.root, version, also_known)
            loading = Loading(place, link, reader, store.fetching_lanes, progress)
            if wanted is not None and wanted.names:
                await loading.part(wanted.names)
            else:
                await loading.whole(is_first=not number, keep=wanted is None)
            if wanted is None:
                await keep_root(place, link.root, store, keys)
            versions += [v for v in link.versions if wanted is None or v == wanted.version]
        progress.phase = "finish"
        for version in versions:
            await rows.add_version(tx, folder, listed[version]._asdict())
        for line in listed.values():
            await posted.know_root(tx, folder, index_realm, line.version, line.attempt)
        stray = await catalogue.aside(tx, lambda: rows.sum_up(tx, folder))
        if stray is not None:
            problem = f"The content of {safe_name(stray)} is in no object of the index."
            raise IndexUnreadableError(problem)
        await _fill_digests(tx, folder)
    left_out = tuple(sorted(listed.keys() - set(versions))) if wanted is None else ()
    return Adopted(folder, name, tuple(versions), left_out, listed[versions[-1]])


async def _fill_digests(tx: Transaction, folder: int) -> None:
    """Make the digests of the largest files, whose segments are in several parts."""
    after = 0
    while page := await rows.without_digest(tx, folder, after, _PAGE):
        after = page[-1][0]
        for object_id, size, segment_size, kind in page:
            digest = SegmentsDigest(DigestKind(kind).algorithm, size, segment_size)
            segment = -1
            while found := await rows.digests(tx, object_id, segment, _PAGE):
                segment = found[-1][0]
                for _, each in found:
                    digest.add(each)
            made = digest.digest()
            if made is not None:  # else segments are lost
                await rows.set_digest(tx, folder, object_id, made)
