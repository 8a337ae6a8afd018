"""post_index: posts the index of each finished version that has none yet, its root last.

Every step is recorded before it is done, so that the next call goes on where this one ended. Also
tells the new names that articles got since, in the index of the newest version, and in that of the
last version of each base before.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from usenetsync_tui.catalogue.tables import folders
from usenetsync_tui.catalogue.tables.forgetting import index_pages
from usenetsync_tui.catalogue.tables.index import changes, posted
from usenetsync_tui.codec.index.keys import ATTEMPTS
from usenetsync_tui.model.folders import Profile
from usenetsync_tui.model.ports.stores import OpenRealm
from usenetsync_tui.pipeline.index.plan_directories import plan_directories
from usenetsync_tui.pipeline.index.plan_root import is_useless, plan_root, planned_root
from usenetsync_tui.pipeline.index.plan_run import plan_run
from usenetsync_tui.pipeline.index.root_names import RootNames
from usenetsync_tui.pipeline.index.send import left_of, send
from usenetsync_tui.pipeline.index.untold import FOR_REPAIRS, untold
from usenetsync_tui.pipeline.run.job_run import JobRun

COPIES = 2
"""The fewest copies of each article of an index."""


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


async def post_index(run: JobRun, open_realm: OpenRealm, *, renews: bool = False) -> str:
    """Post what is missing of a folder's index; returns why something is left, or nothing.

    `renews`: post the newest root again if it lists versions that were forgotten since.
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
        names = RootNames(mine)
        async with names.asked_meanwhile():
            async with run.catalogue.transaction() as tx:
                planned = await posted.runs(tx, folder, realm, version)
            if not planned or planned[-1].version != version:
                await plan_run(mine, version)
            names.refuse_continued()
            left, at = await _send_pages(mine)
        if left := left or await _post_root(mine, names, at):
            return left
        async with run.catalogue.transaction(durable=True) as tx:
            await posted.mark_indexed(tx, folder, version)
    return await _amend(mine, renews=renews, whole=max(versions, default=0))


async def _amend(run: JobRun, *, renews: bool, whole: int) -> str:
    """Post lost articles of the index again, and record where the content of its versions is now.

    The root of the last version before a base leads to all versions since the base before that, so
    it tells their names. `whole`: the version whose index was posted just now; 0: none was.
    """
    folder, realm = run.folder.id, run.open_realm.realm.id
    async with run.catalogue.transaction() as tx:
        versions = await posted.last_of_bases(tx, folder, realm)
    left = ""
    for number, version in enumerate(versions):
        run.version = version
        is_newest = not number
        # The index of these versions was posted to its end once.
        is_whole = not is_newest or version == whole or not (await left_of(run)).is_any
        if not is_whole and (unsent := await send(run)):
            return unsent
        renews = renews and is_newest  # an older root is not asked
        amended = await _amend_version(run, is_newest=is_newest, is_whole=is_whole, renews=renews)
        left = amended or left
        if run.draining:
            break
    return left


async def _amend_version(run: JobRun, *, is_newest: bool, is_whole: bool, renews: bool) -> str:
    """Tell the new names of a version's articles, and of those before it down to its base.

    A further run lists the new names of objects' articles, and the files whose content was posted
    again; a root of the next attempt lists the new names of pages, and the kept versions. What is
    left of the version is posted as well, unless it `is_whole`.
    """
    folder, realm, version = run.folder.id, run.open_realm.realm.id, run.version
    async with run.catalogue.transaction() as tx:
        found = await untold(tx, folder, realm, version)
        renews = renews and not await index_pages.is_told(tx, folder, realm)
    if found is None or (is_whole and not (found.is_any or renews)):
        return ""
    if found.waits:
        return found.waits if is_newest else ""  # no later version would help an older one
    if found.is_any:
        renews = False  # a new root tells the kept versions
    if renews and found.attempt + 1 >= ATTEMPTS - FOR_REPAIRS:
        return "the next version's index will list the kept ones alone"
    if found.of_objects:
        await plan_run(run, version, amends=True)
    return await _post_version(run, again=found.is_any or renews)


async def _post_version(run: JobRun, *, again: bool) -> str:
    """Post what is left of the pages of a version, and its root. `again`: a new root."""
    left, at = await _send_pages(run)
    return left or await _post_root(run, RootNames(run), at, again=again)


async def _post_root(run: JobRun, names: RootNames, at: datetime, *, again: bool = False) -> str:
    """Post the root of a version; under the next of its names where one is of no use.

    `at`: the moment before the names of its pages were read. `again`: a new one, whatever there is.
    """
    left = ""
    for _ in range(ATTEMPTS):
        if left or run.draining:
            break
        if not await plan_root(run, names, at, again=again):
            return "the store took its root under none of its names"
        again = False
        left = await send(run)
        given_up, unposted = await _root_state(run)
        if not given_up:
            left = left or unposted
            break
        left = ""
    return left or ("interrupted" if run.draining else "")


async def _send_pages(run: JobRun) -> tuple[str, datetime]:
    """Post the pages of a run, then its directories, level by level.

    Returns why something is left, and the moment before the names of all of them were read.
    """
    left = await send(run)
    at = await changes.moment(run.catalogue)
    while not left and not run.draining and await plan_directories(run, run.version):
        left = await send(run)
        at = await changes.moment(run.catalogue)
    return left, at


async def _root_state(run: JobRun) -> tuple[bool, str]:
    """Whether the planned root must have another name, and why it is left, or nothing."""
    async with run.catalogue.transaction() as tx:
        root = await planned_root(tx, run)
        if root is None or root.object_id is None:
            return False, ""
        is_posted = await posted.is_posted(tx, root.object_id)
        return await is_useless(tx, root), "" if is_posted else "its root is not posted"
