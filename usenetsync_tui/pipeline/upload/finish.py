"""finish: makes the version of an upload visible, and reports what it lacks.

Knows the problems that only the end of an upload shows: files that kept changing, articles that no
server took or confirmed. Refuses to know how the version came about.
"""

from __future__ import annotations

from usenetsync_tui.catalogue.tables import (
    files,
    folders,
    jobs,
    known,
    objects,
    snapshots,
    version_files,
)
from usenetsync_tui.catalogue.tables.metadata import metadata
from usenetsync_tui.model.entries import Notice, NoticeKind
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.outcomes import Outcome
from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.run.judge import Judge
from usenetsync_tui.pipeline.upload.owner_names import keep_owner_names
from usenetsync_tui.pipeline.upload.pending import PASSES
from usenetsync_tui.pipeline.verify.check import unverified_articles


async def fail_leftovers(run: JobRun) -> None:
    """Leave out files that changed in every pass, with this reason."""
    reason = f"it kept changing while it was read, {PASSES} times"
    while True:
        async with run.catalogue.transaction() as tx:
            page = await files.pending_page(tx, run.folder, b"", run.limits.batch_size)
            await files.set_failed(tx, run.folder.id, [(f.key, reason) for f in page])
        if not page:
            return
        await run.notice(*(Notice(NoticeKind.CHANGED, f.entry.path, reason) for f in page))
        for file in page:
            run.progress.failed(file.entry.size)


async def _report_unposted(run: JobRun) -> bool:
    """Report files with articles that the store did not take, with the store's message; returns
    whether there are any."""
    after = b""
    while True:
        async with run.catalogue.transaction() as tx:
            page = await files.unposted_page(tx, run.folder.id, after, run.limits.batch_size)
        if not page:
            return after != b""
        after = page[-1][1]
        words = "one of its articles was not posted"
        await run.notice(
            *(Notice(NoticeKind.UNPOSTED, path, reply or words) for path, _, reply in page)
        )


async def report_unverified(run: JobRun, words: str) -> None:
    """Report how many posted articles no server has clearly confirmed."""
    count = run.progress.unverified = await unverified_articles(run)
    if count:
        text = f"{plural(count, 'article')} posted, but not verified"
        await run.notice(Notice(NoticeKind.UNKNOWN, b"", f"{text}: {words}" if words else text))


async def _forget_lonely_links(run: JobRun) -> None:
    """A file that only got another name outside of the folder has not changed."""
    folder, version = run.folder.id, run.version
    while True:
        async with run.catalogue.transaction() as tx:
            keys = await metadata.take_lonely_links(tx, folder, version, run.limits.batch_size)
            run.progress.unchanged += await known.undo_unchanged(tx, folder, version, keys)
        if not keys:
            return


async def finish(run: JobRun, judge: Judge, before: int) -> Outcome:
    """Remove vanished files and make the version visible, or drop it when nothing changed."""
    unposted = await _report_unposted(run)
    folder, version, unverified = run.folder.id, run.version, run.progress.unverified
    await keep_owner_names(run)
    await _forget_lonely_links(run)
    errors = run.progress.errors - bool(unverified)  # unverified articles are in the version
    async with run.catalogue.transaction(durable=True) as tx:
        await judge.remove(tx)
        await judge.remember(tx)
        await objects.delete_left_behind(tx, folder)
        await snapshots.mark_repaired(tx, folder)
        await folders.settle(tx, folder)
        if before and not await version_files.has_changes(tx, folder, version):
            await snapshots.discard(tx, folder, version)
            await jobs.keep_to_version(tx, run.job_id, before)
            message, version = f"nothing changed since version {before}", before
        else:
            counts = await version_files.count_version(tx, folder, version)
            changes = await version_files.diff_counts(tx, folder, version)
            await snapshots.finish(
                tx, folder, version, counts, changes, errors, unwalked=run.progress.unwalked
            )
            message = f"version {version}"
        await metadata.set_known(tx, folder, version)
    made = version != before
    await run.save_progress()
    if errors:
        message = f"{message}, incomplete: {plural(errors, 'problem')}"
        refused = unposted or bool(unverified)
        return Outcome(JobState.INCOMPLETE, version, message, store_refused=refused, made=made)
    if unverified:
        message = f"{message}, but {plural(unverified, 'article')} not verified"
        return Outcome(JobState.INCOMPLETE, version, message, store_refused=True, made=made)
    return Outcome(JobState.COMPLETED, version, message, made=made)
