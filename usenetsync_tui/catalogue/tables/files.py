"""The `files` table: intervals of versions, in path order.

Knows how a path becomes a key and how a batch of changes becomes rows; refuses to know the
disk. Every call takes the transaction it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from usenetsync_tui.catalogue.columns import ENTRY, STAGED
from usenetsync_tui.catalogue.session import Transaction, column, load
from usenetsync_tui.catalogue.tables import vanished
from usenetsync_tui.catalogue.tables.index import changes
from usenetsync_tui.catalogue.tables.metadata import metadata
from usenetsync_tui.model.digests import FileDigest, file_digest, kind_in_row
from usenetsync_tui.model.entries import Entry, FileKind, FileState
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.metadata.metadata import NONE, Metadata
from usenetsync_tui.model.path_keys import path_key
from usenetsync_tui.postgres.arrays import bool_array, bytea_array, int2_array, int8_array
from usenetsync_tui.postgres.copy import copy_rows

_SQL = load(__package__, "files.sql")

_ENTRY = len(ENTRY)

CurrentRow = tuple[Any, ...]
"""One row of the merge join: `columns.CURRENT`.

A bare tuple: the join compares a slice of it with the walk's Entry, millions of times.
"""


class StagedRow(NamedTuple):
    """The row that a walk sends for an added or modified path: `columns.STAGED`."""

    path_key: bytes
    kind: int
    state: int
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    mode: int
    link: bytes | None
    uid: int | None
    gid: int | None
    long_path: bytes | None


assert StagedRow._fields == tuple(STAGED)


class Before(NamedTuple):
    """The place of a path's content when it was last read; field order is that of the query."""

    object_id: int
    offset: int
    digest: bytes
    digest_kind: int | None
    object_size: int
    """Bytes of the object if it is this one file; -1 for a pack."""
    segment_size: int

    @property
    def file_digest(self) -> FileDigest | None:
        """The digest of the content."""
        return file_digest(self.digest_kind, self.digest)


class PendingFile(NamedTuple):
    """A file whose bytes are to be read; `object_id` if an earlier run began to read it."""

    entry: Entry
    object_id: int | None
    key: bytes
    before: Before | None = None
    is_as_planned: bool = False
    """Whether size, times and inode are those it had when an earlier run began to read it."""
    has_past: bool = True
    """Whether an article of an earlier state of its path may exist."""
    has_row: bool = True
    """False for a new small file, whose row is written when it is planned (`new_files`)."""

    @property
    def rowless(self) -> Entry | None:
        """Its entry, if it has no row: for `Placed`."""
        return None if self.has_row else self.entry


class Member(NamedTuple):
    """A file inside an object and where its bytes begin."""

    entry: Entry
    offset: int
    key: bytes
    state: int


class Placed(NamedTuple):
    """The place of a file's bytes and their digest; all None for an empty file."""

    key: bytes
    object_id: int | None
    offset: int | None
    digest: FileDigest | None
    size: int | None = None
    """Bytes that were read; None: the size that the walk found."""
    racy: bool = False
    """It may change again without its times showing it: see `pipeline.racy`."""
    metadata: Metadata = NONE
    """What it has beside its entry."""
    rowless: Entry | None = None
    """The entry of a file that has no row yet."""


async def current_page(
    tx: Transaction, folder: int, after: bytes | None, limit: int
) -> list[CurrentRow]:
    """The next rows of the merge join; `after` None starts with the folder itself.

    Like all pages here it is shorter if paths are long (a few MiB), and empty after the last row.
    """
    await tx.run(_SQL["in_order"])
    return await tx.fetch(
        _SQL["current_page" if after is not None else "current_first_page"],
        {"folder": folder, "after": after, "limit": limit},
    )


async def apply_changes(
    tx: Transaction,
    folder: int,
    version: int,
    upserts: Sequence[Entry],
    removed: Sequence[bytes],
    *,
    resumed: bool = False,
) -> frozenset[bytes]:
    """Record what the walk found: `upserts` added or modified, `removed` keys that are gone.

    `vanished.remove` removes the latter when the version is finished. `resumed`: an earlier run may
    have ended rows before this version; those that are right again continue, and their keys are
    returned.
    """
    await vanished.add(tx, folder, removed)
    if not upserts:
        return frozenset()
    keys = [path_key(e.path) for e in upserts]
    values = {"folder": folder, "version": version}
    await tx.run(_SQL["staging"])
    await copy_rows(tx.connection, _SQL["copy_staged"], [*STAGED.values()], _staged(upserts, keys))
    continued: frozenset[bytes] = frozenset()
    if resumed:
        continued = frozenset(column(await tx.fetch(_SQL["continue_staged"], values)))
    others = [key for key in keys if key not in continued]
    await tx.run(_SQL["close_superseded"], {**values, "keys": others})
    await tx.run(_SQL["insert_staged"], values)
    return continued


