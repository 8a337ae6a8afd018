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

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace

from usenetsync_tui.catalogue.session import Catalogue, Transaction
from usenetsync_tui.catalogue.tables.index import adopted as rows
from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.catalogue.tables.index.posted import PageRow
from usenetsync_tui.codec.digests import SegmentsDigest, digest_of
from usenetsync_tui.codec.index.keys import ATTEMPTS, IndexKeys
from usenetsync_tui.codec.index.merging import runs_of
from usenetsync_tui.errors import IndexUnreadableError, UnknownSnapshotError, UsageError
from usenetsync_tui.model.digests import DigestAlgorithm, DigestKind
from usenetsync_tui.model.folders import Priority, Profile
from usenetsync_tui.model.index_roots import IndexRealm, IndexRoot, IndexRun, PageRef, VersionLine
from usenetsync_tui.model.ports import Store
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.pipeline.index.find_root import fetch_root, root_page
from usenetsync_tui.pipeline.index.load_runs import (
    FilesRows,
    LoadProgress,
    ObjectsRows,
    Place,
    RunLoader,
    keep_page,
)
from usenetsync_tui.pipeline.index.pages_ahead import PagesAhead
from usenetsync_tui.pipeline.index.read_version import VersionReader
from usenetsync_tui.pipeline.index.wanted import Wanted, WantedDirectories, WantedObjects
from usenetsync_tui.pipeline.run.budget import Budget

_PAGE = 1000
_ROOT_COPIES = 2
"""The fewest copies of a root."""
_CONNECTIONS = 8
"""Pages to fetch at once from a store that does not say."""
_MOST_CONNECTIONS = 32
_MEMORY = 256 << 20
"""Bytes of memory for pages that are fetched ahead."""
_LATEST_US = 253_402_300_799_000_000
"""The end of the year 9999, in microseconds since 1970."""
_MOST_NUMBER = 1 << 62
_LARGEST_VERSION = (1 << 31) - 1


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
    chain = await _chain(store, keys, root, wanted)
    newest = chain[-1].root
    _check_numbers(newest)
    async with catalogue.transaction() as tx:
        await _refuse_known(tx, keys, newest, path)
        offset = await rows.reserve(tx, newest.next_object)
    listed = {line.version: line for line in (*newest.older, newest.current)}
    progress.phase, progress.folder = "load", newest.name
    progress.total_bytes = sum(run.size for link in chain for run in link.runs)
    async with catalogue.transaction(durable=True) as tx:
        await rows.begin(tx)
        folder, realms, name = await _add_folder(tx, newest, path, wrap, offset)
        index_realm = await posted.add_realm(tx, folder, wrap(keys.secret))
        place = Place(catalogue, tx, folder, index_realm, realms, offset)
        versions = []
        for number, link in enumerate(chain):
            version = wanted.version if wanted is not None else link.root.current.version
            reader = _RememberingReader(store, keys, link.root, version, also_known)
            loading = _Loading(place, link, reader, store.fetching_lanes, progress)
            if wanted is not None and wanted.names:
                await loading.part(wanted.names)
            else:
                await loading.whole(is_first=not number, keep=wanted is None)
            if wanted is None:
                await _keep_root(place, link.root, store, keys)
            versions += [v for v in link.versions if wanted is None or v == wanted.version]
        progress.phase = "finish"
        for version in versions:
            await rows.add_version(tx, folder, listed[version]._asdict())
        stray = await catalogue.aside(tx, lambda: rows.sum_up(tx, folder))
        if stray is not None:
            problem = f"The content of {safe_name(stray)} is in no object of the index."
            raise IndexUnreadableError(problem)
        await _fill_digests(tx, folder)
    left_out = tuple(sorted(listed.keys() - set(versions))) if wanted is None else ()
    return Adopted(folder, name, tuple(versions), left_out, listed[versions[-1]])


@dataclass(frozen=True, slots=True)
class _Link:
    """A root, and those of its runs and versions that are loaded from it."""

    root: IndexRoot
    runs: tuple[IndexRun, ...]
    versions: tuple[int, ...]


