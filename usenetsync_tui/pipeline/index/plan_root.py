"""plan_root: the root of a version, recorded before it is sent.

Knows what a root says, and under which of its names it goes. Refuses to know how it is posted.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from usenetsync_tui.catalogue.lookups import index_rows
from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables import folders, snapshots
from usenetsync_tui.catalogue.tables.forgetting import index_pages
from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.catalogue.tables.index.posted import LineRow, PageRow, RootRow, RunRow
from usenetsync_tui.codec.index.keys import ATTEMPTS, FIRST_ATTEMPTS, IndexKeys
from usenetsync_tui.codec.index.root import MOST_OLDER, write_fitting_root
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.folders import Profile, Realm, Snapshot
from usenetsync_tui.model.index.roots import (
    FolderLine,
    IndexRealm,
    IndexRoot,
    IndexRun,
    VersionLine,
)
from usenetsync_tui.model.ports.stores import OpenRealm
from usenetsync_tui.model.text.figures import size
from usenetsync_tui.pipeline.index.plan_directories import page_ref
from usenetsync_tui.pipeline.index.plan_pages import add_pages
from usenetsync_tui.pipeline.index.root_names import RootNames
from usenetsync_tui.pipeline.index.sizes import largest_root, root_room
from usenetsync_tui.pipeline.run.job_run import JobRun

_MICROSECONDS = 1_000_000


async def planned_root(tx: Transaction, run: JobRun) -> RootRow | None:
    """The planned root of the run's version."""
    return await posted.root(tx, run.folder.id, run.open_realm.realm.id, run.version)


async def is_useless(tx: Transaction, root: RootRow) -> bool:
    """Whether a root must be posted under another name: it was given up under this one."""
    return root.object_id is not None and await posted.is_given_up(tx, root.object_id)


async def plan_root(run: JobRun, names: RootNames, at: datetime, *, again: bool) -> bool:
    """Record the root before it is sent; False if all its names are used up.

    `at`: the moment before the names of its pages were read (`changes`).
    `again`: another one, although one is there. `FolderContinuedError` for one of another machine;
    `UsageError` for one that is too large for an article, before one of its names is used.
    """
    folder, realm, version = run.folder.id, run.open_realm.realm.id, run.version
    async with run.catalogue.transaction() as tx:
        planned = await planned_root(tx, run)
        if planned is not None and not (again or await is_useless(tx, planned)):
            return True
        is_amended = again or await posted.is_indexed(tx, folder, version)
    attempt = planned.attempt + 1 if planned is not None else 0
    first, ours = (planned.attempt, planned.object_id) if planned is not None else (0, None)
    if attempt >= (ATTEMPTS if is_amended else FIRST_ATTEMPTS):
        return False
    assert run.open_realm.secret is not None
    keys = IndexKeys(run.open_realm.secret)
    free: Collection[bytes] = ()
    if not is_amended:  # then the store has taken ours already
        async with run.catalogue.transaction() as tx:
            known = b"" if ours is None else await posted.page(tx, ours)
        free = await names.free(first, ours=known)
    own = [keys.root_name(version, attempt, copy) for copy in range(run.folder.copies)]
    room = root_room(run.limits.chunk_size)
    page = PageRow(write_fitting_root(await _root(run, version, attempt), room))
    if len(page.data) > (most := largest_root(run.limits.chunk_size)):
        raise UsageError(
            f"The root of version {version} would have {size(len(page.data))}, and an article "
            f"takes {size(most)}: set a larger chunk_size in config.toml."
        )
    async with run.catalogue.transaction(durable=True) as tx:
        are_new = all(name in free for name in own)
        (object_id,) = await add_pages(tx, run, version, [page], own, are_new=are_new)
        if planned is not None and planned.object_id is not None:
            first_of = version if planned.attempt == 0 else None
            await posted.drop_root(tx, planned.object_id, object_id, first_of)
        await posted.add_root(tx, folder, realm, version, attempt, object_id, at)
    return True


async def _root(run: JobRun, version: int, attempt: int) -> IndexRoot:
    folder = run.folder.id
    async with run.catalogue.transaction() as tx:
        every = await snapshots.newest_finished(tx, folder, version, MOST_OLDER + 1)
        realm = run.open_realm.realm.id
        attempts = await posted.attempts(tx, folder, realm)
        runs = await posted.runs(tx, folder, realm, version)
        lines = [await posted.lines(tx, folder, realm, row) for row in runs]
        names = [name for rows in lines for row in rows for name in row.message_ids]
        aliases = await index_rows.aliases(tx, names)
        choices = await folders.by_id(tx, folder)
        assert choices is not None
        place = await posted.place_of(tx, folder, choices.realm.id)
        realms = await posted.realms(tx, folder)
        next_object = await posted.next_object(tx, folder)
        next_object -= await posted.object_offset(tx, folder)
        kept = await index_pages.kept_before(tx, folder, version)
    attempts[version] = attempt
    listed = [version_line(s, attempts.get(s.version, 0)) for s in every]
    return IndexRoot(
        current=listed[-1],
        older=tuple(listed[:-1]),
        name=run.folder.name,
        path=run.folder.path,
        folder=FolderLine(
            place,
            choices.copies,
            str(choices.compression),
            choices.own_files,
            choices.ignore_inode,
            choices.unstable_inodes,
        ),
        realms=tuple([_realm(await _current(run, each, choices.realm)) for each in realms]),
        runs=tuple(_run(*pair, aliases) for pair in zip(runs, lines, strict=True)),
        next_object=next_object,
        kept=kept,
        filters=choices.filters,
    )


def version_line(snapshot: Snapshot, attempt: int) -> VersionLine:
    """What roots say of a version."""
    finished = snapshot.finished_at or snapshot.started_at
    return VersionLine(
        version=snapshot.version,
        attempt=attempt,
        state=snapshot.state,
        started_us=int(snapshot.started_at.timestamp() * _MICROSECONDS),
        finished_us=int(finished.timestamp() * _MICROSECONDS),
        files=snapshot.files,
        directories=snapshot.directories,
        symlinks=snapshot.symlinks,
        size=snapshot.size,
        added=snapshot.added,
        modified=snapshot.modified,
        removed=snapshot.removed,
        stored_size=snapshot.stored_size,
        errors=snapshot.errors,
    )


def _run(row: RunRow, lines: list[LineRow], aliases: dict[bytes, tuple[str, ...]]) -> IndexRun:
    data = row.fingerprints
    fingerprints = None
    if data is not None:
        fingerprints = frozenset(int.from_bytes(data[n : n + 4]) for n in range(0, len(data), 4))
    return IndexRun(
        version=row.version,
        is_base=row.is_base,
        files=row.files,
        objects=row.objects,
        size=row.size,
        pages=tuple(page_ref(line, aliases) for line in lines),
        fingerprints=fingerprints,
    )


async def _current(run: JobRun, realm: int, mine: Realm) -> OpenRealm:
    """A realm of the folder; the one it posts to with the headers that it uses now."""
    opened = await run.realm_of(realm)
    return replace(opened, realm=mine) if realm == mine.id else opened


def _realm(opened: OpenRealm) -> IndexRealm:
    realm = opened.realm
    if realm.profile is Profile.SEALED and opened.key is None:
        raise UsageError("A key of this folder cannot be unwrapped, so its index has to wait.")
    return IndexRealm(
        store=str(realm.store),
        profile=str(realm.profile),
        domain=realm.domain,
        newsgroups=realm.newsgroups,
        sender=realm.sender,
        header_style=realm.header_style,
        digest=str(realm.digest),
        key=opened.key,
        veil=realm.veil,
    )
