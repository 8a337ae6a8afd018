"""adopt: makes the catalogue's rows of a folder from the index in a store.

All or nothing, in one transaction: the versions from the newest base on, their files, objects and
articles, the realms with their keys, and the index itself, so that the next upload continues where
the lost machine ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from usenetsync_tui.catalogue.session import Catalogue, Transaction
from usenetsync_tui.catalogue.tables import objects, segments
from usenetsync_tui.catalogue.tables.index import adopted as rows
from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.catalogue.tables.index.posted import PageRow, RunRow
from usenetsync_tui.catalogue.tables.objects import NewObject
from usenetsync_tui.codec.digests import SegmentsDigest
from usenetsync_tui.codec.index.files_page import read_files
from usenetsync_tui.codec.index.keys import IndexKeys
from usenetsync_tui.codec.index.objects_page import read_objects
from usenetsync_tui.codec.index.varints import read_varints
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.digests import DigestKind
from usenetsync_tui.model.entries import FileKind, FileState, fitted
from usenetsync_tui.model.folders import Priority, Profile
from usenetsync_tui.model.index_entries import AttributeTag, EntryChange, IndexEntry, ObjectPart
from usenetsync_tui.model.index_roots import IndexRealm, IndexRoot, IndexRun, PageRef
from usenetsync_tui.model.path_keys import path_key
from usenetsync_tui.model.ports import Store
from usenetsync_tui.model.segments import Codec, ObjectKind, Segment, SegmentStatus
from usenetsync_tui.pipeline.index.read_version import VersionReader

_PAGE = 1000


async def adopt(
    catalogue: Catalogue,
    store: Store,
    keys: IndexKeys,
    root: IndexRoot,
    path: bytes,
    wrap: Callable[[bytes], bytes],
) -> int:
    """Adopt the folder of a root at a path; returns its id. `wrap`: wraps a key of 32 bytes.

    `UsageError` if the catalogue has other folders.
    """
    reader = VersionReader(store, keys, root, root.current.version)
    async with catalogue.transaction(durable=True) as tx:
        if not await rows.is_empty(tx):
            raise UsageError("This catalogue has other folders: adopt into an empty one.")
        folder, realms = await _add_folder(tx, root, path, wrap)
        await rows.begin(tx, root.next_object)
        await _add_versions(tx, folder, root)
        to = _Adopted(folder, await posted.add_realm(tx, folder, wrap(keys.secret)), realms)
        for run in reversed(root.runs):
            for number, line in enumerate(run.pages):
                if line.of_objects:
                    data = await reader.page(line)
                    await _add_page(tx, to, run, (number, line), data)
                    articles = _articles(read_objects(data, len(realms)), realms)
                    await rows.add_segments(tx, folder, root.folder.copies, articles)
        for run in root.runs:
            for number, line in enumerate(run.pages):
                if not line.of_objects:
                    data = await reader.page(line)
                    await _add_page(tx, to, run, (number, line), data)
                    entries = [_file(entry) for entry in read_files(data)]
                    await rows.add_files(tx, folder, run.version, entries)
            await posted.add_run(tx, folder, to.index_realm, _run_row(run))
        for known in (*root.older, root.current):
            await posted.add_root(
                tx, folder, to.index_realm, known.version, known.attempt, object_id=None
            )
        await rows.sum_up(tx, folder)
        await _fill_digests(tx, folder)
    return folder


@dataclass(frozen=True, slots=True)
class _Adopted:
    """The ids that an adopted folder has here."""

    folder: int
    index_realm: int
    realms: Sequence[int]


async def _add_folder(
    tx: Transaction, root: IndexRoot, path: bytes, wrap: Callable[[bytes], bytes]
) -> tuple[int, list[int]]:
    realms = [await rows.add_realm(tx, _realm(realm, path, wrap)) for realm in root.realms]
    choices = root.folder
    folder = await rows.add_folder(
        tx,
        {
            "path": path,
            "name": root.name,
            "realm": realms[choices.realm],
            "priority": int(Priority.NORMAL),
            "compression": choices.compression,
            "copies": choices.copies,
            "own_files": choices.own_files,
            "ignore_inode": choices.ignore_inode,
            "unstable_inodes": choices.unstable_inodes,
        },
    )
    for place, realm in enumerate(realms):
        await rows.add_place(tx, folder, place, realm)
    return folder, realms


def _realm(realm: IndexRealm, path: bytes, wrap: Callable[[bytes], bytes]) -> dict[str, object]:
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
    }


async def _add_versions(tx: Transaction, folder: int, root: IndexRoot) -> None:
    first = root.runs[0].version
    for line in (*root.older, root.current):
        if line.version >= first:
            await rows.add_version(tx, folder, line._asdict())


def _articles(parts: Sequence[ObjectPart], realms: Sequence[int]) -> Iterator[Sequence[object]]:
    for part in parts:
        for at, segment in enumerate(part.segments):
            size = part.segment_bytes(at)
            for redundancy, article in enumerate(segment.articles):
                yield (
                    part.number,
                    part.kind,
                    part.size,
                    part.segment_size,
                    realms[part.realm],
                    part.first + at,
                    redundancy,
                    size,
                    article.payload_size,
                    segment.digest,
                    article.codec,
                    article.message_id,
                )


def _file(entry: IndexEntry) -> Sequence[object]:
    attributes = dict(entry.attributes)
    stat_size = attributes.get(AttributeTag.STAT_SIZE)
    reason = attributes.get(AttributeTag.REASON)
    key = path_key(entry.path)
    lacks = entry.kind == FileKind.REGULAR and reason is not None
    return (
        key,
        entry.kind,
        entry.mode,
        entry.uid,
        entry.gid,
        entry.size,
        None if stat_size is None else read_varints(stat_size, 1)[0],
        fitted(entry.mtime_ns),
        entry.ctime_ns,
        entry.inode,
        entry.link,
        int(FileState.FAILED if lacks else FileState.PLANNED),
        entry.object,
        None if entry.object is None else entry.offset,
        entry.digest,
        entry.digest_kind or None,
        None if reason is None else reason.decode("utf-8", "replace"),
        True if AttributeTag.RACY in attributes else None,
        None if key == entry.path else entry.path,
        entry.change == EntryChange.REMOVED,
    )


async def _fill_digests(tx: Transaction, folder: int) -> None:
    """Make the digests of large files of those of their segments."""
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


def _run_row(run: IndexRun) -> RunRow:
    prints = run.fingerprints
    data = None if prints is None else b"".join([p.to_bytes(4) for p in sorted(prints)])
    return RunRow(run.version, run.is_base, run.files, run.objects, run.size, data)


async def _add_page(
    tx: Transaction, to: _Adopted, run: IndexRun, line: tuple[int, PageRef], data: bytes
) -> None:
    """A page of the index as if it had been planned and posted here. `line`: number, and line."""
    number, known = line
    (object_id,) = await objects.allocate(tx, 1)
    size, names, realm = len(data), known.message_ids, to.index_realm
    made = NewObject(object_id, ObjectKind.INDEX, size, size, 1, 0, b"", b"")
    await objects.insert(tx, to.folder, realm, len(names), [made])
    articles = [
        Segment(
            object_id,
            0,
            redundancy,
            size,
            known.digest,
            Codec.NONE,
            size,
            name,
            SegmentStatus.POSTED,
            realm_id=realm,
        )
        for redundancy, name in enumerate(names)
    ]
    await segments.insert(tx, realm, articles)
    first = known.first
    path, key = (first, (None, None)) if isinstance(first, bytes) else (None, first)
    page = PageRow(data, number, known.of_objects, path, *key)
    await posted.add_page(tx, to.folder, run.version, object_id, page)