async def _chain(
    store: Store, keys: IndexKeys, root: IndexRoot, wanted: Wanted | None
) -> list[_Link]:
    """The roots that lead to all versions, or to the wanted one, oldest first."""
    listed = [line.version for line in (*root.older, root.current)]
    if wanted is not None:
        if wanted.version not in listed:
            raise UnknownSnapshotError(f"The index does not have version {wanted.version}.")
        if not runs_of(root, wanted.version):
            root = await fetch_root(store, keys, wanted.version)
        return [_Link(root, runs_of(root, wanted.version), (wanted.version,))]
    chain: list[_Link] = []
    upto = root.current.version
    known: IndexRoot | None = root
    while known is not None:
        first = known.runs[0].version
        mine = tuple([v for v in listed if first <= v <= upto])
        chain.insert(0, _Link(known, known.runs, mine))
        known = None
        for version in reversed([v for v in listed if v < first]):
            try:
                known, upto = await fetch_root(store, keys, version), version
            except (UnknownSnapshotError, IndexUnreadableError):
                continue
            break
    return [replace(link, runs=link.runs) for link in chain]


def _check_numbers(root: IndexRoot) -> None:
    """`IndexUnreadableError` for numbers that no catalogue has."""
    for line in (*root.older, root.current):
        late = max(line.started_us, line.finished_us) > _LATEST_US
        if late or line.version > _LARGEST_VERSION:
            raise IndexUnreadableError("The root has an impossible version.")
    if root.next_object > _MOST_NUMBER:
        raise IndexUnreadableError("The root has an impossible number of objects.")


async def _refuse_known(tx: Transaction, keys: IndexKeys, root: IndexRoot, path: bytes) -> None:
    """`UsageError` if the folder, or another one at its path, is backed up here."""
    names = [
        keys.root_name(line.version, attempt)
        for line in (*root.older[-_PAGE:], root.current)
        for attempt in range(ATTEMPTS)
    ]
    names += [name for run in root.runs for line in run.pages for name in line.message_ids]
    known = await rows.adopted_here(tx, names) or await rows.folder_at(tx, path)
    if known is not None:
        raise UsageError(
            f'"{safe_name(known[1])}" is backed up here already, as the folder {known[0]}: nothing '
            "was adopted. Use it as it is, or adopt into another catalogue (USENETSYNC_HOME)."
        )


class _RememberingReader(VersionReader):
    """Fetches no page twice of the few that a part of a version takes."""

    _REMEMBERED = 16

    def __init__(
        self,
        store: Store,
        keys: IndexKeys,
        root: IndexRoot,
        version: int,
        also_known: Callable[[bytes, Sequence[str]], None] | None,
    ) -> None:
        super().__init__(store, keys, root, version, also_known)
        self._pages: dict[bytes, bytes] = {}

    async def page(self, line: PageRef) -> bytes:
        """The bytes of a page; errors as of `VersionReader`."""
        data = self._pages.get(line.digest)
        if data is None:
            data = self._pages[line.digest] = await super().page(line)
            if len(self._pages) > self._REMEMBERED:
                del self._pages[next(iter(self._pages))]
        return data


