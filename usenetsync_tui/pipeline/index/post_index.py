"""post_index: posts the index of each finished version that has none yet, its root last.

Every step is recorded before it is done, so that the next call goes on where this one ended. Also
tells the new names that articles got since, in the newest version's index.
"""

from __future__ import annotations

from dataclasses import replace

from usenetsync_tui.catalogue.lookups import index_rows
from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables import folders, snapshots
from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.catalogue.tables.index.posted import LineRow, PageRow, RootRow, RunRow
from usenetsync_tui.codec.index.keys import ATTEMPTS, FIRST_ATTEMPTS, IndexKeys
from usenetsync_tui.codec.index.root import MOST_OLDER, write_fitting_root
from usenetsync_tui.errors import UsageError
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
from usenetsync_tui.pipeline.index.continued import refuse_another
from usenetsync_tui.pipeline.index.plan_directories import page_ref, plan_directories
from usenetsync_tui.pipeline.index.plan_pages import add_pages
from usenetsync_tui.pipeline.index.plan_run import plan_run
from usenetsync_tui.pipeline.index.sizes import root_room
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.verify.check import finish_checks, repost, unverified_articles

COPIES = 2
"""The fewest copies of each article of an index."""
_MICROSECONDS = 1_000_000


def index_run(run: JobRun, open_realm: OpenRealm) -> JobRun:
    """The run of a job in the realm of its folder's index: the same progress, pause and drain.

    It pads its articles only where the folder's are padded.
    """
    padded_to = open_realm.padded_to if run.folder.realm.profile is Profile.SEALED else 0
    copies = max(COPIES, run.folder.copies)
    folder = replace(run.folder, realm=open_realm.realm, copies=copies)
    mine = replace(run, open_realm=replace(open_realm, padded_to=padded_to), folder=folder)
    mine.worker_counts.allowed = run.worker_counts.allowed
    return mine


async def opened_index(run: JobRun) -> OpenRealm | None:
    """The realm of a folder's index in its present store, opened; None before its first index.

    It posts to the newsgroups of the folder; Message-IDs do not depend on these.
    """
    async with run.catalogue.transaction() as tx:
        known = await posted.realm_of(tx, run.folder.id)
        if known is None:
            return None
        realm = await folders.realm_by_id(tx, known)
    return await run.realms.of(replace(realm, newsgroups=run.folder.realm.newsgroups))


async def post_index(run: JobRun, open_realm: OpenRealm) -> str:
    """Post what is missing of a folder's index; returns why something is left, or nothing.

    `FolderContinuedError` when another machine has continued the folder.
    """
    if open_realm.secret is None:  # its store says why
        asked = await open_realm.store.present([bytes(16)])
        return next(iter(asked.unknown.values()), "the folder's secret is not known")
    mine = index_run(run, open_realm)
    folder, realm = run.folder.id, open_realm.realm.id
    async with run.catalogue.transaction() as tx:
        await posted.forget_unfinished(tx, folder)
        versions = await posted.to_index(tx, folder, realm)
    for version in versions:
        mine.version = version
        async with run.catalogue.transaction() as tx:
            planned = await posted.runs(tx, folder, realm, version)
        if not planned or planned[-1].version != version:
            await plan_run(mine, version)
        if left := await _post_version(mine):
            return left
        async with run.catalogue.transaction(durable=True) as tx:
            await posted.mark_indexed(tx, folder, version)
    return await _amend(mine)


async def _amend(run: JobRun) -> str:
    """Post lost articles of the newest index again, and tell the new names of articles.

    Those of objects are told by a further run, those of pages by a root of the next attempt.
    """
    folder, realm = run.folder.id, run.open_realm.realm.id
    async with run.catalogue.transaction() as tx:
        version = await posted.newest_indexed(tx, folder, realm)
    if version is None:
        return ""
    run.version = version
    if left := await _send(run):
        return left
    async with run.catalogue.transaction() as tx:
        runs = await posted.runs(tx, folder, realm, version)
        root = await _planned_root(tx, run)
        if not runs or root is None:
            return ""
        of_objects = await posted.renamed_since(tx, folder, runs[0], runs[-1])
        of_pages = await posted.pages_renamed_since(tx, folder, realm, runs[0].version, root.at)
    later = runs[-1].at is not None and runs[-1].at > root.at  # planned, and killed before its root
    again = of_objects or of_pages or later
    if again and root.attempt + 1 >= ATTEMPTS:
        return ""  # the next version tells the new names
    if of_objects:
        await plan_run(run, version, amends=True)
    return await _post_version(run, again=again)


