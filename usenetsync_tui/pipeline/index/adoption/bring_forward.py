"""bring_forward: a folder that is here goes on from the newest version that another machine made.

So it is after a restore of the catalogue from an older backup, and where two machines back up one
folder. Only the runs above the newest version here are loaded; what is here stays, except a version
that is not finished. All or nothing, in one transaction, as `adopt`.

Refuses a folder whose versions are not those that the store has up to there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from usenetsync_tui.catalogue.session import Catalogue, Transaction
from usenetsync_tui.catalogue.tables import snapshots
from usenetsync_tui.catalogue.tables.index import adopted as rows
from usenetsync_tui.catalogue.tables.index import forward, posted
from usenetsync_tui.codec.index.keys import IndexKeys
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.folders import Folder, Snapshot
from usenetsync_tui.model.index.roots import IndexRoot, IndexRun, VersionLine
from usenetsync_tui.model.ports.stores import Store
from usenetsync_tui.model.text.figures import when
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.pipeline.index.adoption.adopt import Adopted, finish_adoption
from usenetsync_tui.pipeline.index.adoption.adopted_folder import continue_folder, known_already
from usenetsync_tui.pipeline.index.adoption.adopted_pages import Place, keep_root
from usenetsync_tui.pipeline.index.adoption.load_progress import LoadProgress
from usenetsync_tui.pipeline.index.adoption.loading import Loading, RememberingReader
from usenetsync_tui.pipeline.index.adoption.root_chain import (
    Link,
    check_numbers,
    listed_in_chain,
    root_chain,
)
from usenetsync_tui.pipeline.index.plan_root import version_line

_ROUNDING_US = 10
"""Microseconds by which a time may differ that came back from the store."""


async def bring_forward(
    catalogue: Catalogue,
    store: Store,
    keys: IndexKeys,
    root: IndexRoot,
    folder: Folder,
    wrap: Callable[[bytes], bytes],
    progress: LoadProgress,
    also_known: Callable[[bytes, Sequence[str]], None] | None = None,
) -> Adopted:
    """Bring a folder with the secret of `keys` forward to a root's version.

    `UsageError` if there is nothing newer, while a job of the folder is open, and if its versions
    are not those of the store. `IndexUnreadableError` if the index cannot be read.
    """
    chain = await root_chain(store, keys, root, None)
    for link in chain:
        check_numbers(link.root)
    async with catalogue.transaction() as tx:
        here = [v.version for v in await snapshots.finished(tx, folder.id)]
        newest = await _newest_here(tx, folder, root, listed_in_chain(chain))
        realm = await posted.realm_of(tx, folder.id)
        known = [] if realm is None else await posted.runs(tx, folder.id, realm, newest)
    told = {(run.version, run.amendment) for run in known}
    chain = [_above(link, newest, told) for link in chain if link.root.current.version > newest]
    progress.begin(folder.name, chain)
    async with catalogue.transaction(durable=True) as tx:
        if await forward.has_open_job(tx, folder.id):
            raise UsageError(
                f"A job of {safe_name(folder.name)} waits or runs. Cancel it or let it end, then "
                "adopt again."
            )
        await forward.forget_building(tx, folder.id, newest)
        offset = await posted.object_offset(tx, folder.id)
        offset = await forward.make_room(tx, folder.id, offset, chain[-1].root.next_object)
        await rows.begin(tx)
        realms = await continue_folder(tx, folder, chain[-1].root, wrap, offset)
        index_realm = await posted.add_realm(tx, folder.id, wrap(keys.secret))
        place = Place(catalogue, tx, folder.id, index_realm, realms, offset)
        for link in chain:
            reader = RememberingReader(
                store, keys, link.root, link.root.current.version, also_known
            )
            loading = Loading(place, link, reader, store.fetching_lanes, progress)
            await loading.whole(is_first=False, keep=True)
            await keep_root(place, link.root, store, keys)
        progress.phase = "finish"
        done = await finish_adoption(place, chain, folder.name, above=newest)
        await forward.end(tx, folder.id)
        for version in here:  # the store has their indexes, whether this catalogue knew it or not
            await posted.mark_indexed(tx, folder.id, version)
        return done


async def _newest_here(
    tx: Transaction, folder: Folder, root: IndexRoot, listed: Mapping[int, VersionLine]
) -> int:
    """The newest finished version here; `UsageError` unless the store goes on from it."""
    here = await snapshots.finished(tx, folder.id)
    newest = here[-1].version if here else 0
    if newest >= root.current.version:
        raise known_already(folder.name, folder.path)
    strange = [each for each in here if each.version in listed and not _is_same(each, listed)]
    if here and newest not in listed:
        strange.append(here[-1])
    if strange:
        version = strange[-1]
        raise UsageError(
            f"{safe_name(folder.name)} is backed up here, and its version {version.version} of "
            f"{when(version.started_at)} is not the one that the store has: nothing was adopted. "
            "Adopt into another catalogue (USENETSYNC_HOME)."
        )
    return newest


def _is_same(snapshot: Snapshot, listed: Mapping[int, VersionLine]) -> bool:
    """Whether a version here is the one of the store; problems of it may be mended by now."""
    line = listed[snapshot.version]
    mine = version_line(snapshot, line.attempt)
    began = abs(mine.started_us - line.started_us) <= _ROUNDING_US
    return began and mine[5:9] == line[5:9]


def _above(link: Link, newest: int, told: set[tuple[int, int]]) -> Link:
    """Of a link, what the catalogue does not have: runs that `told` lacks, and newer versions."""

    def is_new(run: IndexRun) -> bool:
        if run.version != newest:
            return run.version > newest
        same = [each for each in link.root.runs if each.version == newest]
        number = next(at for at, each in enumerate(same) if each is run)
        return bool(told) and (newest, number) not in told

    runs = tuple([run for run in link.runs if is_new(run)])
    return replace(link, runs=runs, versions=tuple([v for v in link.versions if v > newest]))