class _Loading:
    """The runs of one root on their way into the tables."""

    def __init__(
        self,
        place: Place,
        link: _Link,
        reader: VersionReader,
        lanes: int | None,
        progress: LoadProgress,
    ) -> None:
        self._place = place
        self._link = link
        self._reader = reader
        self._loader = RunLoader(place, link.root, reader, progress)
        connections = min(lanes or _CONNECTIONS, _MOST_CONNECTIONS)
        budget = Budget(_MEMORY)
        self._files = PagesAhead[FilesRows](reader, connections, budget)
        self._objects = PagesAhead[ObjectsRows](reader, connections, budget)

    async def whole(self, *, is_first: bool, keep: bool) -> None:
        """Load all runs. `is_first`: the folder has no files yet; `keep`: keep the index."""
        for run in self._link.runs:
            await self._loader.objects(self._objects, run, is_first=is_first, keep=keep)
            await self._loader.files(self._files, run, is_first=is_first, keep=keep)
            if keep:
                await self._loader.keep_run(run)
            is_first = False

    async def part(self, names: Set[bytes]) -> None:
        """Load what is at or below some paths, from as few pages as possible."""
        entries = [await self._reader.entry(name) for name in sorted(names)]
        files = [entry for entry in entries if entry is not None]
        await self._loader.entries(files, self._link.runs[0].version)
        directories = WantedDirectories(names - {entry.path for entry in files})
        is_first = not files
        for run in self._link.runs:
            directories.look_into(run)
            found = await self._loader.files(
                self._files,
                run,
                is_first=is_first,
                wants=directories.wants,
                among=directories.among,
                keep=False,
            )
            directories.found(found)
            is_first = False
        needed = await rows.needed(self._place.tx, self._place.folder)
        objects = WantedObjects([each - self._place.offset for each in needed])
        for run in reversed(self._link.runs):
            if not objects:
                break
            described = await self._loader.objects(
                self._objects,
                run,
                is_first=True,
                wants=objects.wants,
                has=objects.has,
                keep=False,
            )
            objects.end_run(described)


async def _keep_root(place: Place, root: IndexRoot, store: Store, keys: IndexKeys) -> None:
    """Keep a root, so that its articles can be checked and posted again."""
    version, attempt = root.current.version, root.current.attempt
    copies = max(_ROOT_COPIES, root.folder.copies)
    names = [keys.root_name(version, attempt, copy) for copy in range(copies)]
    data = await root_page(store, keys, version, names)
    if data is None:
        return  # it lies about its attempt: it can be read, but not repaired
    digest = digest_of(DigestAlgorithm.BLAKE3, data)
    object_id = await keep_page(place, version, PageRow(data), digest, names)
    await posted.add_root(place.tx, place.folder, version, attempt, object_id)


async def _add_folder(
    tx: Transaction, root: IndexRoot, path: bytes, wrap: Callable[[bytes], bytes], offset: int
) -> tuple[int, list[int], str]:
    choices = root.folder
    current = root.realms[choices.realm]
    realms = []
    for place, realm in enumerate(root.realms):
        later = [r for r in root.realms[place + 1 :] if _place_of(r) == _place_of(realm)]
        renewed = realm is not current and (bool(later) or _place_of(realm) == _place_of(current))
        realms.append(await rows.add_realm(tx, _realm(realm, path, wrap, renewed=renewed)))
    name = await _free_name(tx, root.name)
    folder = await rows.add_folder(
        tx,
        {
            "path": path,
            "name": name,
            "realm": realms[choices.realm],
            "priority": int(Priority.NORMAL),
            "compression": choices.compression,
            "copies": choices.copies,
            "own_files": choices.own_files,
            "ignore_inode": choices.ignore_inode,
            "unstable_inodes": choices.unstable_inodes,
            "offset": offset,
            "version": root.current.version,
        },
    )
    if current.veil is not None:
        await rows.add_headers(tx, folder, current.veil)
    for place, realm_id in enumerate(realms):
        await rows.add_place(tx, folder, place, realm_id)
    return folder, realms, name


def _place_of(realm: IndexRealm) -> tuple[str, str]:
    return realm.store, realm.profile


async def _free_name(tx: Transaction, wanted: str) -> str:
    """The folder's name, with a number if another folder has it."""
    taken, name = await rows.names(tx), safe_name(wanted) or "folder"
    number = 1
    free = name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free


def _realm(
    realm: IndexRealm, path: bytes, wrap: Callable[[bytes], bytes], *, renewed: bool
) -> dict[str, object]:
    is_sealed = realm.profile == Profile.SEALED
    return {
        "store": realm.store,
        "profile": realm.profile,
        "domain": realm.domain,
        "newsgroups": list(realm.newsgroups),
        "sender": realm.sender,
        "owner": path if is_sealed else None,
        "wrapped_key": wrap(realm.key) if realm.key is not None else None,
        "header_style": realm.header_style,
        "digest": realm.digest,
        "obfuscated": realm.veil is not None,
        "renewed": renewed,
    }


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