async def refresh(tx: Transaction, folder: int, entries: Sequence[Entry]) -> None:
    """Update in place what only the walk compares, and owners that were not known before."""
    await changes.announce(tx)
    await tx.run(
        _SQL["refresh"],
        {
            "folder": folder,
            "keys": [path_key(e.path) for e in entries],
            "ctimes": [e.ctime_ns for e in entries],
            "inodes": [e.inode for e in entries],
            "uids": [e.uid for e in entries],
            "gids": [e.gid for e in entries],
        },
    )


def _staged(entries: Iterable[Entry], keys: Iterable[bytes]) -> Iterable[StagedRow]:
    for entry, key in zip(entries, keys, strict=True):
        path, kind, size, mtime_ns, ctime_ns, inode, mode, link, uid, gid = entry
        state = FileState.PENDING if kind == FileKind.REGULAR else FileState.PLANNED
        yield StagedRow(
            path_key=key,
            kind=kind,
            state=int(state),
            size=size,
            mtime_ns=mtime_ns,
            ctime_ns=ctime_ns,
            inode=inode,
            mode=mode,
            link=link,
            uid=uid,
            gid=gid,
            long_path=None if key is path else path,
        )


async def pending_page(
    tx: Transaction, folder: Folder, after: bytes, limit: int, until: bytes | None = None
) -> list[PendingFile]:
    """The next files to read, after a key and before `until`."""
    values = {"folder": folder.id, "realm": folder.realm.id, "copies": folder.copies}
    rows = await tx.fetch(
        _SQL["pending_page"], {**values, "after": after, "until": until, "limit": limit}
    )
    return [_pending(r[:_ENTRY], *r[_ENTRY:]) for r in rows]


def _pending(
    entry: tuple[Any, ...], object_id: int | None, key: bytes, is_as_planned: bool, *before: Any
) -> PendingFile:
    known = None if before[0] is None else Before._make(before)
    return PendingFile(Entry._make(entry), object_id, key, known, is_as_planned)


async def any_pending(tx: Transaction, folder: Folder) -> bool:
    """Whether any file is still to be read."""
    return bool(await pending_page(tx, folder, b"", 1))


async def set_planned(tx: Transaction, folder: int, placed: Sequence[Placed]) -> None:
    """Record the places of these files' bytes in their rows."""
    if not placed:
        return
    keys, made, offsets, digests, sizes, racy, beside, _ = zip(*placed, strict=True)
    await changes.announce(tx)
    await tx.run(
        _SQL["set_planned"],
        {
            "folder": folder,
            "keys": bytea_array(keys),
            "objects": int8_array(made),
            "offsets": int8_array(offsets),
            "sizes": int8_array(sizes),
            "digests": bytea_array([None if d is None else d.value for d in digests]),
            "digest_kinds": int2_array(
                [None if d is None else kind_in_row(d.kind) for d in digests]
            ),
            "racy": bool_array(racy),
        },
    )
    await metadata.record(tx, folder, [*zip(keys, beside, strict=True)])


async def set_object(tx: Transaction, folder: int, key: bytes, object_id: int, seen: Entry) -> None:
    """Record a large file's object, so that a resumed upload continues it.

    `seen` is the file that is being read: a row that differs from it by now gets no object.
    """
    await tx.run(
        _SQL["set_object"],
        {
            "folder": folder,
            "key": key,
            "object": object_id,
            "size": seen.size,
            "mtime_ns": seen.mtime_ns,
            "ctime_ns": seen.ctime_ns,
            "inode": seen.inode,
        },
    )


async def leave_object(tx: Transaction, folder: int, key: bytes, object_id: int) -> None:
    """Detach a large file that is still to be read from its object."""
    values = {"folder": folder, "key": key, "object": object_id}
    await tx.run(_SQL["leave_object"], values)


async def set_failed(tx: Transaction, folder: int, failures: Sequence[tuple[bytes, str]]) -> None:
    """Record (key, reason) of files that could not be read."""
    if failures:
        keys, reasons = zip(*failures, strict=True)
        await changes.announce(tx)
        await tx.run(
            _SQL["set_failed"], {"folder": folder, "keys": list(keys), "reasons": list(reasons)}
        )


async def set_stale(
    tx: Transaction, folder: int, object_id: int, first: bytes, last: bytes
) -> None:
    """Mark the files of an object as to be read again, since its bytes are not available."""
    await tx.run(
        _SQL["set_stale"], {"folder": folder, "object": object_id, "first": first, "last": last}
    )


async def members(
    tx: Transaction, folder: int, object_id: int, first: bytes, last: bytes
) -> list[Member]:
    """The files of an object, in the order of their bytes."""
    rows = await tx.fetch(
        _SQL["members"], {"folder": folder, "object": object_id, "first": first, "last": last}
    )
    return [Member(Entry(*r[:_ENTRY]), *r[_ENTRY:]) for r in rows]


async def unposted_page(
    tx: Transaction, folder: int, after: bytes, limit: int
) -> list[tuple[bytes, bytes, str | None]]:
    """(path, key, the store's reply) of current files that wait for articles, after a key."""
    return await tx.fetch(_SQL["unposted_page"], {"folder": folder, "after": after, "limit": limit})
