"""Gives each folder a secret and a realm for its index, and posts the index after an upload.

Also asks, before an upload, whether another machine has continued the folder.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from anyio import to_thread

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import folders
from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.engine.keys import KeyRing
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.errors import (
    FolderContinuedError,
    KeyUnavailableError,
    NewsgroupError,
    StoreError,
    StoreUnusableError,
    UsageError,
    leading_error,
)
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.outcomes import Outcome
from usenetsync_tui.model.ports.stores import OpenRealm
from usenetsync_tui.pipeline.index.continued import refuse_continued
from usenetsync_tui.pipeline.index.post_index import opened_index, post_index
from usenetsync_tui.pipeline.run.job_run import JobRun


async def make_secret(catalogue: Catalogue, ring: KeyRing, folder: int) -> bytes:
    """The folder's wrapped secret, and a realm for its index in the store that it uses now.

    Makes what is missing. A folder has one secret, whatever store it moves to. `NoKeyError`.
    """
    async with catalogue.transaction() as tx:
        is_made = await posted.realm_of(tx, folder) is not None
        secret = await posted.secret_of(tx, folder)
        others = await folders.wrapped_keys(tx)
    if secret is None:
        secret = await to_thread.run_sync(ring.new_key, others)
    if not is_made:
        async with catalogue.transaction(durable=True) as tx:
            await posted.add_realm(tx, folder, secret)
    return secret


async def not_continued(run: JobRun) -> None:
    """Before an upload posts anything: `FolderContinuedError` if another machine continued it.

    A store or key that cannot be used now is no reason to stop here: the upload reports it.
    """
    open_realm = await opened_index(run)  # none: nobody else has a secret that does not exist
    if open_realm is not None and open_realm.secret is not None:
        with suppress(StoreError, StoreUnusableError):
            await refuse_continued(run, open_realm)


async def with_index(stores: Stores, run: JobRun, outcome: Outcome) -> Outcome:
    """The outcome of an upload after the index of its version was posted, or says why it is not."""
    if outcome.state not in (JobState.COMPLETED, JobState.INCOMPLETE) or run.draining:
        return outcome
    if outcome.store_refused:
        words = f"{outcome.message}; its index waits for the next upload"
        return replace(outcome, message=words)
    return await _indexed(stores, run, outcome)


async def index_only(stores: Stores, run: JobRun, version: int) -> Outcome:
    """Post what is missing of a folder's index, without an upload: that of a finished version."""
    run.version = version
    done = Outcome(JobState.COMPLETED, version, f"index up to version {version} posted")
    return await _indexed(stores, run, done)


async def _indexed(stores: Stores, run: JobRun, outcome: Outcome) -> Outcome:
    run.progress.phase = "index"
    try:
        await make_secret(run.catalogue, stores.keys, run.folder.id)
    except KeyUnavailableError as error:
        left = str(error)
    else:
        open_realm = await opened_index(run)
        assert open_realm is not None
        try:
            left = await posted_or_why_not(run, open_realm)
        except FolderContinuedError as error:
            words = f"{outcome.message}; {error}"
            return replace(outcome, state=JobState.FAILED, message=words)
    await run.save_progress()
    if not left:
        return outcome
    if run.draining:
        return replace(outcome, state=JobState.QUEUED, message="interrupted")
    words = f"{outcome.message}; its index is not posted yet: {left}"
    return replace(outcome, state=JobState.INCOMPLETE, message=words)


async def posted_or_why_not(run: JobRun, open_realm: OpenRealm, *, renews: bool = False) -> str:
    """Post what is missing of a folder's index; returns why something is left, or nothing.

    `renews`: its newest root, too, if versions were forgotten since. `FolderContinuedError` when
    another machine has continued the folder.
    """
    try:
        return await post_index(run, open_realm, renews=renews)
    except Exception as error:  # noqa: BLE001 - other errors are raised again
        failure = leading_error(error)
        if isinstance(failure, FolderContinuedError) or not isinstance(failure, _REASONS):
            raise failure from None
        return str(failure)


_REASONS = (KeyUnavailableError, UsageError, NewsgroupError, StoreError, StoreUnusableError)
"""Errors that concern the index alone: the version is finished, and its index is posted later."""
