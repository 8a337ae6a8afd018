"""post_index: posts the index of each finished version that has none yet, its root last.

Every step is recorded before it is done, so that the next call goes on where this one ended. A
root that is there and is not ours means that another machine continued the folder: it is never
overwritten.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from usenetsync_tui.catalogue.lookups import index_rows
from usenetsync_tui.catalogue.tables import folders, snapshots
from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.catalogue.tables.index.posted import LineRow, PageRow, RunRow
from usenetsync_tui.codec.index.keys import ATTEMPTS, IndexKeys
from usenetsync_tui.codec.index.root import MOST_OLDER, read_root, write_fitting_root
from usenetsync_tui.codec.sealing import open_sealed
from usenetsync_tui.disk.source.source_tree import SourceTree
from usenetsync_tui.errors import ArticleMissingError, IndexUnreadableError, UsageError
from usenetsync_tui.model.figures import plural
from usenetsync_tui.model.folders import Profile, Realm, Snapshot
from usenetsync_tui.model.index_roots import (
    FolderLine,
    IndexRealm,
    IndexRoot,
    IndexRun,
    VersionLine,
)
from usenetsync_tui.model.ports import OpenRealm
from usenetsync_tui.pipeline.index.plan_directories import page_ref, plan_directories
from usenetsync_tui.pipeline.index.plan_pages import plan_page
from usenetsync_tui.pipeline.index.plan_run import plan_run
from usenetsync_tui.pipeline.index.sizes import root_room
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.verify.check import finish_checks, repost

COPIES = 2
"""The fewest copies of each article of an index."""
_MICROSECONDS = 1_000_000


def index_run(run: JobRun, open_realm: OpenRealm) -> JobRun:
    """The run of a job in the realm of its folder's index: the same progress, pause and drain."""
    copies = max(COPIES, run.folder.copies)
    folder = replace(run.folder, realm=open_realm.realm, copies=copies)
    return replace(run, open_realm=open_realm, folder=folder)


async def post_index(run: JobRun, open_realm: OpenRealm, source: SourceTree) -> str:
    """Post what is missing of a folder's index; returns why something is left, or nothing.

    `UsageError` when another machine has continued the folder.
    """
    if open_realm.secret is None:
        raise UsageError("the folder's secret cannot be unwrapped")
    mine = index_run(run, open_realm)
    async with run.catalogue.transaction() as tx:
        versions = await posted.to_index(tx, run.folder.id)
    for version in versions:
        mine.version = version
        async with run.catalogue.transaction() as tx:
            planned = await posted.runs(tx, run.folder.id, open_realm.realm.id, version)
        if not planned or planned[-1].version != version:
            await plan_run(mine, version)
        left = await _send_pages(mine, source) or await _post_root(mine, source)
        if left or run.draining:
            return left or "interrupted"
        async with run.catalogue.transaction(durable=True) as tx:
            await posted.mark_indexed(tx, run.folder.id, version)
    return ""


async def _send_pages(run: JobRun, source: SourceTree) -> str:
    """Post the pages of a run, then its directories, level by level; why something is left."""
    left = await _send(run, source)
    while not left and not run.draining and await plan_directories(run, run.version):
        left = await _send(run, source)
    return left


async def _send(run: JobRun, source: SourceTree) -> str:
    """Post and check all that is planned; returns why something is left."""
    await repost(run, source)
    words = await finish_checks(run, source)
    async with run.catalogue.transaction() as tx:
        count = await posted.unposted(tx, run.folder.id, run.version)
    return f"{plural(count, 'article')} not posted" if count else words


async def _post_root(run: JobRun, source: SourceTree) -> str:
    """Post the root; under the next of its names where one is of no use. Returns why it is not."""
    left = ""
    for _ in range(ATTEMPTS):
        if not await _plan_root(run, run.version):
            return left
        left = await _send(run, source)
        if not left or run.draining:
            return left
    return left


async def _plan_root(run: JobRun, version: int) -> bool:
    """Record the root before it is sent; False if all its names are used up."""
    attempt, folder = 0, run.folder.id
    async with run.catalogue.transaction(durable=True) as tx:
        planned = await posted.root(tx, folder, version)
        if planned is not None:
            if not await posted.is_given_up(tx, planned[1]):
                return True
            attempt = planned[0] + 1
            if attempt >= ATTEMPTS:
                return False
            await posted.drop_root(tx, planned[1])
    assert run.open_realm.secret is not None
    keys = IndexKeys(run.open_realm.secret)
    names = [keys.root_name(version, attempt, copy) for copy in range(run.folder.copies)]
    await _refuse_another(run, keys, version, names)
    room = root_room(run.limits.chunk_size)
    page = PageRow(write_fitting_root(await _root(run, version, attempt), room))
    object_id = await plan_page(run, version, page, names)
    async with run.catalogue.transaction(durable=True) as tx:
        await posted.add_root(tx, folder, version, attempt, object_id)
    return True


async def _refuse_another(run: JobRun, keys: IndexKeys, version: int, names: list[bytes]) -> None:
    """`UsageError` if the store has a root of this version that we did not post."""
    found = await run.open_realm.store.present(names)
    for name in sorted(found.there):
        opened = partial(_opened, keys.sealing)
        try:
            root = read_root(await run.open_realm.store.fetch(name, opened=opened), version)
        except (ArticleMissingError, IndexUnreadableError):
            continue
        raise UsageError(
            f"Another machine has continued this folder: version {version} of "
            f"{root.name} is in the store already."
        )


def _opened(key: bytes, payload: bytes) -> bytes:
    return open_sealed(key, payload)[1]


async def _root(run: JobRun, version: int, attempt: int) -> IndexRoot:
    folder = run.folder.id
    async with run.catalogue.transaction() as tx:
        every = await snapshots.newest_finished(tx, folder, version, MOST_OLDER + 1)
        attempts = await posted.attempts(tx, folder)
        runs = await posted.runs(tx, folder, run.open_realm.realm.id, version)
        lines = {row.version: await posted.lines(tx, folder, row.version) for row in runs}
        names = [name for rows in lines.values() for row in rows for name in row.message_ids]
        aliases = await index_rows.aliases(tx, names)
        choices = await folders.by_id(tx, folder)
        assert choices is not None
        place = await posted.place_of(tx, folder, choices.realm.id)
        realms = await posted.realms(tx, folder)
        next_object = await posted.next_object(tx, folder)
        next_object -= await posted.object_offset(tx, folder)
    attempts[version] = attempt
    listed = [_line(s, attempts.get(s.version, 0)) for s in every]
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
        realms=tuple([_realm(await _current(run, realm, choices.realm)) for realm in realms]),
        runs=tuple(_run(row, lines[row.version], aliases) for row in runs),
        next_object=next_object,
    )


def _line(snapshot: Snapshot, attempt: int) -> VersionLine:
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
