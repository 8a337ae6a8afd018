"""adopt: makes the catalogue's rows of a folder from the index in a store.

All or nothing, in one transaction: a kill leaves the catalogue as it was. It adds the folder, its
versions, files, objects and articles, the realms with their keys, and the index itself, so that
the next upload continues where the lost machine ended.

A root leads to its version and to those before it down to a base. The versions before that base are
read from the root of the newest of them, and so on. A version whose root cannot be read any more is
left out, with those that only it leads to.

Of one version only a part can be loaded (`Wanted`), for a restore without a catalogue. There the
pages of a whole version that are lost in all copies are left out, and what they had is listed.
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
from usenetsync_tui.model.filters import Filters
from usenetsync_tui.model.index.roots import IndexRoot, VersionLine
from usenetsync_tui.model.ports.stores import Store
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.pipeline.index.adoption.adopted_folder import add_folder, refuse_known
from usenetsync_tui.pipeline.index.adoption.adopted_pages import Place, keep_root
from usenetsync_tui.pipeline.index.adoption.load_progress import LoadProgress
from usenetsync_tui.pipeline.index.adoption.load_runs import LostParts
from usenetsync_tui.pipeline.index.adoption.loading import Loading, RememberingReader
from usenetsync_tui.pipeline.index.adoption.root_chain import (
    Link,
    check_numbers,
    listed_in_chain,
    root_chain,
)
from usenetsync_tui.pipeline.index.adoption.wanted import Wanted

_PAGE = 1000
_NO_ARTICLES = "the part of the index that lists its articles is lost"


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
    before: int = 0
    """The version up to which the folder was here before; 0: it was not."""
    filters: Filters | None = None
    """What the folder's versions leave out; None: its index does not say."""


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
    progress.begin(newest.name, chain)
    async with catalogue.transaction(durable=True) as tx:
        await rows.begin(tx)
        folder, realms, name = await add_folder(tx, newest, path, wrap, offset)
        index_realm = await posted.add_realm(tx, folder, wrap(keys.secret))
        place = Place(catalogue, tx, folder, index_realm, realms, offset)
        lost = None if wanted is None else LostParts()
        for number, link in enumerate(chain):
            version = wanted.version if wanted is not None else link.root.current.version
            reader = RememberingReader(store, keys, link.root, version, also_known)
            loading = Loading(place, link, reader, store.fetching_lanes, progress)
            if wanted is not None and wanted.names:
                await loading.part(wanted.names)
            else:
                await loading.whole(is_first=not number, keep=wanted is None, lost=lost)
            if wanted is None:
                await keep_root(place, link.root, store, keys)
        progress.phase = "finish"
        wants = None if wanted is None else wanted.version
        return await finish_adoption(place, chain, name, wants, lost=lost)


async def finish_adoption(
    place: Place,
    chain: Sequence[Link],
    name: str,
    wanted: int | None = None,
    *,
    above: int = 0,
    lost: LostParts | None = None,
) -> Adopted:
    """The versions of a chain whose runs are loaded; `above`: those above a version that was here.

    `lost`: what could not be loaded; there is a failed file in the place of each part of it.
    `IndexUnreadableError` for a file whose content is in no object, unless a part is lost.
    """
    tx, folder = place.tx, place.folder
    listed = listed_in_chain(chain)
    versions = [v for link in chain for v in link.versions if wanted in (None, v)]
    for version in versions:
        await rows.add_version(tx, folder, listed[version]._asdict())
    for line in listed.values():
        await posted.know_root(tx, folder, place.index_realm, line.version, line.attempt)
    if chain[-1].root.kept is not None and wanted is None:
        await rows.forget_between(tx, folder)
    for first, end in sorted(lost.ranges) if lost else ():
        path = first.rstrip(b"/") or b"."
        await rows.lose_paths(tx, folder, versions[-1], first, end, path, _words(first, end))
    stray = await place.catalogue.aside(tx, lambda: rows.sum_up(tx, folder))
    if stray is not None and lost:
        await rows.lose_misplaced(tx, folder, _NO_ARTICLES)
    elif stray is not None:
        problem = f"The content of {safe_name(stray)} is in no object of the index."
        raise IndexUnreadableError(problem)
    await _fill_digests(tx, folder)
    left_out = {v for v in listed.keys() - set(versions) if wanted is None and v > above}
    return Adopted(
        folder=folder,
        name=name,
        versions=tuple(versions),
        left_out=tuple(sorted(left_out)),
        newest=listed[versions[-1]],
        before=above,
        filters=chain[-1].root.filters,
    )


def _words(first: bytes, end: bytes | None) -> str:
    """Why the paths of a lost page are not there."""
    upto = "to the last" if end is None else f'to the last before "{safe_name(end)}"'
    return f'a part of the index is lost: all paths from "{safe_name(first)}" {upto}'


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