async def _post_version(run: JobRun, *, again: bool = False) -> str:
    """Post the pages and the root of a version; under the next of its names where one is of no use.

    `again`: post a new root, whatever there is.
    """
    left = await _send_pages(run)
    for _ in range(ATTEMPTS):
        if left or run.draining:
            break
        if not await _plan_root(run, again=again):
            return "the store took its root under none of its names"
        again = False
        left = await _send(run)
        if not await _is_root_given_up(run):
            left = left or await _root_left(run)
            break
        left = ""
    return left or ("interrupted" if run.draining else "")


async def _send(run: JobRun) -> str:
    """Post and check all that is planned; returns why something of the pages is left."""
    folder, realm = run.folder.id, run.open_realm.realm.id
    async with run.catalogue.transaction() as tx:
        waits = await posted.has_unposted(tx, folder, realm)
    if waits:
        await repost(run, None)
    words = await finish_checks(run, None)
    async with run.catalogue.transaction() as tx:
        count, reply = await posted.unposted_pages(tx, folder, realm)
    if count:
        return f"{plural(count, 'article')} not posted" + (f": {reply}" if reply else "")
    unverified = await unverified_articles(run)
    if unverified:
        return f"{plural(unverified, 'article')} not verified" + (f": {words}" if words else "")
    return ""


async def _send_pages(run: JobRun) -> str:
    """Post the pages of a run, then its directories, level by level; why something is left."""
    left = await _send(run)
    while not left and not run.draining and await plan_directories(run, run.version):
        left = await _send(run)
    return left


async def _is_root_given_up(run: JobRun) -> bool:
    async with run.catalogue.transaction() as tx:
        root = await _planned_root(tx, run)
        return root is not None and await _is_useless(tx, root)


async def _root_left(run: JobRun) -> str:
    async with run.catalogue.transaction() as tx:
        root = await _planned_root(tx, run)
        if root is None or root.object_id is None or await posted.is_posted(tx, root.object_id):
            return ""
    return "its root is not posted"


async def _planned_root(tx: Transaction, run: JobRun) -> RootRow | None:
    return await posted.root(tx, run.folder.id, run.open_realm.realm.id, run.version)


async def _is_useless(tx: Transaction, root: RootRow) -> bool:
    """Whether a root must be posted under another name: it was given up under this one."""
    return root.object_id is not None and await posted.is_given_up(tx, root.object_id)


async def _plan_root(run: JobRun, *, again: bool) -> bool:
    """Record the root before it is sent; False if all its names are used up."""
    folder, realm, version = run.folder.id, run.open_realm.realm.id, run.version
    async with run.catalogue.transaction() as tx:
        planned = await _planned_root(tx, run)
        if planned is not None and not (again or await _is_useless(tx, planned)):
            return True
        is_amended = again or await posted.is_indexed(tx, folder, version)
    attempt = planned.attempt + 1 if planned is not None else 0
    first, ours = (planned.attempt, planned.object_id) if planned is not None else (0, None)
    if attempt >= (ATTEMPTS if is_amended else FIRST_ATTEMPTS):
        return False
    assert run.open_realm.secret is not None
    keys = IndexKeys(run.open_realm.secret)
    if not is_amended:  # then the store has taken ours already
        async with run.catalogue.transaction() as tx:
            known = b"" if ours is None else await posted.page(tx, ours)
        await refuse_another(run.open_realm, [version], first, ours=known)
    names = [keys.root_name(version, attempt, copy) for copy in range(run.folder.copies)]
    room = root_room(run.limits.chunk_size)
    page = PageRow(write_fitting_root(await _root(run, version, attempt), room))
    async with run.catalogue.transaction(durable=True) as tx:
        if planned is not None and planned.object_id is not None:
            await posted.drop_root(tx, planned.object_id)
        (object_id,) = await add_pages(tx, run, version, [page], names)
        await posted.add_root(tx, folder, realm, version, attempt, object_id)
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
        realms=tuple([_realm(await _current(run, each, choices.realm)) for each in realms]),
        runs=tuple(_run(*pair, aliases) for pair in zip(runs, lines, strict=True)),
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
